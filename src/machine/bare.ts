/**
 * The bare machine: memory, a flat image, and a console of one port that takes bytes. No firmware, no interrupts, no
 * other device: what every small guest needs and no more. A client of the VM API, as any other machine.
 */
import type { KvmCpuidEntry2 } from "../kvm/cpuid.ts";
import type { KvmExit, KvmExitIo, KvmExitMmio } from "../kvm/exits.ts";
import type { VmOptions } from "../kvm/options.ts";
import { openKvm } from "../kvm/system.ts";
import type { RunLimits, Vcpu } from "../kvm/vcpu.ts";
import type { Vm } from "../kvm/vm.ts";
import { enterFlatProtectedMode, enterRealMode } from "./bare-entry.ts";
import { checkPlacement } from "./bare-image.ts";

/** Ports whose bytes are the console's: Bochs' and QEMU's debug ports, the KVM tutorials', and a serial line's. */
export const CONSOLE_PORTS: readonly number[] = [0xe9, 0xf1, 0x3f8];
/** QEMU's isa-debug-exit device. */
export const DEBUG_EXIT_PORT = 0xf4;

/** An access that reaches nothing. Reads give all ones, writes are lost. */
export interface UnhandledAccess {
  readonly kind: "port" | "memory";
  readonly isWrite: boolean;
  /** Port, or physical address. */
  readonly address: number;
  /** Bytes: 1, 2 or 4. */
  readonly size: number;
  /** What was written, or what the guest reads; unsigned. */
  readonly value: number;
}

export interface BareOptions {
  /** Bytes of memory from address 0, a multiple of 4096. Default: 16 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Where the image goes. Default: 0x1000. */
  readonly loadAddress?: number | undefined;
  /** Where the guest starts. Default: the load address. */
  readonly entry?: number | undefined;
  /** 16: real mode (the default); 32: flat protected mode. See bare-entry.ts for the registers. */
  readonly bits?: 16 | 32 | undefined;
  /** What CPUID answers. Default: `Kvm.getSupportedCpuid()`. */
  readonly cpuid?: readonly KvmCpuidEntry2[] | undefined;
  /** Port 0xf4 ends the run, as QEMU's isa-debug-exit. Default: no. */
  readonly isaDebugExit?: boolean | undefined;
  /** How the engine works. */
  readonly vm?: VmOptions | undefined;
  /** Takes a byte the guest prints. */
  readonly onOutput?: ((byte: number) => void) | undefined;
  /** Hears of accesses to ports and memory that are not there. */
  readonly onUnhandled?: ((access: UnhandledAccess) => void) | undefined;
  /**
   * Hears of every exit once it has been dealt with. Console ports are then exits as well, which is slow; without this
   * they are handled inside.
   */
  readonly onExit?: ((exit: KvmExit, vcpu: Vcpu) => void) | undefined;
}

/** How a run ended. */
export type BareOutcome =
  /** HLT. Nothing can wake the CPU, but `run` goes on behind it. */
  | { readonly kind: "halt" }
  /** Triple fault. */
  | { readonly kind: "shutdown" }
  /** The guest wrote the debug-exit port; status = (value << 1) | 1. */
  | { readonly kind: "debug-exit"; readonly status: number }
  /** A limit was reached; `run` goes on. */
  | { readonly kind: "budget" }
  /** A breakpoint or single step that was set on the vCPU; `run` goes on. */
  | { readonly kind: "debug"; readonly pc: number }
  /** The guest jumped to where there is no memory. */
  | { readonly kind: "no-code"; readonly address: number }
  /** An exception could not be delivered: its vector or the stack is where there is no memory. */
  | { readonly kind: "no-delivery"; readonly address: number }
  /** Registers were set to a state no CPU can be in. */
  | { readonly kind: "invalid-state"; readonly detail: string };

const DEFAULT_MEMORY_BYTES = 16 * 2 ** 20, DEFAULT_LOAD_ADDRESS = 0x1000;

export class BareMachine {
  readonly vm: Vm;
  readonly vcpu: Vcpu;
  /** Insns retired so far. */
  insns = 0;
  private readonly options: BareOptions;
  private debugExit: number | null = null;

  /**
   * Loads an image, which is copied.
   * @throws VmError EINVAL for an empty image, numbers out of range, an image or entry outside memory
   */
  constructor(image: Uint8Array, options: BareOptions = {}) {
    const { memoryBytes = DEFAULT_MEMORY_BYTES, loadAddress = DEFAULT_LOAD_ADDRESS, bits = 16 } = options;
    const entry = options.entry ?? loadAddress;
    checkPlacement({ imageBytes: image.length, memoryBytes, loadAddress, entry, bits });
    this.options = options;
    const kvm = openKvm(options.vm);
    this.vm = kvm.createVm();
    this.vm.setUserMemoryRegion({ slot: 0, guestPhysAddr: 0, memorySize: memoryBytes });
    this.vm.writePhys(loadAddress, image);
    this.vcpu = this.vm.createVcpu(0);
    this.vcpu.setCpuid2(options.cpuid ?? kvm.getSupportedCpuid());
    if (bits === 16) enterRealMode(this.vcpu, entry);
    else enterFlatProtectedMode(this.vcpu, entry);
    if (options.onExit === undefined) this.handleConsole();
  }

  /**
   * Runs until the guest ends or a limit is reached. Call it with small limits in turn with something else, or once.
   * `maxSteps` ends a guest that retires nothing; a caller that counts insns should count a call that ends so as its full
   * `maxInsns`, or it may wait for ever.
   */
  run(limits: RunLimits = {}): BareOutcome {
    const { maxInsns = Infinity, maxSteps } = limits, goal = this.insns + maxInsns, { onExit } = this.options;
    for (;;) {
      const exit = this.vcpu.run({ maxInsns: goal - this.insns, ...(maxSteps === undefined ? {} : { maxSteps }) });
      this.insns += exit.insns;
      const outcome = this.answer(exit);
      onExit?.(exit, this.vcpu);
      if (outcome !== null) return outcome;
    }
  }

  /** Deals with an exit; null to go on. */
  private answer(exit: KvmExit): BareOutcome | null {
    switch (exit.reason) {
      case "KVM_EXIT_IO": return this.answerPort(exit);
      case "KVM_EXIT_MMIO": return this.answerMemory(exit);
      case "KVM_EXIT_HLT": return { kind: "halt" };
      case "KVM_EXIT_SHUTDOWN": return { kind: "shutdown" };
      case "KVM_EXIT_DEBUG": return { kind: "debug", pc: exit.pc };
      case "KVM_EXIT_INTR": return this.takeDebugExit() ?? { kind: "budget" };
      case "KVM_EXIT_IRQ_WINDOW_OPEN": return null;
      case "KVM_EXIT_FAIL_ENTRY": return { kind: "invalid-state", detail: exit.detail };
      case "KVM_EXIT_INTERNAL_ERROR": return { kind: exit.suberror === 1 ? "no-code" : "no-delivery", address: exit.address };
    }
  }

  private answerPort({ direction, port, size, data }: KvmExitIo): BareOutcome | null {
    if (direction === "in") {
      data.fill(0xff);
      this.options.onUnhandled?.({ kind: "port", isWrite: false, address: port, size, value: ones(size) });
      return null;
    }
    for (let at = 0; at < data.length; at += size) this.writePort(port, size, valueOf(data, at, size));
    return this.takeDebugExit();
  }

  private answerMemory({ physAddr, data, len, isWrite }: KvmExitMmio): null {
    if (!isWrite) data.fill(0xff, 0, len);
    this.options.onUnhandled?.({ kind: "memory", isWrite, address: physAddr, size: len, value: valueOf(data, 0, len) });
    return null;
  }

  private writePort(port: number, size: number, value: number): void {
    if (CONSOLE_PORTS.includes(port) && size === 1) this.options.onOutput?.(value);
    else if (port === DEBUG_EXIT_PORT && this.options.isaDebugExit === true) this.debugExit = ((value << 1) | 1) >>> 0;
    else this.options.onUnhandled?.({ kind: "port", isWrite: true, address: port, size, value });
  }

  private takeDebugExit(): BareOutcome | null {
    const status = this.debugExit;
    this.debugExit = null;
    return status === null ? null : { kind: "debug-exit", status };
  }

  /** Console bytes without an exit each. */
  private handleConsole(): void {
    const write = (port: number, size: number, value: number): void => this.writePort(port, size, value);
    for (const port of CONSOLE_PORTS) this.vm.handlePorts({ first: port, count: 1, write });
  }
}

const ones = (size: number): number => 2 ** (8 * size) - 1;

/** `size` bytes at `at`, little endian, unsigned. */
function valueOf(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}
