/** EFLAGS as a whole and the interrupt flag, with the rules of who may change what (SDM 1 §3.4.3, SDM 2B POPF). */
import type { Cpu } from "../cpu.ts";
import { GP } from "../fault.ts";
import { ARITH_FLAGS, readEflags, writeEflags } from "../flags.ts";
import { CR4, CR4_PVI, CR4_VME, EFLAGS_SYS, F_AC, F_DF, F_ID, F_IF, F_IOPL, F_NT, F_RF, F_TF, F_VIF, F_VIP, F_VM, G_DF, G_EFLAGS_SYS, G_FLAGS_AUX, G_FLAGS_RES } from "../state.ts";
import { defHelper } from "./define.ts";

export const ioplOf = (cpu: Cpu): number => (cpu.R[EFLAGS_SYS] & F_IOPL) >> 12;

/** Changes the EFLAGS bits in `mask`. */
export function changeEflags(cpu: Cpu, value: number, mask: number): void {
  writeEflags(cpu.R, (readEflags(cpu.R) & ~mask) | (value & mask));
}

/**
 * The bits that POPF and IRET load at the current privilege level: IOPL only at level 0, IF where CPL <= IOPL.
 * A 16-bit operand holds no more than 16 bits. VM, VIF and VIP are never among them.
 */
export function loadableFlags(cpu: Cpu, opsize: number): number {
  let mask = ARITH_FLAGS | F_TF | F_DF | F_NT;
  if (opsize === 32) mask |= F_AC | F_ID;
  const { cpl } = cpu;
  if (cpl <= ioplOf(cpu)) mask |= F_IF;
  if (cpl === 0) mask |= F_IOPL;
  return mask;
}

/**
 * True if the program has VIF in place of IF: in V86 with CR4.VME, at level 3 with CR4.PVI, where IOPL keeps it away from IF
 * (SDM 3B §21.3, §21.4).
 */
export function hasVirtualInterruptFlag(cpu: Cpu): boolean {
  if (cpu.cpl !== 3 || ioplOf(cpu) === 3) return false;
  return (cpu.R[CR4] & (cpu.isV86() ? CR4_VME : CR4_PVI)) !== 0;
}

/** A program that may have VIF must not start an insn with VIF and VIP both set: #GP(0). Only IRET and task switches lead there. */
export function checkVirtualInterrupt(cpu: Cpu): void {
  const both = F_VIF | F_VIP;
  if ((cpu.R[EFLAGS_SYS] & both) === both && hasVirtualInterruptFlag(cpu)) cpu.fault(GP, 0);
}

/**
 * What CLI and STI act on at the current level: IF where CPL <= IOPL, VIF where the program has it; else #GP(0)
 * (SDM 2A table 3-7, 2B table 4-23).
 */
function interruptFlag(cpu: Cpu): number {
  if (cpu.cpl <= ioplOf(cpu)) return F_IF;
  return hasVirtualInterruptFlag(cpu) ? F_VIF : cpu.fault(GP, 0);
}

/** FLAGS as a V86 program with VIF sees them: IF is VIF, IOPL is 3. */
export function readVirtualFlags(cpu: Cpu): number {
  const flags = readEflags(cpu.R) & ~F_IF;
  return flags | F_IOPL | ((flags & F_VIF) !== 0 ? F_IF : 0);
}

/** Loads FLAGS as such a program does, by POPF or IRET: IF goes to VIF; #GP(0) for TF, and for IF while VIP waits. */
export function loadVirtualFlags(cpu: Cpu, value: number): void {
  const isOn = (value & F_IF) !== 0;
  if ((value & F_TF) !== 0 || (isOn && (cpu.R[EFLAGS_SYS] & F_VIP) !== 0)) cpu.fault(GP, 0);
  changeEflags(cpu, (value & ~F_RF) | (isOn ? F_VIF : 0), ARITH_FLAGS | F_TF | F_DF | F_NT | F_RF | F_VIF);
}

/** In V86, PUSHF, POPF and IRET want IOPL 3, or VIF and a 16-bit operand: else #GP(0) (SDM 3B §21.2.7, §21.3). */
export function requireV86Flags(cpu: Cpu, opsize: number): void {
  if (ioplOf(cpu) < 3 && (opsize !== 16 || !hasVirtualInterruptFlag(cpu))) cpu.fault(GP, 0);
}

export const readFlags = defHelper("read_eflags", {
  params: 0,
  result: "i32",
  reads: [G_FLAGS_RES, G_FLAGS_AUX, G_DF, G_EFLAGS_SYS],
  writes: [],
  mayFault: false,
  doc: "The whole EFLAGS register.",
  bind: (cpu) => () => readEflags(cpu.R),
});

export const pushedFlagsV86 = defHelper("pushed_flags_v86", {
  params: 1,
  result: "i32",
  writes: [],
  doc: "What PUSHF pushes in V86, of `opsize` bits; #GP(0) (SDM 2B PUSHF).",
  bind: (cpu) => (opsize) => {
    requireV86Flags(cpu, opsize);
    return (hasVirtualInterruptFlag(cpu) ? readVirtualFlags(cpu) : readEflags(cpu.R)) & ~(F_VM | F_RF);
  },
});

export const checkPopFlagsV86 = defHelper("check_popf_v86", {
  params: 1,
  writes: [],
  doc: "#GP(0) unless POPF of `opsize` bits is allowed in V86 (SDM 2B POPF).",
  bind: (cpu) => (opsize) => requireV86Flags(cpu, opsize),
});

export const popFlags = defHelper("pop_eflags", {
  params: 2,
  doc: "Loads EFLAGS as POPF does at the current privilege level, from `opsize` bits; RF becomes 0. #GP(0) with VME (SDM 2B POPF).",
  bind: (cpu) => (value, opsize) => {
    if (cpu.isV86() && hasVirtualInterruptFlag(cpu)) loadVirtualFlags(cpu, value);
    else changeEflags(cpu, value & ~F_RF, loadableFlags(cpu, opsize) | F_RF);
  },
});

export const clearInterruptFlag = defHelper("cli", {
  params: 0,
  doc: "IF or VIF = 0; #GP(0) (SDM 2A CLI).",
  bind: (cpu) => () => {
    cpu.R[EFLAGS_SYS] &= ~interruptFlag(cpu);
  },
});

export const setInterruptFlag = defHelper("sti", {
  params: 0,
  doc: "IF = 1, and interrupts stay out for one insn if it was 0; or VIF = 1, with #GP(0) if VIP waits; else #GP(0) (SDM 2B STI).",
  bind: (cpu) => () => {
    const { R } = cpu, flag = interruptFlag(cpu);
    if (flag === F_VIF && (R[EFLAGS_SYS] & F_VIP) !== 0) cpu.fault(GP, 0);
    if (flag === F_IF && (R[EFLAGS_SYS] & F_IF) === 0) cpu.shadowInterrupts();
    R[EFLAGS_SYS] |= flag;
  },
});
