/** Interrupt, trap and task gates of protected mode (SDM 3A §6.10–§6.12, SDM 2A INT n). */
import type { Cpu } from "../cpu.ts";
import { isWithinSegment } from "../cpu.ts";
import { GP, NP } from "../fault.ts";
import { readEflags } from "../flags.ts";
import { CS, DS, EFLAGS_SYS, EIP, ES, ESP, F_IF, F_NT, F_RF, F_TF, F_VM, FS, GS, IDT_BASE, IDT_LIMIT, SEG_SELECTOR, SS, TR } from "../state.ts";
import type { Descriptor } from "../descriptor.ts";
import { TYPE_386, TYPE_INT16, TYPE_INT32, TYPE_TASK_GATE, TYPE_TRAP16, TYPE_TRAP32 } from "../descriptor.ts";
import { markAccessed, readDescriptor, requireDescriptor, selectorError } from "./descriptors.ts";
import { setCodeSegment, setNullSegment, setSegment } from "./segments.ts";
import { StackView } from "./stack-view.ts";
import { requireAvailableTask, switchTask } from "./task-switch.ts";
import { innerStack } from "./tss.ts";

/** What is delivered, besides the vector. */
export interface Delivery {
  /** Error code to push, or -1 for none. Real mode pushes none. */
  readonly error: number;
  /** INT n, INT3, INTO: the gate's DPL must allow it, and faults on the way are not marked external. */
  readonly isSoftware: boolean;
  /** A fault: the insn will be run again, so the pushed RF is 1 (SDM 3B §17.3.1.1). */
  readonly isFault: boolean;
  /** Offset that is pushed. */
  readonly returnEip: number;
}

/** Error-code bit 1: the index is an IDT vector (SDM 3A §6.13). */
const ERROR_IDT = 2;
/** A bit for each system type that may be in an IDT. */
const GATE_TYPES = 1 << TYPE_INT16 | 1 << TYPE_TRAP16 | 1 << TYPE_INT32 | 1 << TYPE_TRAP32 | 1 << TYPE_TASK_GATE;

/** The gate of a vector, present and allowed to the program that asks; #GP or #NP of the vector. */
function requireGate(cpu: Cpu, vector: number, isSoftware: boolean): Descriptor {
  const { R } = cpu, offset = vector * 8, error = offset | ERROR_IDT;
  if (offset + 7 > R[IDT_LIMIT] >>> 0) cpu.fault(GP, error);
  const address = (R[IDT_BASE] + offset) | 0;
  const gate = readDescriptor(cpu, address);
  if (((GATE_TYPES >> gate.systemType) & 1) === 0 || gate.isSegment) cpu.fault(GP, error);
  if (isSoftware && gate.dpl < cpu.cpl) cpu.fault(GP, error);
  if (!gate.isPresent) cpu.fault(NP, error);
  return gate;
}

/** Delivers through the IDT in protected mode and V86. The caller adds EXT to the error codes of faults met here. */
export function deliverThroughGate(cpu: Cpu, vector: number, delivery: Delivery): void {
  const gate = requireGate(cpu, vector, delivery.isSoftware);
  if (gate.systemType === TYPE_TASK_GATE) return deliverToTask(cpu, gate.gateSelector, delivery);
  const selector = gate.gateSelector, code = requireDescriptor(cpu, selector, GP), error = selectorError(selector);
  const { cpl } = cpu, isV86 = cpu.isV86();
  if (!code.isCode || code.dpl > cpl) cpu.fault(GP, error);
  if (!code.isPresent) cpu.fault(NP, error);
  const isInner = !code.isConforming && code.dpl < cpl;
  // From V86 the handler runs at level 0 only.
  if (isV86 && (!isInner || code.dpl !== 0)) cpu.fault(GP, error);
  if (isInner) enterInnerLevel(cpu, gate, code, delivery, isV86);
  else enterSameLevel(cpu, gate, code, cpl, delivery);
}

const pushedFlags = (cpu: Cpu, delivery: Delivery): number => readEflags(cpu.R) | (delivery.isFault ? F_RF : 0);

/** Pushes flags, return address and error code, and where there are two words `above` them, the outer stack before. */
function pushReturn(cpu: Cpu, stack: StackView, bits: number, delivery: Delivery, above: 0 | 2): void {
  const { R } = cpu, { error, returnEip } = delivery, words = above + (error >= 0 ? 4 : 3), at = bits === 32 ? stack.reserve(words) : -1;
  if (at < 0) return pushEach(cpu, stack, bits, delivery, above);
  const { view } = cpu.memory.window, low = error >= 0 ? at + 4 : at;
  if (error >= 0) view.setInt32(at, error, true);
  view.setInt32(low, returnEip, true);
  view.setInt32(low + 4, R[SEG_SELECTOR + CS], true);
  view.setInt32(low + 8, pushedFlags(cpu, delivery), true);
  if (above === 0) return;
  view.setInt32(low + 12, R[ESP], true);
  view.setInt32(low + 16, R[SEG_SELECTOR + SS], true);
}

function pushEach(cpu: Cpu, stack: StackView, bits: number, delivery: Delivery, above: 0 | 2): void {
  const { R } = cpu;
  if (above === 2) {
    stack.push(bits, R[SEG_SELECTOR + SS]);
    stack.push(bits, R[ESP]);
  }
  stack.push(bits, pushedFlags(cpu, delivery));
  stack.push(bits, R[SEG_SELECTOR + CS]);
  stack.push(bits, delivery.returnEip);
  if (delivery.error >= 0) stack.push(bits, delivery.error);
}

function requireOffset(cpu: Cpu, gate: Descriptor, code: Descriptor): void {
  if (!isWithinSegment(code.attr, code.limit, gate.gateOffset, 1)) cpu.fault(GP, 0);
}

/** The flags a handler starts with: interrupt gates also keep interrupts out. */
function clearFlags(cpu: Cpu, gate: Descriptor): void {
  const isInterruptGate = (gate.systemType & ~TYPE_386) === TYPE_INT16;
  cpu.R[EFLAGS_SYS] &= ~(F_TF | F_NT | F_VM | F_RF | (isInterruptGate ? F_IF : 0));
}

function enterSameLevel(cpu: Cpu, gate: Descriptor, code: Descriptor, cpl: number, delivery: Delivery): void {
  const stack = StackView.current(cpu);
  pushReturn(cpu, stack, gate.is386 ? 32 : 16, delivery, 0);
  requireOffset(cpu, gate, code);
  markAccessed(cpu, code);
  stack.commit();
  setCodeSegment(cpu, gate.gateSelector, code, cpl);
  clearFlags(cpu, gate);
  cpu.R[EIP] = gate.gateOffset;
}

function enterInnerLevel(cpu: Cpu, gate: Descriptor, code: Descriptor, delivery: Delivery, isV86: boolean): void {
  const { R } = cpu, bits = gate.is386 ? 32 : 16, { selector, descriptor, view } = innerStack(cpu, code.dpl);
  if (isV86) for (const seg of [GS, FS, DS, ES]) view.push(bits, R[SEG_SELECTOR + seg]);
  pushReturn(cpu, view, bits, delivery, 2);
  requireOffset(cpu, gate, code);
  markAccessed(cpu, code);
  markAccessed(cpu, descriptor);
  clearFlags(cpu, gate);
  setSegment(cpu, SS, selector, descriptor);
  setCodeSegment(cpu, gate.gateSelector, code, code.dpl);
  view.commit();
  if (isV86) for (const seg of [GS, FS, DS, ES]) setNullSegment(cpu, seg, 0);
  R[EIP] = gate.gateOffset;
}

/** A task gate: the event runs as a nested task, with its error code on that task's stack. */
function deliverToTask(cpu: Cpu, selector: number, delivery: Delivery): void {
  const { R } = cpu, d = requireAvailableTask(cpu, selector);
  const flags = readEflags(R) | (delivery.isFault ? F_RF : 0);
  switchTask(cpu, selector, d, "call", delivery.returnEip, flags);
  if (delivery.error >= 0) {
    const stack = StackView.current(cpu);
    stack.push((R[TR + 3] & TYPE_386) !== 0 ? 32 : 16, delivery.error);
    stack.commit();
  }
}
