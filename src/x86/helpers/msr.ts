/** Model-specific registers (SDM 4): those the reported CPU has. Any other index is #GP(0). */
import type { Cpu } from "../cpu.ts";
import { GP } from "../fault.ts";
import { EAX, ECX, EDX } from "../state.ts";
import { readTsc, requireLevel0, setEdxEax, writeTsc } from "./cpu-control.ts";
import { defHelper } from "./define.ts";

export const IA32_TIME_STAMP_COUNTER = 0x10, IA32_APIC_BASE = 0x1b, IA32_BIOS_UPDT_TRIG = 0x79, IA32_BIOS_SIGN_ID = 0x8b;

interface Msr {
  /** Bits that may be 1; writing others is #GP(0). */
  readonly writable: bigint;
  readonly read: (cpu: Cpu) => bigint;
  readonly write: (cpu: Cpu, value: bigint) => void;
}

/** An MSR that reads as 0 and ignores writes. */
const inert: Msr = { writable: -1n, read: () => 0n, write: () => {} };

const MSRS: ReadonlyMap<number, Msr> = new Map<number, Msr>([
  [IA32_TIME_STAMP_COUNTER, { writable: -1n, read: readTsc, write: writeTsc }],
  // Global enable and base; the bootstrap-processor bit stays.
  [IA32_APIC_BASE, {
    writable: 0xffffff900n,
    read: (cpu) => cpu.apicBase,
    write: (cpu, value) => {
      cpu.apicBase = value;
    },
  }],
  // Microcode: updates are taken and forgotten, the revision is 0.
  [IA32_BIOS_UPDT_TRIG, inert],
  [IA32_BIOS_SIGN_ID, inert],
]);

/** The value of an MSR, or null if there is no such register. For RDMSR and the VM's owner. */
export function readMsr(cpu: Cpu, index: number): bigint | null {
  return MSRS.get(index >>> 0)?.read(cpu) ?? null;
}

/** Writes an MSR; false if there is no such register or a reserved bit is set. */
export function writeMsr(cpu: Cpu, index: number, value: bigint): boolean {
  const msr = MSRS.get(index >>> 0);
  if (msr === undefined || (value & ~msr.writable) !== 0n) return false;
  msr.write(cpu, value);
  return true;
}

export const readModelSpecific = defHelper("rdmsr", {
  params: 0,
  doc: "EDX:EAX = MSR ECX; #GP(0) (SDM 2B RDMSR).",
  bind: (cpu) => () => {
    requireLevel0(cpu);
    setEdxEax(cpu, readMsr(cpu, cpu.R[ECX]) ?? cpu.fault(GP, 0));
  },
});

export const writeModelSpecific = defHelper("wrmsr", {
  params: 0,
  doc: "MSR ECX = EDX:EAX; #GP(0) (SDM 2D WRMSR).",
  bind: (cpu) => () => {
    requireLevel0(cpu);
    const { R } = cpu, value = (BigInt(R[EDX] >>> 0) << 32n) | BigInt(R[EAX] >>> 0);
    if (!writeMsr(cpu, R[ECX], value)) cpu.fault(GP, 0);
  },
});
