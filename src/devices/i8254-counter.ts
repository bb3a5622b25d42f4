/** One counter of an 8254: its six modes as functions of the time since it was loaded (data sheet, "Mode Definitions"). */
import type { Alarm, Clock } from "../bus/clock.ts";
import type { Device, Line } from "../bus/device.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { between, BYTE, FLAG, restoreFields, saveFields, TIME, upTo } from "./saveable.ts";

/** Input clock of all counters of a PC, Hz. */
export const PIT_HZ = 1_193_182;
const NS_PER_SECOND = 1_000_000_000;

interface Registers {
  /** 0..5. */
  mode: number;
  isBcd: boolean;
  /** Which bytes are read and written: 1 low, 2 high, 3 low then high. */
  access: number;
  /** Initial count as written; 0 stands for 65,536 (10,000 in BCD). */
  count: number;
  /** Takes the place of `count` at the end of the period (modes 2 and 3). */
  nextCount: number;
  /** A count was written since the control word: it may run. */
  isLoaded: boolean;
  /** It has been started, by the count or (modes 1 and 5) by the gate. */
  isStarted: boolean;
  /** When counting began, ns. */
  startNs: number;
  /** Ticks that had been counted when the gate stopped it; -1 while it runs. */
  heldTicks: number;
  gate: boolean;
  /** The low byte has been written, the high one is to come; and the low byte. */
  isHalfWritten: boolean;
  lowByte: number;
  /** The next read gives the high byte. */
  readsHigh: boolean;
  hasLatchedCount: boolean;
  latchedCount: number;
  hasLatchedStatus: boolean;
  latchedStatus: number;
}

const SHAPE: Shape<Registers> = {
  mode: upTo(5), isBcd: FLAG, access: between(1, 3), count: upTo(0xffff), nextCount: upTo(0xffff),
  isLoaded: FLAG, isStarted: FLAG, startNs: TIME, heldTicks: between(-1, Number.MAX_SAFE_INTEGER),
  gate: FLAG, isHalfWritten: FLAG, lowByte: BYTE, readsHigh: FLAG, hasLatchedCount: FLAG, latchedCount: upTo(0xffff), hasLatchedStatus: FLAG, latchedStatus: BYTE,
};

const powerOn = (gate: boolean): Registers => ({
  mode: 0, isBcd: false, access: 3, count: 0, nextCount: 0, isLoaded: false, isStarted: false, startNs: 0, heldTicks: -1, gate, isHalfWritten: false,
  lowByte: 0, readsHigh: false, hasLatchedCount: false, latchedCount: 0, hasLatchedStatus: false, latchedStatus: 0,
});

/** Ticks of the input clock in a time, in ns. */
const ticksIn = (ns: number): number => Math.floor((ns * PIT_HZ) / NS_PER_SECOND);

/** The shortest time that holds so many ticks, ns. */
function timeOf(ticks: number): number {
  const ns = Math.ceil((ticks * NS_PER_SECOND) / PIT_HZ);
  return ticksIn(ns) < ticks ? ns + 1 : ns;
}

const fromBcd = (n: number): number => (n & 15) + 10 * ((n >>> 4) & 15) + 100 * ((n >>> 8) & 15) + 1000 * (n >>> 12);
const toBcd = (n: number): number => (n % 10) | ((Math.floor(n / 10) % 10) << 4) | ((Math.floor(n / 100) % 10) << 8) | ((Math.floor(n / 1000) % 10) << 12);

export class I8254Counter implements Device, Saveable {
  private readonly r = powerOn(true);
  private readonly clock: Clock;
  private readonly output: Line;
  private readonly alarm: Alarm;
  /** What OUT was driven to last. */
  private isDrivenHigh = false;

  constructor(clock: Clock, output: Line) {
    this.clock = clock;
    this.output = output;
    this.alarm = clock.newAlarm(() => this.edgeDue());
  }

  /** OUT. */
  get isHigh(): boolean {
    this.takeNextCount();
    return this.levelAt(this.ticks);
  }

  get gate(): boolean {
    return this.r.gate;
  }

  /** GATE: a low level stops counting or resets the output, a rising edge starts or restarts (data sheet, figure 21). */
  set gate(isHigh: boolean) {
    const { r } = this, rises = isHigh && !r.gate;
    if (isHigh === r.gate) return;
    this.takeNextCount();
    const { ticks } = this;
    r.gate = isHigh;
    switch (r.mode) {
      case 0:
      case 4:
        if (!r.isStarted) break;
        if (!isHigh) r.heldTicks = ticks;
        else this.resume();
        break;
      case 2:
      case 3:
        if (rises && r.isStarted) this.start();
        else if (r.isStarted) r.heldTicks = 0;
        break;
      default:
        if (rises && r.isLoaded) this.start();
    }
    this.update();
  }

  /** Control word, without the counter's number: access, mode, BCD. Access 0 latches the count. */
  control(value: number): void {
    const { r } = this, access = value >>> 4;
    if (access === 0) return this.latchCount();
    // Modes 6 and 7 are 2 and 3.
    const mode = (value >>> 1) & 7;
    Object.assign(r, powerOn(r.gate), { mode: mode > 5 ? mode - 4 : mode, access, isBcd: (value & 1) !== 0 });
    this.update();
  }

  /** Counter latch command; a second one before the first is read is ignored. */
  latchCount(): void {
    const { r } = this;
    if (r.hasLatchedCount) return;
    this.takeNextCount();
    r.hasLatchedCount = true;
    r.latchedCount = this.current();
  }

  latchStatus(): void {
    const { r } = this;
    if (r.hasLatchedStatus) return;
    const output = this.isHigh ? 0x80 : 0, isNull = r.isLoaded ? 0 : 0x40;
    r.hasLatchedStatus = true;
    r.latchedStatus = output | isNull | (r.access << 4) | (r.mode << 1) | (r.isBcd ? 1 : 0);
  }

  read(): number {
    const { r } = this;
    if (r.hasLatchedStatus) {
      r.hasLatchedStatus = false;
      return r.latchedStatus;
    }
    this.takeNextCount();
    const count = r.hasLatchedCount ? r.latchedCount : this.current(), isHigh = r.access === 2 || (r.access === 3 && r.readsHigh);
    if (r.access === 3) r.readsHigh = !r.readsHigh;
    if (r.access !== 3 || isHigh) r.hasLatchedCount = false;
    return isHigh ? count >>> 8 : count & 0xff;
  }

  write(value: number): void {
    const { r } = this;
    if (r.access === 3 && !r.isHalfWritten) {
      r.isHalfWritten = true;
      r.lowByte = value;
      // The first byte stops mode 0 (data sheet, "Mode 0").
      if (r.mode === 0) r.isStarted = false;
      return this.update();
    }
    r.isHalfWritten = false;
    this.load(r.access === 1 ? value : r.access === 2 ? value << 8 : r.lowByte | (value << 8));
  }

  reset(): void {
    Object.assign(this.r, powerOn(this.r.gate));
    this.update();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("8254", this.r, SHAPE, state);
    this.update();
  }

  // ---- inside

  private load(count: number): void {
    const { r } = this;
    this.takeNextCount();
    const isPeriodic = r.mode === 2 || r.mode === 3, wasRunning = r.isStarted;
    r.nextCount = count;
    if (!isPeriodic || !wasRunning) r.count = count;
    r.isLoaded = true;
    // Modes 1 and 5 wait for the gate; 2 and 3 go on with the old count to the end of the period.
    if (r.mode === 0 || r.mode === 4 || (isPeriodic && !wasRunning)) this.start();
    this.update();
  }

  private start(): void {
    const { r } = this;
    r.count = r.nextCount;
    r.isStarted = true;
    r.startNs = this.clock.nowNs();
    r.heldTicks = r.gate || r.mode === 1 || r.mode === 5 ? -1 : 0;
  }

  /** Counts on from where the gate stopped it. */
  private resume(): void {
    const { r } = this;
    r.startNs = this.clock.nowNs() - timeOf(Math.max(0, r.heldTicks));
    r.heldTicks = -1;
  }

  /** The count as a number of ticks. */
  private get period(): number {
    const { r } = this, n = r.isBcd ? fromBcd(r.count) : r.count;
    return n === 0 ? (r.isBcd ? 10_000 : 0x10000) : n;
  }

  /** Ticks since the counter was started. */
  private get ticks(): number {
    const { r } = this;
    return r.heldTicks >= 0 ? r.heldTicks : Math.max(0, ticksIn(this.clock.nowNs() - r.startNs));
  }

  /** If a period has ended since another count was written (modes 2 and 3), that one is in force. */
  private takeNextCount(): void {
    const { r } = this;
    if (r.nextCount === r.count || !r.isStarted || r.heldTicks >= 0) return;
    const { period } = this;
    if (this.ticks < period) return;
    // A period begins at its first tick; that the last one may have been a long time ago does not matter: alarms come each period.
    r.startNs += timeOf(period);
    r.count = r.nextCount;
  }

  /** The count as it reads. */
  private current(): number {
    const { r } = this;
    if (!r.isStarted) return r.count;
    const { ticks, period } = this, modulus = r.isBcd ? 10_000 : 0x10000;
    let value: number;
    if (r.mode === 2) value = period - (ticks % period);
    else if (r.mode === 3) value = squareWaveCount(ticks % period, period);
    else value = (((period - ticks) % modulus) + modulus) % modulus;
    return r.isBcd ? toBcd(value % modulus) : value & 0xffff;
  }

  /** OUT so many ticks after the start. */
  private levelAt(ticks: number): boolean {
    const { r } = this, { period } = this;
    if (!r.isStarted) return r.mode !== 0;
    switch (r.mode) {
      case 0:
      case 1: return ticks >= period;
      case 2: return r.heldTicks >= 0 || ticks % period !== period - 1;
      case 3: return r.heldTicks >= 0 || ticks % period < (period + 1) >>> 1;
      default: return ticks !== period;
    }
  }

  /** Ticks from the start at which OUT changes next, or Infinity. */
  private nextEdge(ticks: number): number {
    const { r } = this, { period } = this;
    if (!r.isStarted || r.heldTicks >= 0) return Infinity;
    const base = ticks - (ticks % period), phase = ticks - base, half = (period + 1) >>> 1;
    switch (r.mode) {
      case 0:
      case 1: return ticks < period ? period : Infinity;
      case 2: return phase < period - 1 ? base + period - 1 : base + period;
      case 3: return phase < half ? base + half : base + period;
      default: return ticks < period ? period : ticks === period ? period + 1 : Infinity;
    }
  }

  /** OUT has changed. Where time is the host's this may be seen when it has changed back, such as from mode 2's low level of one tick. */
  private edgeDue(): void {
    if (this.isHigh === this.isDrivenHigh) this.output(!this.isDrivenHigh);
    this.update();
  }

  private update(): void {
    this.takeNextCount();
    const { ticks, r } = this, edge = this.nextEdge(ticks);
    this.isDrivenHigh = this.levelAt(ticks);
    this.output(this.isDrivenHigh);
    this.alarm.setAt(edge === Infinity ? Infinity : r.startNs + timeOf(edge));
  }
}

/** Mode 3 counts down by two, twice a period. */
function squareWaveCount(phase: number, period: number): number {
  const half = (period + 1) >>> 1, even = period & ~1;
  return phase < half ? Math.max(0, even - 2 * phase) || even : Math.max(2, even - 2 * (phase - half));
}
