/** The package's entry: the VM API (src/kvm), the bare machine and the PC (src/machine). The code generator is `tcgjs/tcg`. */
export * from "./kvm/constants.ts";
export type { KvmCpuidEntry2 } from "./kvm/cpuid.ts";
export type { VmErrorCode } from "./kvm/errors.ts";
export { VmError } from "./kvm/errors.ts";
export type {
  KvmExit, KvmExitDebug, KvmExitFailEntry, KvmExitHlt, KvmExitInternalError, KvmExitIntr, KvmExitIo, KvmExitIrqWindowOpen, KvmExitMmio,
  KvmExitReason, KvmExitShutdown,
} from "./kvm/exits.ts";
export type { KvmDebugregs } from "./kvm/debugregs.ts";
export type { KvmBreakpoint, KvmGuestDebug } from "./kvm/guest-debug.ts";
export type { MemoryRange } from "./kvm/memory-handlers.ts";
export type { KvmUserspaceMemoryRegion } from "./kvm/memory-slots.ts";
export type { VmOptions } from "./kvm/options.ts";
export type { KvmMsrEntry } from "./kvm/msrs.ts";
export type { PortRange } from "./kvm/port-handlers.ts";
export type { KvmRegs } from "./kvm/regs.ts";
export type { KvmDtable, KvmSegment, KvmSregs, KvmSregs2, KvmSregs2Update, KvmSregsUpdate } from "./kvm/sregs.ts";
export type { Kvm } from "./kvm/system.ts";
export { openKvm } from "./kvm/system.ts";
export type { KvmTranslation } from "./kvm/translation.ts";
export type { KvmException, KvmVcpuEvents, KvmVcpuEventsUpdate } from "./kvm/vcpu-events.ts";
export type { RunLimits, TscDeadline, Vcpu } from "./kvm/vcpu.ts";
export type { Vm } from "./kvm/vm.ts";
export type { BareOptions, BareOutcome, UnhandledAccess } from "./machine/bare.ts";
export { BareMachine, CONSOLE_PORTS, DEBUG_EXIT_PORT, TIMER_PORT } from "./machine/bare.ts";
export type { KernelBoot } from "./machine/boot/kernel-boot.ts";
export type { BootModule } from "./machine/boot/multiboot.ts";
export type { BootPlan, ImageFormat } from "./machine/boot/plan.ts";
export type { FirmwareBoot } from "./machine/boot/firmware.ts";
export type { Media } from "./machine/media.ts";
export type { ClockChoice, PcOptions, PcOutcome } from "./machine/pc.ts";
export { DEFAULT_NS_PER_INSN, DEFAULT_PC_MEMORY_BYTES, Pc } from "./machine/pc.ts";
