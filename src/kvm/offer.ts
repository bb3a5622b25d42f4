/** How much of the KVM API is offered: limits, and what `checkExtension` answers. */
import {
  KVM_CAP_HLT, KVM_CAP_USER_MEMORY, KVM_CAP_EXT_CPUID, KVM_CAP_NR_VCPUS, KVM_CAP_NR_MEMSLOTS, KVM_CAP_SYNC_MMU,
  KVM_CAP_DESTROY_MEMORY_REGION_WORKS, KVM_CAP_SET_GUEST_DEBUG, KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_MAX_VCPUS,
  KVM_CAP_READONLY_MEM, KVM_CAP_CHECK_EXTENSION_VM, KVM_CAP_GUEST_DEBUG_HW_BPS, KVM_CAP_MAX_VCPU_ID,
} from "./constants.ts";

/** Most slots of memory in a VM, and most vCPUs. */
export const MAX_MEMORY_SLOTS = 32, MAX_VCPUS = 1;
/** Most entries of `setCpuid2`. */
export const MAX_CPUID_ENTRIES = 256;
/** Hardware breakpoints of `setGuestDebug`. */
export const MAX_BREAKPOINTS = 4;

/** What `checkExtension` answers; 0 for everything else. */
export const EXTENSIONS: ReadonlyMap<number, number> = new Map([
  [KVM_CAP_HLT, 1],
  [KVM_CAP_USER_MEMORY, 1],
  [KVM_CAP_EXT_CPUID, 1],
  [KVM_CAP_NR_VCPUS, MAX_VCPUS],
  [KVM_CAP_NR_MEMSLOTS, MAX_MEMORY_SLOTS],
  [KVM_CAP_SYNC_MMU, 1],
  [KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1],
  [KVM_CAP_SET_GUEST_DEBUG, 1],
  [KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1],
  [KVM_CAP_MAX_VCPUS, MAX_VCPUS],
  [KVM_CAP_READONLY_MEM, 1],
  [KVM_CAP_CHECK_EXTENSION_VM, 1],
  [KVM_CAP_GUEST_DEBUG_HW_BPS, MAX_BREAKPOINTS],
  [KVM_CAP_MAX_VCPU_ID, MAX_VCPUS],
]);
