/** Numbers of the KVM API that callers and we share (Linux, include/uapi/linux/kvm.h; Documentation/virt/kvm/api.rst). */

export const KVM_API_VERSION = 12;

/** Capabilities, for `checkExtension`. Those not named here are answered with 0 as well. */
export const KVM_CAP_IRQCHIP = 0, KVM_CAP_HLT = 1, KVM_CAP_USER_MEMORY = 3, KVM_CAP_SET_TSS_ADDR = 4, KVM_CAP_EXT_CPUID = 7,
  KVM_CAP_NR_VCPUS = 9, KVM_CAP_NR_MEMSLOTS = 10, KVM_CAP_PIT = 11, KVM_CAP_MP_STATE = 14, KVM_CAP_COALESCED_MMIO = 15,
  KVM_CAP_SYNC_MMU = 16, KVM_CAP_DESTROY_MEMORY_REGION_WORKS = 21, KVM_CAP_USER_NMI = 22, KVM_CAP_SET_GUEST_DEBUG = 23,
  KVM_CAP_JOIN_MEMORY_REGIONS_WORKS = 30, KVM_CAP_PIT2 = 33, KVM_CAP_INTERNAL_ERROR_DATA = 40, KVM_CAP_VCPU_EVENTS = 41,
  KVM_CAP_DEBUGREGS = 50, KVM_CAP_XSAVE = 55, KVM_CAP_MAX_VCPUS = 66, KVM_CAP_READONLY_MEM = 81, KVM_CAP_CHECK_EXTENSION_VM = 105,
  KVM_CAP_GUEST_DEBUG_HW_BPS = 119, KVM_CAP_MAX_VCPU_ID = 128;

/** Flags of a memory region. */
export const KVM_MEM_LOG_DIRTY_PAGES = 1, KVM_MEM_READONLY = 2;

/** Flag of a CPUID entry: the leaf depends on ECX, and `index` says for which value the entry holds. */
export const KVM_CPUID_FLAG_SIGNIFCANT_INDEX = 1;

/** Interrupt shadows of `KvmVcpuEvents`. */
export const KVM_X86_SHADOW_INT_MOV_SS = 1, KVM_X86_SHADOW_INT_STI = 2;

/** `suberror` of KVM_EXIT_INTERNAL_ERROR: an insn that cannot be executed; an event that cannot be delivered. */
export const KVM_INTERNAL_ERROR_EMULATION = 1, KVM_INTERNAL_ERROR_DELIVERY_EV = 3;
