/** SYSENTER and SYSEXIT: to a fixed entry of level 0 and back to level 3, with flat segments and no look at tables (SDM 2B). */
import type { Cpu } from "../cpu.ts";
import { GP } from "../fault.ts";
import { ATTR_ACCESSED, ATTR_CODE, ATTR_DB, ATTR_DPL_SHIFT, ATTR_G, ATTR_P, ATTR_S, ATTR_WRITABLE, CS, ECX, EDX, EFLAGS_SYS, EIP, ESP, F_IF, F_RF, F_VM, SS, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP } from "../state.ts";
import { defHelper } from "./define.ts";
import { requireLevel0 } from "./privilege.ts";
import { setSegmentParts } from "./segments.ts";

const FLAT_DATA = ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED | ATTR_DB | ATTR_G, FLAT_CODE = FLAT_DATA | ATTR_CODE;
/** Selectors follow IA32_SYSENTER_CS: level 0's code, its stack, level 3's code, its stack. */
const STACK_AFTER_CODE = 8, USER_AFTER_KERNEL = 16;

/** Loads CS and SS with flat segments of privilege level `level`. */
function loadFlat(cpu: Cpu, selector: number, level: number): void {
  const dpl = level << ATTR_DPL_SHIFT, stack = selector + STACK_AFTER_CODE;
  setSegmentParts(cpu, CS, (selector & 0xfffc) | level, 0, -1, FLAT_CODE | dpl);
  setSegmentParts(cpu, SS, (stack & 0xfffc) | level, 0, -1, FLAT_DATA | dpl);
}

/** #GP(0) in real mode and while the operating system has set no code segment. */
function requireReady(cpu: Cpu): number {
  const selector = cpu.R[SYSENTER_CS] & 0xfffc;
  if (cpu.isRealMode() || selector === 0) cpu.fault(GP, 0);
  return selector;
}

export const systemEnter = defHelper("sysenter", {
  params: 0,
  doc: "Enters level 0 at IA32_SYSENTER_CS:EIP with IA32_SYSENTER_ESP, interrupts off; #GP(0) (SDM 2B SYSENTER).",
  bind: (cpu) => () => {
    const { R } = cpu, selector = requireReady(cpu);
    R[EFLAGS_SYS] &= ~(F_VM | F_IF | F_RF);
    loadFlat(cpu, selector, 0);
    R[ESP] = R[SYSENTER_ESP];
    R[EIP] = R[SYSENTER_EIP];
  },
});

export const systemExit = defHelper("sysexit", {
  params: 0,
  doc: "Returns to level 3 at EDX with ESP = ECX; #GP(0), also above level 0 (SDM 2B SYSEXIT).",
  bind: (cpu) => () => {
    const { R } = cpu, selector = requireReady(cpu);
    requireLevel0(cpu);
    loadFlat(cpu, selector + USER_AFTER_KERNEL, 3);
    R[ESP] = R[ECX];
    R[EIP] = R[EDX];
  },
});
