/** Far RET and IRET: real mode, V86, same and outer privilege level, nested tasks (SDM 2B RET, SDM 2A IRET). */
import type { Cpu } from "../cpu.ts";
import { isWithinSegment } from "../cpu.ts";
import { GP, NP } from "../fault.ts";
import { ATTR_DB, CS, DS, EFLAGS_SYS, EIP, ES, ESP, F_NT, F_RF, F_VIF, F_VIP, F_VM, FS, GS, NMI_BLOCKED, SEG_ATTR, SEG_LIMIT, SS } from "../state.ts";
import { defHelper } from "./define.ts";
import type { Descriptor } from "../descriptor.ts";
import { markAccessed, requireDescriptor, rplOf, selectorError } from "./descriptors.ts";
import { changeEflags, checkVirtualInterrupt, hasVirtualInterruptFlag, loadableFlags, loadVirtualFlags, requireV86Flags } from "./eflags.ts";
import { dropPrivilegedSegments, requireStackSegment, setCodeSegment, setRealSegment, setSegment } from "./segments.ts";
import { StackView } from "./stack-view.ts";
import { returnToTask } from "./task-switch.ts";

/** The flags that IRET loads wherever it goes: those of POPF, and RF, which for 16 bits becomes 0 (SDM 2A IRET). */
const returnableFlags = (cpu: Cpu, opsize: number): number => loadableFlags(cpu, opsize) | F_RF;

/** The code segment a far return may go to: not more privileged than now (SDM 3A §5.8.6). */
function requireReturnSegment(cpu: Cpu, selector: number): Descriptor {
  const d = requireDescriptor(cpu, selector, GP), rpl = rplOf(selector), error = selectorError(selector);
  if (!d.isCode || rpl < cpu.cpl || (d.isConforming ? d.dpl > rpl : d.dpl !== rpl)) cpu.fault(GP, error);
  if (!d.isPresent) cpu.fault(NP, error);
  return d;
}

/** Real mode and V86: pops what is on the stack; the limit of CS stays. */
function returnReal(cpu: Cpu, opsize: number, extraBytes: number, isInterrupt: boolean): void {
  const { R } = cpu, stack = StackView.current(cpu);
  const offset = stack.pop(opsize), selector = stack.pop(opsize) & 0xffff;
  const value = isInterrupt ? stack.pop(opsize) : 0;
  if (!isWithinSegment(R[SEG_ATTR + CS], R[SEG_LIMIT + CS], offset, 1)) cpu.fault(GP, 0);
  stack.skip(extraBytes);
  if (isInterrupt && hasVirtualInterruptFlag(cpu)) loadVirtualFlags(cpu, value);
  else if (isInterrupt) changeEflags(cpu, value, returnableFlags(cpu, opsize));
  stack.commit();
  setRealSegment(cpu, CS, selector);
  R[EIP] = offset;
}

/**
 * A return in protected mode, with the stack past CS (and EFLAGS): same level, or an outer one whose SS:ESP follow
 * `extraBytes` of parameters, which are released on both stacks. `flags` are those that IRET is to load, and `flagMask` says which; RET
 * loads none.
 */
function returnProtected(cpu: Cpu, stack: StackView, selector: number, offset: number, opsize: number, extraBytes: number, flags: number, flagMask: number): void {
  const { R } = cpu, code = requireReturnSegment(cpu, selector), rpl = rplOf(selector);
  stack.skip(extraBytes);
  if (rpl === cpu.cpl) {
    if (!isWithinSegment(code.attr, code.limit, offset, 1)) cpu.fault(GP, 0);
    markAccessed(cpu, code);
    stack.commit();
    if (flagMask !== 0) changeEflags(cpu, flags, flagMask);
    setCodeSegment(cpu, selector, code, rpl);
    R[EIP] = offset;
    return;
  }
  const at = opsize === 32 ? stack.take(2) : -1, { view } = cpu.memory.window;
  const esp = at >= 0 ? view.getInt32(at, true) : stack.pop(opsize), ss = (at >= 0 ? view.getInt32(at + 4, true) : stack.pop(opsize)) & 0xffff;
  const outer = requireStackSegment(cpu, ss, rpl, GP);
  if (!isWithinSegment(code.attr, code.limit, offset, 1)) cpu.fault(GP, 0);
  markAccessed(cpu, code);
  markAccessed(cpu, outer);
  if (flagMask !== 0) changeEflags(cpu, flags, flagMask);
  setCodeSegment(cpu, selector, code, rpl);
  setSegment(cpu, SS, ss, outer);
  const mask = (outer.attr & ATTR_DB) !== 0 ? -1 : 0xffff;
  R[ESP] = (R[ESP] & ~mask) | ((esp + extraBytes) & mask);
  dropPrivilegedSegments(cpu, rpl);
  R[EIP] = offset;
}

/** IRETD at level 0 with VM in the popped flags: enters V86 with all its segment registers (SDM 3B §21.2.5). */
function returnToV86(cpu: Cpu, stack: StackView, selector: number, offset: number, flags: number, flagMask: number): void {
  const { R } = cpu, esp = stack.pop(32);
  const selectors = [SS, ES, DS, FS, GS].map((seg) => ({ seg, selector: stack.pop(32) & 0xffff }));
  if (offset >>> 0 > 0xffff) cpu.fault(GP, 0);
  changeEflags(cpu, flags, flagMask | F_VM);
  setRealSegment(cpu, CS, selector & 0xffff);
  for (const s of selectors) setRealSegment(cpu, s.seg, s.selector);
  R[ESP] = esp;
  R[EIP] = offset;
}

function interruptReturnProtected(cpu: Cpu, opsize: number, nextEip: number): void {
  if ((cpu.R[EFLAGS_SYS] & F_NT) !== 0) return returnToTask(cpu, nextEip);
  const stack = StackView.current(cpu), at = opsize === 32 ? stack.take(3) : -1, { view } = cpu.memory.window;
  const offset = at >= 0 ? view.getInt32(at, true) : stack.pop(opsize);
  const selector = (at >= 0 ? view.getInt32(at + 4, true) : stack.pop(opsize)) & 0xffff;
  const value = at >= 0 ? view.getInt32(at + 8, true) : stack.pop(opsize);
  const isKernel32 = opsize === 32 && cpu.cpl === 0;
  // Without VME they are 0 and stay so; asking for a feature takes longer than looking at them.
  const hasVirtual = ((value | cpu.R[EFLAGS_SYS]) & (F_VIF | F_VIP)) !== 0;
  const virtual = hasVirtual && isKernel32 && cpu.cpuid.has("vme") ? F_VIF | F_VIP : 0;
  const mask = returnableFlags(cpu, opsize) | virtual;
  if (isKernel32 && (value & F_VM) !== 0) returnToV86(cpu, stack, selector, offset, value, mask);
  else returnProtected(cpu, stack, selector, offset, opsize, 0, value, mask);
  checkVirtualInterrupt(cpu);
}

export const farReturn = defHelper("ret_far", {
  params: 2,
  doc: "Far RET, releasing `extraBytes` of parameters. #GP, #NP, #SS (SDM 2B RET).",
  bind: (cpu) => (opsize, extraBytes) => {
    if (cpu.isRealMode() || cpu.isV86()) return returnReal(cpu, opsize, extraBytes, false);
    const stack = StackView.current(cpu), offset = stack.pop(opsize), selector = stack.pop(opsize) & 0xffff;
    returnProtected(cpu, stack, selector, offset, opsize, extraBytes, 0, 0);
  },
});

export const interruptReturn = defHelper("iret", {
  params: 2,
  doc: "IRET; `nextEip` is where a task left by it goes on. #GP, #NP, #SS, #TS (SDM 2A IRET/IRETD).",
  bind: (cpu) => (opsize, nextEip) => {
    // Even if it faults (SDM 3A §6.7.1).
    cpu.R[NMI_BLOCKED] = 0;
    if (cpu.isRealMode()) return returnReal(cpu, opsize, 0, true);
    if (!cpu.isV86()) return interruptReturnProtected(cpu, opsize, nextEip);
    requireV86Flags(cpu, opsize);
    returnReal(cpu, opsize, 0, true);
  },
});
