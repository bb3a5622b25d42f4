/**
 * The time of a machine with devices, and their alarms. Virtual time counts retired insns, so that every run is the same: an insn
 * takes a fixed time, and while the processor is halted the time goes at once to where something happens. Real time is the
 * host's.
 */
import type { Alarm, Clock } from "../bus/clock.ts";
import type { Saveable, SavedState } from "../devices/saveable.ts";
import { restoreFields, upTo } from "../devices/saveable.ts";

/** Where time comes from. */
export interface TimeSource {
  /** What a tick of the processor's time-stamp counter takes, ns. */
  readonly tickNs: number;
  /** ns since the machine was made; never goes back. */
  nowNs(): number;
  /** At most so many insns may be run before a time is looked at again; at least 1. */
  insnsUntil(deadlineNs: number): number;
  /** Goes to a time at once, if this is a kind of time that can; the processor is halted. Returns whether it did. */
  skipTo(deadlineNs: number): boolean;
  /** Lets the processor's own counter go as this time does. */
  keepCounter(): void;
  /** It is this time from now on: that of a machine that was saved. */
  goOnFrom(nowNs: number): void;
}

/** Time by insns. */
export class VirtualTime implements TimeSource {
  /** What an insn takes, ns. */
  readonly nsPerInsn: number;
  readonly tickNs: number;
  /** Insns that were not retired, because the processor was halted. */
  private skippedInsns = 0;
  private readonly retiredInsns: () => number;
  private readonly onSkip: (insns: number) => void;

  /**
   * @param nsPerInsn     a power of two, so that times are exact
   * @param retiredInsns  since the machine was made
   * @param onSkip        is told how many insns' worth of time was skipped
   */
  constructor(nsPerInsn: number, retiredInsns: () => number, onSkip: (insns: number) => void) {
    this.nsPerInsn = this.tickNs = nsPerInsn;
    this.retiredInsns = retiredInsns;
    this.onSkip = onSkip;
  }

  nowNs(): number {
    return (this.retiredInsns() + this.skippedInsns) * this.nsPerInsn;
  }

  insnsUntil(deadlineNs: number): number {
    return Math.max(1, Math.ceil((deadlineNs - this.nowNs()) / this.nsPerInsn));
  }

  skipTo(deadlineNs: number): boolean {
    const insns = this.insnsUntil(deadlineNs);
    this.skippedInsns += insns;
    this.onSkip(insns);
    return true;
  }

  /** It counts insns, too. */
  keepCounter(): void {
    return;
  }

  goOnFrom(nowNs: number): void {
    this.skippedInsns = Math.ceil(nowNs / this.nsPerInsn) - this.retiredInsns();
  }
}

/** How many insns are run in real time before the host's clock is looked at: some tens of microseconds. */
const INSNS_PER_LOOK = 20_000;

/** How far the processor's counter may be behind, ticks: what is less is not worth the while. */
const MAX_BEHIND = 10_000;

/** The host's time. The processor's counter, which counts insns by itself, is moved on so that it has a tick each ns, halted or not. */
export class RealTime implements TimeSource {
  readonly tickNs = 1;
  private startNs: number;
  private readonly hostNs: () => number;
  private readonly retiredInsns: () => number;
  private readonly onBehind: (ticks: number) => void;
  /** Time, and insns, when the counter was right last. */
  private keptNs = 0;
  private keptInsns: number;

  /**
   * @param hostNs        a monotonic clock, ns
   * @param retiredInsns  since the machine was made
   * @param onBehind      moves the processor's counter on
   */
  constructor(hostNs: () => number, retiredInsns: () => number, onBehind: (ticks: number) => void) {
    this.hostNs = hostNs;
    this.startNs = hostNs();
    this.retiredInsns = retiredInsns;
    this.onBehind = onBehind;
    this.keptInsns = retiredInsns();
  }

  /** Whoever looks at the time next may look at the counter, and compare: that is not left behind. */
  nowNs(): number {
    const nowNs = Math.floor(this.hostNs() - this.startNs);
    this.keepCounterAt(nowNs);
    return nowNs;
  }

  insnsUntil(): number {
    return INSNS_PER_LOOK;
  }

  skipTo(): boolean {
    return false;
  }

  keepCounter(): void {
    this.nowNs();
  }

  goOnFrom(nowNs: number): void {
    this.startNs = this.hostNs() - nowNs;
    this.keptNs = nowNs;
    this.keptInsns = this.retiredInsns();
  }

  private keepCounterAt(nowNs: number): void {
    const insns = this.retiredInsns(), behind = nowNs - this.keptNs - (insns - this.keptInsns);
    if (behind < MAX_BEHIND) return;
    this.keptNs = nowNs;
    this.keptInsns = insns;
    this.onBehind(behind);
  }
}

export class MachineClock implements Clock, Saveable {
  private readonly source: TimeSource;
  private readonly alarms: MachineAlarm[] = [];
  private next = Infinity;
  /** Told when an alarm is set that comes before all others: a run in progress may be too long. */
  onEarlier: () => void = () => undefined;

  constructor(source: TimeSource) {
    this.source = source;
  }

  nowNs(): number {
    return this.source.nowNs();
  }

  /** What a tick of the processor's time-stamp counter takes, ns. */
  get tickNs(): number {
    return this.source.tickNs;
  }

  newAlarm(ring: () => void): Alarm {
    const alarm = new MachineAlarm(ring, () => this.look());
    this.alarms.push(alarm);
    return alarm;
  }

  /** The time alone: whoever has set alarms sets them anew. */
  save(): SavedState {
    return { nowNs: this.nowNs() };
  }

  restore(state: SavedState): void {
    const time = { nowNs: 0 };
    restoreFields("clock", time, { nowNs: upTo(Number.MAX_SAFE_INTEGER) }, state);
    this.source.goOnFrom(time.nowNs);
  }

  /** When the next alarm goes off, ns; Infinity if none is set. */
  get nextNs(): number {
    return this.next;
  }

  /** How many insns may be run before `ringDue` is to be called again. */
  insnsUntilNext(): number {
    return this.source.insnsUntil(this.next);
  }

  /** The processor is halted: goes to the next alarm at once, if time can do that. */
  skipToNext(): boolean {
    return this.next !== Infinity && this.source.skipTo(this.next);
  }

  /** The processor is halted: goes on by so many ns, but not beyond the next alarm, if time can do that. */
  skipBy(ns: number): void {
    const goal = Math.min(this.next, this.nowNs() + ns);
    if (goal > this.nowNs()) this.source.skipTo(goal);
  }

  /** Lets all alarms go off whose time has come: by time, and those of one time in the order in which they were made. */
  ringDue(): void {
    this.source.keepCounter();
    const nowNs = this.nowNs();
    while (this.next <= nowNs) {
      const due = this.alarms.find((alarm) => alarm.deadlineNs === this.next);
      if (due === undefined) return;
      due.setAt(Infinity);
      due.ring();
    }
  }

  private look(): void {
    const before = this.next;
    this.next = Infinity;
    for (const { deadlineNs } of this.alarms) if (deadlineNs < this.next) this.next = deadlineNs;
    if (this.next < before) this.onEarlier();
  }
}

class MachineAlarm implements Alarm {
  deadlineNs = Infinity;
  readonly ring: () => void;
  private readonly changed: () => void;

  constructor(ring: () => void, changed: () => void) {
    this.ring = ring;
    this.changed = changed;
  }

  setAt(deadlineNs: number): void {
    if (deadlineNs === this.deadlineNs) return;
    this.deadlineNs = deadlineNs;
    this.changed();
  }

  cancel(): void {
    this.setAt(Infinity);
  }
}
