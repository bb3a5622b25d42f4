/**
 * The PC: a vCPU, memory, the chips of pc-chips.ts, and the loop that runs them. A client of the VM API like any other: port
 * accesses are answered in the process, interrupts are injected when the processor takes them, as a hypervisor in user space
 * does it under KVM.
 */
import { VmError } from "../../tcg/support/errors.ts";
import { numberAt, putNumber } from "../bus/bytes.ts";
import type { BusMemory } from "../bus/host-work.ts";
import type { LocalApic } from "../devices/apic/local-apic.ts";
import { DebugConsole, DebugExit, PostPort } from "../devices/debug-ports.ts";
import { FwCfg } from "../devices/fw-cfg.ts";
import type { Saveable } from "../devices/saveable.ts";
import { FLAG, restoreFields } from "../devices/saveable.ts";
import type { Picture } from "../devices/vga/picture.ts";
import { pictureOf } from "../devices/vga/picture.ts";
import { linesOf, textScreenOf } from "../devices/vga/text-screen.ts";
import { VirtioNet } from "../devices/virtio/virtio-net.ts";
import type { VirtioDevice } from "../devices/virtio/virtio-device.ts";
import type { KvmCpuidEntry2 } from "../kvm/cpuid.ts";
import type { KvmExit, KvmExitIo, KvmExitMmio } from "../kvm/exits.ts";
import type { VmOptions } from "../kvm/options.ts";
import { openKvm } from "../kvm/system.ts";
import type { RunLimits, Vcpu } from "../kvm/vcpu.ts";
import type { Vm } from "../kvm/vm.ts";
import { UserNetwork } from "../net/user-network.ts";
import type { UserNetworkOptions } from "../net/user-network.ts";
import type { UnhandledAccess } from "./bare.ts";
import type { AcpiBoard } from "./acpi/dsdt.ts";
import { SOFT_OFF_TYPE } from "./acpi/dsdt.ts";
import { acpiTables } from "./acpi/tables.ts";
import { biosData } from "./boot/bios-data.ts";
import { showBootScreen } from "./boot/boot-screen.ts";
import type { FirmwareBoot } from "./boot/firmware.ts";
import { cmosOf, firmwareFiles, firmwareItems, installFirmware, mapFirmware } from "./boot/firmware.ts";
import { installStart } from "./boot/install.ts";
import type { KernelBoot } from "./boot/kernel-boot.ts";
import { planKernel } from "./boot/kernel-boot.ts";
import { romBase } from "./boot/rom.ts";
import { MachineClock, RealTime, VirtualTime } from "./clock.ts";
import { MachineWork } from "./host-work.ts";
import { IdlePace } from "./idle-pace.ts";
import { DEVICE_SLOTS, FIRMWARE_AREA, installMemory, MAX_MEMORY_BYTES, memoryRanges, MIN_MEMORY_BYTES, UPPER_MEMORY, VIDEO_MEMORY } from "./memory-map.ts";
import type { MemoryRange } from "./memory-map.ts";
import { MmioSpace } from "./mmio-space.ts";
import type { Media } from "./media.ts";
import { PcChips, PIRQ_IRQS, UARTS } from "./pc-chips.ts";
import type { ProcessorPins } from "./pc-interrupts.ts";
import { PortSpace } from "./port-space.ts";
import { restoreVcpu, saveVcpu } from "./snapshot/vcpu-state.ts";

/** Where time comes from: see clock.ts. */
export type ClockChoice =
  /** `nsPerInsn` is a power of two. */
  | { readonly kind: "virtual"; readonly nsPerInsn: number }
  /** `hostNs`: a monotonic clock of the host, ns. */
  | { readonly kind: "real"; readonly hostNs: () => number };

export interface PcNetworkOptions extends UserNetworkOptions {
  /** The card's address, 48 bits. Default: 52:54:00:12:34:56. */
  readonly mac?: number | undefined;
  /** A monotonic clock of the host, ns: idle time goes no faster than that while a connection is open. */
  readonly hostNs: () => number;
}

/** What PC to build, from what it starts, and who hears of it. */
export interface PcOptions extends Media {
  /** A kernel, or firmware that finds something to start. */
  readonly boot: KernelBoot | FirmwareBoot;
  /** Bytes of memory, a multiple of 4096. Default: 128 MiB. */
  readonly memoryBytes?: number | undefined;
  /** What CPUID answers; the board has a local APIC if it says so. Default: that of `max,+apic`. */
  readonly cpuid?: readonly KvmCpuidEntry2[] | undefined;
  /** Default: virtual time, `DEFAULT_NS_PER_INSN`. */
  readonly clock?: ClockChoice | undefined;
  /** What the clock chip shows at the start: seconds since 1970, UTC. Default: 2000-01-01 00:00. */
  readonly startSeconds?: number | undefined;
  /** Virtio devices, each in a PCI slot of its own, in this order. */
  readonly virtio?: readonly VirtioDevice[] | undefined;
  /** The video BIOS that firmware finds on the VGA, such as SeaBIOS' vgabios-stdvga.bin. Default: none. */
  readonly vgaRom?: Uint8Array | undefined;
  /** A network card, and what its cable leads to. Default: none. */
  readonly network?: PcNetworkOptions | undefined;
  /** Nothing is started, for a state is to be restored; `boot` is for resets then. Default: no. */
  readonly awaitsState?: boolean | undefined;
  /** A reset ends the run, and so does a triple fault. Default: the machine starts anew. */
  readonly noReboot?: boolean | undefined;
  /** Port 0xf4 ends the run, as QEMU's isa-debug-exit. Default: no. */
  readonly isaDebugExit?: boolean | undefined;
  /** Takes bytes written to the debug console, ports 0xe9 and 0x402. Default: they are dropped. */
  readonly onDebugByte?: ((byte: number) => void) | undefined;
  /** Hears of accesses to ports and memory that are not there. */
  readonly onUnhandled?: ((access: UnhandledAccess) => void) | undefined;
  /** How the engine works. */
  readonly vm?: VmOptions | undefined;
}

/** How a call of `run` ended. */
export type PcOutcome =
  /** A limit was reached; `run` goes on. */
  | { readonly kind: "budget" }
  /** The processor waits for an interrupt; none will come before this guest time (ns; Infinity: only what comes from outside). `run` goes on. */
  | { readonly kind: "idle"; readonly untilNs: number }
  /** The guest's time cannot go on before the host has done something, such as reading a disk; `run` goes on. */
  | { readonly kind: "blocked"; readonly until: Promise<void> }
  /** The guest switched the machine off. */
  | { readonly kind: "power-off" }
  /** The guest reset the machine (`noReboot`). */
  | { readonly kind: "reset" }
  /** HLT with interrupts off: nothing can wake it. */
  | { readonly kind: "halt" }
  /** Triple fault (`noReboot`). */
  | { readonly kind: "shutdown" }
  /** The guest wrote the debug-exit port; status = (value << 1) | 1. */
  | { readonly kind: "debug-exit"; readonly status: number }
  /** The guest jumped to where there is no memory. */
  | { readonly kind: "no-code"; readonly address: number }
  /** An exception could not be delivered: its vector or the stack is where there is no memory. */
  | { readonly kind: "no-delivery"; readonly address: number };

/** Ends a run without going on. */
type PcEnd = Exclude<PcOutcome, { kind: "budget" | "idle" | "blocked" }>;

/** 128 MiB. */
export const DEFAULT_PC_MEMORY_BYTES = 128 * 2 ** 20;
const DEFAULT_PC_MODEL = "max,+apic";
/** Near what translated code really takes, so that a guest's timers come about as often as on its own machine. */
export const DEFAULT_NS_PER_INSN = 8;
/** 2000-01-01 00:00 UTC. */
const DEFAULT_START_SECONDS = 946_684_800;
const POST_PORT = 0x80, DEBUG_EXIT_PORT = 0xf4;
/** Bochs' port, and the one that SeaBIOS writes its messages to. */
const DEBUG_CONSOLE_PORTS = [0xe9, 0x402] as const;
const TSC = 0x10;
/** Hard disk, floppy, CD, as QEMU. */
const DEFAULT_ORDER = "cad";
const DEFAULT_MAC = 0x525400123456;
/** More than any insn has accesses. */
const MAX_SETTLING_TURNS = 10_000;

/**
 * A whole PC. Runs in the calling thread, as long as `run` is told; nothing happens in between.
 *
 *     const pc = new Pc({ boot: { kernel, cmdline: "console=ttyS0" } });
 *     pc.chips.uarts[0].connect({ transmit: (byte) => print(byte), roomAgain: () => undefined });
 *     for (let outcome = pc.run({ maxInsns: 1e6 }); outcome.kind !== "power-off"; outcome = pc.run({ maxInsns: 1e6 })) {
 *       if (outcome.kind === "blocked") await outcome.until;
 *     }
 */
export class Pc {
  readonly vm: Vm;
  readonly vcpu: Vcpu;
  readonly clock: MachineClock;
  readonly chips: PcChips;
  /** Null without a network card. */
  readonly network: UserNetwork | null;
  private readonly idle: IdlePace;
  private readonly work: MachineWork;
  private readonly ports: PortSpace;
  private readonly mmio: MmioSpace;
  private readonly options: PcOptions;
  private readonly board: AcpiBoard;
  private end: PcEnd | null = null;
  /** HLT has retired, and no interrupt has come since. */
  private isHalted = false;
  private stopRequested = false;
  private resetRequested = false;
  private initRequested = false;
  private readonly postPort = new PostPort();

  /** @throws VmError EINVAL for a kernel or ROM that is malformed or does not fit, for options out of range; ENOMEM */
  constructor(options: PcOptions) {
    const { memoryBytes = DEFAULT_PC_MEMORY_BYTES, boot } = options;
    checkMemory(memoryBytes);
    this.options = options;
    const kvm = openKvm(options.vm);
    this.vm = kvm.createVm();
    installMemory(this.vm, memoryBytes);
    this.mmio = new MmioSpace(this.vm, DEVICE_SLOTS);
    this.vcpu = this.vm.createVcpu(0);
    this.vcpu.setCpuid2(options.cpuid ?? kvm.getModelCpuid(DEFAULT_PC_MODEL));
    this.board = { pirqs: PIRQ_IRQS, hasApic: hasFeature(this.vcpu, "edx", FEATURE_APIC) };
    this.clock = this.makeClock(options.clock ?? { kind: "virtual", nsPerInsn: DEFAULT_NS_PER_INSN });
    this.work = new MachineWork(this.clock);
    this.ports = new PortSpace(this.vm);
    this.network = options.network === undefined ? null : new UserNetwork(this.clock, options.network);
    this.idle = new IdlePace(options.network?.hostNs ?? (() => 0));
    this.chips = new PcChips({
      clock: this.clock, processor: this.processorPins(), a20: (isOpen) => { this.vcpu.a20 = isOpen; }, resetCpu: () => this.requestReset({ kind: "reset" }),
      memory: this.busMemory(), work: this.work, media: options, virtio: this.virtioDevices(), sleep: (type) => this.sleep(type), startSeconds: options.startSeconds ?? DEFAULT_START_SECONDS,
      vgaRom: options.vgaRom,
      firmware: new FwCfg(firmwareItems(memoryBytes), firmwareFiles(memoryBytes, this.board)),
    }, this.ports, this.mmio);
    this.connectDebugPorts();
    this.vm.handleMemory(this.chips.videoWindow);
    if ("bios" in boot) mapFirmware(this.vm, boot.bios, memoryBytes);
    this.chips.reset();
    if (options.awaitsState !== true) this.start();
  }

  private start(): void {
    const { boot, memoryBytes = DEFAULT_PC_MEMORY_BYTES } = this.options;
    if ("bios" in boot) this.startFirmware(boot, memoryBytes);
    else this.startKernel(boot, memoryBytes);
  }

  private virtioDevices(): readonly VirtioDevice[] {
    const { virtio = [], network } = this.options;
    return this.network === null ? virtio : [...virtio, new VirtioNet(this.network, network?.mac ?? DEFAULT_MAC)];
  }

  /** What the reset line of a PC's board does, as QEMU has it: everything is as after power-on but for memory and time, and starts again. */
  private restart(): void {
    this.resetRequested = this.initRequested = this.isHalted = false;
    this.vcpu.reset();
    this.chips.reset();
    this.start();
  }

  private startFirmware({ bios, order = DEFAULT_ORDER }: FirmwareBoot, memoryBytes: number): void {
    for (const [address, value] of cmosOf(memoryBytes, order)) this.chips.rtc.setByte(address, value);
    installStart(this.vcpu, installFirmware(this.vm, bios, memoryBytes));
  }

  /** Without firmware: the board does what that would have done. */
  private startKernel(boot: KernelBoot, memoryBytes: number): void {
    const { vm, vcpu, chips } = this, tables = acpiTables(FIRMWARE_AREA, this.board);
    chips.initialise();
    const start = planKernel(boot, { memoryBytes, acpiRsdp: tables.rsdp, videoMemory: chips.videoMemory });
    vm.writePhys(FIRMWARE_AREA, tables.bytes);
    for (const { address, bytes } of [biosData(UARTS.map(({ port }) => port)), ...start.segments]) vm.writePhys(address, bytes);
    showBootScreen(chips.vga, start.screen);
    start.enter(vcpu);
  }

  /** Insns retired so far. */
  get insns(): number {
    return this.vcpu.retiredInsns;
  }

  /** The lines of text on the screen; null in graphics modes, and while nothing is shown. */
  screenText(): string[] | null {
    const screen = textScreenOf(this.chips.vga);
    return screen === null ? null : linesOf(screen);
  }

  /** What is on the screen, as points. */
  picture(): Picture {
    return pictureOf(this.chips.vga);
  }

  /** Makes a `run` in progress return soon. */
  requestExit(): void {
    this.stopRequested = true;
    this.vcpu.requestExit();
  }

  /**
   * Runs until the guest ends, waits, or a limit is reached. In virtual time it waits only for what comes from outside.
   * `maxSteps` bounds what retires nothing: faults, and turns of the loop.
   */
  run(limits: RunLimits = {}): PcOutcome {
    const { maxInsns = Infinity, maxSteps = Infinity } = limits, { vcpu, clock } = this, goal = this.insns + maxInsns;
    this.stopRequested = false;
    for (let idleTurns = 0; idleTurns <= maxSteps;) {
      if (this.resetRequested) this.restart();
      if (this.initRequested) this.initialiseProcessor();
      clock.ringDue();
      const until = this.work.finishDue();
      if (until !== null) return { kind: "blocked", until };
      this.injectInterrupt();
      if (this.end !== null) return this.end;
      if (this.stopRequested || this.insns >= goal) break;
      if (this.isHalted) {
        const outcome = this.wait();
        if (outcome !== null) return outcome;
        idleTurns++;
        continue;
      }
      const exit = vcpu.run({ maxInsns: Math.min(goal - this.insns, clock.insnsUntilNext()), maxSteps });
      idleTurns = exit.insns === 0 ? idleTurns + 1 : 0;
      this.answer(exit);
    }
    return { kind: "budget" };
  }

  /**
   * Goes on to where the machine's state is all there is: an insn in the middle of its accesses ends. False if that does not come, or the
   * guest has ended.
   */
  async settle(): Promise<boolean> {
    for (let turns = 0; turns < MAX_SETTLING_TURNS && !this.isSettled; turns++) {
      const outcome = this.run({ maxInsns: 1, maxSteps: 1 });
      if (outcome.kind === "blocked") await outcome.until;
      else if (outcome.kind !== "budget") break;
    }
    return this.isSettled;
  }

  private get isSettled(): boolean {
    return this.vcpu.isSettled && !this.resetRequested && !this.initRequested && this.end === null;
  }

  /** Whatever has state besides memory, by name, in the order in which it is to be restored. */
  get parts(): ReadonlyMap<string, Saveable> {
    const { vcpu, clock, postPort, chips } = this;
    const board: Saveable = {
      save: () => ({ isHalted: this.isHalted }),
      restore: (state) => {
        const read = { isHalted: false };
        restoreFields("board", read, { isHalted: FLAG }, state);
        this.isHalted = read.isHalted;
      },
    };
    const cpu: Saveable = { save: () => saveVcpu(vcpu), restore: (state) => restoreVcpu(vcpu, state) };
    const devices = [...chips.devices].map(([name, device]): [string, Saveable] => [`device/${name}`, device]);
    return new Map<string, Saveable>([["clock", clock], ["cpu", cpu], ["board", board], ["device/post-port", postPort], ...devices]);
  }

  /** Where there is memory: that of the machine, and the ROM. */
  get memoryRanges(): readonly MemoryRange[] {
    const { boot, memoryBytes = DEFAULT_PC_MEMORY_BYTES } = this.options, ram = memoryRanges(memoryBytes);
    return "bios" in boot ? [...ram, { address: romBase(boot.bios), sizeBytes: boot.bios.length }] : ram;
  }

  // ---- interrupts and time

  private processorPins(): ProcessorPins {
    const { vcpu } = this;
    const apic = (): LocalApic | null => this.chips.interrupts.localApic;
    vcpu.onApicBase = () => apic()?.baseChanged();
    vcpu.tscDeadline = { read: () => apic()?.deadline ?? 0n, write: (deadline) => apic()?.writeDeadline(deadline), counterMoved: () => apic()?.counterMoved() };
    return {
      // INTR rises in the middle of a port access: the vCPU comes back as soon as it takes interrupts.
      interrupt: (isHigh) => { vcpu.requestInterruptWindow = isHigh; },
      nmi: () => {
        vcpu.nmi();
        if (vcpu.getVcpuEvents().nmi.masked === 0) this.isHalted = false;
      },
      init: () => {
        this.initRequested = true;
        vcpu.requestExit();
      },
      apicBase: this.board.hasApic ? () => vcpu.apicBase : null,
      timeStamp: hasFeature(vcpu, "ecx", FEATURE_TSC_DEADLINE) ? { read: () => this.timeStamp, tickNs: this.clock.tickNs } : null,
    };
  }

  /** INIT (SDM 3A §9.1): as RESET, but for the FPU and model-specific registers. */
  private initialiseProcessor(): void {
    const { vcpu } = this, fpu = vcpu.getFpu(), msrs = vcpu.getMsrs(vcpu.getMsrIndexList()), { a20 } = vcpu;
    this.initRequested = this.isHalted = false;
    vcpu.reset();
    vcpu.setFpu(fpu);
    vcpu.setMsrs(msrs);
    vcpu.a20 = a20;
    this.chips.interrupts.localApic?.initialise();
  }

  /** Hands the interrupt controller's request to the processor, if it takes it now. */
  private injectInterrupt(): void {
    const { vcpu, chips: { interrupts } } = this;
    if (!interrupts.hasRequest || !vcpu.readyForInterruptInjection) return;
    vcpu.interrupt(interrupts.acknowledge());
    this.isHalted = false;
    this.idle.end();
  }

  /** The processor is halted, and nothing wakes it now. Null if time has gone to where something happens. */
  private wait(): PcOutcome | null {
    if (!this.vcpu.ifFlag && !this.chips.interrupts.mayWake) return { kind: "halt" };
    if (this.network?.isOpen === true) {
      this.clock.skipBy(this.idle.elapsedNs());
      return this.clock.nextNs <= this.clock.nowNs() ? null : { kind: "idle", untilNs: this.clock.nextNs };
    }
    return this.clock.skipToNext() ? null : { kind: "idle", untilNs: this.clock.nextNs };
  }

  private makeClock(choice: ClockChoice): MachineClock {
    const { vcpu } = this, insns = (): number => vcpu.retiredInsns, advance = (ticks: number): void => vcpu.advanceTimeStamp(ticks);
    const source = choice.kind === "real" ? new RealTime(choice.hostNs, insns, advance) : new VirtualTime(choice.nsPerInsn, insns, advance);
    const clock = new MachineClock(source);
    // The vCPU counts insns to an alarm that was the next one when it was started.
    clock.onEarlier = () => vcpu.requestExit();
    return clock;
  }

  /** The time-stamp counter; 0 if there is none. */
  private get timeStamp(): bigint {
    const [tsc] = this.vcpu.getMsrs([TSC]);
    return tsc?.data ?? 0n;
  }

  // ---- exits

  /** Sleep states but for soft-off are not offered (acpi/dsdt.ts). */
  private sleep(type: number): void {
    if (type === SOFT_OFF_TYPE) this.finish({ kind: "power-off" });
  }

  /** The reset line is pulsed. @param end  how the run ends if that is the end */
  private requestReset(end: PcEnd): void {
    if (this.options.noReboot === true) return this.finish(end);
    this.resetRequested = true;
    this.vcpu.requestExit();
  }

  private finish(end: PcEnd): void {
    this.end = end;
    this.vcpu.requestExit();
  }

  private answer(exit: KvmExit): void {
    switch (exit.reason) {
      case "KVM_EXIT_IO": return this.answerPort(exit);
      case "KVM_EXIT_MMIO": return this.answerMemory(exit);
      case "KVM_EXIT_HLT":
        this.isHalted = true;
        return;
      case "KVM_EXIT_SHUTDOWN": return this.requestReset({ kind: "shutdown" });
      case "KVM_EXIT_FAIL_ENTRY": throw new VmError("EINVAL", `the state of the processor is one no CPU can be in: ${exit.detail}`);
      case "KVM_EXIT_INTERNAL_ERROR": return this.finish({ kind: exit.suberror === 1 ? "no-code" : "no-delivery", address: exit.address });
      case "KVM_EXIT_INTR":
      case "KVM_EXIT_IRQ_WINDOW_OPEN":
      case "KVM_EXIT_DEBUG": return;
    }
  }

  /** A port without a handler in the VM. */
  private answerPort({ direction, port, size, data }: KvmExitIo): void {
    const isWrite = direction === "out";
    if (this.ports.has(port)) return this.accessMapped(isWrite, port, size, data);
    if (!isWrite) data.fill(0xff);
    for (let at = 0; at < data.length; at += size) {
      this.options.onUnhandled?.({ kind: "port", isWrite, address: port, size, value: numberAt(data, at, size) });
    }
  }

  /** A port that has been mapped since the machine was made (PCI base addresses). */
  private accessMapped(isWrite: boolean, port: number, size: number, data: Uint8Array): void {
    for (let at = 0; at < data.length; at += size) {
      if (isWrite) this.ports.write(port, size, numberAt(data, at, size));
      else putNumber(data, at, size, this.ports.read(port, size));
    }
  }

  private answerMemory({ physAddr, data, len, isWrite }: KvmExitMmio): void {
    if (isWrite ? this.mmio.write(physAddr, data.subarray(0, len)) : this.mmio.read(physAddr, data.subarray(0, len))) return;
    if (!isWrite) data.fill(0xff, 0, len);
    this.options.onUnhandled?.({ kind: "memory", isWrite, address: physAddr, size: len, value: numberAt(data, 0, len) });
  }

  /** Memory for bus masters: the VM's. */
  private busMemory(): BusMemory {
    const has = (address: number, length: number): boolean => address + length <= (this.options.memoryBytes ?? DEFAULT_PC_MEMORY_BYTES) && (address + length <= VIDEO_MEMORY || address >= UPPER_MEMORY);
    return {
      has,
      read: (address, length) => (has(address, length) ? this.vm.readPhys(address, length) : null),
      write: (address, bytes) => {
        if (!has(address, bytes.length)) return false;
        this.vm.writePhys(address, bytes);
        return true;
      },
    };
  }

  private connectDebugPorts(): void {
    const { onDebugByte = () => undefined, isaDebugExit = false } = this.options;
    this.ports.addBytes(POST_PORT, 1, this.postPort);
    for (const port of DEBUG_CONSOLE_PORTS) this.ports.addBytes(port, 1, new DebugConsole(onDebugByte));
    if (isaDebugExit) this.ports.addWide(DEBUG_EXIT_PORT, 1, new DebugExit((status) => this.finish({ kind: "debug-exit", status })));
  }
}

/** CPUID.1: APIC in EDX, TSC_Deadline in ECX. */
const LEAF_FEATURES = 1, FEATURE_APIC = 0x200, FEATURE_TSC_DEADLINE = 0x1000000;

function hasFeature(vcpu: Vcpu, register: "ecx" | "edx", bit: number): boolean {
  return vcpu.getCpuid2().some((entry) => entry.function === LEAF_FEATURES && (entry[register] & bit) !== 0);
}

function checkMemory(memoryBytes: number): void {
  if (Number.isInteger(memoryBytes) && memoryBytes % 4096 === 0 && memoryBytes >= MIN_MEMORY_BYTES && memoryBytes <= MAX_MEMORY_BYTES) return;
  throw new VmError("EINVAL", `a PC's memory is a multiple of 4096 from ${MIN_MEMORY_BYTES} to ${MAX_MEMORY_BYTES} bytes, not ${memoryBytes}`);
}
