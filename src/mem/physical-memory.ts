/**
 * Guest-physical memory: regions of host memory, and a map with a byte per page that says when a store needs more than the
 * store. Owned by a VM; emitted code captures `window` and `pageFlags`, the slow paths are methods.
 */
import { VmError } from "../../tcg/support/errors.ts";
import type { IoSpace } from "../bus/io.ts";
import { Arena } from "./arena.ts";

export const PAGE_SHIFT = 12, PAGE_SIZE = 4096;
const PAGE_COUNT = 1 << 20;

/** Bits of `pageFlags`. A page with 0 may be stored to directly. */
export const PAGE_NOT_RAM = 1, PAGE_HAS_CODE = 2, PAGE_LOG_DIRTY = 4, PAGE_READ_ONLY = 8;

/** A range of guest-physical addresses backed by host memory. Addresses and sizes are unsigned, page aligned. */
export interface MemoryRegion {
  readonly slot: number;
  readonly base: number;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly isReadOnly: boolean;
  /** Never a part of the window. */
  readonly isOfDevice: boolean;
  /** One bit per page written since the log was last taken; null if not logged. */
  dirty: Uint32Array | null;
}

/**
 * The memory that emitted code reaches without a look-up: one region, or several that lie in one buffer as they do in the guest;
 * those with the most writable bytes. `index = physical address - base`; `size` may be 0 when there is no memory at all.
 */
export interface MemoryWindow {
  readonly base: number;
  readonly size: number;
  /** Not every page of it is memory, or was at some time: `pageFlags` says which are. Regions come and go in the holes. */
  readonly hasHoles: boolean;
  readonly u8: Uint8Array;
  readonly view: DataView;
}

const EMPTY_WINDOW: MemoryWindow = { base: 0, size: 0, hasHoles: false, u8: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };

/** Told what happens to memory. */
export interface MemoryListener {
  /** Bytes [phys, phys + size), within one page that holds decoded or translated code, now hold something else. */
  codeWritten?(phys: number, size: number): void;
  /** The set of regions has changed: everything derived from memory is void, including captured windows. */
  layoutChanged?(): void;
  /** A region has come or gone, and the window is as it was: translations of addresses are void. Code there counts as written. */
  regionsChanged?(): void;
  /** A page may not be stored to directly any more: its flags are no longer 0. */
  pageProtected?(phys: number): void;
  /** The same for many pages. */
  pagesProtected?(): void;
}

export class PhysicalMemory {
  window: MemoryWindow = EMPTY_WINDOW;
  private ownArena = Arena.plain();
  /** Null until the arena is settled. */
  private ownPageFlags: Uint8Array | null = null;
  private regions: MemoryRegion[] = [];
  private readonly listeners: MemoryListener[] = [];
  private last: MemoryRegion | null = null;

  /** Where everything is to lie that emitted code reaches by index. Regions may be of its RAM, and of any other memory. */
  get arena(): Arena {
    return this.ownArena;
  }

  get pageFlags(): Uint8Array {
    this.ownPageFlags ??= this.ownArena.allocate(PAGE_COUNT).fill(PAGE_NOT_RAM);
    return this.ownPageFlags;
  }

  /**
   * Memory for regions, all zeros: the first is the RAM of an arena, unless somebody listens already and may have captured what lies in
   * the one there is.
   * @throws RangeError if the host does not have that much
   */
  allocate(bytes: number): Uint8Array {
    if (this.ownArena.ram.length > 0 || this.listeners.length > 0) return new Uint8Array(bytes);
    const arena = Arena.make(bytes), before = this.ownPageFlags;
    this.ownArena = arena;
    this.ownPageFlags = null;
    if (before !== null) this.pageFlags.set(before);
    return arena.ram;
  }

  addListener(listener: MemoryListener): void {
    this.listeners.push(listener);
  }

  /** All regions, by ascending base. */
  get all(): readonly MemoryRegion[] {
    return this.regions;
  }

  /**
   * Adds, replaces or (with `bytes` of length 0) removes the region of a slot.
   * @throws VmError EINVAL if base or size is not page aligned or leaves the 32-bit space, EEXIST on overlap.
   */
  setRegion(slot: number, base: number, bytes: Uint8Array, options: { readOnly?: boolean; logDirty?: boolean; isOfDevice?: boolean } = {}): void {
    const size = bytes.length, before = this.regions.find((r) => r.slot === slot);
    if (base % PAGE_SIZE !== 0 || size % PAGE_SIZE !== 0 || base < 0 || base + size > 2 ** 32) {
      throw new VmError("EINVAL", `memory slot ${slot}: base 0x${base.toString(16)} and size 0x${size.toString(16)} must be multiples of 4096 below 4 GiB`);
    }
    const others = this.regions.filter((r) => r.slot !== slot);
    const clash = others.find((r) => size > 0 && base < r.base + r.size && r.base < base + size);
    if (clash !== undefined) {
      throw new VmError("EEXIST", `memory slot ${slot} at 0x${base.toString(16)} overlaps slot ${clash.slot} at 0x${clash.base.toString(16)}`);
    }
    if (size > 0) {
      others.push({
        slot, base, size, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size),
        isReadOnly: options.readOnly === true, isOfDevice: options.isOfDevice === true,
        dirty: options.logDirty === true ? new Uint32Array(Math.ceil(size / PAGE_SIZE / 32)) : null,
      });
    }
    const regions = others.sort((a, b) => a.base - b.base), chosen = largestRun(regions);
    const window = chosen.length === 0 ? EMPTY_WINDOW : windowOver(chosen), isSame = isSameWindow(this.window, window);
    if (isSame && before !== undefined) this.dropCode(before);
    this.last = null;
    this.regions = regions;
    if (isSame) {
      if (before !== undefined) this.flagPages(before, PAGE_NOT_RAM);
      const now = regions.find((r) => r.slot === slot);
      if (now !== undefined && chosen.includes(now)) this.flagPages(now, flagsOf(now));
      for (const l of this.listeners) l.regionsChanged?.();
    } else {
      this.window = window;
      this.pageFlags.fill(PAGE_NOT_RAM);
      for (const r of chosen) this.flagPages(r, flagsOf(r));
      for (const l of this.listeners) l.layoutChanged?.();
    }
  }

  private flagPages({ base, size }: MemoryRegion, flags: number): void {
    this.pageFlags.fill(flags, base / PAGE_SIZE, (base + size) / PAGE_SIZE);
  }

  /** A region is about to go: its code is as good as written over. */
  private dropCode({ base, size }: MemoryRegion): void {
    for (let phys = base; phys < base + size; phys += PAGE_SIZE) {
      if ((this.pageFlags[phys >>> PAGE_SHIFT] & PAGE_HAS_CODE) !== 0) for (const l of this.listeners) l.codeWritten?.(phys | 0, PAGE_SIZE);
    }
  }

  /** The region that holds a physical address (as int32), or null. */
  find(phys: number): MemoryRegion | null {
    const address = phys >>> 0, { last } = this;
    if (last !== null && address >= last.base && address - last.base < last.size) return last;
    for (const r of this.regions) {
      if (address >= r.base && address - r.base < r.size) {
        this.last = r;
        return r;
      }
    }
    return null;
  }

  /** Reads `size` (1, 2, 4) bytes within one page; zero extended, as int32. */
  read(phys: number, size: number, io: IoSpace): number {
    const r = this.find(phys);
    if (r === null) return io.mmioRead(phys, size);
    const at = (phys >>> 0) - r.base;
    return size === 1 ? r.bytes[at] : size === 2 ? r.view.getUint16(at, true) : r.view.getInt32(at, true);
  }

  /** Writes `size` (1, 2, 4) bytes within one page. */
  write(phys: number, size: number, value: number, io: IoSpace): void {
    const r = this.find(phys);
    if (r === null || r.isReadOnly) return io.mmioWrite(phys, size, value);
    const at = (phys >>> 0) - r.base;
    if (size === 1) r.bytes[at] = value;
    else if (size === 2) r.view.setInt16(at, value, true);
    else r.view.setInt32(at, value, true);
    const flags = this.pageFlags[phys >>> PAGE_SHIFT];
    if (flags !== 0) this.noteWrite(r, phys, size, flags);
  }

  /** Bookkeeping after a write within one page: dirty log and code. */
  private noteWrite(r: MemoryRegion, phys: number, size: number, flags: number): void {
    if (r.dirty !== null) {
      const page = ((phys >>> 0) - r.base) >>> PAGE_SHIFT;
      r.dirty[page >>> 5] |= 1 << (page & 31);
      this.pageFlags[phys >>> PAGE_SHIFT] &= ~PAGE_LOG_DIRTY;
    }
    if ((flags & PAGE_HAS_CODE) !== 0) for (const l of this.listeners) l.codeWritten?.(phys, size);
  }

  /** True if bytes [phys, phys + size), within one page, can be written as memory. */
  isWritable(phys: number): boolean {
    const r = this.find(phys);
    return r !== null && !r.isReadOnly;
  }

  /** Tells everybody that the host has written bytes [phys, phys + size) by itself. */
  hostWrote(phys: number, size: number): void {
    for (let done = 0; done < size;) {
      const at = (phys + done) >>> 0, n = Math.min(size - done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
      const r = this.find(at);
      if (r !== null) this.noteWrite(r, at, n, this.pageFlags[at >>> PAGE_SHIFT] | PAGE_LOG_DIRTY);
      done += n;
    }
  }

  /** Marks a page as holding decoded code, so that stores to it are noticed. */
  setHasCode(phys: number): void {
    const page = phys >>> PAGE_SHIFT;
    if ((this.pageFlags[page] & PAGE_HAS_CODE) !== 0) return;
    this.pageFlags[page] |= PAGE_HAS_CODE;
    for (const l of this.listeners) l.pageProtected?.(phys);
  }

  clearHasCode(phys: number): void {
    this.pageFlags[phys >>> PAGE_SHIFT] &= ~PAGE_HAS_CODE;
  }

  /** Takes and clears the dirty log of a slot: a bit per page. */
  takeDirtyLog(slot: number): Uint32Array {
    const r = this.regions.find((one) => one.slot === slot);
    if (r === undefined || r.dirty === null) throw new VmError("ENOENT", `memory slot ${slot} does not exist or is not logged`);
    const log = r.dirty.slice();
    r.dirty.fill(0);
    for (let page = r.base >>> PAGE_SHIFT; page < (r.base + r.size) / PAGE_SIZE; page++) this.pageFlags[page] |= PAGE_LOG_DIRTY;
    for (const l of this.listeners) l.pagesProtected?.();
    return log;
  }
}

/** Of the runs of regions that lie in one buffer as they do in the guest, the one with the most writable bytes; empty if none has any. */
function largestRun(regions: readonly MemoryRegion[]): readonly MemoryRegion[] {
  let best: readonly MemoryRegion[] = [], run: MemoryRegion[] = [], most = 0;
  for (const r of regions.filter(({ isOfDevice }) => !isOfDevice)) {
    const before = run.at(-1);
    if (before === undefined || !isContinuedBy(before, r)) run = [];
    run.push(r);
    const writable = run.reduce((sum, one) => sum + (one.isReadOnly ? 0 : one.size), 0);
    if (writable > most) {
      most = writable;
      best = run;
    }
  }
  return best;
}

function isContinuedBy(a: MemoryRegion, b: MemoryRegion): boolean {
  return b.bytes.buffer === a.bytes.buffer && b.bytes.byteOffset - a.bytes.byteOffset === b.base - a.base;
}

function windowOver(run: readonly MemoryRegion[]): MemoryWindow {
  const [{ base, bytes }] = run, last = run[run.length - 1], size = last.base + last.size - base;
  const hasHoles = run.reduce((sum, r) => sum + r.size, 0) < size;
  return { base, size, hasHoles, u8: new Uint8Array(bytes.buffer, bytes.byteOffset, size), view: new DataView(bytes.buffer, bytes.byteOffset, size) };
}

/** True if what has captured window `a` can go on with it instead of `b`. */
function isSameWindow(a: MemoryWindow, b: MemoryWindow): boolean {
  return a.base === b.base && a.size === b.size && a.size > 0 && a.u8.buffer === b.u8.buffer && a.u8.byteOffset === b.u8.byteOffset && (a.hasHoles || !b.hasHoles);
}

/** The flags of a region's pages in the window. */
function flagsOf({ isReadOnly, dirty }: MemoryRegion): number {
  return (isReadOnly ? PAGE_READ_ONLY : 0) | (dirty === null ? 0 : PAGE_LOG_DIRTY);
}
