/** The time-stamp counter: RDTSC, RDTSCP and what WRMSR and the VM's owner do to it (SDM 3B §17.17). */
import type { Cpu } from "../cpu.ts";
import { CR4, CR4_TSD, EAX, ECX, EDX, TSC_AUX } from "../state.ts";
import { defHelper } from "./define.ts";
import { requireLevel0 } from "./privilege.ts";

/** The counter: retired insns, from an origin that can be moved. */
export function readTsc(cpu: Cpu): bigint {
  return BigInt.asUintN(64, cpu.state.tscOffset + BigInt(cpu.retired));
}

export function writeTsc(cpu: Cpu, value: bigint): void {
  cpu.state.tscOffset = value - BigInt(cpu.retired);
}

/** Writes a 64-bit value to EDX:EAX. */
export function setEdxEax(cpu: Cpu, value: bigint): void {
  cpu.R[EAX] = Number(BigInt.asIntN(32, value));
  cpu.R[EDX] = Number(BigInt.asIntN(32, value >> 32n));
}

function timeStampToRegisters(cpu: Cpu): void {
  if ((cpu.R[CR4] & CR4_TSD) !== 0) requireLevel0(cpu);
  cpu.state.readTimeStamp(cpu.retiredNow());
}

export const timeStamp = defHelper("rdtsc", {
  params: 0,
  counts: true,
  doc: "EDX:EAX = time-stamp counter; #GP(0) above level 0 with CR4.TSD (SDM 2B RDTSC).",
  bind: (cpu) => () => timeStampToRegisters(cpu),
});

export const timeStampAndProcessor = defHelper("rdtscp", {
  params: 0,
  counts: true,
  doc: "RDTSC, and ECX = IA32_TSC_AUX (SDM 2B RDTSCP).",
  bind: (cpu) => () => {
    timeStampToRegisters(cpu);
    cpu.R[ECX] = cpu.R[TSC_AUX];
  },
});
