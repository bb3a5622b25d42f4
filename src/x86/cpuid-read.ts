/** CPUID as the guest reads it: the owner's table, with the bits that other registers govern. */
import type { Cpu } from "./cpu.ts";
import type { CpuidLeaf } from "./cpuid.ts";
import { FEATURE_BITS } from "./features.ts";
import { MISC_ENABLE, MISC_HIGH_NO_EXECUTE_DISABLE, MISC_LIMIT_CPUID } from "./state.ts";

const EXTENDED = 0x80000000 | 0;
/** The highest basic leaf while IA32_MISC_ENABLE limits it (SDM 4, table 2-2). */
const LIMITED_LEAF = 2;
/** IA32_APIC_BASE: global enable. */
const APIC_ENABLED = 0x800n;

const without = (word: number, feature: "apic" | "nx"): number => word & ~(1 << FEATURE_BITS[feature][2]);

/** True if page-table entries can forbid execution: the feature is there and IA32_MISC_ENABLE does not switch it off. */
export function hasExecuteDisable(cpu: Cpu): boolean {
  return cpu.cpuid.has("nx") && (cpu.R[MISC_ENABLE + 1] & MISC_HIGH_NO_EXECUTE_DISABLE) === 0;
}

/** What CPUID returns for EAX = leaf, ECX = subleaf (SDM 2A CPUID). */
export function readCpuid(cpu: Cpu, leaf: number, subleaf: number): CpuidLeaf {
  const isLimited = (cpu.R[MISC_ENABLE] & MISC_LIMIT_CPUID) !== 0;
  const found = cpu.cpuid.lookup(isLimited && leaf > LIMITED_LEAF ? LIMITED_LEAF : leaf, subleaf);
  if (leaf === 0 && isLimited) return { ...found, eax: Math.min(found.eax, LIMITED_LEAF) };
  if (leaf === 1 && (cpu.apicBase & APIC_ENABLED) === 0n) return { ...found, edx: without(found.edx, "apic") };
  if (leaf === EXTENDED + 1 && !hasExecuteDisable(cpu)) return { ...found, edx: without(found.edx, "nx") };
  return found;
}
