/** KVM_GET_CPUID2 and KVM_SET_CPUID2: CPUID leaves as KVM writes them. */
import { VmError } from "../../tcg/support/errors.ts";
import type { CpuidEntry } from "../x86/cpuid.ts";
import { requireUint32 } from "./check.ts";
import { KVM_CPUID_FLAG_SIGNIFCANT_INDEX } from "./constants.ts";
import { MAX_CPUID_ENTRIES } from "./offer.ts";

/** `struct kvm_cpuid_entry2`. All values are unsigned 32-bit integers. */
export interface KvmCpuidEntry2 {
  /** Leaf: EAX. */
  function: number;
  /** Subleaf: ECX, where `flags` has KVM_CPUID_FLAG_SIGNIFCANT_INDEX. */
  index: number;
  flags: number;
  eax: number;
  ebx: number;
  ecx: number;
  edx: number;
}

/** The table's entries in KVM's form. */
export function toKvmEntries(entries: readonly CpuidEntry[]): KvmCpuidEntry2[] {
  return entries.map((e) => ({
    function: e.leaf >>> 0, index: e.subleaf ?? 0, flags: e.subleaf === undefined ? 0 : KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
    eax: e.eax >>> 0, ebx: e.ebx >>> 0, ecx: e.ecx >>> 0, edx: e.edx >>> 0,
  }));
}

/** @throws VmError E2BIG for too many entries, EINVAL for values that are not unsigned 32-bit integers */
export function fromKvmEntries(entries: readonly KvmCpuidEntry2[]): CpuidEntry[] {
  if (entries.length > MAX_CPUID_ENTRIES) {
    throw new VmError("E2BIG", `setCpuid2: ${entries.length} entries; at most ${MAX_CPUID_ENTRIES} are allowed`);
  }
  return entries.map((e, i) => {
    for (const field of ["function", "index", "flags", "eax", "ebx", "ecx", "edx"] as const) {
      requireUint32(`setCpuid2: entry ${i}: ${field}`, e[field]);
    }
    const leaf = { leaf: e.function | 0, eax: e.eax | 0, ebx: e.ebx | 0, ecx: e.ecx | 0, edx: e.edx | 0 };
    return (e.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) !== 0 ? { ...leaf, subleaf: e.index | 0 } : leaf;
  });
}
