/**
 * Which physical bytes have been decoded or translated, and by whom: what a write to code has to undo. No stale insn or
 * block ever runs (invariants E1, E3), also when one physical page is reached by several linear addresses or modes.
 */
import type { PhysicalMemory } from "../mem/physical-memory.ts";
import type { Insn } from "../x86/isa/insn.ts";
import { MAX_INSN_BYTES } from "../x86/isa/decode.ts";
import type { InsnPage } from "./code-space.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** What is known of one physical page that holds code. */
class CodePage {
  /** One bit per byte that some decoded insn covers (or once did: bits are cleared as bytes are written). */
  readonly covered = new Uint32Array(128);
  /** The bytes as of the last decoding or write, to find what the host changed behind our back; null if not watched. */
  copy: Uint8Array | null = null;
  /** Pages of insn objects that start here, one per space and linear page. */
  readonly insnPages = new Set<InsnPage>();
  /** Decoded insns that began in the page before and end here. */
  readonly tails = new Set<Insn>();
  readonly blocks = new Set<TranslationBlock>();
  /** Decoded insns, here or ending here. */
  liveInsns = 0;
}

/** Told what a write has made void. */
export interface Invalidator {
  /** The insn's bytes have changed: it must be decoded again. */
  undecode(insn: Insn): void;
  /** The block's bytes have changed. */
  invalidate(tb: TranslationBlock): void;
}

export class CodePages {
  private readonly memory: PhysicalMemory;
  private readonly invalidator: Invalidator;
  private readonly pages = new Map<number, CodePage>();
  /** The host may write guest memory without telling: keep copies for `verify`. Set before anything is decoded. */
  watchesHost = false;

  constructor(memory: PhysicalMemory, invalidator: Invalidator) {
    this.memory = memory;
    this.invalidator = invalidator;
  }

  private page(phys: number): CodePage {
    const number = phys >>> 12;
    let page = this.pages.get(number);
    if (page === undefined) {
      page = new CodePage();
      if (this.watchesHost) page.copy = this.bytesOf(number)?.slice() ?? null;
      this.pages.set(number, page);
    }
    return page;
  }

  /** Forgets everything; the flags of the pages go too. */
  clear(): void {
    for (const number of this.pages.keys()) this.memory.clearHasCode(number << 12);
    this.pages.clear();
  }

  /** Notes a page of insn objects. */
  addInsnPage(page: InsnPage): void {
    this.page(page.phys).insnPages.add(page);
  }

  /**
   * Notes a decoded insn at physical address `phys`; `tailPhys` is where its bytes beyond the page are, if it has any.
   */
  addInsn(insn: Insn, phys: number, tailPhys: number): void {
    const here = Math.min(insn.length, 4096 - (phys & 4095));
    this.cover(phys, here);
    this.page(phys).liveInsns++;
    if (here < insn.length) {
      const tail = this.page(tailPhys);
      this.cover(tailPhys, insn.length - here);
      tail.tails.add(insn);
      tail.liveInsns++;
    }
  }

  private cover(phys: number, length: number): void {
    const page = this.page(phys);
    for (let i = 0, at = phys & 4095; i < length; i++, at++) page.covered[at >>> 5] |= 1 << (at & 31);
    this.memory.setHasCode(phys);
  }

  /** Notes a block, whose insns have been noted already. */
  addBlock(tb: TranslationBlock): void {
    this.page(tb.phys).blocks.add(tb);
    if (reachesNextPage(tb)) this.page(tb.tailPhys).blocks.add(tb);
  }

  removeBlock(tb: TranslationBlock): void {
    this.pages.get(tb.phys >>> 12)?.blocks.delete(tb);
    if (reachesNextPage(tb)) this.pages.get(tb.tailPhys >>> 12)?.blocks.delete(tb);
  }

  /** Bytes [phys, phys + size), within one page, have been written. */
  written(phys: number, size: number): void {
    const page = this.pages.get(phys >>> 12);
    if (page === undefined) return;
    const first = phys & 4095, end = first + size;
    if (page.copy !== null) this.refreshCopy(page, phys, size);
    if (!isCovered(page, first, end)) return;
    for (const tb of [...page.blocks]) {
      // The block's range within this page; its tail lies at the start of another page.
      const start = tb.phys >>> 12 === phys >>> 12 ? tb.phys & 4095 : 0;
      const stop = tb.phys >>> 12 === phys >>> 12 ? start + tb.length : tb.length - (4096 - (tb.phys & 4095));
      if (start < end && first < stop) this.invalidator.invalidate(tb);
    }
    for (const insnPage of page.insnPages) {
      for (let at = Math.max(0, first - MAX_INSN_BYTES + 1); at < end; at++) {
        const place = insnPage.index[at];
        if (place === 0) continue;
        const insn = insnPage.list[place];
        if (insn.length > 0 && at + insn.length > first) this.drop(page, insn);
      }
    }
    for (const insn of [...page.tails]) {
      if (insn.length - (4096 - (insn.lin & 4095)) > first) {
        page.tails.delete(insn);
        this.drop(page, insn);
      }
    }
    // Nothing decoded covers the written bytes any more.
    for (let at = first; at < end; at++) page.covered[at >>> 5] &= ~(1 << (at & 31));
    if (page.liveInsns === 0 && page.blocks.size === 0) this.memory.clearHasCode(phys);
  }

  /** An insn is no longer what its bytes say, because its second page lies elsewhere. */
  forget(insn: Insn): void {
    this.pages.get(insn.tailPhys >>> 12)?.tails.delete(insn);
    this.invalidator.undecode(insn);
  }

  private drop(page: CodePage, insn: Insn): void {
    page.liveInsns--;
    this.invalidator.undecode(insn);
  }

  private refreshCopy(page: CodePage, phys: number, size: number): void {
    const region = this.memory.find(phys);
    if (region === null || page.copy === null) return;
    const at = (phys >>> 0) - region.base;
    page.copy.set(region.bytes.subarray(at, at + size), phys & 4095);
  }

  /**
   * Compares every code page with what it was when last looked at, for hosts that write guest memory directly: changes
   * count as writes.
   */
  verify(): void {
    if (!this.watchesHost) return;
    for (const [number, page] of this.pages) {
      const now = this.bytesOf(number), { copy } = page;
      if (now === null || copy === null) continue;
      for (let i = 0; i < 4096; i++) if (now[i] !== copy[i]) this.written((number << 12) + i, 1);
    }
  }

  private bytesOf(pageNumber: number): Uint8Array | null {
    const phys = pageNumber << 12, region = this.memory.find(phys);
    if (region === null) return null;
    const at = (phys >>> 0) - region.base;
    return region.bytes.subarray(at, at + 4096);
  }
}

function reachesNextPage(tb: TranslationBlock): boolean {
  return (tb.phys & 4095) + tb.length > 4096;
}

function isCovered(page: CodePage, first: number, end: number): boolean {
  for (let at = first; at < end; at++) if ((page.covered[at >>> 5] & (1 << (at & 31))) !== 0) return true;
  return false;
}
