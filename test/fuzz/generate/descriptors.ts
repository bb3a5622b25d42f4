// The GDT and LDT of a fuzz case: a descriptor of every kind in its place, each of which chance may spoil.

import { ATTR_DB, ATTR_G, ATTR_P } from "../../../src/x86/state.ts";
import type { Random } from "../../oracle/random.ts";
import type { Image } from "./image.ts";
import { word32 } from "./image.ts";
import { CODE_OTHER, GDT, GDT_SLOTS, HANDLERS, LDT, LDT_SLOTS, TSS_16, TSS_FAULT, TSS_MAIN, TSS_OTHER, TSS_V86 } from "./layout.ts";

/** A segment as a segment register holds it; attributes as SEG_ATTR. */
export interface Segment {
  readonly selector: number;
  readonly base: number;
  /** Last offset in bytes, unsigned. */
  readonly limit: number;
  readonly attr: number;
}

/** Attributes: present, accessed code and data of both sizes at level 0; the level goes to bits 5 and 6. */
const CODE32 = 0xc09b, DATA32 = 0xc093, CODE16 = 0x009b, DATA16 = 0x0093;
const LEVEL = 0x20;
/** Types of system descriptors. */
const TYPE_TSS16 = 1, TYPE_LDT = 2, TYPE_CALL16 = 4, TYPE_TASK_GATE = 5, TYPE_TSS32 = 9, TYPE_CALL32 = 12, BUSY = 2;

/** GDT slots. Code and data of level n are CODE + 2n and CODE + 2n + 1; those of 16 bits likewise. */
const SLOT_FLAT = 1, SLOT_16 = 9, SLOT_CONFORMING = 17, SLOT_EXPAND_DOWN = 18, SLOT_SMALL = 19, SLOT_EXECUTE_ONLY = 20, SLOT_READ_ONLY = 21,
  SLOT_ABSENT = 22, SLOT_CONFORMING16 = 23, SLOT_EXPAND_DOWN16 = 24, SLOT_LDT = 28, SLOT_TSS = 29, SLOT_TSS_OTHER = 30, SLOT_TSS16 = 31,
  SLOT_TSS_FAULT = 32, SLOT_TSS_V86 = 33, SLOT_GATES = 40, SLOT_RANDOM = 52;

const selectorOf = (slot: number, rpl: number): number => (slot << 3) | rpl;
export const TSS_SELECTOR = selectorOf(SLOT_TSS, 0), LDT_SELECTOR = selectorOf(SLOT_LDT, 0), FAULT_TASK = selectorOf(SLOT_TSS_FAULT, 0),
  OTHER_TASK = selectorOf(SLOT_TSS_OTHER, 0), TASK16 = selectorOf(SLOT_TSS16, 0), V86_TASK = selectorOf(SLOT_TSS_V86, 0);

/** Eight bytes of a descriptor; a granular one counts pages. */
function descriptorBytes({ base, limit, attr }: Omit<Segment, "selector">): number[] {
  const units = (attr & ATTR_G) !== 0 ? limit >>> 12 : limit;
  return [
    ...word32((base << 16) | (units & 0xffff)),
    ...word32((base & 0xff000000) | ((attr & 0xf000) << 8) | (units & 0xf0000) | ((attr & 0xff) << 8) | ((base >>> 16) & 0xff)),
  ];
}

/** Eight bytes of a gate. */
export function gateBytes(selector: number, offset: number, type: number, dpl: number, parameters = 0): number[] {
  return [...word32((selector << 16) | (offset & 0xffff)), ...word32((offset & 0xffff0000) | ((0x80 | (dpl << 5) | type) << 8) | parameters)];
}

/** How segments of a case lie: flat, or with bases and limits of their own. */
interface Shape {
  readonly base: number;
  readonly limit: number;
}

const FLAT: Shape = { base: 0, limit: 0xffffffff }, LOW_64K: Shape = { base: 0, limit: 0xffff };

export class Descriptors {
  /** By GDT slot, what is there before anything is spoilt; null where no segment is. */
  private readonly segments = new Map<number, Segment>();
  private readonly random: Random;
  /** Selectors of everything there is, for code that loads any. */
  readonly selectors: number[] = [];
  /** Those that a far transfer can reasonably name without being a code segment. */
  readonly gates: number[] = [];

  /**
   * @param chaos  how likely a descriptor is spoilt, 0..1
   */
  constructor(image: Image, random: Random, chaos: number) {
    this.random = random;
    const based = random.chance(0.4);
    for (let level = 0; level < 4; level++) {
      const code = based ? this.codeShape(0xfffff) : FLAT, data = based ? this.dataShape(0xfffff) : FLAT;
      this.add(SLOT_FLAT + 2 * level, code, CODE32 | (level * LEVEL));
      this.add(SLOT_FLAT + 2 * level + 1, data, DATA32 | (level * LEVEL));
      this.add(SLOT_16 + 2 * level, based ? this.codeShape(0xffff) : LOW_64K, CODE16 | (level * LEVEL));
      this.add(SLOT_16 + 2 * level + 1, based ? this.dataShape(0xffff) : LOW_64K, DATA16 | (level * LEVEL));
    }
    this.add(SLOT_CONFORMING, FLAT, CODE32 | 4 | (random.below(4) * LEVEL));
    this.add(SLOT_CONFORMING16, LOW_64K, CODE16 | 4 | (random.below(4) * LEVEL));
    this.add(SLOT_EXPAND_DOWN, { base: 0, limit: random.pick([0xfff, 0xafff, 0xbfff, 0xffffffff]) }, DATA32 | 4 | 3 * LEVEL);
    this.add(SLOT_EXPAND_DOWN16, { base: random.pick([0, 0x4000]), limit: random.pick([0xff, 0xbfff, 0xffff]) }, DATA16 | 4 | (random.below(4) * LEVEL));
    this.add(SLOT_SMALL, { base: random.pick([0, 0xb000, 0xb123]), limit: random.below(0x5000) }, (DATA32 | 3 * LEVEL) & ~ATTR_G);
    this.add(SLOT_EXECUTE_ONLY, FLAT, (CODE32 & ~2) | 3 * LEVEL);
    this.add(SLOT_READ_ONLY, FLAT, (DATA32 & ~2) | 3 * LEVEL);
    this.add(SLOT_ABSENT, FLAT, DATA32 & ~ATTR_P);
    this.add(SLOT_LDT, { base: LDT, limit: LDT_SLOTS * 8 - 1 }, 0x80 | TYPE_LDT);
    this.add(SLOT_TSS, { base: TSS_MAIN, limit: random.weighted([[2, 0x67], [4, 0x8f], [2, 0x1ff], [chaos > 0.5 ? 1 : 0, 0x66]]) }, 0x80 | TYPE_TSS32 | BUSY);
    this.add(SLOT_TSS_OTHER, { base: TSS_OTHER, limit: 0x67 }, 0x80 | TYPE_TSS32 | (random.below(2) * 3 * LEVEL));
    this.add(SLOT_TSS16, { base: TSS_16, limit: 0x2b }, 0x80 | TYPE_TSS16 | (random.below(2) * 3 * LEVEL));
    this.add(SLOT_TSS_FAULT, { base: TSS_FAULT, limit: 0x67 }, 0x80 | TYPE_TSS32);
    this.add(SLOT_TSS_V86, { base: TSS_V86, limit: 0x67 }, 0x80 | TYPE_TSS32);
    for (const segment of this.segments.values()) this.store(image, segment, chaos);
    for (let slot = SLOT_GATES; slot < SLOT_RANDOM; slot++) this.addGate(image, slot, chaos);
    for (let slot = SLOT_RANDOM; slot < GDT_SLOTS; slot++) {
      image.put(GDT + 8 * slot, random.bytes(8));
      this.selectors.push(selectorOf(slot, random.below(4)));
    }
    this.fillLocalTable(image);
  }

  /** A base below the handlers, and a limit that mostly covers all code. */
  private codeShape(maxLimit: number): Shape {
    const { random } = this;
    return { base: random.pick([0, 0, 0x10, 0x1000, 0x800, 0x2f30, 0x2ff1]), limit: random.pick([maxLimit, maxLimit, 0xffff, 0x1ffff & maxLimit, 0xb7ff]) };
  }

  /** A base below the data from which the stacks can be reached, mostly. */
  private dataShape(maxLimit: number): Shape {
    const { random } = this, base = random.pick([0, 0x4000, 0x4010, 0x5003, 0x8000]);
    return { base, limit: random.pick([maxLimit, maxLimit, maxLimit, 0x1ffff & maxLimit, 0xffff]) };
  }

  private add(slot: number, { base, limit }: Shape, attr: number): void {
    // Limits of more than 20 bits count pages.
    const isGranular = limit > 0xfffff;
    const real = isGranular ? attr | ATTR_G : attr & ~ATTR_G;
    this.segments.set(slot, { selector: selectorOf(slot, 0), base, limit, attr: real });
    this.selectors.push(selectorOf(slot, (real >> 5) & 3));
  }

  private store(image: Image, segment: Segment, chaos: number): void {
    const { random } = this, bytes = descriptorBytes(segment);
    // The accessed bit is for the CPU to set, in some.
    if ((segment.attr & 0x10) !== 0 && random.chance(0.3)) bytes[5] &= ~1;
    if (random.chance(chaos * 0.3)) bytes[random.pick([0, 1, 2, 5, 5, 5, 6, 6])] ^= 1 << random.below(8);
    image.put(GDT + (segment.selector & ~7), bytes);
  }

  private addGate(image: Image, slot: number, chaos: number): void {
    const { random } = this, dpl = random.pick([0, 3, 3]), type = random.pick([TYPE_CALL32, TYPE_CALL32, TYPE_CALL16, TYPE_TASK_GATE]);
    const target = random.pick([this.code(0, true), this.code(0, true), this.code(random.below(4), true), this.code(0, false), this.conforming]);
    const selector = type === TYPE_TASK_GATE ? random.pick([OTHER_TASK, TASK16, FAULT_TASK, V86_TASK]) : target.selector;
    const bytes = gateBytes(selector, random.pick([CODE_OTHER, HANDLERS]) - target.base, type, dpl, random.pick([0, 0, 1, 2, 31]));
    if (random.chance(chaos * 0.3)) bytes[random.pick([2, 5, 5])] ^= 1 << random.below(8);
    image.put(GDT + 8 * slot, bytes);
    this.gates.push(selectorOf(slot, random.below(4)));
    this.selectors.push(selectorOf(slot, 0));
  }

  private fillLocalTable(image: Image): void {
    const { random } = this;
    for (let slot = 0; slot < LDT_SLOTS; slot++) {
      const segment = random.pick([...this.segments.values()]);
      image.put(LDT + 8 * slot, random.chance(0.2) ? random.bytes(8) : descriptorBytes(segment));
      this.selectors.push(selectorOf(slot, random.below(4)) | 4);
    }
  }

  private segment(slot: number): Segment {
    const found = this.segments.get(slot);
    if (found === undefined) throw new RangeError(`GDT slot ${slot} holds no segment`);
    return found;
  }

  /** The code segment of a level; its selector has that level. */
  code(level: number, is32: boolean): Segment {
    const found = this.segment((is32 ? SLOT_FLAT : SLOT_16) + 2 * level);
    return { ...found, selector: found.selector | level };
  }

  /** The writable data segment of a level. */
  data(level: number, is32: boolean): Segment {
    const found = this.segment((is32 ? SLOT_FLAT : SLOT_16) + 2 * level + 1);
    return { ...found, selector: found.selector | level };
  }

  get conforming(): Segment {
    return this.segment(SLOT_CONFORMING);
  }

  /** A segment that DS and its like may hold at any level, now and then an odd one. */
  anyData(level: number): Segment {
    const { random } = this, slot = random.pick([SLOT_EXPAND_DOWN, SLOT_SMALL, SLOT_READ_ONLY, SLOT_EXPAND_DOWN16]), found = this.segment(slot);
    const isReachable = ((found.attr >> 5) & 3) >= level;
    return isReachable ? { ...found, selector: found.selector | level } : this.data(level, true);
  }

  get localTable(): Segment {
    return this.segment(SLOT_LDT);
  }

  get task(): Segment {
    return this.segment(SLOT_TSS);
  }
}

export const isSize32 = ({ attr }: Segment): boolean => (attr & ATTR_DB) !== 0;
