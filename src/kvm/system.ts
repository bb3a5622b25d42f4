/** The entry of the VM API, shaped like /dev/kvm: `openKvm().createVm().createVcpu(0).run()`. */
import { cpuidOfModel, defaultCpuid } from "../x86/cpu-models.ts";
import { requireInteger } from "./check.ts";
import { KVM_API_VERSION } from "./constants.ts";
import { EXTENSIONS } from "./offer.ts";
import type { KvmCpuidEntry2 } from "./cpuid.ts";
import { toKvmEntries } from "./cpuid.ts";
import type { VmOptions } from "./options.ts";
import { engineOptions } from "./options.ts";
import { Vm } from "./vm.ts";

/** What opening /dev/kvm gives. */
export interface Kvm {
  /** 12, as every KVM since 2007. */
  getApiVersion(): number;
  /**
   * What of the API is offered: 0 for no, else yes or how many.
   * @param capability  KVM_CAP_…
   */
  checkExtension(capability: number): number;
  /**
   * The CPUID leaves of the CPU that is implemented, for `Vcpu.setCpuid2`.
   * @param modelId  brand string of leaves 0x80000002 to 0x80000004, at most 47 bytes
   * @throws VmError EINVAL if `modelId` is too long
   */
  getSupportedCpuid(modelId?: string): KvmCpuidEntry2[];
  /**
   * The CPUID leaves of another CPU, as QEMU's `-cpu` would name it.
   * @param cpu  `NAME[,+FEATURE|-FEATURE|model-id=TEXT]…`, such as `pentium3` or `max,-sse4.1`
   * @throws VmError EINVAL for a model or feature that is not known, with those that are
   */
  getModelCpuid(cpu: string): KvmCpuidEntry2[];
  /**
   * Makes a virtual machine without memory or vCPU.
   * @param options  override those of `openKvm`
   * @throws VmError EINVAL for options that do not exist or are out of range
   */
  createVm(options?: VmOptions): Vm;
}

/**
 * Opens the hypervisor. Nothing is shared between VMs, whoever opened it.
 * @param options  defaults for its VMs
 * @throws VmError EINVAL as `createVm`
 */
export function openKvm(options: VmOptions = {}): Kvm {
  engineOptions(options);
  return {
    getApiVersion: () => KVM_API_VERSION,
    checkExtension: (capability) => EXTENSIONS.get(requireInteger("checkExtension: capability", capability, 0, 0x7fffffff)) ?? 0,
    getSupportedCpuid: (modelId) => toKvmEntries(defaultCpuid(modelId)),
    getModelCpuid: (cpu) => toKvmEntries(cpuidOfModel(cpu)),
    createVm: (more = {}) => new Vm(engineOptions({ ...options, ...more })),
  };
}
