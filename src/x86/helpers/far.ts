/** Far JMP and CALL: real mode, code segments, call gates, tasks (SDM 3A §5.8, SDM 2A CALL and JMP). */
import type { Cpu } from "../cpu.ts";
import { isWithinSegment } from "../cpu.ts";
import { GP, NP } from "../fault.ts";
import { readEflags } from "../flags.ts";
import { CS, EIP, ESP, SEG_ATTR, SEG_LIMIT, SEG_SELECTOR, SS } from "../state.ts";
import { defHelper } from "./define.ts";
import type { Descriptor } from "../descriptor.ts";
import { TYPE_CALL16, TYPE_CALL32, TYPE_TASK_GATE, TYPE_TSS16, TYPE_TSS32 } from "../descriptor.ts";
import { markAccessed, requireDescriptor, rplOf, selectorError } from "./descriptors.ts";
import { setCodeSegment, setRealSegment, setSegment } from "./segments.ts";
import { StackView } from "./stack-view.ts";
import { requireAvailableTask, switchTask } from "./task-switch.ts";
import { innerStack } from "./tss.ts";

/** #GP(0) if an offset lies beyond a code segment. */
function requireOffset(cpu: Cpu, attr: number, limit: number, offset: number): void {
  if (!isWithinSegment(attr, limit, offset, 1)) cpu.fault(GP, 0);
}

const isRealLike = (cpu: Cpu): boolean => cpu.isRealMode() || cpu.isV86();

/** Pushes the return address of a far call. */
function pushReturn(cpu: Cpu, stack: StackView, bits: number, returnEip: number): void {
  stack.push(bits, cpu.R[SEG_SELECTOR + CS]);
  stack.push(bits, returnEip);
}

/** Real mode and V86: only the offset can be wrong; the limit of CS stays as it is. */
function transferReal(cpu: Cpu, selector: number, offset: number, callBits: number, nextEip: number): void {
  const { R } = cpu;
  if (callBits > 0) {
    const stack = StackView.current(cpu);
    pushReturn(cpu, stack, callBits, nextEip);
    requireOffset(cpu, R[SEG_ATTR + CS], R[SEG_LIMIT + CS], offset);
    stack.commit();
  } else {
    requireOffset(cpu, R[SEG_ATTR + CS], R[SEG_LIMIT + CS], offset);
  }
  setRealSegment(cpu, CS, selector);
  R[EIP] = offset;
}

/** Loads CS:EIP at the current privilege level, after pushing a return address of `callBits` (0: a jump). */
function enterSameLevel(cpu: Cpu, selector: number, code: Descriptor, offset: number, callBits: number, nextEip: number): void {
  const stack = callBits > 0 ? StackView.current(cpu) : null;
  if (stack !== null) pushReturn(cpu, stack, callBits, nextEip);
  requireOffset(cpu, code.attr, code.limit, offset);
  markAccessed(cpu, code);
  stack?.commit();
  setCodeSegment(cpu, selector, code, cpu.cpl);
  cpu.R[EIP] = offset;
}

/** A direct transfer to a code segment: same level, or a conforming segment of an inner one. */
function transferToCode(cpu: Cpu, selector: number, code: Descriptor, offset: number, callBits: number, nextEip: number): void {
  const { cpl } = cpu, error = selectorError(selector);
  const isAllowed = code.isConforming ? code.dpl <= cpl : rplOf(selector) <= cpl && code.dpl === cpl;
  if (!isAllowed) cpu.fault(GP, error);
  if (!code.isPresent) cpu.fault(NP, error);
  enterSameLevel(cpu, selector, code, offset, callBits, nextEip);
}

/** Copies the parameters a call gate asks for from the old stack to the new one, in their order (SDM 3A §5.8.5). */
function copyParameters(cpu: Cpu, to: StackView, bits: number, count: number): void {
  const from = StackView.current(cpu);
  for (let i = count - 1; i >= 0; i--) to.push(bits, from.peek(bits, (i * bits) / 8));
}

/** A call gate. Only CALL may reach a more privileged segment through it, on that level's own stack. */
function transferThroughGate(cpu: Cpu, gate: Descriptor, isCall: boolean, nextEip: number): void {
  const { R } = cpu, { cpl } = cpu, selector = gate.gateSelector, error = selectorError(selector);
  const code = requireDescriptor(cpu, selector, GP), bits = gate.is386 ? 32 : 16, offset = gate.gateOffset;
  if (!code.isCode || code.dpl > cpl) cpu.fault(GP, error);
  const isInner = !code.isConforming && code.dpl < cpl;
  if (isInner && !isCall) cpu.fault(GP, error);
  if (!code.isPresent) cpu.fault(NP, error);
  if (!isInner) return enterSameLevel(cpu, selector, code, offset, isCall ? bits : 0, nextEip);
  const inner = innerStack(cpu, code.dpl), { view } = inner;
  view.push(bits, R[SEG_SELECTOR + SS]);
  view.push(bits, R[ESP]);
  copyParameters(cpu, view, bits, gate.parameterCount);
  pushReturn(cpu, view, bits, nextEip);
  requireOffset(cpu, code.attr, code.limit, offset);
  markAccessed(cpu, code);
  markAccessed(cpu, inner.descriptor);
  setSegment(cpu, SS, inner.selector, inner.descriptor);
  setCodeSegment(cpu, selector, code, code.dpl);
  view.commit();
  R[EIP] = offset;
}

function transferToTask(cpu: Cpu, selector: number, isCall: boolean, nextEip: number): void {
  const d = requireAvailableTask(cpu, selector);
  switchTask(cpu, selector, d, isCall ? "call" : "jump", nextEip, readEflags(cpu.R));
}

/** A system descriptor as the target of a far JMP or CALL: its DPL must admit both CPL and RPL. */
function transferToSystem(cpu: Cpu, selector: number, d: Descriptor, isCall: boolean, nextEip: number): void {
  const error = selectorError(selector), type = d.systemType;
  const isGate = type === TYPE_CALL16 || type === TYPE_CALL32 || type === TYPE_TASK_GATE;
  if (!isGate && type !== TYPE_TSS16 && type !== TYPE_TSS32) cpu.fault(GP, error);
  if (d.dpl < Math.max(cpu.cpl, rplOf(selector))) cpu.fault(GP, error);
  if (isGate && !d.isPresent) cpu.fault(NP, error);
  if (type === TYPE_TASK_GATE) transferToTask(cpu, d.gateSelector, isCall, nextEip);
  else if (isGate) transferThroughGate(cpu, d, isCall, nextEip);
  else transferToTask(cpu, selector, isCall, nextEip);
}

/** Goes to selector:offset; `callBits` is the width of the return address to push, 0 for JMP. */
function transferFar(cpu: Cpu, selector: number, offset: number, callBits: number, nextEip: number): void {
  if (isRealLike(cpu)) return transferReal(cpu, selector, offset, callBits, nextEip);
  const d = requireDescriptor(cpu, selector, GP);
  if (d.isCode) transferToCode(cpu, selector, d, offset, callBits, nextEip);
  else transferToSystem(cpu, selector, d, callBits > 0, nextEip);
}

export const farJump = defHelper("jmp_far", {
  params: 3,
  doc: "Far JMP; `nextEip` is where a task left by it goes on. #GP, #NP, #SS, #TS (SDM 2A JMP).",
  bind: (cpu) => (selector, offset, nextEip) => transferFar(cpu, selector, offset, 0, nextEip),
});

export const farCall = defHelper("call_far", {
  params: 4,
  doc: "Far CALL, pushing `opsize` bits each of CS and `nextEip`. #GP, #NP, #SS, #TS (SDM 2A CALL).",
  bind: (cpu) => (selector, offset, opsize, nextEip) => transferFar(cpu, selector, offset, opsize, nextEip),
});
