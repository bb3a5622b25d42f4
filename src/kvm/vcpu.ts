/**
 * A virtual CPU: its registers, its interrupts, its debugger, and `run`, which executes guest code until something happens
 * that is the caller's business. Shaped like the vCPU file descriptor of /dev/kvm; the shared page is the exit object.
 */
import { VmError } from "../../tcg/support/errors.ts";
import { Engine } from "../exec/engine.ts";
import type { EngineExit } from "../exec/exits.ts";
import { IoRequest } from "../exec/exits.ts";
import type { EngineOptions } from "../exec/options.ts";
import type { PhysicalMemory } from "../mem/physical-memory.ts";
import type { TscDeadline } from "../x86/cpu.ts";
import { Cpu } from "../x86/cpu.ts";
import { CpuidTable } from "../x86/cpuid.ts";
import { readFxImage, writeFxImage } from "../x86/helpers/fpu/fx-image.ts";
import { msrIndices } from "../x86/helpers/msr.ts";
import { writeTsc } from "../x86/helpers/time-stamp.ts";
import { readNamedState, writeNamedState } from "../x86/named-state.ts";
import { CS, EFLAGS_SYS, EIP, F_IF, SEG_BASE } from "../x86/state.ts";
import { requireCount, requireInteger, requireUint32 } from "./check.ts";
import { KVM_INTERNAL_ERROR_DELIVERY_EV, KVM_INTERNAL_ERROR_EMULATION } from "./constants.ts";
import type { KvmCpuidEntry2 } from "./cpuid.ts";
import { fromKvmEntries, toKvmEntries } from "./cpuid.ts";
import type { KvmDebugregs } from "./debugregs.ts";
import { readDebugregs, writeDebugregs } from "./debugregs.ts";
import { ENTRY_FAILURE_INVALID_GUEST_STATE, findEntryFailure } from "./entry-check.ts";
import type { ExitBody, KvmExit } from "./exits.ts";
import { checkFpuImage } from "./fpu.ts";
import type { KvmGuestDebug } from "./guest-debug.ts";
import { GuestDebug } from "./guest-debug.ts";
import { InterruptQueue } from "./interrupt-queue.ts";
import type { MemoryHandlers } from "./memory-handlers.ts";
import type { MemorySlots } from "./memory-slots.ts";
import type { KvmMsrEntry } from "./msrs.ts";
import { readMsrs, writeMsrs } from "./msrs.ts";
import type { PortHandlers } from "./port-handlers.ts";
import type { KvmRegs } from "./regs.ts";
import { readRegs, writeRegs } from "./regs.ts";
import type { KvmSregs, KvmSregs2, KvmSregs2Update, KvmSregsUpdate } from "./sregs.ts";
import { checkPdptrs, readSregs, writeSregs } from "./sregs.ts";
import type { KvmTranslation } from "./translation.ts";
import { NO_TRANSLATION, translationOf } from "./translation.ts";
import type { KvmVcpuEvents, KvmVcpuEventsUpdate } from "./vcpu-events.ts";
import { readVcpuEvents, writeVcpuEvents } from "./vcpu-events.ts";
import { VcpuIo } from "./vcpu-io.ts";
import { beginsWidePiece } from "./wide-operand.ts";

export type { TscDeadline } from "../x86/cpu.ts";

/** How long one `run` may take. */
export interface RunLimits {
  /** Retire this many insns, and not one more; default: no limit. */
  readonly maxInsns?: number;
  /**
   * Also bounds steps that retire nothing: faults, and runs of a repeated string insn. A guest whose fault handler faults
   * retires nothing for ever. Default: no limit.
   */
  readonly maxSteps?: number;
}

/** The parts of a VM that its vCPU works with. */
export interface VcpuParts {
  readonly id: number;
  readonly memory: PhysicalMemory;
  readonly slots: MemorySlots;
  readonly ports: PortHandlers;
  readonly memoryHandlers: MemoryHandlers;
  readonly options: EngineOptions;
}

/** What the engine came back with, or that it could not deliver an event. */
type Outcome = EngineExit | { readonly kind: "no-delivery"; readonly address: number };

const BUDGET = { kind: "budget" } as const;

/** Made by `Vm.createVcpu`. It starts in the state after RESET: real mode, at F000:FFF0, base FFFF0000. */
export class Vcpu {
  readonly id: number;
  /** The machinery below, for the inspector and for tests; its shape may change with any version. */
  readonly engine: Engine;
  private readonly cpu: Cpu;
  private readonly io: VcpuIo;
  private readonly slots: MemorySlots;
  private readonly interrupts: InterruptQueue;
  private readonly debug = new GuestDebug();
  private cr8 = 0;
  private isRunning = false;
  private exitRequested = false;
  /** Registers were set since it was last known that a CPU can be in this state. */
  private stateIsUnchecked = true;
  /** CR3 was set since the page-directory pointers were read (PAE). */
  private pdptesAreUnread = false;
  /** What happened while a write was completed, for the next `run`. */
  private queued: Outcome | null = null;
  /** Where the guest stood when `run` came back: an insn in progress goes on only there. */
  private pausedAt = 0;

  constructor(parts: VcpuParts) {
    this.id = parts.id;
    this.slots = parts.slots;
    this.io = new VcpuIo(parts.ports, parts.memoryHandlers);
    this.cpu = new Cpu(parts.memory, this.io, new CpuidTable());
    this.engine = new Engine(this.cpu, parts.options);
    this.io.connect(this.cpu.R, this.engine);
    this.interrupts = new InterruptQueue(this.engine);
  }

  // ---- state

  /** A copy of the general registers, RIP and RFLAGS (KVM_GET_REGS). */
  getRegs(): KvmRegs {
    return readRegs(this.cpu.R);
  }

  /**
   * Sets the registers that are given.
   * @throws VmError EINVAL for a value that is not an unsigned 32-bit integer, or a register that does not exist
   */
  setRegs(regs: Partial<KvmRegs>): void {
    this.requireStopped("setRegs");
    writeRegs(this.cpu.R, regs);
    this.stateIsUnchecked = true;
  }

  /** A copy of segment, control and descriptor-table registers (KVM_GET_SREGS). */
  getSregs(): KvmSregs {
    return readSregs(this.cpu, this.cr8);
  }

  /**
   * Sets the segments, tables and control registers that are given. Combinations no CPU can be in are noticed by `run`.
   * @throws VmError EINVAL for values out of range and features this CPU does not have
   */
  setSregs(sregs: KvmSregsUpdate): void {
    this.requireStopped("setSregs");
    this.cr8 = writeSregs(this.cpu, this.cr8, sregs);
    this.stateIsUnchecked = true;
    this.pdptesAreUnread = true;
  }

  /** `getSregs`, and the page-directory pointers that the CPU holds under PAE paging, else null (KVM API, KVM_GET_SREGS2). */
  getSregs2(): KvmSregs2 {
    const { mmu } = this.cpu;
    return { ...this.getSregs(), pdptrs: mmu.isPae && !this.pdptesAreUnread ? Array.from(mmu.walker.pointerEntries, (entry) => entry >>> 0) : null };
  }

  /**
   * `setSregs`, and the page-directory pointers, which are not read from memory then (KVM API, KVM_SET_SREGS2).
   * @throws VmError EINVAL as `setSregs`; for other than four unsigned 32-bit integers, or with reserved bits
   */
  setSregs2({ pdptrs, ...sregs }: KvmSregs2Update): void {
    checkPdptrs(pdptrs);
    this.setSregs(sregs);
    if (pdptrs === undefined || pdptrs === null) return;
    this.cpu.mmu.walker.pointerEntries.set(pdptrs);
    this.pdptesAreUnread = false;
  }

  /** The A20 gate: while it is closed, bit 20 of every physical address is 0. For port handlers too; open at first and after `reset`. */
  get a20(): boolean {
    return this.cpu.a20;
  }

  set a20(isOpen: boolean) {
    this.cpu.a20 = isOpen;
  }

  /** The state after RESET; whatever was in progress or waiting is forgotten, and everything translated. CPUID and the count of insns stay. */
  reset(): void {
    const { engine, cpu } = this, { retired } = engine;
    this.restoreState(new Map());
    this.cr8 = 0;
    engine.retired = cpu.retired = retired;
    writeTsc(cpu, 0n);
  }

  /** The lower word of IA32_APIC_BASE, as kvm_run's apic_base: the local APIC is the caller's. */
  get apicBase(): number {
    return Number(BigInt.asUintN(32, this.cpu.apicBase));
  }

  /** Is told when IA32_APIC_BASE has been written, and may do what a port handler may. */
  set onApicBase(changed: () => void) {
    this.cpu.onApicBase = changed;
  }

  /** IA32_TSC_DEADLINE, which is the caller's as the local APIC is; its methods may do what a port handler may. Without, it reads as 0. */
  set tscDeadline(register: TscDeadline) {
    this.cpu.tscDeadline = register;
  }

  /**
   * The time-stamp counter goes on by more than the insns, as KVM_VCPU_TSC_OFFSET lets it. A port handler may.
   * @param ticks  a whole number
   */
  advanceTimeStamp(ticks: number): void {
    this.cpu.state.tscOffset += BigInt(requireInteger("advanceTimeStamp: ticks", ticks, 0, Number.MAX_SAFE_INTEGER));
  }

  /** True if no insn is in the middle of its accesses and nothing waits that `run` would come back with at once: the state is all there is. */
  get isSettled(): boolean {
    return this.io.isIdle && !this.io.hasRequest && this.queued === null;
  }

  /** All of the CPU's state by name, as text (x86/named-state.ts): for comparisons and reports. */
  describeState(): ReadonlyMap<string, string> {
    return readNamedState(this.cpu);
  }

  /**
   * Sets the CPU to a state as `describeState` gives it; what is not named is as after RESET, but for page-directory pointers
   * (PAE), which are then read from memory. Whatever was in progress or waiting is forgotten, and everything translated.
   */
  restoreState(fields: ReadonlyMap<string, string>): void {
    this.requireStopped("restoreState");
    this.engine.reset();
    this.io.reset();
    this.queued = null;
    this.exitRequested = false;
    writeNamedState(this.cpu, fields);
    this.stateIsUnchecked = true;
    this.pdptesAreUnread = !fields.has("pdpte0");
  }

  /** The FPU as an image of FXSAVE: 512 bytes, of which the first 288 hold state (SDM 1 §10.5.1; KVM API, KVM_GET_FPU). */
  getFpu(): Uint8Array {
    return readFxImage(this.cpu);
  }

  /**
   * Sets x87, MMX and XMM registers and MXCSR from such an image (KVM API, KVM_SET_FPU).
   * @throws VmError EINVAL if it is not of 512 bytes, or has reserved bits of MXCSR set
   */
  setFpu(image: Uint8Array): void {
    this.requireStopped("setFpu");
    checkFpuImage(image);
    writeFxImage(this.cpu, image);
  }

  /** The guest's own debug registers (KVM API, KVM_GET_DEBUGREGS). */
  getDebugregs(): KvmDebugregs {
    return readDebugregs(this.cpu.R);
  }

  /** Sets those that are given (KVM API, KVM_SET_DEBUGREGS). @throws VmError EINVAL */
  setDebugregs(debugregs: Partial<KvmDebugregs>): void {
    this.requireStopped("setDebugregs");
    writeDebugregs(this.cpu.R, debugregs);
  }

  /** Indices of the model-specific registers this CPU has, ascending (KVM API, KVM_GET_MSR_INDEX_LIST). */
  getMsrIndexList(): number[] {
    return msrIndices(this.cpu);
  }

  /**
   * Model-specific registers, up to the first that does not exist (KVM API, KVM_GET_MSRS).
   * @throws VmError EINVAL for indices that are not unsigned 32-bit integers
   */
  getMsrs(indices: readonly number[]): KvmMsrEntry[] {
    this.cpu.retired = this.engine.retired;
    return readMsrs(this.cpu, indices);
  }

  /**
   * Writes model-specific registers, up to the first that does not exist or cannot hold the value (KVM API, KVM_SET_MSRS).
   * @returns how many were written
   * @throws VmError EINVAL for indices and values that are not unsigned integers of 32 and 64 bits
   */
  setMsrs(entries: readonly KvmMsrEntry[]): number {
    this.requireStopped("setMsrs");
    this.cpu.retired = this.engine.retired;
    return writeMsrs(this.cpu, entries);
  }

  /**
   * Where a linear address lies now (KVM API, KVM_TRANSLATE): as the processor would find it, whoever may use it, but without
   * accessed bits.
   * @throws VmError EINVAL if it is not an unsigned 32-bit integer
   */
  translate(linearAddress: number): KvmTranslation {
    requireUint32("translate: address", linearAddress);
    try {
      return translationOf(this.cpu, linearAddress | 0);
    } catch (e) {
      if (!(e instanceof IoRequest)) throw e;
      // The tables are where there is no memory.
      this.io.clear();
      return NO_TRANSLATION;
    }
  }

  /** The leaves that CPUID answers with; none before `setCpuid2`. */
  getCpuid2(): KvmCpuidEntry2[] {
    return toKvmEntries(this.cpu.cpuid.getEntries());
  }

  /**
   * Replaces all leaves; `Kvm.getSupportedCpuid` and `Kvm.getModelCpuid` have sets that are coherent with what is implemented.
   * What they report is what the CPU has: insns, CR4 bits and MSRs of other features are undefined. Without leaves it has all.
   * @throws VmError E2BIG, EINVAL
   */
  setCpuid2(entries: readonly KvmCpuidEntry2[]): void {
    this.requireStopped("setCpuid2");
    this.cpu.cpuid.setEntries(fromKvmEntries(entries));
    this.engine.translator.flushAll();
  }

  // ---- events

  /**
   * Queues an external interrupt. It is delivered before the next insn at which the CPU takes interrupts.
   * @param vector  0..255
   * @throws VmError EEXIST while another is waiting
   */
  interrupt(vector: number): void {
    this.interrupts.queue(vector);
  }

  /**
   * Queues a non-maskable interrupt (KVM API, KVM_NMI). It is delivered before the next insn, unless the guest is in the
   * handler of one: then after its IRET. One waits at most; a second is lost.
   */
  nmi(): void {
    this.interrupts.hasNmi = true;
  }

  /** Exceptions, interrupts and NMIs that wait, and what keeps them out (KVM API, KVM_GET_VCPU_EVENTS). */
  getVcpuEvents(): KvmVcpuEvents {
    return readVcpuEvents(this.engine, this.interrupts);
  }

  /** Sets those that are given (KVM API, KVM_SET_VCPU_EVENTS). @throws VmError EINVAL */
  setVcpuEvents(events: KvmVcpuEventsUpdate): void {
    this.requireStopped("setVcpuEvents");
    writeVcpuEvents(this.engine, this.interrupts, events);
  }

  /** Insns retired since the vCPU was made, or its state restored; exact while a port handler runs. */
  get retiredInsns(): number {
    return this.engine.retired;
  }

  /** RFLAGS.IF: the guest has interrupts on. */
  get ifFlag(): boolean {
    return (this.cpu.R[EFLAGS_SYS] & F_IF) !== 0;
  }

  /** True if an `interrupt` now would be delivered before the next insn. */
  get readyForInterruptInjection(): boolean {
    return this.io.isIdle && this.interrupts.vector < 0 && this.engine.acceptsInterrupts();
  }

  /** While true, `run` leaves with KVM_EXIT_IRQ_WINDOW_OPEN whenever the CPU would take an interrupt and none is queued. */
  get requestInterruptWindow(): boolean {
    return this.interrupts.requestsWindow;
  }

  set requestInterruptWindow(requested: boolean) {
    this.interrupts.requestsWindow = requested;
  }

  /** Makes the `run` in progress, or else the next one, leave with KVM_EXIT_INTR as soon as it can. For port handlers. */
  requestExit(): void {
    this.exitRequested = true;
    if (this.isRunning) this.engine.requestStop();
  }

  /**
   * Single steps and breakpoints; replaces what was set before, so `{}` turns both off.
   * @throws VmError EINVAL for more than four breakpoints, and such as debug registers cannot express
   */
  setGuestDebug(debug: KvmGuestDebug): void {
    this.requireStopped("setGuestDebug");
    this.debug.set(debug);
    const { engine, cpu, debug: set } = this;
    engine.singleStep = set.singleStep;
    engine.debugStop = set.hasStops ? (linear) => set.stopsAt(linear, engine.retired) : null;
    cpu.debugger = set.watchesData ? set.registers : null;
    cpu.debuggerHits = 0;
  }

  // ---- running

  /**
   * Executes guest code until an exit. I/O of the last exit is finished first.
   * @throws VmError EBUSY from within a port handler, EINVAL for limits that are not counts; what a port handler throws
   */
  run(limits: RunLimits = {}): KvmExit {
    this.requireStopped("run");
    const maxInsns = limits.maxInsns === undefined ? Infinity : requireCount("run: maxInsns", limits.maxInsns);
    const maxSteps = limits.maxSteps === undefined ? Infinity : requireCount("run: maxSteps", limits.maxSteps);
    const { engine } = this, before = engine.retired;
    this.isRunning = true;
    try {
      const body = this.runUntilExit(before + maxInsns, maxSteps);
      return { ...body, insns: engine.retired - before };
    } finally {
      engine.cancelStop();
      this.pausedAt = this.linearPc();
      this.isRunning = false;
    }
  }

  private requireStopped(what: string): void {
    if (this.isRunning) throw new VmError("EBUSY", `${what}: the vCPU is running; a port handler may call interrupt and requestExit`);
  }

  private linearPc(): number {
    const { R } = this.cpu;
    return (R[SEG_BASE + CS] + R[EIP]) | 0;
  }

  /** Runs until `goal` insns have retired since the vCPU was made, or something else ends it. */
  private runUntilExit(goal: number, maxSteps: number): ExitBody {
    this.resume();
    const detail = this.stateIsUnchecked ? findEntryFailure(this.cpu) ?? this.readPdptes() : null;
    if (detail !== null) return { reason: "KVM_EXIT_FAIL_ENTRY", hardwareEntryFailureReason: ENTRY_FAILURE_INVALID_GUEST_STATE, detail };
    this.stateIsUnchecked = false;
    for (;;) {
      if (this.engine.retired >= goal || this.exitRequested) return this.describe(BUDGET);
      const isFree = this.queued === null && this.io.isIdle;
      const outcome = isFree ? this.enter(goal - this.engine.retired, maxSteps) : this.takeQueued() ?? this.step();
      if (outcome.kind === "io") {
        this.rethrowFailure();
        if (this.io.hasRequest) return this.leaveForIo();
      } else if (outcome.kind !== "budget" || isFree) {
        return this.describe(outcome);
      }
    }
  }

  /** Under PAE paging the CPU holds the page-directory pointers, read when CR3 is set. What is wrong with them, or null. */
  private readPdptes(): string | null {
    if (!this.pdptesAreUnread) return null;
    try {
      if (!this.cpu.mmu.loadPdptes()) return "cr3 names page-directory pointers with reserved bits set";
      this.pdptesAreUnread = false;
      return null;
    } catch (e) {
      if (!(e instanceof IoRequest)) throw e;
      this.io.clear();
      return "cr3 names page-directory pointers where there is no memory";
    }
  }

  /** Takes note of what the caller did while the guest was stopped. */
  private resume(): void {
    if (this.linearPc() !== this.pausedAt) {
      // RIP was set: what the insn before was about is void.
      this.io.clear();
      this.queued = null;
    }
    this.io.takeAnswer();
    this.debug.resume();
    const { codePages } = this.engine.translator;
    if (this.slots.hasOutsideWriters !== codePages.watchesHost) {
      codePages.watchesHost = this.slots.hasOutsideWriters;
      this.engine.translator.flushAll();
    }
    codePages.verify();
  }

  private takeQueued(): Outcome | null {
    const { queued } = this;
    this.queued = null;
    return queued;
  }

  /** What a port handler has thrown is the caller's; the insn that asked is executed again by the next `run`. */
  private rethrowFailure(): void {
    const { failure } = this.io;
    if (failure === null) return;
    this.io.failure = null;
    throw failure.error;
  }

  private enter(maxInsns: number, maxSteps: number): Outcome {
    const { engine, io } = this, { retired } = engine;
    try {
      const outcome = engine.run(maxInsns, maxSteps);
      // OUT leaves before the debugger is asked.
      if (outcome.kind === "io" && engine.singleStep && engine.retired !== retired) this.queued = { kind: "debug" };
      return outcome;
    } catch (e) {
      // Thrown past the engine: not by an insn, but by the delivery of an event whose vector or stack is not in memory.
      if (!(e instanceof IoRequest)) throw e;
      const address = io.pendingAddress;
      io.clear();
      return { kind: "no-delivery", address };
    }
  }

  /**
   * Executes the insn in progress again, with what is known of its accesses. Interrupts wait until it has ended; a
   * repeated string insn lets them in between its elements.
   * @param isOneElement  a repeated string insn shall not ask for anything of its next element
   */
  private step(isOneElement = this.interrupts.isDue): Outcome {
    const { engine, io, interrupts } = this, pc = this.linearPc(), { retired } = engine;
    io.yieldsAtElement = isOneElement;
    interrupts.hold();
    io.restart();
    const outcome = this.enter(1, 1);
    interrupts.release();
    io.yieldsAtElement = false;
    if (!io.isAsking && (io.hasReplayed || engine.retired !== retired || this.linearPc() !== pc)) io.clear();
    return outcome;
  }

  /** Hands a request out, once as much as possible has been done. */
  private leaveForIo(): ExitBody {
    if (this.io.hasOutput && this.io.isIdle) this.gatherOutput();
    const isWide = this.io.isAskingDword && this.asksForWidePiece();
    const body = this.io.takeRequest(isWide);
    this.finishWrites();
    const joined = isWide ? this.io.joinWrite(body) : body;
    if (joined === body) return body;
    this.queued = null;
    this.finishWrites();
    return joined;
  }

  /**
   * A write needs no answer: RIP should be behind the insn when the caller looks, if that was its last access, and an
   * interrupt that the caller queues then comes before the next element of a repeated one.
   */
  private finishWrites(): void {
    while (this.queued === null && !this.io.isIdle && !this.io.isAsking) this.queue(this.step(true));
  }

  private asksForWidePiece(): boolean {
    return beginsWidePiece(this.cpu, this.engine.insnInProgress, this.io.pendingAddress);
  }

  /** Lets the next elements of a REP OUTS join the output, so that they do not cost an exit each. */
  private gatherOutput(): void {
    const { engine, cpu, io, interrupts } = this;
    interrupts.hold();
    // OUTS runs alone, with `cpu.retired` set before: while that is still the count it has not retired.
    while (this.queued === null && io.outputHasRoom && !io.isAsking && cpu.debugHits === 0 && cpu.retired === engine.retired) this.queue(this.enter(1, 1));
    interrupts.release();
  }

  /** Keeps what has happened behind an exit for the next `run`. */
  private queue(outcome: Outcome): void {
    const isOutput = outcome.kind === "io" && !this.io.isAsking && this.io.failure === null;
    if (outcome.kind !== "budget" && !isOutput) this.queued ??= outcome;
  }

  private describe(outcome: Exclude<Outcome, { kind: "io" }>): ExitBody {
    switch (outcome.kind) {
      case "budget":
        this.exitRequested = false;
        return { reason: "KVM_EXIT_INTR" };
      case "halt": return { reason: "KVM_EXIT_HLT" };
      case "shutdown": return { reason: "KVM_EXIT_SHUTDOWN" };
      case "irq-window": return { reason: "KVM_EXIT_IRQ_WINDOW_OPEN" };
      case "debug": {
        const dr6 = this.debug.dr6(this.cpu.debuggerHits);
        this.cpu.debuggerHits = 0;
        return { reason: "KVM_EXIT_DEBUG", exception: 1, pc: this.linearPc() >>> 0, dr6, dr7: this.debug.dr7 };
      }
      case "no-code":
        return { reason: "KVM_EXIT_INTERNAL_ERROR", suberror: KVM_INTERNAL_ERROR_EMULATION, address: outcome.physical >>> 0 };
      case "no-delivery":
        return { reason: "KVM_EXIT_INTERNAL_ERROR", suberror: KVM_INTERNAL_ERROR_DELIVERY_EV, address: outcome.address >>> 0 };
    }
  }
}
