/** Model-specific registers (SDM 4): those that come with the processor's features. Any other index is #GP(0). */
import type { Cpu } from "../cpu.ts";
import { hasExecuteDisable } from "../cpuid-read.ts";
import { GP } from "../fault.ts";
import type { Feature } from "../features.ts";
import { EAX, ECX, EDX, EFER, EFER_NXE, MCG_STATUS, MISC_ENABLE, MISC_FAST_STRINGS, MISC_HIGH_NO_EXECUTE_DISABLE, MISC_LIMIT_CPUID, MISC_NO_BRANCH_TRACE, MISC_NO_PRECISE_EVENTS, MTRR_DEF_TYPE, MTRR_FIXED, MTRR_VARIABLE, PAT, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP, TSC_AUX } from "../state.ts";
import { setEfer } from "./control-registers.ts";
import { defHelper } from "./define.ts";
import { FIRST_VARIABLE_MTRR, FIXED_MTRRS, isDefaultType, isFixedMtrr, isPat, isVariableBase, isVariableMask, MTRR_CAPABILITIES, VARIABLE_RANGES } from "./mtrr.ts";
import { requireLevel0 } from "./privilege.ts";
import { readTsc, setEdxEax, writeTsc } from "./time-stamp.ts";

interface Msr {
  /** What a processor with this register has. */
  readonly feature: Feature;
  readonly read: (cpu: Cpu) => bigint;
  /** Writes; false if a reserved bit is set or the register cannot be written. */
  readonly write: (cpu: Cpu, value: bigint) => boolean;
}

const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
const unsigned = (word: number): bigint => BigInt(word >>> 0);

/** A register of 32 bits in the state file. What is written beyond them is lost, where no bit is reserved. */
const word32 = (feature: Feature, slot: number, isValid: (value: bigint) => boolean = () => true): Msr => ({
  feature,
  read: ({ R }) => unsigned(R[slot]),
  write: ({ R }, value) => {
    if (!isValid(value)) return false;
    R[slot] = low(value);
    return true;
  },
});

/** A register of 64 bits in two slots, low word first. */
const word64 = (feature: Feature, slot: number, isValid: (value: bigint, cpu: Cpu) => boolean): Msr => ({
  feature,
  read: ({ R }) => unsigned(R[slot]) | (unsigned(R[slot + 1]) << 32n),
  write: (cpu, value) => {
    if (!isValid(value, cpu)) return false;
    cpu.R[slot] = low(value);
    cpu.R[slot + 1] = low(value >> 32n);
    return true;
  },
});

const readOnly = (feature: Feature, value: bigint): Msr => ({ feature, read: () => value, write: () => false });
/** Reads as 0 and ignores what is written. */
const inert = (feature: Feature): Msr => ({ feature, read: () => 0n, write: () => true });

/** IA32_APIC_BASE: bootstrap processor, global enable, base within 32 bits. */
const APIC_BASE_WRITABLE = 0xfffff900n, APIC_ENABLED = 0x800n;

/** Bits of IA32_MISC_ENABLE: software's, and those that tell what is missing, which stay whatever is written. */
const MISC_WRITABLE = BigInt(MISC_FAST_STRINGS | MISC_LIMIT_CPUID), MISC_FIXED = BigInt(MISC_NO_BRANCH_TRACE | MISC_NO_PRECISE_EVENTS);
const MISC_NO_EXECUTE_DISABLE = BigInt(MISC_HIGH_NO_EXECUTE_DISABLE) << 32n;

/** IA32_MCG_STATUS: RIPV, EIPV, MCIP. */
const MCG_STATUS_BITS = 7n;

const miscEnable = word64("p6", MISC_ENABLE, (value, cpu) => (value & ~(MISC_WRITABLE | MISC_FIXED | (cpu.cpuid.has("nx") ? MISC_NO_EXECUTE_DISABLE : 0n))) === 0n);

const fixedMtrrs = FIXED_MTRRS.map((index, i): [number, Msr] => [index, word64("mtrr", MTRR_FIXED + 2 * i, isFixedMtrr)]);
const variableMtrrs = Array.from({ length: 2 * VARIABLE_RANGES }, (_, i): [number, Msr] =>
  [FIRST_VARIABLE_MTRR + i, word64("mtrr", MTRR_VARIABLE + 2 * i, i % 2 === 0 ? isVariableBase : isVariableMask)]);

const MSRS: ReadonlyMap<number, Msr> = new Map<number, Msr>([
  // P5_MC_ADDR and P5_MC_TYPE; and machine checks of no banks: there is nothing that could be reported.
  [0x0, inert("mce")], [0x1, inert("mce")], [0x179, readOnly("mca", 0n)], [0x17a, word32("mca", MCG_STATUS, (value) => value <= MCG_STATUS_BITS)],
  // IA32_TIME_STAMP_COUNTER
  [0x10, {
    feature: "tsc", read: readTsc,
    write: (cpu, value) => {
      writeTsc(cpu, value);
      cpu.tscDeadline.counterMoved();
      return true;
    },
  }],
  // IA32_PLATFORM_ID
  [0x17, readOnly("p6", 0n)],
  // IA32_APIC_BASE; without an APIC it cannot be enabled.
  [0x1b, {
    feature: "p6",
    read: (cpu) => (cpu.cpuid.has("apic") ? cpu.apicBase : cpu.apicBase & ~APIC_ENABLED),
    write: (cpu, value) => {
      if ((value & ~APIC_BASE_WRITABLE) !== 0n) return false;
      cpu.apicBase = value;
      cpu.onApicBase();
      return true;
    },
  }],
  // IA32_BIOS_UPDT_TRIG and IA32_BIOS_SIGN_ID: microcode is taken and forgotten, its revision is 0.
  [0x79, inert("p6")], [0x8b, inert("p6")],
  [0x174, word32("sep", SYSENTER_CS)], [0x175, word32("sep", SYSENTER_ESP)], [0x176, word32("sep", SYSENTER_EIP)],
  [0x1a0, { ...miscEnable, write: (cpu, value) => miscEnable.write(cpu, value | MISC_FIXED) }],
  [0xfe, readOnly("mtrr", MTRR_CAPABILITIES)], ...variableMtrrs, ...fixedMtrrs,
  [0x2ff, word32("mtrr", MTRR_DEF_TYPE, isDefaultType)], [0x277, word64("pat", PAT, isPat)],
  // IA32_TSC_DEADLINE
  [0x6e0, {
    feature: "tsc-deadline", read: (cpu) => cpu.tscDeadline.read(),
    write: (cpu, value) => {
      cpu.tscDeadline.write(value);
      return true;
    },
  }],
  // IA32_EFER
  [0xc0000080, {
    feature: "nx", read: ({ R }) => unsigned(R[EFER]),
    write: (cpu, value) => {
      if ((value & ~BigInt(hasExecuteDisable(cpu) ? EFER_NXE : 0)) !== 0n) return false;
      setEfer(cpu, low(value));
      return true;
    },
  }],
  [0xc0000103, word32("rdtscp", TSC_AUX, (value) => value <= 0xffffffffn)],
]);

/** Indices of the registers this processor has, ascending. */
export function msrIndices(cpu: Cpu): number[] {
  return [...MSRS].filter(([, { feature }]) => cpu.cpuid.has(feature)).map(([index]) => index).sort((a, b) => a - b);
}

function find(cpu: Cpu, index: number): Msr | null {
  const msr = MSRS.get(index >>> 0);
  return msr !== undefined && cpu.cpuid.has(msr.feature) ? msr : null;
}

/** The value of an MSR, or null if there is no such register. For RDMSR and the VM's owner. */
export function readMsr(cpu: Cpu, index: number): bigint | null {
  return find(cpu, index)?.read(cpu) ?? null;
}

/** Writes an MSR; false if there is no such register, it cannot be written, or a reserved bit is set. */
export function writeMsr(cpu: Cpu, index: number, value: bigint): boolean {
  return find(cpu, index)?.write(cpu, value) ?? false;
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
    const { R } = cpu, value = (unsigned(R[EDX]) << 32n) | unsigned(R[EAX]);
    if (!writeMsr(cpu, R[ECX], value)) cpu.fault(GP, 0);
  },
});
