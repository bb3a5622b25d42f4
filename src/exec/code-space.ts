/**
 * Everything decoded and translated for one mode and code segment: the same bytes mean the same insns throughout a space.
 * Insns are found by linear address, blocks by their offset in CS.
 */
import type { Handler, Insn } from "../x86/isa/insn.ts";
import { Insn as InsnObject } from "../x86/isa/insn.ts";
import type { Mode } from "../x86/isa/mode.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** The insns that start in one linear page. */
export class InsnPage {
  /** By page offset: place in `list`, 0 for none. */
  readonly index = new Uint16Array(4096);
  readonly list: Insn[];
  /** By place in `list`: the block that starts with the insn. */
  readonly blocks: (TranslationBlock | null)[] = [null];
  /** Physical address of the page. */
  readonly phys: number;

  constructor(phys: number, nil: Insn) {
    this.phys = phys;
    this.list = [nil];
  }
}

/** A block to be translated: its first insn, and the state of the floating-point units in front of it (x86/register-stack.ts). */
export interface WantedBlock {
  readonly start: Insn;
  readonly unitState: number;
}

/** What a space needs from its owner. */
export interface CodeSpaceHost {
  /** What links of an undecoded insn point at. */
  readonly exitInsn: Insn;
  /** Handler of an insn that has not been decoded yet. */
  readonly undecoded: Handler;
  /** Handler of an insn whose page was not mapped when it was looked up. */
  readonly runUnmapped: Handler;
  /** Physical address of a linear address for execution at the current privilege, or null. */
  translateCode(linear: number): number | null;
  /** The page last translated stays where it is until all translations are flushed. */
  readonly isPageGlobal: boolean;
  insnPageOpened(page: InsnPage): void;
  /** A number that no epoch of any space has had. */
  newEpoch(): number;
  epochChanged(space: CodeSpace): void;
}

export class CodeSpace {
  readonly mode: Mode;
  readonly csBase: number;
  /** CS limit, as int32. */
  readonly csLimit: number;
  /** Insn pages by linear page number: 1024 tables of 1024, as far as looked up since the last flush of translations. */
  private readonly tables = new Array<(InsnPage | null)[] | null>(1024).fill(null);
  /** The linear page numbers of these: of pages that outlive a load of CR3, and of the others. */
  private readonly globalPages = new Set<number>();
  private readonly otherPages = new Set<number>();
  /** Changes when pages have to be forgotten. What was found where it was to be in this epoch is still there. */
  epoch: number;
  /** The same for pages that outlive a load of CR3. No epoch of any kind or space has the number of another. */
  globalEpoch: number;
  /** All insn pages, by linear and physical page: they outlive flushes of translations. */
  private readonly pagesByPlace = new Map<number, InsnPage>();
  private readonly host: CodeSpaceHost;
  /** Blocks that are to be translated together, when there are enough. */
  readonly wanted: WantedBlock[] = [];

  constructor(mode: Mode, csBase: number, csLimit: number, host: CodeSpaceHost) {
    this.mode = mode;
    this.csBase = csBase;
    this.csLimit = csLimit;
    this.host = host;
    this.epoch = host.newEpoch();
    this.globalEpoch = host.newEpoch();
  }

  /** The page that holds a linear address, or null if it is not mapped for execution. */
  page(linear: number): InsnPage | null {
    const table = this.tables[linear >>> 22];
    if (table !== null) {
      const page = table[(linear >>> 12) & 1023];
      if (page !== null) return page;
    }
    return this.openPage(linear);
  }

  /** The same as far as it has been looked up since translations changed. */
  knownPage(linear: number): InsnPage | null {
    return this.tables[linear >>> 22]?.[(linear >>> 12) & 1023] ?? null;
  }

  private openPage(linear: number): InsnPage | null {
    const phys = this.host.translateCode(linear);
    if (phys === null) return null;
    const place = (linear >>> 12) * 1048576 + (phys >>> 12);
    let page = this.pagesByPlace.get(place);
    if (page === undefined) {
      page = new InsnPage(phys & ~4095, this.host.exitInsn);
      this.pagesByPlace.set(place, page);
      this.host.insnPageOpened(page);
    }
    let table = this.tables[linear >>> 22];
    if (table === null) {
      table = new Array<InsnPage | null>(1024).fill(null);
      this.tables[linear >>> 22] = table;
    }
    table[(linear >>> 12) & 1023] = page;
    (this.host.isPageGlobal ? this.globalPages : this.otherPages).add(linear >>> 12);
    return page;
  }

  /** Translations have changed: pages are looked up again; what is decoded stays. False if none was known. */
  forgetTranslations(withGlobal: boolean): boolean {
    const { globalPages, otherPages } = this, count = otherPages.size + (withGlobal ? globalPages.size : 0);
    if (count === 0) return false;
    for (const page of otherPages) this.forgetPage(page);
    otherPages.clear();
    if (withGlobal) {
      for (const page of globalPages) this.forgetPage(page);
      globalPages.clear();
    }
    this.beginEpoch(withGlobal);
    return true;
  }

  /** The same for consecutive pages. */
  forgetPages(first: number, count: number): boolean {
    let isChanged = false;
    for (let page = first; page < first + count; page++) {
      const table = this.tables[page >>> 10];
      if (table === null) {
        page |= 1023;
      } else if (table[page & 1023] !== null) {
        table[page & 1023] = null;
        this.globalPages.delete(page);
        this.otherPages.delete(page);
        isChanged = true;
      }
    }
    if (isChanged) this.beginEpoch(true);
    return isChanged;
  }

  /** How long a page that is known now is known to be there. */
  epochOf(linear: number): number {
    return this.globalPages.has(linear >>> 12) ? this.globalEpoch : this.epoch;
  }

  /** True if what was found in an epoch is still there. */
  isCurrent(epoch: number): boolean {
    return epoch === this.epoch || epoch === this.globalEpoch;
  }

  private beginEpoch(withGlobal: boolean): void {
    this.epoch = this.host.newEpoch();
    if (withGlobal) this.globalEpoch = this.host.newEpoch();
    this.host.epochChanged(this);
  }

  private forgetPage(page: number): void {
    const table = this.tables[page >>> 10];
    if (table !== null) table[page & 1023] = null;
  }

  /** The insn object at an offset in CS; it decodes itself when run. Never faults: the insn does, when run. */
  find(eip: number): Insn {
    const linear = (this.csBase + eip) | 0, page = this.page(linear);
    return page === null ? new InsnObject(this.mode, eip, linear, this.host.runUnmapped, this.host.exitInsn) : this.insnAt(page, eip, linear);
  }

  /** The same if its page is known; else null. */
  findKnown(eip: number): Insn | null {
    const linear = (this.csBase + eip) | 0, page = this.knownPage(linear);
    return page === null ? null : this.insnAt(page, eip, linear);
  }

  /** The block at an offset in CS, or null. */
  findBlock(eip: number): TranslationBlock | null {
    const linear = (this.csBase + eip) | 0, page = this.page(linear);
    return page === null ? null : page.blocks[page.index[linear & 4095]];
  }

  private insnAt(page: InsnPage, eip: number, linear: number): Insn {
    const at = page.index[linear & 4095];
    if (at !== 0) return page.list[at];
    const insn = new InsnObject(this.mode, eip, linear, this.host.undecoded, this.host.exitInsn);
    page.index[linear & 4095] = page.list.length;
    page.list.push(insn);
    page.blocks.push(null);
    return insn;
  }
}
