/** Segment and system descriptors: what their eight bytes say (SDM 3A §3.4.5, §3.5). Nothing here looks at memory. */
import type { SegClass } from "./isa/mode.ts";
import { classify } from "./isa/mode.ts";
import { ATTR_CODE, ATTR_DPL_SHIFT, ATTR_EXPAND_DOWN, ATTR_G, ATTR_P, ATTR_S, ATTR_WRITABLE } from "./state.ts";

/** System descriptor types (SDM 3A table 3-2). */
export const TYPE_TSS16 = 1, TYPE_LDT = 2, TYPE_TSS16_BUSY = 3, TYPE_CALL16 = 4, TYPE_TASK_GATE = 5, TYPE_INT16 = 6, TYPE_TRAP16 = 7,
  TYPE_TSS32 = 9, TYPE_TSS32_BUSY = 11, TYPE_CALL32 = 12, TYPE_INT32 = 14, TYPE_TRAP32 = 15;
/** The bit of a TSS descriptor's type that says busy; the bit of a type that says 386 rather than 286. */
export const TYPE_BUSY = 2, TYPE_386 = 8;

/** A conforming code segment has the bit that makes a data segment expand down. */
const ATTR_CONFORMING = ATTR_EXPAND_DOWN;

/** Eight descriptor bytes and where they are. */
export class Descriptor {
  readonly low: number;
  readonly high: number;
  /** Linear address of the first byte. */
  readonly address: number;
  /** As SEG_ATTR holds them. */
  readonly attr: number;
  readonly dpl: number;
  readonly isPresent: boolean;
  /** Type field of a system descriptor; -1 for code and data. */
  readonly systemType: number;
  readonly isCode: boolean;
  readonly isConforming: boolean;
  readonly isWritableData: boolean;
  /** Data, or code with the R bit, which has the place of W. */
  readonly isReadable: boolean;
  readonly base: number;
  /** Last offset, as int32: granularity applied. */
  readonly limit: number;
  // ---- gates
  readonly gateSelector: number;
  readonly is386: boolean;
  readonly gateOffset: number;
  // ---- segments
  /** Its class in CS, and in any other segment register (isa/mode.ts). */
  readonly codeClass: SegClass;
  readonly dataClass: SegClass;

  constructor(low: number, high: number, address: number) {
    const attr = (high >>> 8) & 0xf0ff, isSegment = (attr & ATTR_S) !== 0, isWritable = (attr & ATTR_WRITABLE) !== 0, hasCodeBit = (attr & ATTR_CODE) !== 0;
    const limit = (high & 0xf0000) | (low & 0xffff);
    this.low = low;
    this.high = high;
    this.address = address;
    this.attr = attr;
    this.dpl = (attr >> ATTR_DPL_SHIFT) & 3;
    this.isPresent = (attr & ATTR_P) !== 0;
    this.systemType = isSegment ? -1 : attr & 15;
    this.isCode = isSegment && hasCodeBit;
    this.isConforming = (attr & ATTR_CONFORMING) !== 0;
    this.isWritableData = isSegment && !hasCodeBit && isWritable;
    this.isReadable = isSegment && (!hasCodeBit || isWritable);
    this.base = (high & 0xff000000) | ((high & 0xff) << 16) | (low >>> 16);
    this.limit = (attr & ATTR_G) !== 0 ? (limit << 12) | 0xfff : limit;
    this.gateSelector = low >>> 16;
    this.is386 = (attr & TYPE_386) !== 0;
    this.codeClass = classify(true, attr, this.base, this.limit);
    this.dataClass = classify(false, attr, this.base, this.limit);
    this.gateOffset = this.is386 ? (high & 0xffff0000) | (low & 0xffff) : low & 0xffff;
  }

  get isSegment(): boolean { return this.systemType < 0; }
  get parameterCount(): number { return this.high & 31; }

  isTss(busy: boolean): boolean {
    const type = this.systemType;
    return busy ? type === TYPE_TSS16_BUSY || type === TYPE_TSS32_BUSY : type === TYPE_TSS16 || type === TYPE_TSS32;
  }
}

/** A power of two. */
const CACHE_SIZE = 64;

/** Descriptors as taken apart before: a system uses the same few at every change of privilege. Memory is read all the same. */
export class DescriptorCache {
  private readonly entries = new Array<Descriptor>(CACHE_SIZE).fill(new Descriptor(0, 0, 0));

  /** The descriptor that these words at a linear address are. */
  of(low: number, high: number, address: number): Descriptor {
    const at = (address >>> 3) & (CACHE_SIZE - 1), known = this.entries[at];
    if (known.low === low && known.high === high && known.address === address) return known;
    const made = new Descriptor(low, high, address);
    this.entries[at] = made;
    return made;
  }
}
