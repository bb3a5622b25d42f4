/**
 * Runs a guest in slices of some milliseconds, and lets the event loop turn between them: output flows, and Ctrl-C and the
 * time limit are noticed, whatever the guest does.
 */
import type { Output } from "../host/output.ts";
import { hardInterrupt, onInterrupt } from "../host/signals.ts";
import { nowMs, turnEventLoop } from "../host/time.ts";
import type { BareMachine, BareOutcome } from "../machine/bare.ts";

/** How long a slice should take, and the longest before exits cut it short. */
const SLICE_MS = 15, LONG_SLICE_MS = 60;
/** Insns of the first slice, and bounds for the others. */
const FIRST_INSNS = 20_000, MIN_INSNS = 200, MAX_INSNS = 20_000_000;
/**
 * Most steps that retire nothing in a slice. So many of them in a row count as a budget used up: more than the longest
 * repeated insn needs, or a small budget, but not so few that short ones count.
 */
const SLICE_STEPS = 5_000, MIN_IDLE_STEPS = 100_000, MAX_IDLE_STEPS = 2 ** 21;
/** How long a reader may keep us from leaving after Ctrl-C. */
const LAST_WORDS_MS = 250;

/** Something that runs in slices. */
export interface Runnable<End> {
  /** Insns retired so far. */
  readonly insns: number;
  /** Runs until a limit or an end; a limit gives `{ kind: "budget" }`. */
  run(limits: { readonly maxInsns: number; readonly maxSteps: number }): End | { readonly kind: "budget" };
  /** Makes a `run` or a `wait` in progress return soon. */
  requestExit(): void;
  /** If an end means no more than that the guest waits: resolves when it is to run again. Null if it is the end. */
  wait?(end: End): Promise<void> | null;
}

/** A machine as it is. */
export function runnableMachine(machine: BareMachine): Runnable<BareOutcome> {
  return {
    get insns() { return machine.insns; },
    run: (limits) => machine.run(limits),
    requestExit: () => machine.vcpu.requestExit(),
  };
}

/** What a run can end with besides what the guest does. */
export type SessionEnd =
  /** `maxInsns` is used up. */
  | { readonly kind: "budget" }
  | { readonly kind: "timeout" }
  /** Ctrl-C. */
  | { readonly kind: "interrupted" }
  /** Nobody reads stdout any more. */
  | { readonly kind: "closed" };

export interface SessionLimits {
  /** Null for none. */
  readonly maxInsns: number | null;
  readonly timeoutMs: number | null;
}

/** How a session went. */
export interface SessionResult<End> {
  readonly end: End | SessionEnd;
  readonly insns: number;
  /** Host time spent running the guest, without waiting for readers. */
  readonly ms: number;
}

export type GuestEnd = BareOutcome | SessionEnd;

export class Session<End extends { readonly kind: string }> {
  private readonly output: Output;
  private readonly limits: SessionLimits;
  private runnable: Runnable<End> | null = null;
  private sliceEndMs = Infinity;

  constructor(output: Output, limits: SessionLimits) {
    this.output = output;
    this.limits = limits;
  }

  /** To be called now and then from within a slice that may have become slow, such as by the machine's callbacks. */
  readonly tick = (): void => {
    if (nowMs() > this.sliceEndMs) this.runnable?.requestExit();
  };

  /** Runs to the end. */
  async run(runnable: Runnable<End>): Promise<SessionResult<End>> {
    this.runnable = runnable;
    const signal = { isInterrupted: false };
    const stopListening = onInterrupt(() => {
      signal.isInterrupted = true;
      runnable.requestExit();
      // A write that hangs would keep us for ever; then go the way of a program without a handler.
      if (this.output.isWriting) setTimeout(() => { if (this.output.isWriting) hardInterrupt(); }, LAST_WORDS_MS);
    });
    try {
      return await this.runSlices(runnable, signal);
    } finally {
      stopListening();
    }
  }

  private async runSlices(runnable: Runnable<End>, signal: { readonly isInterrupted: boolean }): Promise<SessionResult<End>> {
    const { output, limits } = this, maxInsns = limits.maxInsns ?? Infinity;
    const maxIdleSteps = limits.maxInsns === null ? Infinity : Math.min(MAX_IDLE_STEPS, Math.max(MIN_IDLE_STEPS, maxInsns));
    const deadline = limits.timeoutMs === null ? Infinity : nowMs() + limits.timeoutMs;
    let sliceInsns = FIRST_INSNS, ms = 0, idleSteps = 0;
    const result = (end: End | SessionEnd): SessionResult<End> => ({ end, insns: runnable.insns, ms });
    for (;;) {
      const before = runnable.insns, wanted = Math.min(sliceInsns, maxInsns - before);
      const began = nowMs();
      this.sliceEndMs = Math.min(began + LONG_SLICE_MS, deadline);
      const end = wanted > 0 ? runnable.run({ maxInsns: wanted, maxSteps: SLICE_STEPS }) : { kind: "budget" as const };
      const took = nowMs() - began, done = runnable.insns - before;
      ms += took;
      const waiting = end.kind === "budget" ? null : runnable.wait?.(end as End) ?? null;
      if (end.kind !== "budget" && waiting === null) return result(end);
      if (done === wanted) sliceInsns = nextSlice(wanted, took);
      else if (took > SLICE_MS) sliceInsns = Math.max(MIN_INSNS, done);
      idleSteps = done === 0 && waiting === null ? idleSteps + SLICE_STEPS : 0;
      await output.flush();
      await waiting;
      await turnEventLoop();
      if (signal.isInterrupted) return result({ kind: "interrupted" });
      if (runnable.insns >= maxInsns || idleSteps >= maxIdleSteps) return result({ kind: "budget" });
      if (nowMs() >= deadline) return result({ kind: "timeout" });
      if (output.isClosed) return result({ kind: "closed" });
    }
  }
}

/** How many insns should take SLICE_MS if `insns` took `ms`; growing and shrinking by steps. */
function nextSlice(insns: number, ms: number): number {
  const ideal = insns * SLICE_MS / Math.max(ms, 0.01);
  return Math.round(Math.min(MAX_INSNS, Math.max(MIN_INSNS, Math.min(ideal, insns * 4))));
}
