/** Kernels that a PC starts by itself, without firmware: Linux's and multiboot ones. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { Vcpu } from "../../kvm/vcpu.ts";
import { addressMap } from "../memory-map.ts";
import type { BootScreen } from "./boot-screen.ts";
import { bootScreen } from "./boot-screen.ts";
import { enterLinux } from "./enter-linux.ts";
import { installStart } from "./install.ts";
import { isLinuxKernel, planLinux } from "./linux.ts";
import type { BootModule } from "./multiboot.ts";
import { planMultiboot } from "./multiboot.ts";
import { findMultibootHeader } from "./multiboot-header.ts";
import type { Segment } from "./plan.ts";

/** What the machine starts with: a kernel. */
export interface KernelBoot {
  /** Linux's bzImage, or a multiboot kernel. */
  readonly kernel: Uint8Array;
  readonly cmdline?: string | undefined;
  /** Linux: the initial RAM disk. */
  readonly initrd?: Uint8Array | undefined;
  /** Multiboot: files loaded beside the kernel. */
  readonly modules?: readonly BootModule[] | undefined;
}

export interface KernelMachine {
  readonly memoryBytes: number;
  /** Physical addresses: of the ACPI root pointer, of video memory. */
  readonly acpiRsdp: number;
  readonly videoMemory: number;
}

export interface KernelStart {
  readonly segments: readonly Segment[];
  readonly screen: BootScreen;
  /** Sets up the processor. */
  enter(vcpu: Vcpu): void;
}

/** @throws VmError EINVAL for a kernel that is malformed or of neither kind, or does not fit with what goes with it */
export function planKernel({ kernel, cmdline, initrd, modules = [] }: KernelBoot, { memoryBytes, acpiRsdp, videoMemory }: KernelMachine): KernelStart {
  const map = addressMap(memoryBytes);
  if (isLinuxKernel(kernel)) {
    if (modules.length > 0) throw new VmError("EINVAL", "modules go with multiboot kernels; this is a Linux kernel, which takes an initial RAM disk");
    const plan = planLinux(kernel, { map, memoryBytes, cmdline, initrd, acpiRsdp, hasTextScreen: true });
    return { segments: plan.segments, screen: bootScreen(null, videoMemory), enter: (vcpu) => enterLinux(vcpu, plan) };
  }
  if (findMultibootHeader(kernel) === null) {
    throw new VmError("EINVAL", 'this is no kernel: it has neither Linux\'s setup header ("HdrS" at 0x202) nor a multiboot header in its first 8192 bytes');
  }
  if (initrd !== undefined) throw new VmError("EINVAL", "an initial RAM disk goes with Linux kernels; this is a multiboot kernel, which takes modules");
  const plan = planMultiboot(kernel, { memoryBytes, cmdline, modules, pc: { map, videoMemory } });
  return { segments: plan.segments, screen: plan.screen ?? bootScreen(null, videoMemory), enter: (vcpu) => installStart(vcpu, plan) };
}
