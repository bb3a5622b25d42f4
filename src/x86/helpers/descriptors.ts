/**
 * Segment and system descriptors as memory holds them (SDM 3A §3.4.5, §3.5): fetch, fields, and the two bits the
 * processor writes back. Who may use a descriptor for what is decided by the callers.
 */
import type { Cpu } from "../cpu.ts";
import { ATTR_ACCESSED, ATTR_CODE, ATTR_DPL_SHIFT, ATTR_EXPAND_DOWN, ATTR_G, ATTR_P, ATTR_S, ATTR_WRITABLE, GDT_BASE, GDT_LIMIT, LDTR } from "../state.ts";
import { readSystem32, readSystem8, writeSystem8 } from "./system-memory.ts";

/** System descriptor types (SDM 3A table 3-2). */
export const TYPE_TSS16 = 1, TYPE_LDT = 2, TYPE_TSS16_BUSY = 3, TYPE_CALL16 = 4, TYPE_TASK_GATE = 5, TYPE_INT16 = 6, TYPE_TRAP16 = 7,
  TYPE_TSS32 = 9, TYPE_TSS32_BUSY = 11, TYPE_CALL32 = 12, TYPE_INT32 = 14, TYPE_TRAP32 = 15;
/** The bit of a TSS descriptor's type that says busy; the bit of a type that says 386 rather than 286. */
export const TYPE_BUSY = 2, TYPE_386 = 8;

/** A conforming code segment has the bit that makes a data segment expand down. */
const ATTR_CONFORMING = ATTR_EXPAND_DOWN;

/** The part of a selector that error codes carry: index and table (SDM 3A §6.13). */
export const selectorError = (selector: number): number => selector & 0xfffc;
export const isNullSelector = (selector: number): boolean => (selector & 0xfffc) === 0;
export const rplOf = (selector: number): number => selector & 3;

/** Eight descriptor bytes and where they are. */
export class Descriptor {
  readonly low: number;
  readonly high: number;
  /** Linear address of the first byte. */
  readonly address: number;

  constructor(low: number, high: number, address: number) {
    this.low = low;
    this.high = high;
    this.address = address;
  }

  /** As SEG_ATTR holds them. */
  get attr(): number { return (this.high >>> 8) & 0xf0ff; }
  get isSegment(): boolean { return (this.attr & ATTR_S) !== 0; }
  /** Type field of a system descriptor; -1 for code and data. */
  get systemType(): number { return this.isSegment ? -1 : this.attr & 15; }
  get dpl(): number { return (this.attr >> ATTR_DPL_SHIFT) & 3; }
  get isPresent(): boolean { return (this.attr & ATTR_P) !== 0; }
  get isCode(): boolean { return (this.attr & (ATTR_S | ATTR_CODE)) === (ATTR_S | ATTR_CODE); }
  get isConforming(): boolean { return (this.attr & ATTR_CONFORMING) !== 0; }
  get isData(): boolean { return (this.attr & (ATTR_S | ATTR_CODE)) === ATTR_S; }
  get isWritableData(): boolean { return this.isData && (this.attr & ATTR_WRITABLE) !== 0; }
  /** Data, or code with the R bit, which has the place of W. */
  get isReadable(): boolean { return this.isData || (this.isCode && (this.attr & ATTR_WRITABLE) !== 0); }

  get base(): number { return (this.high & 0xff000000) | ((this.high & 0xff) << 16) | (this.low >>> 16); }
  /** Last offset, as int32: granularity applied. */
  get limit(): number {
    const raw = (this.high & 0xf0000) | (this.low & 0xffff);
    return (this.attr & ATTR_G) !== 0 ? (raw << 12) | 0xfff : raw;
  }

  // ---- gates
  get gateSelector(): number { return this.low >>> 16; }
  get is386(): boolean { return (this.attr & TYPE_386) !== 0; }
  get gateOffset(): number { return this.is386 ? (this.high & 0xffff0000) | (this.low & 0xffff) : this.low & 0xffff; }
  get parameterCount(): number { return this.high & 31; }

  isTss(busy: boolean): boolean {
    const type = this.systemType;
    return busy ? type === TYPE_TSS16_BUSY || type === TYPE_TSS32_BUSY : type === TYPE_TSS16 || type === TYPE_TSS32;
  }
}

/** The descriptor a selector names, or null where its table ends before it or there is no LDT. Null selectors are the caller's. */
export function fetchDescriptor(cpu: Cpu, selector: number): Descriptor | null {
  const { R } = cpu, offset = selector & 0xfff8, isLocal = (selector & 4) !== 0;
  if (isLocal && (R[LDTR + 3] & ATTR_P) === 0) return null;
  const limit = isLocal ? R[LDTR + 2] : R[GDT_LIMIT];
  if (offset + 7 > limit >>> 0) return null;
  const address = ((isLocal ? R[LDTR + 1] : R[GDT_BASE]) + offset) | 0;
  return new Descriptor(readSystem32(cpu, address), readSystem32(cpu, (address + 4) | 0), address);
}

/** The same where anything missing is a fault: null selector `vector`(0), beyond its table `vector`(selector). */
export function requireDescriptor(cpu: Cpu, selector: number, vector: number): Descriptor {
  if (isNullSelector(selector)) cpu.fault(vector, 0);
  return fetchDescriptor(cpu, selector) ?? cpu.fault(vector, selectorError(selector));
}

/** Sets the accessed bit in memory, if it is not. May fault, so it comes before the load commits. */
export function markAccessed(cpu: Cpu, d: Descriptor): void {
  if ((d.attr & ATTR_ACCESSED) === 0) writeType(cpu, d, (old) => old | ATTR_ACCESSED);
}

/** Sets or clears the busy bit of a TSS descriptor in memory. */
export function markBusy(cpu: Cpu, d: Descriptor, busy: boolean): void {
  writeType(cpu, d, (old) => (busy ? old | TYPE_BUSY : old & ~TYPE_BUSY));
}

function writeType(cpu: Cpu, d: Descriptor, change: (old: number) => number): void {
  const at = (d.address + 5) | 0;
  writeSystem8(cpu, at, change(readSystem8(cpu, at)));
}
