/** A PC that runs in slices, sleeps while its guest is idle, and stands still or ends when a person wants it to. */
import { Sleeper } from "../../host/sleep.ts";
import type { Pc } from "../../machine/pc.ts";
import type { Runnable } from "../session.ts";
import type { BootEnd } from "./boot-report.ts";
import type { RunControl } from "./monitor/monitor.ts";

/** The longest sleep: limits, signals and the screen are looked at in between. */
const MAX_SLEEP_MS = 100;

/** What is to be done between slices. */
export interface SliceListener {
  /** A slice has ended. @param isIdle  the guest waits */
  afterSlice(isIdle: boolean): void;
  /** The longest the guest may sleep now, ms. */
  readonly patienceMs: number;
}

export class RunnablePc implements Runnable<BootEnd>, RunControl {
  private readonly pc: Pc;
  private readonly sleeper = new Sleeper();
  private readonly listeners: SliceListener[] = [];
  /** A person has had enough. */
  isQuitting = false;
  private isStopped = false;
  /** What the guest stands still for. */
  private held: Promise<unknown> | null = null;

  constructor(pc: Pc) {
    this.pc = pc;
  }

  addListener(listener: SliceListener): void {
    this.listeners.push(listener);
  }

  get insns(): number {
    return this.pc.insns;
  }

  get isPaused(): boolean {
    return this.isStopped;
  }

  set isPaused(isPaused: boolean) {
    this.isStopped = isPaused;
    this.requestExit();
  }

  run(limits: { readonly maxInsns: number; readonly maxSteps: number }): BootEnd {
    if (this.held !== null) return { kind: "blocked", until: this.held.then(() => undefined, () => undefined) };
    if (this.isQuitting) return { kind: "quit" };
    const outcome: BootEnd = this.isStopped ? { kind: "stopped" } : this.pc.run(limits);
    for (const listener of this.listeners) listener.afterSlice(outcome.kind !== "budget");
    return outcome;
  }

  requestExit(): void {
    this.pc.requestExit();
    this.wake();
  }

  wait(end: BootEnd): Promise<void> | null {
    if (end.kind === "blocked") return end.until;
    if (end.kind !== "idle" && end.kind !== "stopped") return null;
    const patienceMs = Math.min(MAX_SLEEP_MS, ...this.listeners.map((l) => l.patienceMs)), ms = end.kind === "idle" ? (end.untilNs - this.pc.clock.nowNs()) / 1e6 : Infinity;
    return this.sleeper.sleep(Math.max(0, Math.min(patienceMs, ms)));
  }

  /** Something has come from outside. */
  wake(): void {
    this.sleeper.wake();
  }

  async hold(action: () => Promise<void>): Promise<void> {
    while (this.held !== null) await this.held.catch(() => undefined);
    this.requestExit();
    const held = this.held = action();
    try {
      await held;
    } finally {
      this.held = null;
    }
  }

  quit(): void {
    this.isQuitting = true;
    this.requestExit();
  }
}
