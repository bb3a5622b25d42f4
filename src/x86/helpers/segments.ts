/**
 * Segment register loads (SDM 3A §3.4.3, §5.5–§5.8): real mode, V86, and descriptors with every check and error code.
 * MOV and POP call `loadSegment`; far transfers check first and commit with `setSegment` and `setCodeSegment`.
 */
import type { Cpu } from "../cpu.ts";
import { GP, NP, SSF } from "../fault.ts";
import { withClass } from "../isa/mode.ts";
import { ATTR_ACCESSED, ATTR_CODE, ATTR_DPL_SHIFT, ATTR_EXPAND_DOWN, ATTR_P, ATTR_S, ATTR_WRITABLE, CS, DS, EIP, ES, FS, GS, SEG_ATTR, SEG_BASE, SEG_BASES, SEG_LIMIT, SEG_LIMITS, SEG_SELECTOR, SEG_SELECTORS, SS } from "../state.ts";
import type { HelperDef } from "./define.ts";
import { defHelper } from "./define.ts";
import type { Descriptor } from "../descriptor.ts";
import { isNullSelector, markAccessed, requireDescriptor, rplOf, selectorError } from "./descriptors.ts";

/** Attributes of every segment in V86: writable data, accessed, DPL 3 (SDM 3B §21.2.1). */
const ATTR_V86 = ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED | (3 << ATTR_DPL_SHIFT);

/** Writes a segment register and its hidden part. */
export function setSegmentParts(cpu: Cpu, seg: number, selector: number, base: number, limit: number, attr: number): void {
  const { R } = cpu;
  R[SEG_SELECTOR + seg] = selector;
  R[SEG_BASE + seg] = base;
  R[SEG_LIMIT + seg] = limit;
  R[SEG_ATTR + seg] = attr;
  cpu.segmentClasses = withClass(R, cpu.segmentClasses, seg);
}

/** Loads a checked descriptor whose accessed bit has been set in memory. */
export function setSegment(cpu: Cpu, seg: number, selector: number, d: Descriptor): void {
  const { R } = cpu, segClass = seg === CS ? d.codeClass : d.dataClass;
  R[SEG_SELECTOR + seg] = selector;
  R[SEG_BASE + seg] = d.base;
  R[SEG_LIMIT + seg] = d.limit;
  R[SEG_ATTR + seg] = d.attr | ATTR_ACCESSED;
  cpu.segmentClasses = (cpu.segmentClasses & ~(3 << (2 * seg))) | (segClass << (2 * seg));
}

/** Loads CS; its RPL becomes `cpl`, which is the new CPL. SS must follow where the level changes. */
export function setCodeSegment(cpu: Cpu, selector: number, d: Descriptor, cpl: number): void {
  setSegment(cpu, CS, (selector & ~3) | cpl, d);
}

/** A segment register holding a null selector: usable for nothing. */
export function setNullSegment(cpu: Cpu, seg: number, selector: number): void {
  setSegmentParts(cpu, seg, selector, 0, 0, 0);
}

/**
 * Loads as in real mode: selector and base. Limit and attributes stay (which "unreal" code relies on), but V86 has its own.
 */
export function setRealSegment(cpu: Cpu, seg: number, selector: number): void {
  const { R } = cpu;
  R[SEG_SELECTOR + seg] = selector;
  R[SEG_BASE + seg] = selector << 4;
  if (cpu.isV86()) {
    R[SEG_LIMIT + seg] = 0xffff;
    R[SEG_ATTR + seg] = ATTR_V86;
  }
  cpu.segmentClasses = withClass(R, cpu.segmentClasses, seg);
}

/**
 * The descriptor of a stack segment for privilege level `level`, or `vector`(0) for a null selector, `vector`(selector)
 * for a wrong one, #SS(selector) for one that is not present. `vector` is #GP for loads and returns, #TS for stacks that
 * a TSS names (SDM 3A §5.7, §5.8.5).
 */
export function requireStackSegment(cpu: Cpu, selector: number, level: number, vector: number): Descriptor {
  const d = requireDescriptor(cpu, selector, vector);
  if (rplOf(selector) !== level || d.dpl !== level || !d.isWritableData) cpu.fault(vector, selectorError(selector));
  if (!d.isPresent) cpu.fault(SSF, selectorError(selector));
  return d;
}

/**
 * The descriptor a data-segment register may hold at privilege level `cpl`: `vector`(selector) or #NP(selector)
 * (SDM 3A §5.6). The selector is not null.
 */
export function requireDataSegment(cpu: Cpu, selector: number, cpl: number, vector: number): Descriptor {
  const d = requireDescriptor(cpu, selector, vector), error = selectorError(selector);
  if (!d.isReadable) cpu.fault(vector, error);
  if (!(d.isCode && d.isConforming) && Math.max(rplOf(selector), cpl) > d.dpl) cpu.fault(vector, error);
  if (!d.isPresent) cpu.fault(NP, error);
  return d;
}

/** Loads a segment register other than CS, as MOV and POP do (SDM 2B MOV, "Loading a segment register"). */
function loadSegment(cpu: Cpu, seg: number, selector: number): void {
  if (cpu.isRealMode() || cpu.isV86()) return setRealSegment(cpu, seg, selector);
  if (seg !== SS && isNullSelector(selector)) return setNullSegment(cpu, seg, selector);
  const d = seg === SS ? requireStackSegment(cpu, selector, cpu.cpl, GP) : requireDataSegment(cpu, selector, cpu.cpl, GP);
  markAccessed(cpu, d);
  setSegment(cpu, seg, selector, d);
}

/**
 * After a return to less privileged code: data segments it may not hold become null (SDM 3A §5.8.6).
 */
export function dropPrivilegedSegments(cpu: Cpu, cpl: number): void {
  const { R } = cpu;
  for (let seg = ES; seg <= GS; seg++) {
    if (seg === CS || seg === SS) continue;
    const attr = R[SEG_ATTR + seg];
    if ((attr | R[SEG_SELECTOR + seg] | R[SEG_BASE + seg] | R[SEG_LIMIT + seg]) === 0) continue;
    const isConformingCode = (attr & (ATTR_CODE | ATTR_EXPAND_DOWN)) === (ATTR_CODE | ATTR_EXPAND_DOWN);
    if (!isConformingCode && ((attr >> ATTR_DPL_SHIFT) & 3) < cpl) setNullSegment(cpu, seg, 0);
  }
}

/** A helper for each register, since each writes other slots. SS is for insns that run alone, the others for any. */
function loadHelper(name: string, seg: number): HelperDef {
  return defHelper(`load_${name}`, {
    params: 2,
    result: "i32",
    writes: [SEG_SELECTORS[seg], SEG_BASES[seg], SEG_LIMITS[seg]],
    doc: `Loads ${name.toUpperCase()} with a selector; not 0, with EIP set to the second operand, if that changes the mode. #GP, #NP, #SS (SDM 2B MOV).`,
    bind: (cpu) => (selector, nextEip) => {
      const before = cpu.segmentClasses;
      loadSegment(cpu, seg, selector);
      if (cpu.segmentClasses === before) return 0;
      cpu.R[EIP] = nextEip;
      return 1;
    },
  });
}

export const loadStackSegment = loadHelper("ss", SS);
/** By number of the register. */
export const loadDataSegment: Readonly<Record<number, HelperDef>> = {
  [ES]: loadHelper("es", ES), [DS]: loadHelper("ds", DS), [FS]: loadHelper("fs", FS), [GS]: loadHelper("gs", GS),
};
