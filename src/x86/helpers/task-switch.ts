/** Task switches (SDM 3A §7.3): by JMP, CALL, task gates of the IDT, and IRET with NT set. 286 and 386 TSS. */
import { setCr3 } from "./control-registers.ts";
import type { Cpu } from "../cpu.ts";
import { isWithinSegment } from "../cpu.ts";
import { GP, NP, TS } from "../fault.ts";
import { readEflags, writeEflags } from "../flags.ts";
import { CR0, CR0_PG, CR0_TS, CS, DR, DR6_BT, DS, EFLAGS_SYS, EIP, ES, F_NT, F_VM, FS, GS, LDTR, SEG_ATTR, SEG_LIMIT, SEG_SELECTOR, SS, TR } from "../state.ts";
import type { Descriptor } from "../descriptor.ts";
import { TYPE_386, TYPE_BUSY } from "../descriptor.ts";
import { fetchDescriptor, isNullSelector, markAccessed, markBusy, requireDescriptor, rplOf, selectorError } from "./descriptors.ts";
import { checkVirtualInterrupt } from "./eflags.ts";
import { requireDataSegment, requireStackSegment, setCodeSegment, setNullSegment, setRealSegment, setSegment } from "./segments.ts";
import { setLocalTable, setSystemSegment } from "./system-segments.ts";
import { readSystem16, readSystem32, writeSystem16, writeSystem32 } from "./system-memory.ts";

/** What starts the switch; gates of the IDT act like CALL. */
export type TaskSource = "jump" | "call" | "iret";

/** Where a TSS keeps things (SDM 3A figures 7-2 and 7-10). Registers and segments are `stride` apart, in encoding order. */
interface TssLayout {
  readonly bits: 16 | 32;
  readonly minLimit: number;
  readonly eip: number;
  readonly eflags: number;
  readonly registers: number;
  readonly segments: number;
  readonly segmentCount: number;
  readonly stride: number;
  readonly ldt: number;
}

const TSS16: TssLayout = { bits: 16, minLimit: 0x2b, eip: 0x0e, eflags: 0x10, registers: 0x12, segments: 0x22, segmentCount: 4, stride: 2, ldt: 0x2a };
const TSS32: TssLayout = { bits: 32, minLimit: 0x67, eip: 0x20, eflags: 0x24, registers: 0x28, segments: 0x48, segmentCount: 6, stride: 4, ldt: 0x60 };
const TSS_CR3 = 0x1c, TSS_TRAP = 0x64;
/** DR7: the local enables, which belong to a task. */
const DR7_LOCAL = 0x155;

const layoutOf = (attr: number): TssLayout => ((attr & TYPE_386) !== 0 ? TSS32 : TSS16);

/** What a TSS holds of a task. */
interface TaskImage {
  readonly eip: number;
  readonly eflags: number;
  readonly registers: readonly number[];
  readonly segments: readonly number[];
  readonly ldt: number;
  readonly cr3: number;
  readonly trap: boolean;
}

/** Reads a TSS. A 286 one leaves the upper halves of the registers all ones, FS and GS null, and EFLAGS 31–16 zero. */
function readTask(cpu: Cpu, base: number, layout: TssLayout): TaskImage {
  const word = (at: number): number => readSystem16(cpu, (base + at) | 0);
  const value = (at: number): number => (layout.bits === 32 ? readSystem32(cpu, (base + at) | 0) : word(at));
  const high = layout.bits === 32 ? 0 : 0xffff0000 | 0;
  const registers: number[] = [], segments: number[] = [];
  for (let r = 0; r < 8; r++) registers.push(value(layout.registers + r * layout.stride) | high);
  for (let s = 0; s < 6; s++) segments.push(s < layout.segmentCount ? word(layout.segments + s * layout.stride) : 0);
  const is386 = layout.bits === 32;
  return {
    eip: value(layout.eip), eflags: value(layout.eflags), registers, segments, ldt: word(layout.ldt),
    cr3: is386 ? readSystem32(cpu, (base + TSS_CR3) | 0) : 0, trap: is386 && (word(TSS_TRAP) & 1) !== 0,
  };
}

/** Saves the running task into its TSS; segment slots keep their upper halves. */
function saveTask(cpu: Cpu, eip: number, eflags: number): void {
  const { R } = cpu, base = R[TR + 1], layout = layoutOf(R[TR + 3]);
  const put = (at: number, value: number): void => {
    if (layout.bits === 32) writeSystem32(cpu, (base + at) | 0, value);
    else writeSystem16(cpu, (base + at) | 0, value);
  };
  put(layout.eip, eip);
  put(layout.eflags, eflags);
  for (let r = 0; r < 8; r++) put(layout.registers + r * layout.stride, R[r]);
  for (let s = 0; s < layout.segmentCount; s++) writeSystem16(cpu, (base + layout.segments + s * layout.stride) | 0, R[SEG_SELECTOR + s]);
}

/**
 * Switches to the task of a TSS descriptor whose type and privilege the caller has checked.
 * @param eip     where the old task goes on
 * @param eflags  the old task's EFLAGS as it will see them
 * Faults up to the load of the new state belong to the old task; later ones (#TS, #NP, #SS) happen in the new one, with EIP
 * at its first insn (SDM 3A table 7-1). If the new task has its T bit set, a debug trap waits before that (SDM 3B §17.3.1.5).
 */
export function switchTask(cpu: Cpu, selector: number, d: Descriptor, source: TaskSource, eip: number, eflags: number): void {
  const { R } = cpu, layout = layoutOf(d.attr);
  if (!d.isPresent) cpu.fault(NP, selectorError(selector));
  if (d.limit >>> 0 < layout.minLimit) cpu.fault(TS, selectorError(selector));
  const task = readTask(cpu, d.base, layout), oldSelector = R[TR];
  saveTask(cpu, eip, source === "iret" ? eflags & ~F_NT : eflags);
  if (source !== "call") {
    const old = fetchDescriptor(cpu, oldSelector);
    if (old !== null) markBusy(cpu, old, false);
  }
  if (source === "call") writeSystem16(cpu, d.base, oldSelector);
  if (source !== "iret") markBusy(cpu, d, true);
  setSystemSegment(cpu, TR, selector, d, d.attr | TYPE_BUSY);
  loadTaskState(cpu, task, layout, source === "call");
  qualifySegments(cpu, task);
  if (!isWithinSegment(R[SEG_ATTR + CS], R[SEG_LIMIT + CS], R[EIP], 1)) cpu.fault(GP, 0);
  if (task.trap) cpu.debugHits |= DR6_BT;
  checkVirtualInterrupt(cpu);
}

/** Registers, flags and selectors of the new task; no segment is usable yet. */
function loadTaskState(cpu: Cpu, task: TaskImage, layout: TssLayout, isNested: boolean): void {
  const { R } = cpu;
  if (layout.bits === 32 && (R[CR0] & CR0_PG) !== 0) setCr3(cpu, task.cr3);
  R[EIP] = task.eip;
  for (let r = 0; r < 8; r++) R[r] = task.registers[r];
  writeEflags(R, isNested ? task.eflags | F_NT : task.eflags);
  R[CR0] |= CR0_TS;
  R[DR + 7] &= ~DR7_LOCAL;
  for (let s = 0; s < 6; s++) setNullSegment(cpu, s, task.segments[s]);
  // The new level holds from here on: faults are delivered from it. SS carries it.
  R[SEG_ATTR + SS] = (R[EFLAGS_SYS] & F_VM) !== 0 ? 0 : rplOf(task.segments[CS]) << 5;
  R[LDTR] = task.ldt;
  R[LDTR + 1] = R[LDTR + 2] = R[LDTR + 3] = 0;
}

/** Loads the descriptors of the new task's LDTR and segment registers. */
function qualifySegments(cpu: Cpu, task: TaskImage): void {
  setLocalTable(cpu, task.ldt, TS, TS);
  if (cpu.isV86()) {
    for (let s = 0; s < 6; s++) setRealSegment(cpu, s, task.segments[s]);
    return;
  }
  const cs = task.segments[CS], cpl = rplOf(cs), code = requireDescriptor(cpu, cs, TS);
  if (!code.isCode || (code.isConforming ? code.dpl > cpl : code.dpl !== cpl)) cpu.fault(TS, selectorError(cs));
  if (!code.isPresent) cpu.fault(NP, selectorError(cs));
  markAccessed(cpu, code);
  setCodeSegment(cpu, cs, code, cpl);
  const ss = task.segments[SS], stack = requireStackSegment(cpu, ss, cpl, TS);
  markAccessed(cpu, stack);
  setSegment(cpu, SS, ss, stack);
  for (const seg of [ES, DS, FS, GS]) {
    const selector = task.segments[seg];
    if (isNullSelector(selector)) continue;
    const data = requireDataSegment(cpu, selector, cpl, TS);
    markAccessed(cpu, data);
    setSegment(cpu, seg, selector, data);
  }
}

/** Checks that a selector names a TSS a JMP, CALL or gate may switch to: #GP(selector) or, in a gate, the same. */
export function requireAvailableTask(cpu: Cpu, selector: number): Descriptor {
  const error = selectorError(selector), d = (selector & 4) === 0 ? fetchDescriptor(cpu, selector) : null;
  if (d === null || isNullSelector(selector) || !d.isTss(false)) return cpu.fault(GP, error);
  if (!d.isPresent) cpu.fault(NP, error);
  return d;
}

/** IRET with NT set: back to the task the link field names (SDM 3A §7.4). */
export function returnToTask(cpu: Cpu, nextEip: number): void {
  const { R } = cpu, selector = readSystem16(cpu, R[TR + 1]), error = selectorError(selector);
  const d = (selector & 4) === 0 ? fetchDescriptor(cpu, selector) : null;
  if (d === null || isNullSelector(selector) || !d.isTss(true)) return cpu.fault(TS, error);
  if (!d.isPresent) cpu.fault(NP, error);
  switchTask(cpu, selector, d, "iret", nextEip, readEflags(R));
}
