/**
 * The bare machine: memory with an image in it, a console of one port that takes bytes, and a timer that counts insns. No
 * firmware but what the image brings, no other device: what every small guest needs and no more. A client of the VM API, as
 * any other machine.
 */
import { VmError } from "../../tcg/support/errors.ts";
import { allOnes, numberAt, putNumber } from "../bus/bytes.ts";
import { InsnTimer, TIMER_PORTS } from "../devices/insn-timer.ts";
import type { KvmCpuidEntry2 } from "../kvm/cpuid.ts";
import type { KvmExit, KvmExitIo, KvmExitMmio } from "../kvm/exits.ts";
import type { VmOptions } from "../kvm/options.ts";
import { openKvm } from "../kvm/system.ts";
import type { RunLimits, Vcpu } from "../kvm/vcpu.ts";
import type { Vm } from "../kvm/vm.ts";
import { installMemory, installStart } from "./boot/install.ts";
import type { BootRequest } from "./boot/load.ts";
import { planBoot } from "./boot/load.ts";
import type { BootPlan } from "./boot/plan.ts";

/** Ports whose bytes are the console's: Bochs' and QEMU's debug ports, the KVM tutorials', and a serial line's. */
export const CONSOLE_PORTS: readonly number[] = [0xe9, 0xf1, 0x3f8];
/** QEMU's isa-debug-exit device. */
export const DEBUG_EXIT_PORT = 0xf4;
/** The first port of the insn timer (devices/insn-timer.ts). */
export const TIMER_PORT = 0x5a0;

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

/** What to load and how (boot/load.ts), and the rest of the machine. */
export interface BareOptions extends Omit<BootRequest, "memoryBytes"> {
  /** Bytes of memory from address 0, a multiple of 4096. Default: 16 MiB. */
  readonly memoryBytes?: number | undefined;
  /** What CPUID answers. Default: `Kvm.getSupportedCpuid()`. */
  readonly cpuid?: readonly KvmCpuidEntry2[] | undefined;
  /** Port 0xf4 ends the run, as QEMU's isa-debug-exit. Default: no. */
  readonly isaDebugExit?: boolean | undefined;
  /** A port whose bytes are POST codes, by which a BIOS says how far it has come. Default: none. */
  readonly postPort?: number | undefined;
  /** How the engine works. */
  readonly vm?: VmOptions | undefined;
  /** Takes a byte the guest prints. */
  readonly onOutput?: ((byte: number) => void) | undefined;
  /** Takes a byte written to the POST port. */
  readonly onPostCode?: ((code: number) => void) | undefined;
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
  /** HLT, and no timer that could wake the CPU; but `run` goes on behind it. */
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

const DEFAULT_MEMORY_BYTES = 16 * 2 ** 20;

/**
 * A vCPU, memory, an image in it, and what `tcgjs run` gives it: a console, a timer that counts insns, ports to end by. Each
 * port and address that nobody has reads as all ones.
 */
export class BareMachine {
  readonly vm: Vm;
  readonly vcpu: Vcpu;
  /** What the image turned out to be, and where it went. */
  readonly boot: BootPlan;
  /** Insns retired so far. */
  insns = 0;
  private readonly options: BareOptions;
  private readonly timer = new InsnTimer();
  private debugExit: number | null = null;

  /**
   * Loads an image, which is copied.
   * @throws VmError EINVAL for an image that is malformed or does not fit, for options out of range or not of its format
   */
  constructor(image: Uint8Array, options: BareOptions = {}) {
    const { memoryBytes = DEFAULT_MEMORY_BYTES, postPort } = options;
    this.boot = planBoot(image, { ...options, memoryBytes });
    if (postPort !== undefined) checkPostPort(postPort, options.isaDebugExit === true);
    this.options = options;
    const kvm = openKvm(options.vm);
    this.vm = kvm.createVm();
    installMemory(this.vm, this.boot, memoryBytes);
    this.vcpu = this.vm.createVcpu(0);
    this.vcpu.setCpuid2(options.cpuid ?? kvm.getSupportedCpuid());
    installStart(this.vcpu, this.boot);
    if (options.onExit === undefined) this.handleConsole();
  }

  /**
   * Runs until the guest ends or a limit is reached. Call it with small limits in turn with something else, or once.
   * `maxSteps` ends a guest that retires nothing, or whose insn in progress makes that many accesses to devices; a caller that
   * counts insns should count a call that ends so as its full `maxInsns`, or it may wait for ever.
   */
  run(limits: RunLimits = {}): BareOutcome {
    const { maxInsns = Infinity, maxSteps = Infinity } = limits, goal = this.insns + maxInsns, { onExit } = this.options;
    for (let idleExits = 0; ;) {
      this.runTimer();
      const until = Math.min(goal, this.timer.deadline);
      const exit = this.vcpu.run({ maxInsns: until - this.insns, maxSteps });
      this.insns += exit.insns;
      idleExits = exit.insns === 0 ? idleExits + 1 : 0;
      const outcome = this.answer(exit);
      onExit?.(exit, this.vcpu);
      if (outcome !== null) return outcome;
      if (idleExits > maxSteps) return { kind: "budget" };
    }
  }

  /** Lets the timer go off if it is time, and hands its interrupt over once the CPU takes interrupts. */
  private runTimer(): void {
    const { timer, vcpu } = this;
    timer.advance(this.insns);
    if (timer.isRaised && vcpu.readyForInterruptInjection) {
      timer.isRaised = false;
      vcpu.interrupt(timer.vector);
    }
    vcpu.requestInterruptWindow = timer.isRaised;
  }

  /** Deals with an exit; null to go on. */
  private answer(exit: KvmExit): BareOutcome | null {
    switch (exit.reason) {
      case "KVM_EXIT_IO": return this.answerPort(exit);
      case "KVM_EXIT_MMIO": return this.answerMemory(exit);
      case "KVM_EXIT_HLT": return this.wakes() ? null : { kind: "halt" };
      case "KVM_EXIT_SHUTDOWN": return { kind: "shutdown" };
      case "KVM_EXIT_DEBUG": return { kind: "debug", pc: exit.pc };
      case "KVM_EXIT_INTR": return this.takeDebugExit() ?? (this.insns >= this.timer.deadline ? null : { kind: "budget" });
      case "KVM_EXIT_IRQ_WINDOW_OPEN": return null;
      case "KVM_EXIT_FAIL_ENTRY": return { kind: "invalid-state", detail: exit.detail };
      case "KVM_EXIT_INTERNAL_ERROR": return { kind: exit.suberror === 1 ? "no-code" : "no-delivery", address: exit.address };
    }
  }

  /** While the CPU is halted no insns retire, so a timer that counts them goes off at once. True if that wakes the CPU. */
  private wakes(): boolean {
    if (!this.timer.isArmed || !this.vcpu.ifFlag) return false;
    this.timer.expire();
    return true;
  }

  private answerPort({ direction, port, size, data }: KvmExitIo): BareOutcome | null {
    if (direction === "in") {
      const value = isTimerPort(port) ? this.timer.read(port - TIMER_PORT, size, this.insns) : null;
      putNumber(data, 0, size, value ?? allOnes(size));
      if (value === null) this.options.onUnhandled?.({ kind: "port", isWrite: false, address: port, size, value: allOnes(size) });
      return null;
    }
    for (let at = 0; at < data.length; at += size) this.writePort(port, size, numberAt(data, at, size));
    return this.takeDebugExit();
  }

  private answerMemory({ physAddr, data, len, isWrite }: KvmExitMmio): null {
    if (!isWrite) data.fill(0xff, 0, len);
    this.options.onUnhandled?.({ kind: "memory", isWrite, address: physAddr, size: len, value: numberAt(data, 0, len) });
    return null;
  }

  private writePort(port: number, size: number, value: number): void {
    const { options } = this;
    if (CONSOLE_PORTS.includes(port) && size === 1) options.onOutput?.(value);
    else if (port === options.postPort && size === 1) options.onPostCode?.(value);
    else if (port === DEBUG_EXIT_PORT && options.isaDebugExit === true) this.debugExit = ((value << 1) | 1) >>> 0;
    else if (!isTimerPort(port) || !this.timer.write(port - TIMER_PORT, size, value, this.insns)) {
      options.onUnhandled?.({ kind: "port", isWrite: true, address: port, size, value });
    }
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

const isTimerPort = (port: number): boolean => port >= TIMER_PORT && port < TIMER_PORT + TIMER_PORTS;

/** @throws VmError EINVAL for a port that is none, or another device's */
function checkPostPort(port: number, hasDebugExit: boolean): void {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new VmError("EINVAL", `the POST port is ${port}; ports are from 0 to 0xffff`);
  const owner = CONSOLE_PORTS.includes(port) ? "the console" : isTimerPort(port) ? "the timer" : hasDebugExit && port === DEBUG_EXIT_PORT ? "the debug exit" : null;
  if (owner !== null) throw new VmError("EINVAL", `the POST port is 0x${port.toString(16)}, which is the port of ${owner}`);
}
