/**
 * Translation of linear addresses through the guest's page tables: 32-bit paging with PSE, and PAE with NX
 * (SDM 3A §4.3, §4.4, §4.6, §4.7). Sets accessed and dirty bits. Physical addresses have 32 bits: higher ones are reserved.
 */
import type { IoSpace } from "../../bus/io.ts";
import type { PhysicalMemory } from "../../mem/physical-memory.ts";

/** Kinds of access; EXECUTE is an instruction fetch. */
export const READ = 0, WRITE = 1, EXECUTE = 2;
export type AccessKind = 0 | 1 | 2;

/** Bits of a paging-structure entry. */
const P = 0x1, RW = 0x2, US = 0x4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100;
/** The high word of a PAE entry: NX, and address bits beyond 32, which are reserved here. */
const NX = 0x80000000 | 0, HIGH_RESERVED = 0x7fffffff;
/** Reserved bits of a PAE 2 MiB entry, and of a 4 MiB entry with 32-bit physical addresses. */
const PAE_LARGE_RESERVED = 0x1fe000, PSE_RESERVED = 0x3fe000;
/** Bits of a page-directory-pointer entry that must be 0 (SDM 3A table 4-8). */
const PDPTE_RESERVED = 0x1e6;

/** Page-fault error code (SDM 3A figure 4-12). */
const ERROR_P = 1, ERROR_W = 2, ERROR_U = 4, ERROR_RSVD = 8, ERROR_I = 16;

/** The control bits that translation depends on. */
export interface PagingControl {
  readonly pae: boolean;
  readonly pse: boolean;
  readonly globalPages: boolean;
  readonly writeProtect: boolean;
  readonly noExecute: boolean;
  readonly smep: boolean;
  readonly smap: boolean;
}

/** What a walk found. One object is reused. */
export class WalkResult {
  /** Physical address of the 4 KiB page, as int32. */
  page = 0;
  /** Translation survives a load of CR3. */
  isGlobal = false;
  /** It is part of a page of 2 or 4 MiB. */
  isLarge = false;
  /** Level 3 may reach the page; all levels may write it. */
  isUser = false;
  isWritable = false;
  /** The dirty bit is set. */
  isDirty = false;
}

export class PageWalker {
  readonly result = new WalkResult();
  /** The four page-directory-pointer entries, low words, as loaded with CR3. */
  private readonly pdptes = new Int32Array(4);
  /** What the A20 gate lets through of a physical address; owned by the MMU. */
  a20Mask = -1;
  /** The walk is the debugger's: accessed and dirty bits stay. */
  private isPeeking = false;
  private readonly memory: PhysicalMemory;
  private readonly io: IoSpace;

  constructor(memory: PhysicalMemory, io: IoSpace) {
    this.memory = memory;
    this.io = io;
  }

  /** Loads the page-directory-pointer entries that `cr3` points at; false if one has reserved bits set: #GP(0). */
  loadPdptes(cr3: number): boolean {
    const base = cr3 & ~31, loaded: number[] = [];
    for (let i = 0; i < 4; i++) {
      const low = this.read(base + 8 * i), high = this.read(base + 8 * i + 4);
      if (hasReservedPdpteBits(low) || ((low & P) !== 0 && high !== 0)) return false;
      loaded.push(low);
    }
    this.pdptes.set(loaded);
    return true;
  }

  /** For saving and restoring. */
  get pointerEntries(): Int32Array {
    return this.pdptes;
  }

  private read(phys: number): number {
    return this.memory.read(phys & this.a20Mask, 4, this.io);
  }

  private setBits(phys: number, entry: number, bits: number): void {
    if ((entry & bits) !== bits && !this.isPeeking) this.memory.write(phys & this.a20Mask, 4, entry | bits, this.io);
  }

  /**
   * Walks the tables for one access. Returns -1 and fills `result`, or the page-fault error code.
   * `user` is the privilege of the access; `acFlag` lets a supervisor at user pages under SMAP.
   */
  walk(linear: number, cr3: number, kind: AccessKind, user: boolean, acFlag: boolean, control: PagingControl): number {
    return control.pae ? this.walkPae(linear, kind, user, acFlag, control) : this.walk32(linear, cr3, kind, user, acFlag, control);
  }

  /** A walk that leaves no trace, and to which every mapped page is allowed: true with `result` filled if there is one. */
  peek(linear: number, cr3: number, control: PagingControl): boolean {
    this.isPeeking = true;
    try {
      return this.walk(linear, cr3, READ, false, true, control) === -1;
    } finally {
      this.isPeeking = false;
    }
  }

  private walk32(linear: number, cr3: number, kind: AccessKind, user: boolean, acFlag: boolean, control: PagingControl): number {
    const error = this.errorBits(kind, user, control);
    const pdeAt = (cr3 & ~4095) + ((linear >>> 22) << 2), pde = this.read(pdeAt);
    if ((pde & P) === 0) return error;
    if ((pde & PS) !== 0 && control.pse) {
      if ((pde & PSE_RESERVED) !== 0) return error | ERROR_P | ERROR_RSVD;
      if (!allowed(pde & (RW | US), false, kind, user, acFlag, control)) return error | ERROR_P;
      this.setBits(pdeAt, pde, kind === WRITE ? A | D : A);
      return this.found((pde & 0xffc00000) | (linear & 0x3ff000), pde, pde, true);
    }
    const pteAt = (pde & ~4095) + (((linear >>> 12) & 1023) << 2), pte = this.read(pteAt);
    if ((pte & P) === 0) return error;
    if (!allowed(pde & pte & (RW | US), false, kind, user, acFlag, control)) return error | ERROR_P;
    this.setBits(pdeAt, pde, A);
    this.setBits(pteAt, pte, kind === WRITE ? A | D : A);
    return this.found(pte & ~4095, pte, pde & pte, false);
  }

  private walkPae(linear: number, kind: AccessKind, user: boolean, acFlag: boolean, control: PagingControl): number {
    const error = this.errorBits(kind, user, control);
    const pdpte = this.pdptes[linear >>> 30];
    if ((pdpte & P) === 0) return error;
    const reserved = control.noExecute ? HIGH_RESERVED : -1;
    const pdeAt = (pdpte & ~4095) + (((linear >>> 21) & 511) << 3), pde = this.read(pdeAt);
    if ((pde & P) === 0) return error;
    const pdeHigh = this.read(pdeAt + 4);
    if ((pdeHigh & reserved) !== 0) return error | ERROR_P | ERROR_RSVD;
    if ((pde & PS) !== 0) {
      if ((pde & PAE_LARGE_RESERVED) !== 0) return error | ERROR_P | ERROR_RSVD;
      if (!allowed(pde & (RW | US), (pdeHigh & NX) !== 0, kind, user, acFlag, control)) return error | ERROR_P;
      this.setBits(pdeAt, pde, kind === WRITE ? A | D : A);
      return this.found((pde & 0xffe00000) | (linear & 0x1ff000), pde, pde, true);
    }
    const pteAt = (pde & ~4095) + (((linear >>> 12) & 511) << 3), pte = this.read(pteAt);
    if ((pte & P) === 0) return error;
    const pteHigh = this.read(pteAt + 4);
    if ((pteHigh & reserved) !== 0) return error | ERROR_P | ERROR_RSVD;
    if (!allowed(pde & pte & (RW | US), ((pdeHigh | pteHigh) & NX) !== 0, kind, user, acFlag, control)) return error | ERROR_P;
    this.setBits(pdeAt, pde, A);
    this.setBits(pteAt, pte, kind === WRITE ? A | D : A);
    return this.found(pte & ~4095, pte, pde & pte, false);
  }

  private errorBits(kind: AccessKind, user: boolean, control: PagingControl): number {
    const fetch = kind === EXECUTE && ((control.pae && control.noExecute) || control.smep);
    return (kind === WRITE ? ERROR_W : 0) | (user ? ERROR_U : 0) | (fetch ? ERROR_I : 0);
  }

  /** `rights` are the R/W and U/S bits that all levels have. */
  private found(page: number, leaf: number, rights: number, isLarge: boolean): number {
    const { result } = this;
    result.page = page & this.a20Mask;
    result.isGlobal = (leaf & G) !== 0;
    result.isLarge = isLarge;
    result.isUser = (rights & US) !== 0;
    result.isWritable = (rights & RW) !== 0;
    result.isDirty = (leaf & D) !== 0;
    return -1;
  }
}

/** True if the low word of a page-directory-pointer entry is one that cannot be loaded (SDM 3A §4.4.1). */
export function hasReservedPdpteBits(low: number): boolean {
  return (low & P) !== 0 && (low & PDPTE_RESERVED) !== 0;
}

/** The access rights of SDM 3A §4.6, from the combined R/W and U/S bits and execute-disable. */
function allowed(rights: number, executeDisabled: boolean, kind: AccessKind, user: boolean, acFlag: boolean, control: PagingControl): boolean {
  const isUserPage = (rights & US) !== 0, isWritable = (rights & RW) !== 0;
  if (user && !isUserPage) return false;
  if (kind === EXECUTE) return !(executeDisabled || (!user && isUserPage && control.smep));
  if (!user && isUserPage && control.smap && !acFlag) return false;
  return kind === READ || isWritable || (!user && !control.writeProtect);
}
