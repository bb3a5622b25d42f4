/**
 * The execution engine of one CPU: interprets what is cold, translates what is warm, runs chained blocks, and comes back
 * for devices, faults it delivers itself, interrupts and budgets. Exact in insns: `run(n)` retires n and not one more.
 */
import { InternalError } from "../../tcg/support/errors.ts";
import type { Cpu } from "../x86/cpu.ts";
import { DB, GuestFault, NMI } from "../x86/fault.ts";
import type { DeliveryResult } from "../x86/helpers/interrupt.ts";
import { deliverDebug, deliverFault, deliverInterrupt, deliverNmi } from "../x86/helpers/interrupt.ts";
import type { Insn } from "../x86/isa/insn.ts";
import { BUDGET, CS, EFLAGS_SYS, EIP, F_IF, F_RF, LEFT, NMI_BLOCKED, SEG_BASE, SEG_LIMIT, SHADOW, SHADOW_MOV_SS, SHADOW_STI } from "../x86/state.ts";
import { codeBreakpoints, DebugTraps, isDebugging } from "./debug-traps.ts";
import type { EngineExit } from "./exits.ts";
import { IoRequest, NoCode } from "./exits.ts";
import type { LoopState } from "./interpreter-loops.ts";
import { interpretColdLoop, interpretLoop } from "./interpreter-loops.ts";
import type { EngineOptions } from "./options.ts";
import { Statistics } from "./statistics.ts";
import { Translator } from "./translator.ts";
import type { TranslationBlock } from "./translation-block.ts";

/**
 * The debugger's breakpoints: true to stop before the insn at a linear address. Asked again when the insn is resumed, or
 * executed anew because it did not finish: whoever answers must then say no, or there is no progress.
 */
export type DebugStop = (linear: number) => boolean;

/** Runs chained blocks until one returns the exit block or the next would exceed the budget. */
function blockLoop(start: TranslationBlock, n: number, state: { left: number }): TranslationBlock {
  let tb = start, left = n;
  try {
    while ((left = (left - tb.size) | 0) >= 0) tb = tb.run(left);
  } catch (e) {
    state.left = left;
    throw e;
  }
  state.left = (left + tb.size) | 0;
  return tb;
}

export class Engine {
  readonly cpu: Cpu;
  readonly options: EngineOptions;
  readonly stats = new Statistics();
  readonly translator: Translator;
  /** Insns retired since the engine was made. */
  retired = 0;
  /** Vector of an external interrupt to deliver as soon as the CPU accepts one, or -1. */
  pendingInterrupt = -1;
  /** A non-maskable interrupt waits. */
  pendingNmi = false;
  /** An exception to deliver before anything else happens: the owner's. `error` is -1 for none. */
  pendingFault: { readonly vector: number; readonly error: number } | null = null;
  /** Leave with `irq-window` as soon as the CPU would accept an interrupt. */
  wantsIrqWindow = false;
  /** Set by the I/O space when a retired insn wants the hypervisor (OUT). */
  ioPending = false;
  /** Stop before insns the debugger has marked; null if there are none. */
  debugStop: DebugStop | null = null;
  singleStep = false;
  private readonly traps: DebugTraps;
  private stopRequested = false;
  private readonly loop: LoopState;
  private readonly blockState = { left: 0 };

  constructor(cpu: Cpu, options: EngineOptions) {
    this.cpu = cpu;
    this.options = options;
    this.traps = new DebugTraps(cpu);
    const { observer } = options;
    if (observer !== null) cpu.onSoftwareInterrupt = (vector) => observer.eventRaised("software", vector, -1);
    this.translator = new Translator(cpu, options, this.stats, () => this.mayGoOn());
    this.loop = { left: 0, insn: this.translator.exitInsn };
  }

  /** The insn that has left for a device in the middle; one without a form if there is none such, or it could not be fetched. */
  get insnInProgress(): Insn {
    return this.loop.insn;
  }

  /** Makes a running or the next `run` return with `budget` at the next slice. */
  requestStop(): void {
    this.stopRequested = true;
  }

  /** Takes back a request that no `run` has seen. */
  cancelStop(): void {
    this.stopRequested = false;
  }

  /** As new: nothing decoded or translated, nothing waiting, nothing retired. For owners who set the CPU to another state. */
  reset(): void {
    this.translator.flushAll();
    this.translator.insns.takeUnfinished();
    this.translator.takeSideExit();
    this.retired = 0;
    this.pendingInterrupt = -1;
    this.stopRequested = this.ioPending = this.pendingNmi = false;
    this.cpu.halted = this.cpu.isRepeating = false;
    this.cpu.debugHits = this.cpu.debuggerHits = 0;
    this.pendingFault = null;
  }

  /** Everything the engine has derived from CPU state must be looked at anew: the caller has changed registers. */
  stateChanged(): void {
    this.translator.insns.enterSpace();
  }

  /** Runs until `maxInsns` have retired or something else ends it. `maxSteps` also bounds executions that retire nothing. */
  run(maxInsns: number, maxSteps = Infinity): EngineExit {
    const { cpu, translator, options } = this, { R } = cpu;
    const goal = this.retired + maxInsns;
    let steps = 0;
    translator.insns.enterSpace();
    for (;;) {
      if (cpu.debuggerHits !== 0) return { kind: "debug" };
      if (this.retired >= goal || steps >= maxSteps) return { kind: "budget" };
      if (this.stopRequested) {
        this.stopRequested = false;
        return { kind: "budget" };
      }
      // In the order of their priorities (SDM 3A table 6-2): traps of the insn before, NMI, interrupts, code breakpoints.
      if (this.pendingFault !== null) {
        if (!this.takeFault(this.pendingFault)) return { kind: "shutdown" };
        steps++;
        continue;
      }
      if (this.trapsNow()) {
        if (!this.deliverTraps()) return { kind: "shutdown" };
        continue;
      }
      if (this.pendingNmi && this.acceptsNmi()) {
        if (!this.takeNmi()) return { kind: "shutdown" };
        continue;
      }
      if (this.acceptsInterrupts()) {
        if (this.pendingInterrupt >= 0) {
          if (!this.takeInterrupt()) return { kind: "shutdown" };
          continue;   // a task's T bit traps before its first insn
        }
        if (this.wantsIrqWindow) {
          return { kind: "irq-window" };
        }
      }
      const isStepping = this.singleStep || this.debugStop !== null || cpu.debugger !== null;
      if (this.debugStop !== null && this.debugStop((R[SEG_BASE + CS] + R[EIP]) | 0)) return { kind: "debug" };
      const traps = isDebugging(R);
      if (traps) {
        const hits = codeBreakpoints(R);
        if (hits !== 0) {
          if (!this.deliverDebug(hits)) return { kind: "shutdown" };
          continue;
        }
        this.traps.begin();
      }
      const shadow = R[SHADOW];
      R[SHADOW] = 0;
      translator.trim();
      const slice = shadow !== 0 || isStepping || traps || this.awaitsWindow() ? 1 : Math.min(goal - this.retired, options.sliceInsns);
      const before = this.retired, { faults } = this.stats, exit = this.slice(slice, traps, shadow, slice === goal - this.retired);
      // A fault is a step wherever slices end: behind the insns that retired before it, or in front of it.
      if (this.stats.faults > faults) steps += this.stats.faults - faults;
      else if (this.retired === before) steps++;
      if (exit === null || exit.kind === "halt") {
        // A trap wakes the processor up again.
        if (this.trapsNow()) {
          if (!this.deliverTraps()) return { kind: "shutdown" };
        } else if (exit !== null) {
          return exit;
        }
      } else {
        return exit;
      }
      if (this.singleStep && this.retired !== before) return { kind: "debug" };
    }
  }

  /** Delivers an exception at CS:EIP; false if that shuts the processor down. */
  private takeFault({ vector, error }: { readonly vector: number; readonly error: number }): boolean {
    this.pendingFault = null;
    this.stats.faults++;
    this.options.observer?.eventRaised("fault", vector, error);
    return this.delivered(deliverFault(this.cpu, vector, error));
  }

  /** What follows from a delivery: false if the processor has shut down. */
  private delivered(outcome: DeliveryResult): boolean {
    this.translator.insns.followState();
    if (typeof outcome === "object") this.pendingFault = outcome;
    return outcome !== "shutdown";
  }

  /** True if a debug trap is to be delivered before the next insn: not behind an insn that loaded SS (SDM 3A §6.8.3). */
  private trapsNow(): boolean {
    return this.cpu.debugHits !== 0 && this.cpu.R[SHADOW] !== SHADOW_MOV_SS;
  }

  private deliverTraps(): boolean {
    const { cpu } = this, bits = cpu.debugHits;
    cpu.debugHits = 0;
    return this.deliverDebug(bits);
  }

  /** Delivers #DB at CS:EIP with bits for DR6; false if that shuts the processor down. */
  private deliverDebug(bits: number): boolean {
    this.options.observer?.eventRaised("fault", DB, -1);
    return this.delivered(deliverDebug(this.cpu, bits));
  }

  /** True if a non-maskable interrupt would be taken before the next insn. */
  acceptsNmi(): boolean {
    const { R } = this.cpu;
    return R[NMI_BLOCKED] === 0 && R[SHADOW] !== SHADOW_MOV_SS;
  }

  /** False if delivery shuts the processor down. */
  private takeNmi(): boolean {
    this.pendingNmi = false;
    this.stats.interrupts++;
    this.options.observer?.eventRaised("interrupt", NMI, -1);
    return this.delivered(deliverNmi(this.cpu));
  }

  /** True if an external interrupt would be taken before the next insn. */
  acceptsInterrupts(): boolean {
    const { R } = this.cpu;
    return (R[EFLAGS_SYS] & F_IF) !== 0 && R[SHADOW] === 0;
  }

  /** An interrupt waits for its shadow to pass. */
  private awaitsWindow(): boolean {
    return this.cpu.R[SHADOW] !== 0 && (this.pendingInterrupt >= 0 || this.wantsIrqWindow);
  }

  /** True if nothing has to be looked at before the next insn: no request, trap or debugging, and no event that is or will be accepted. */
  private mayGoOn(): boolean {
    const { cpu } = this, { R } = cpu;
    if (this.stopRequested || R[SHADOW] === SHADOW_MOV_SS || cpu.debugHits !== 0 || cpu.debuggerHits !== 0 || isDebugging(R)) return false;
    if (this.pendingNmi && R[NMI_BLOCKED] === 0) return false;
    return (R[EFLAGS_SYS] & F_IF) === 0 || (this.pendingInterrupt < 0 && !this.wantsIrqWindow);
  }

  private takeInterrupt(): boolean {
    const vector = this.pendingInterrupt;
    this.pendingInterrupt = -1;
    this.stats.interrupts++;
    this.options.observer?.eventRaised("interrupt", vector, -1);
    return this.delivered(deliverInterrupt(this.cpu, vector));
  }

  /**
   * Runs at most `n` insns, the last of them alone if need be; null to go on.
   * @param traps   the guest debugs itself: `n` is 1
   * @param shadow  the interrupt shadow that the first insn has ended
   * @param isExact  it is to be `n`, unless something else ends it; otherwise translated code may stop where it suits
   */
  private slice(n: number, traps: boolean, shadow: number, isExact: boolean): EngineExit | null {
    const { translator, cpu } = this;
    cpu.beforeStore = null;
    translator.shadowEnd = -1;
    this.loop.insn = translator.exitInsn;
    try {
      const exit = this.options.engine === "interp" || n === 1 ? this.interpretSlice(n) : this.jitSlice(n, isExact);
      if (traps) this.traps.end();
      if (translator.shadowEnd === this.retired && !cpu.isRepeating) cpu.R[SHADOW] = SHADOW_STI;
      this.suspendRepeat();
      return exit;
    } catch (e) {
      cpu.debuggerHits = 0;
      if (!(e instanceof GuestFault)) {
        // The insn has done nothing yet: what held before it holds again.
        cpu.startOver();
        cpu.R[SHADOW] = translator.shadowEnd === this.retired ? SHADOW_STI : shadow;
        if (traps) this.traps.cancel();
        this.suspendRepeat();
      }
      return this.handleThrown(e);
    }
  }

  /**
   * Between two elements of a repeated string insn RF is 1: whatever interrupts it pushes that, and its code breakpoint is
   * past (SDM 3B §17.3.1.1).
   */
  private suspendRepeat(): void {
    const { cpu } = this;
    if (!cpu.isRepeating) return;
    cpu.isRepeating = false;
    cpu.R[EFLAGS_SYS] |= F_RF;
  }

  private interpretSlice(n: number): EngineExit | null {
    const { translator, cpu } = this;
    this.interpret(translator.insns.find(cpu.R[EIP]), n, false);
    return this.runSolo();
  }

  /** Interprets up to `n` insns, or as long as they are cold; returns how many it did. */
  private interpret(start: Insn, n: number, isForCold: boolean): number {
    const { translator, loop, cpu, options } = this;
    cpu.beforeStore = null;
    loop.left = n;
    loop.insn = start;
    try {
      const { threaded } = translator;
      cpu.budgetEnd = this.retired + n;
      if (isForCold && n > 1 && threaded !== null) threaded.run(start, n, loop);
      else if (isForCold) interpretColdLoop(start, n, translator.insns, options.threshold, loop);
      else interpretLoop(start, n, translator.exitInsn, loop);
      if (loop.insn !== translator.exitInsn) cpu.R[EIP] = loop.insn.eip;
    } catch (e) {
      if (loop.insn !== translator.exitInsn) cpu.R[EIP] = loop.insn.eip;
      throw e;
    } finally {
      this.account(n - loop.left);
      this.stats.interpretedInsns += n - loop.left;
    }
    return n - loop.left;
  }

  /** Interprets the insn at EIP. A fault goes right up to `slice`: each frame that catches it on the way costs as much as the insn. */
  private interpretAside(insn: Insn): number {
    const { translator: { exitInsn }, cpu, loop } = this;
    cpu.beforeStore = null;
    loop.insn = insn;
    const next = insn.run(insn);
    loop.insn = next;
    if (next !== exitInsn) cpu.R[EIP] = next.eip;
    this.account(1);
    this.stats.interpretedInsns++;
    return 1;
  }

  /** Adds executions to the retired count, without those that did not finish their insn. */
  private account(executed: number): void {
    this.retired += executed - this.translator.insns.takeUnfinished();
  }

  private jitSlice(n: number, isExact: boolean): EngineExit | null {
    const { translator, cpu, loop } = this, { R } = cpu, end = this.retired + n;
    let left = n;
    translator.beginSlice(n, isExact);
    while (left > 0) {
      const tb = translator.lookup(R[EIP]);
      if (tb !== null && tb.size <= left && !(tb.isThreaded && !translator.regions.isDue(this.retired))) {
        left = this.runBlocks(tb, left);
        if (!translator.takeSideExit()) {
          if (translator.isSliceOver) return null;
          continue;
        }
        // The interpreter does the insn that the block could not.
        const insn = translator.insns.find(R[EIP]);
        translator.noteLeave(insn, this.retired);
        this.options.observer?.blockLeft(insn);
        if (left > 0) left -= this.interpretAside(insn);
      } else {
        if (!isExact && left < Math.min(n, this.options.maxBlockInsns)) return null;   // the next slice does it as a whole
        const insn = translator.insns.find(R[EIP]);
        if (tb === null && ++insn.heat >= this.options.threshold && translator.warm(insn)) continue;
        left -= this.interpret(insn, tb === null || tb.isThreaded ? left : Math.min(left, tb.size), true);
      }
      if (loop.insn !== translator.exitInsn) continue;
      const exit = this.runSolo();
      if (exit !== null || cpu.isRepeating || !translator.mayContinue(end - this.retired, this.retired)) return exit;
      left = end - this.retired;
    }
    return null;
  }

  /** Runs blocks; returns what is left of the budget. */
  private runBlocks(tb: TranslationBlock, left: number): number {
    const { translator, blockState, cpu } = this, { R } = cpu;
    let rest = left;
    cpu.budgetEnd = this.retired + left;
    try {
      const last = translator.regions.isDue(this.retired) ? translator.regions.look(tb, left, blockState, this.retired) : blockLoop(tb, left, blockState);
      rest = blockState.left;
      if (last !== translator.exitBlock) R[EIP] = last.eip;
      else if (translator.sideExitTaken) rest += R[LEFT];
    } catch (e) {
      rest = blockState.left + R[LEFT];
      this.loop.insn = translator.exitInsn;   // it is not this that was interrupted
      throw e;
    } finally {
      this.account(left - rest);
    }
    return rest;
  }

  /**
   * Executes the solo insn that has stopped the interpreter, if one has. Nothing may come between: an interrupt shadow ends with it.
   * If it was another, that has changed the mode.
   */
  private runSolo(): EngineExit | null {
    const { insns } = this.translator, solo = insns.takeSolo();
    if (solo !== null) return this.executeSolo(solo);
    insns.followState();
    return null;
  }

  /** Executes an insn that runs alone, with exact state and count. */
  private executeSolo(insn: Insn): EngineExit | null {
    const { cpu, translator } = this, { R } = cpu;
    R[EIP] = insn.eip;
    cpu.retired = cpu.budgetEnd = this.retired;
    R[BUDGET] = R[LEFT] = 0;
    this.stats.soloInsns++;
    const next = insn.exec(insn);
    if (next !== translator.exitInsn) R[EIP] = next.eip;
    this.account(1);
    if (insn.inBlock) translator.insns.followState();
    else translator.insns.enterSpace();
    if (cpu.halted) {
      cpu.halted = false;
      return { kind: "halt" };
    }
    if (this.ioPending) {
      this.ioPending = false;
      return { kind: "io" };
    }
    return null;
  }

  private handleThrown(e: unknown): EngineExit | null {
    const { cpu, translator } = this;
    if (e instanceof GuestFault) {
      translator.insns.takeUnfinished();
      cpu.debugHits = 0;
      cpu.isRepeating = false;
      return this.takeFault(e) ? null : { kind: "shutdown" };
    }
    if (e instanceof IoRequest) return { kind: "io" };
    if (e instanceof NoCode) return { kind: "no-code", physical: e.physical };
    if (e instanceof InternalError) throw e;
    throw new InternalError(`the engine failed: ${e instanceof Error ? e.stack ?? e.message : String(e)}`, {
      eip: cpu.R[EIP], cs: cpu.R[SEG_BASE + CS], limit: cpu.R[SEG_LIMIT + CS],
    });
  }
}
