/** MOV to and from the debug registers (SDM 3B §17.2). What they do: exec/debug-traps.ts and watchpoints.ts. */
import type { Cpu } from "../cpu.ts";
import { DB, UD } from "../fault.ts";
import { CR4, CR4_DE, DR, DR6_BD, DR6_FIXED, DR7_GD } from "../state.ts";
import { defHelper } from "./define.ts";
import { requireLevel0 } from "./privilege.ts";

/** Bits of DR6 and DR7 that can be written, and of DR7 that read as 1. */
const DR6_WRITABLE = 0xe00f, DR7_WRITABLE = 0xffff23ff | 0, DR7_FIXED = 0x400;

/** DR4 and DR5 are other names of DR6 and DR7, unless CR4.DE takes them away (SDM 3B §17.2.2). */
function slotOf(cpu: Cpu, n: number): number {
  if (n !== 4 && n !== 5) return DR + n;
  if ((cpu.R[CR4] & CR4_DE) !== 0) cpu.fault(UD);
  return DR + n + 2;
}

/** #UD for a register that is not there, #GP(0) above level 0, then #DB if DR7.GD guards the registers (SDM 3B §17.3.1.3). */
function access(cpu: Cpu, n: number): number {
  const slot = slotOf(cpu, n), { R } = cpu;
  requireLevel0(cpu);
  if ((R[DR + 7] & DR7_GD) !== 0) {
    R[DR + 6] |= DR6_BD;
    cpu.fault(DB);
  }
  return slot;
}

/** Sets debug register `n` (0 to 3, 6, 7), with its fixed bits. */
export function setDebugRegister(R: Int32Array, n: number, value: number): void {
  R[DR + n] = n === 6 ? (value & DR6_WRITABLE) | DR6_FIXED : n === 7 ? (value & DR7_WRITABLE) | DR7_FIXED : value;
}

export const readDebug = defHelper("read_dr", {
  params: 1,
  result: "i32",
  doc: "Debug register `n`; #UD, #GP(0), #DB (SDM 2B MOV DRn).",
  bind: (cpu) => (n) => cpu.R[access(cpu, n)],
});

export const writeDebug = defHelper("write_dr", {
  params: 2,
  doc: "Writes debug register `n`; #UD, #GP(0), #DB (SDM 2B MOV DRn).",
  bind: (cpu) => (n, value) => setDebugRegister(cpu.R, access(cpu, n) - DR, value),
});
