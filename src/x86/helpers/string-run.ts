/**
 * What the repeated string helpers share: how long a run may be, where it lies, and the registers it moves.
 *
 * A helper does a few *runs* per call, each of them elements that lie in one page on each side, pass their segment's checks and do not wrap
 * around the address size. How long a run is depends on guest state only, never on how memory happens to be reached, so
 * every engine makes the same runs. The first element may fault; after it nothing but a device can fail.
 */
import { PAGE_NOT_RAM, PAGE_SHIFT, PAGE_SIZE } from "../../mem/physical-memory.ts";
import type { Cpu } from "../cpu.ts";
import type { AccessKind } from "../mmu/page-walk.ts";
import { WRITE } from "../mmu/page-walk.ts";
import { ATTR_CODE, ATTR_EXPAND_DOWN, ATTR_P, ATTR_S, ATTR_WRITABLE, DF, ECX, EFLAGS_SYS, F_AC, F_TF, SEG_ATTR, SEG_BASE, SEG_LIMIT } from "../state.ts";

/** Address-size mask of 32-bit addresses; the other is 0xffff. */
const MASK32 = -1;
const ANY_FLAG = 0xff;
const PLAIN_DATA = ATTR_P | ATTR_S | ATTR_WRITABLE, DATA_TYPE = PLAIN_DATA | ATTR_CODE | ATTR_EXPAND_DOWN;

/** A counter or index register within the address size. */
export function readCounter(cpu: Cpu, reg: number, mask: number): number {
  return cpu.state.R[reg] & mask;
}

/** Writes it back; with 16-bit addresses the upper half stays. */
export function writeCounter(cpu: Cpu, reg: number, mask: number, value: number): void {
  if (mask === MASK32) cpu.state.R[reg] = value;
  else cpu.state.R16[reg * 2] = value;
}

/** Writes the count back after an element: the insn is in progress, unless its helper says in the end that it is done. */
export function writeCount(cpu: Cpu, mask: number, count: number): void {
  writeCounter(cpu, ECX, mask, count);
  cpu.isRepeating = true;
}

/**
 * True if a run of a segment is *plain* but for where it lies: upwards, at offsets that are linear addresses and pass all
 * checks. That is what C programs do, and runs are short there, so that a helper's way to the first element counts.
 */
export function isPlain(R: Int32Array, seg: number, mask: number): boolean {
  const isFlat = R[SEG_BASE + seg] === 0 && R[SEG_LIMIT + seg] === -1 && (R[SEG_ATTR + seg] & DATA_TYPE) === PLAIN_DATA;
  return isFlat && mask === MASK32 && R[DF] === 1 && (R[EFLAGS_SYS] & (F_TF | F_AC)) === 0;
}

/** Length of a plain run of at most `count` (unsigned, not 0) elements; 0 if the first lies across a page boundary. */
export function plainLength(offset: number, shift: number, count: number): number {
  const n = (PAGE_SIZE - (offset & (PAGE_SIZE - 1))) >> shift;
  return count >>> 0 < n ? count : n;
}

/** Notes whether there is more to do, which is what a helper returns. */
export function endRun(cpu: Cpu, more: number): number {
  cpu.isRepeating = more !== 0;
  return more;
}

/** Length of a run of at most `count` (unsigned, not 0) elements of 1 << shift bytes from offset and linear address, at least 1. */
export function runLength(cpu: Cpu, offset: number, linear: number, shift: number, direction: number, mask: number, count: number): number {
  const size = 1 << shift, at = linear & (PAGE_SIZE - 1);
  if (cpu.stepsElements) return 1;
  // An element across a page boundary goes alone.
  if (at + size > PAGE_SIZE) return 1;
  let n: number;
  if (direction > 0) n = Math.min((PAGE_SIZE - at) >> shift, (Math.min((mask - offset) >>> 0, PAGE_SIZE) + 1) >> shift);
  else n = Math.min(at >> shift, (offset >>> 0) >>> shift) + 1;
  return Math.max(1, count >>> 0 < n ? count : n);
}

/**
 * The run's length after the segment's limit: `n` if all of it is inside, else 1. The first element, at `offset`, has
 * passed its check.
 */
export function withinSegment(R: Int32Array, seg: number, offset: number, shift: number, direction: number, n: number): number {
  const limit = R[SEG_LIMIT + seg];
  if (n === 1 || limit === -1) return n;
  if ((R[SEG_ATTR + seg] & (ATTR_CODE | ATTR_EXPAND_DOWN)) === ATTR_EXPAND_DOWN) return 1;
  const last = (offset >>> 0) + (direction > 0 ? n << shift : 1 << shift) - 1;
  return last <= limit >>> 0 ? n : 1;
}

/**
 * Physical address of the run's first element, at `linear`; raises #PF. For an element across a page boundary, which goes
 * through `Cpu.load` and `Cpu.store`, just an address with the same place in a page.
 */
export function firstPhysical(cpu: Cpu, linear: number, size: number, kind: AccessKind): number {
  return (linear & (PAGE_SIZE - 1)) + size > PAGE_SIZE ? linear : cpu.physical(linear, kind);
}

/**
 * Index in the memory window of a run of `bytes` bytes, of which the lowest is at `phys + low`; -1 if they are not all
 * there, lie in two pages or, for writing, if the page wants to know of stores.
 */
export function windowIndex({ memory, watches }: Cpu, phys: number, low: number, bytes: number, kind: AccessKind): number {
  if (watches || (phys & (PAGE_SIZE - 1)) + low + bytes > PAGE_SIZE) return -1;
  if ((memory.pageFlags[phys >>> PAGE_SHIFT] & (kind === WRITE ? ANY_FLAG : PAGE_NOT_RAM)) !== 0) return -1;
  const { base, size } = memory.window, index = (phys >>> 0) + low - base;
  return index >= 0 && index + bytes <= size ? index : -1;
}

/** Repeats the `period` bytes before `at` over the `bytes` bytes from there. */
export function propagate(u8: Uint8Array, at: number, period: number, bytes: number): void {
  const start = at - period;
  for (let done = 0; done < bytes;) {
    const n = Math.min(period + done, bytes - done);
    u8.copyWithin(at + done, start, start + n);
    done += n;
  }
}
