/** LDTR and TR, and the insns that ask about selectors: LAR, LSL, VERR, VERW, ARPL (SDM 3A §5.10). */
import type { Cpu } from "../cpu.ts";
import { GP, NP } from "../fault.ts";
import { LDTR, TR } from "../state.ts";
import { defHelper } from "./define.ts";
import type { Descriptor } from "../descriptor.ts";
import { TYPE_BUSY, TYPE_CALL16, TYPE_CALL32, TYPE_LDT, TYPE_TASK_GATE, TYPE_TSS16, TYPE_TSS16_BUSY, TYPE_TSS32, TYPE_TSS32_BUSY } from "../descriptor.ts";
import { fetchDescriptor, isNullSelector, markBusy, requireDescriptor, rplOf, selectorError } from "./descriptors.ts";

const isLocalSelector = (selector: number): boolean => (selector & 4) !== 0;

/** Loads LDTR or TR (`slot`) from a descriptor. */
export function setSystemSegment(cpu: Cpu, slot: number, selector: number, d: Descriptor, attr: number): void {
  const { R } = cpu;
  R[slot] = selector;
  R[slot + 1] = d.base;
  R[slot + 2] = d.limit;
  R[slot + 3] = attr;
}

/** LLDT after its privilege check; task switches use it with #TS. A null selector leaves no LDT. */
export function setLocalTable(cpu: Cpu, selector: number, vector: number, notPresent: number): void {
  const { R } = cpu, error = selectorError(selector);
  if (isNullSelector(selector)) {
    R[LDTR] = selector;
    R[LDTR + 1] = R[LDTR + 2] = R[LDTR + 3] = 0;
    return;
  }
  if (isLocalSelector(selector)) cpu.fault(vector, error);
  const d = requireDescriptor(cpu, selector, vector);
  if (d.systemType !== TYPE_LDT) cpu.fault(vector, error);
  if (!d.isPresent) cpu.fault(notPresent, error);
  setSystemSegment(cpu, LDTR, selector, d, d.attr);
}

function setTask(cpu: Cpu, selector: number): void {
  const error = selectorError(selector);
  if (isNullSelector(selector)) cpu.fault(GP, 0);
  if (isLocalSelector(selector)) cpu.fault(GP, error);
  const d = requireDescriptor(cpu, selector, GP);
  if (!d.isTss(false)) cpu.fault(GP, error);
  if (!d.isPresent) cpu.fault(NP, error);
  markBusy(cpu, d, true);
  setSystemSegment(cpu, TR, selector, d, d.attr | TYPE_BUSY);
}

export const readLocalTable = defHelper("sldt", {
  params: 0,
  result: "i32",
  writes: [],
  mayFault: false,
  doc: "Selector in LDTR (SDM 2B SLDT).",
  bind: (cpu) => () => cpu.R[LDTR],
});

export const readTask = defHelper("str", {
  params: 0,
  result: "i32",
  writes: [],
  mayFault: false,
  doc: "Selector in TR (SDM 2B STR).",
  bind: (cpu) => () => cpu.R[TR],
});

export const loadLocalTable = defHelper("lldt", {
  params: 1,
  doc: "Loads LDTR; #GP, #NP (SDM 2A LLDT).",
  bind: (cpu) => (selector) => setLocalTable(cpu, selector, GP, NP),
});

export const loadTask = defHelper("ltr", {
  params: 1,
  doc: "Loads TR and marks the TSS busy; #GP, #NP (SDM 2A LTR).",
  bind: (cpu) => (selector) => setTask(cpu, selector),
});

/** The descriptor a selector names if the current program may see it, else null. */
function visibleDescriptor(cpu: Cpu, selector: number): Descriptor | null {
  if (isNullSelector(selector)) return null;
  const d = fetchDescriptor(cpu, selector);
  if (d === null || (d.isCode && d.isConforming)) return d;
  return Math.max(cpu.cpl, rplOf(selector)) > d.dpl ? null : d;
}

const TSS_TYPES: readonly number[] = [TYPE_TSS16, TYPE_TSS16_BUSY, TYPE_TSS32, TYPE_TSS32_BUSY];
/** System types LAR and LSL know (SDM 2A tables 3-53 and 3-59). */
const LAR_TYPES: readonly number[] = [...TSS_TYPES, TYPE_LDT, TYPE_CALL16, TYPE_CALL32, TYPE_TASK_GATE];
const LSL_TYPES: readonly number[] = [...TSS_TYPES, TYPE_LDT];

function visibleOfType(cpu: Cpu, selector: number, types: readonly number[]): Descriptor | null {
  const d = visibleDescriptor(cpu, selector);
  return d !== null && (d.isSegment || types.includes(d.systemType)) ? d : null;
}

export const loadAccessRights = defHelper("lar", {
  params: 2,
  result: "i32",
  writes: [],
  doc: "LAR: whether the selector is good (`part` 0), or the access rights (`part` 1) (SDM 2A LAR).",
  bind: (cpu) => (selector, part) => {
    const d = visibleOfType(cpu, selector, LAR_TYPES);
    // Bits 16 to 19, undefined in the manual, are those of the limit on every processor tried.
    return d === null ? 0 : part === 0 ? 1 : d.high & 0xffff00;
  },
});

export const loadLimit = defHelper("lsl", {
  params: 2,
  result: "i32",
  writes: [],
  doc: "LSL: whether the selector is good (`part` 0), or the limit in bytes (`part` 1) (SDM 2A LSL).",
  bind: (cpu) => (selector, part) => {
    const d = visibleOfType(cpu, selector, LSL_TYPES);
    return d === null ? 0 : part === 0 ? 1 : d.limit;
  },
});

export const verifyRead = defHelper("verr", {
  params: 1,
  result: "i32",
  writes: [],
  doc: "1 if the selector's segment may be read (SDM 2D VERR).",
  bind: (cpu) => (selector) => (visibleDescriptor(cpu, selector)?.isReadable === true ? 1 : 0),
});

export const verifyWrite = defHelper("verw", {
  params: 1,
  result: "i32",
  writes: [],
  doc: "1 if the selector's segment may be written (SDM 2D VERW).",
  bind: (cpu) => (selector) => (visibleDescriptor(cpu, selector)?.isWritableData === true ? 1 : 0),
});
