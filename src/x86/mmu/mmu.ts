/**
 * The memory-management unit: linear to physical with every check, the soft TLB, and what the rest must hear when
 * translations change. With CR0.PG = 0 linear addresses are physical, but for the A20 gate.
 */
import type { IoSpace } from "../../bus/io.ts";
import type { MemoryListener, PhysicalMemory } from "../../mem/physical-memory.ts";
import { PAGE_NOT_RAM, PAGE_SHIFT } from "../../mem/physical-memory.ts";
import { CR0, CR0_PG, CR0_WP, CR3, CR4, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMAP, CR4_SMEP, EFER, EFER_NXE, EFLAGS_SYS, F_AC } from "../state.ts";
import type { AccessKind, PagingControl } from "./page-walk.ts";
import { EXECUTE, PageWalker, READ, WRITE } from "./page-walk.ts";
import type { Accessor } from "./tlb.ts";
import { KERNEL, KERNEL_AC, SoftTlb, USER } from "./tlb.ts";

/** Told when code found by linear address may lie elsewhere now. */
export interface TranslationListener {
  /** Any page may have moved, or any that is not global. */
  translationsFlushed(withGlobal: boolean): void;
  /** So many pages may have moved, from the one with number `first` on. */
  pagesFlushed(first: number, count: number): void;
}

const NO_TABLE: Int32Array = new Int32Array(0);
const OFF: PagingControl = { pae: false, pse: false, globalPages: false, writeProtect: false, noExecute: false, smep: false, smap: false };
/** Translations for slow paths: direct mapped, by kind of access and whose it is. */
const CACHE_SIZE = 256, CACHE_KINDS = 9;

export class Mmu implements MemoryListener {
  readonly walker: PageWalker;
  listener: TranslationListener | null = null;
  /** CR0.PG. */
  isOn = false;
  /** Result of the last `translate`: the physical address, or the page fault's error code. */
  physical = 0;
  errorCode = 0;
  /** The page of the last successful `translate` outlives a load of CR3. */
  isGlobal = false;
  private control = OFF;
  private tlb: SoftTlb | null = null;
  /** The soft TLB's tables, by whose access it is; there while paging is on. */
  private userReads = NO_TABLE;
  private userWrites = NO_TABLE;
  private kernelReads = NO_TABLE;
  private kernelWrites = NO_TABLE;
  private readonly R: Int32Array;
  private readonly memory: PhysicalMemory;
  private readonly tags = new Int32Array(CACHE_SIZE * CACHE_KINDS).fill(-1);
  /** Physical addresses of pages; bit 0 set where global. */
  private readonly pages = new Int32Array(CACHE_SIZE * CACHE_KINDS);
  /** By 2 MiB of linear addresses: not 0 where parts of large pages may have been kept. */
  private readonly large = new Uint8Array(2048);

  constructor(R: Int32Array, memory: PhysicalMemory, io: IoSpace) {
    this.R = R;
    this.memory = memory;
    this.walker = new PageWalker(memory, io);
    memory.addListener(this);
  }

  /** The soft TLB; made when first needed, since it is large. */
  get softTlb(): SoftTlb {
    this.tlb ??= new SoftTlb(this.memory.arena);
    return this.tlb;
  }

  /** What the A20 gate lets through of a physical address: all, or all but bit 20. */
  get a20Mask(): number {
    return this.walker.a20Mask;
  }

  /** Opens or closes the A20 gate. Translations hold what lies behind it. */
  set a20Mask(mask: number) {
    if (mask === this.walker.a20Mask) return;
    this.walker.a20Mask = mask;
    this.flush(true);
  }

  /** Paging is on and of the PAE kind: the CPU holds page-directory pointers. */
  get isPae(): boolean {
    return this.isOn && this.control.pae;
  }

  /** Looks at the control registers again and forgets every translation. After any change of CR0, CR4 or EFER. */
  controlChanged(): void {
    const { R } = this;
    this.isOn = (R[CR0] & CR0_PG) !== 0;
    if (this.isOn && this.userReads === NO_TABLE) {
      this.userReads = this.softTlb.table(false, USER);
      this.userWrites = this.softTlb.table(true, USER);
      this.kernelReads = this.softTlb.table(false, KERNEL);
      this.kernelWrites = this.softTlb.table(true, KERNEL);
    }
    this.control = {
      pae: (R[CR4] & CR4_PAE) !== 0, pse: (R[CR4] & CR4_PSE) !== 0, globalPages: (R[CR4] & CR4_PGE) !== 0,
      writeProtect: (R[CR0] & CR0_WP) !== 0, noExecute: (R[EFER] & EFER_NXE) !== 0,
      smep: (R[CR4] & CR4_SMEP) !== 0, smap: (R[CR4] & CR4_SMAP) !== 0,
    };
    this.flush(true);
  }

  /** Forgets translations: all, or those that are not global (a load of CR3). */
  flush(withGlobal: boolean): void {
    const isAll = withGlobal || !this.control.globalPages;
    this.tags.fill(-1);
    if (isAll) this.large.fill(0);
    this.tlb?.flush(isAll);
    this.listener?.translationsFlushed(isAll);
  }

  /** INVLPG: a large page goes as a whole (SDM 3A §4.10.4.1). */
  flushPage(linear: number): void {
    const page = linear >>> 12;
    if (this.large[page >>> 9] === 0) {
      for (let at = page & (CACHE_SIZE - 1); at < CACHE_SIZE * CACHE_KINDS; at += CACHE_SIZE) this.tags[at] = -1;
      this.flushPages(page, 1);
    } else {
      const count = this.control.pae ? 512 : 1024;
      this.tags.fill(-1);
      this.flushPages(page & -count, count);
    }
  }

  private flushPages(first: number, count: number): void {
    this.tlb?.flushPages(first, count);
    this.listener?.pagesFlushed(first, count);
  }

  pageProtected(phys: number): void {
    if (this.tlb === null) return;
    const first = ((phys & ~4095) - this.memory.window.base) | 0;
    this.tlb.removeWritable((index) => index === first);
  }

  pagesProtected(): void {
    this.tlb?.flush(true);
  }

  layoutChanged(): void {
    this.tags.fill(-1);
    this.tlb?.flush(true);
  }

  regionsChanged(): void {
    this.layoutChanged();
  }

  /**
   * Finds the physical address for an access: true with `physical` set, or false with `errorCode` set for a page fault.
   * `implicit` accesses (of the processor to its tables) are supervisor accesses that SMAP never lets at user pages.
   */
  translate(linear: number, kind: AccessKind, user: boolean, implicit: boolean): boolean {
    const { R, walker } = this, hasAc = this.control.smap && !user && !implicit && (R[EFLAGS_SYS] & F_AC) !== 0;
    const who = user ? USER : hasAc ? KERNEL_AC : KERNEL;
    const page = linear >>> 12, at = (who * 3 + kind) * CACHE_SIZE + (page & (CACHE_SIZE - 1));
    if (this.tags[at] === page) {
      this.physical = (this.pages[at] & ~4095) | (linear & 4095);
      this.isGlobal = (this.pages[at] & 1) !== 0;
      return true;
    }
    const error = walker.walk(linear, R[CR3], kind, user, hasAc, this.control);
    if (error !== -1) {
      this.errorCode = error;
      return false;
    }
    const found = walker.result;
    this.tags[at] = page;
    this.pages[at] = found.page | (found.isGlobal ? 1 : 0);
    if (found.isLarge) this.large[page >>> 9] = 1;
    this.enter(linear, kind, who);
    this.physical = found.page | (linear & 4095);
    this.isGlobal = found.isGlobal;
    return true;
  }

  /**
   * Index of `size` (1, 2, 4) bytes in memory's window, if it is known that they lie there, may be accessed and need nothing
   * besides; else negative. What SMAP lets through with EFLAGS.AC only is not among it.
   */
  find(linear: number, size: number, kind: 0 | 1, user: boolean): number {
    if ((linear & (size - 1)) !== 0) return -1;
    if (this.isOn) return (kind === READ ? (user ? this.userReads : this.kernelReads) : user ? this.userWrites : this.kernelWrites)[linear >>> 12] ^ linear;
    const phys = linear & this.walker.a20Mask, { memory } = this;
    if ((memory.pageFlags[phys >>> PAGE_SHIFT] & (kind === READ ? PAGE_NOT_RAM : -1)) !== 0) return -1;
    return (phys >>> 0) - memory.window.base;
  }

  /** Where a linear address lies, for debuggers: nothing changes, no privilege is asked for. Null if it is not mapped. */
  peek(linear: number): { readonly physical: number; readonly isWritable: boolean; readonly isUser: boolean } | null {
    if (!this.isOn) return { physical: linear & this.a20Mask, isWritable: true, isUser: true };
    const { walker } = this;
    if (!walker.peek(linear, this.R[CR3], this.control)) return null;
    const { page, isWritable, isUser } = walker.result;
    return { physical: page | (linear & 4095), isWritable, isUser };
  }

  /** Loads the page-directory-pointer entries if paging uses them; false for reserved bits: #GP(0). */
  loadPdptes(): boolean {
    return !this.isOn || !this.control.pae || this.walker.loadPdptes(this.R[CR3]);
  }

  /**
   * Enters the page that was walked to into the soft TLB if emitted code may reach it: whoever may write it may read it, and who may
   * read one that is writable and dirty may write it, and would leave no trace in the tables.
   */
  private enter(linear: number, kind: AccessKind, who: Accessor): void {
    if (kind === EXECUTE) return;
    const { page, isGlobal, isWritable, isDirty } = this.walker.result, { base, size } = this.memory.window, index = (page >>> 0) - base;
    if (index < 0 || index >= size || index >= 0x7ffff000) return;
    const flags = this.memory.pageFlags[page >>> PAGE_SHIFT];
    if ((flags & PAGE_NOT_RAM) === 0) this.softTlb.fill(linear, index, false, who, isGlobal);
    if (flags === 0 && (kind === WRITE || (isWritable && isDirty))) this.softTlb.fill(linear, index, true, who, isGlobal);
  }
}
