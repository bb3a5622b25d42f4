/** EFLAGS as a whole and the interrupt flag, with the rules of who may change what (SDM 1 §3.4.3, SDM 2B POPF). */
import type { Cpu } from "../cpu.ts";
import { GP } from "../fault.ts";
import { ARITH_FLAGS, readEflags, writeEflags } from "../flags.ts";
import { EFLAGS_SYS, F_AC, F_DF, F_ID, F_IF, F_IOPL, F_NT, F_RF, F_TF, G_DF, G_EFLAGS_SYS, G_FLAGS_AUX, G_FLAGS_RES } from "../state.ts";
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

/** CLI and STI outside level 0: CPL must not exceed IOPL, 3 in V86 (SDM 2A CLI; no VME, no PVI). */
function requireIopl(cpu: Cpu): void {
  if (cpu.cpl > ioplOf(cpu)) cpu.fault(GP, 0);
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

export const popFlags = defHelper("pop_eflags", {
  params: 2,
  doc: "Loads EFLAGS as POPF does at the current privilege level, from `opsize` bits; RF becomes 0 (SDM 2B POPF).",
  mayFault: false,
  bind: (cpu) => (value, opsize) => changeEflags(cpu, value & ~F_RF, loadableFlags(cpu, opsize) | F_RF),
});

export const clearInterruptFlag = defHelper("cli", {
  params: 0,
  doc: "IF = 0; #GP(0) where CPL exceeds IOPL (SDM 2A CLI).",
  bind: (cpu) => () => {
    requireIopl(cpu);
    cpu.R[EFLAGS_SYS] &= ~F_IF;
  },
});

export const setInterruptFlag = defHelper("sti", {
  params: 0,
  doc: "IF = 1, and interrupts stay out for one insn if it was 0; #GP(0) where CPL exceeds IOPL (SDM 2B STI).",
  bind: (cpu) => () => {
    requireIopl(cpu);
    if ((cpu.R[EFLAGS_SYS] & F_IF) === 0) cpu.shadowInterrupts();
    cpu.R[EFLAGS_SYS] |= F_IF;
  },
});
