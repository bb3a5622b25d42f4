/**
 * High-precision event timers (IA-PC HPET specification 1.0a): a counter of 64 bits at 100 MHz, and three comparators, the first of which
 * can interrupt periodically. Nothing counts by itself: an alarm is set for the next match that interrupts. Messages (FSB) are not offered.
 */
import type { Alarm, Clock } from "../bus/clock.ts";
import type { Device, Line, WidePorts } from "../bus/device.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { array, masked, QWORD, record, restoreFields, saveFields, TIME, upTo } from "./saveable.ts";

export const HPET_BYTES = 1024;
export const HPET_TIMERS = 3;
const NS_PER_TICK = 10, FS_PER_NS = 1_000_000;
/** Lower word of the capabilities (§2.3.4): revision, timers but one, 64 bits, legacy replacement, Intel. */
export const HPET_BLOCK_ID = 0x8086a001 | ((HPET_TIMERS - 1) << 8);
const CAPABILITIES = 0x000, CONFIGURATION = 0x010, STATUS = 0x020, COUNTER = 0x0f0, TIMERS = 0x100, TIMER_BYTES = 0x20, COMPARATOR = 8;
/** General configuration. */
const ENABLE = 1, LEGACY = 2;
/** A timer's configuration (§2.3.8). */
const BY_LEVEL = 0x02, INTERRUPTS = 0x04, PERIODIC = 0x08, CAN_BE_PERIODIC = 0x10, HAS_64_BITS = 0x20, SETS_VALUE = 0x40, USES_32_BITS = 0x100, ROUTE_SHIFT = 9, ROUTE = 31;
const TIMER_BITS = BY_LEVEL | INTERRUPTS | USES_32_BITS | (ROUTE << ROUTE_SHIFT);
/** Inputs of the I/O APIC that timers can interrupt by, a bit each. */
const ROUTES = 0x00f00000;
/** Periods are so long at least: what is shorter cannot keep the machine busy with nothing else. */
export const MIN_PERIOD_TICKS = 1000;
const MAX_ALARM_TICKS = BigInt(2 ** 49);
const BITS_32 = 32, BITS_64 = 64;

interface Timer {
  /** Bits that software has written. */
  config: number;
  comparator: bigint;
  period: bigint;
}

interface Registers {
  config: number;
  status: number;
  /** Timers, a bit each, that hold up the line of the 8254 or the clock chip: an 8259A forgets an edge whose input falls before it is acknowledged. */
  raised: number;
  /** The main counter at `sinceNs`; while it is halted, always. */
  counter: bigint;
  sinceNs: number;
  timers: readonly Timer[];
}

const NEVER = 2n ** 64n - 1n;

const TIMER: Shape<Timer> = { config: masked(TIMER_BITS | PERIODIC | SETS_VALUE), comparator: QWORD, period: QWORD };
const SHAPE: Shape<Registers> = { config: upTo(ENABLE | LEGACY), status: upTo(7), raised: upTo(3), counter: QWORD, sinceNs: TIME, timers: array(HPET_TIMERS, record(TIMER)) };

const powerOn = (): Omit<Registers, "sinceNs"> => ({
  config: 0, status: 0, raised: 0, counter: 0n, timers: Array.from({ length: HPET_TIMERS }, () => ({ config: 0, comparator: NEVER, period: 0n })),
});

export interface HpetPins {
  /** Where the timers 0 and 1 interrupt instead of the 8254 and the clock chip. */
  readonly legacy: readonly [Line, Line];
  /** They do so now: the two chips' own lines lead nowhere. */
  readonly replacesLegacy: Line;
  /** An input of the I/O APIC, 20..23: active while it is high here. */
  readonly route: (input: number, isActive: boolean) => void;
}

export class Hpet implements Device, Saveable, WidePorts {
  private readonly r: Registers = { ...powerOn(), sinceNs: 0 };
  private readonly clock: Clock;
  private readonly pins: HpetPins;
  private readonly alarm: Alarm;
  /** What drives a line by level now, by timer. */
  private readonly held: (Line | null)[] = new Array<Line | null>(HPET_TIMERS).fill(null);
  private readonly routes: readonly Line[];

  constructor(clock: Clock, pins: HpetPins) {
    this.clock = clock;
    this.pins = pins;
    this.routes = Array.from({ length: 32 }, (_, input): Line => (isHigh) => pins.route(input, isHigh));
    this.alarm = clock.newAlarm(() => this.update());
  }

  /** Registers of 64 bits, read whole or in parts. */
  read(offset: number, size: number): number {
    this.update();
    const shift = 8 * (offset & 7);
    return Number(BigInt.asUintN(8 * size, this.register(offset & ~7) >> BigInt(shift)));
  }

  /** Written by words of 32 bits: other accesses are not allowed (§2.2). */
  write(offset: number, size: number, value: number): void {
    if (size !== 4 || (offset & 3) !== 0) return;
    this.update();
    const isHigh = (offset & 4) !== 0;
    this.writeRegister(offset & ~7, isHigh, value);
    this.update();
  }

  reset(): void {
    Object.assign(this.r, powerOn(), { sinceNs: this.clock.nowNs() });
    this.drive();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("HPET", this.r, SHAPE, state);
    this.drive();
  }

  // ---- counting

  private get isCounting(): boolean {
    return (this.r.config & ENABLE) !== 0;
  }

  private get count(): bigint {
    const { counter, sinceNs } = this.r;
    return this.isCounting ? BigInt.asUintN(BITS_64, counter + BigInt(Math.floor((this.clock.nowNs() - sinceNs) / NS_PER_TICK))) : counter;
  }

  /** Lets all matches happen that have come. */
  private update(): void {
    const { r } = this, before = r.counter, count = this.count;
    if (this.isCounting) {
      const ticks = BigInt.asUintN(BITS_64, count - before);
      r.counter = count;
      r.sinceNs += Number(ticks) * NS_PER_TICK;
      if (ticks > 0n) r.timers.forEach((timer, i) => this.match(i, timer, before, ticks));
    }
    this.drive();
  }

  /** The counter has gone on from `before` by so many ticks. */
  private match(i: number, timer: Timer, before: bigint, ticks: bigint): void {
    if (ticksUntil(timer, before) > ticks) return;
    if (isPeriodic(timer)) {
      const step = periodOf(timer), passed = ticks - ticksUntil(timer, before);
      timer.comparator = BigInt.asUintN(bitsOf(timer), timer.comparator + (passed / step + 1n) * step);
    }
    if ((timer.config & BY_LEVEL) !== 0) this.r.status |= 1 << i;
    else if (this.interrupts(timer)) this.pulse(i);
  }

  // ---- lines

  private interrupts(timer: Timer): boolean {
    return this.isCounting && (timer.config & INTERRUPTS) !== 0;
  }

  private lineOf(i: number): Line | null {
    const { timers } = this.r, input = (timers[i].config >>> ROUTE_SHIFT) & ROUTE;
    if (this.isLegacy(i)) return this.pins.legacy[i];
    return (ROUTES & (1 << input)) !== 0 ? this.routes[input] : null;
  }

  /** An edge: up and down again; where it stands in for another chip it stays up, and goes down just before the next. */
  private pulse(i: number): void {
    const line = this.lineOf(i), { r, held } = this;
    if (!this.isLegacy(i)) {
      line?.(true);
      line?.(false);
      return;
    }
    if (held[i] !== null) held[i](false);
    held[i] = null;
    r.raised |= 1 << i;
  }

  private isLegacy(i: number): boolean {
    return (this.r.config & LEGACY) !== 0 && i < this.pins.legacy.length;
  }

  private drive(): void {
    const { r } = this;
    this.pins.replacesLegacy((r.config & LEGACY) !== 0);
    const wanted = r.timers.map((timer, i) => {
      const up = (timer.config & BY_LEVEL) !== 0 ? r.status : r.raised;
      return (up & (1 << i)) !== 0 && this.interrupts(timer) ? this.lineOf(i) : null;
    });
    this.held.forEach((line) => { if (line !== null && !wanted.includes(line)) line(false); });
    wanted.forEach((line, i) => {
      if (line !== null && !this.held.includes(line)) line(true);
      this.held[i] = line;
    });
    const ticks = r.timers.map((timer, i) => (this.listens(i, timer) ? ticksUntil(timer, r.counter) : MAX_ALARM_TICKS)).reduce((a, b) => (a < b ? a : b));
    this.alarm.setAt(ticks < MAX_ALARM_TICKS ? r.sinceNs + Number(ticks) * NS_PER_TICK : Infinity);
  }

  /** A match would be noticed. */
  private listens(i: number, timer: Timer): boolean {
    return this.interrupts(timer) && this.lineOf(i) !== null && ((timer.config & BY_LEVEL) === 0 || (this.r.status & (1 << i)) === 0);
  }

  // ---- registers

  private register(offset: number): bigint {
    const { r } = this;
    switch (offset) {
      case CAPABILITIES: return (BigInt(NS_PER_TICK * FS_PER_NS) << 32n) | BigInt(HPET_BLOCK_ID >>> 0);
      case CONFIGURATION: return BigInt(r.config);
      case STATUS: return BigInt(r.status);
      case COUNTER: return this.count;
    }
    const which = (offset - TIMERS) / TIMER_BYTES;
    if (which < 0 || which >= HPET_TIMERS) return 0n;
    const timer = r.timers[Math.floor(which)];
    switch (offset & (TIMER_BYTES - 1)) {
      case 0: return (BigInt(ROUTES) << 32n) | BigInt((timer.config & ~SETS_VALUE) | HAS_64_BITS | (which === 0 ? CAN_BE_PERIODIC : 0));
      case COMPARATOR: return timer.comparator;
      default: return 0n;
    }
  }

  private writeRegister(offset: number, isHigh: boolean, value: number): void {
    const { r } = this;
    switch (offset) {
      case CONFIGURATION:
        if (!isHigh) this.configure(value & (ENABLE | LEGACY));
        return;
      case STATUS:
        if (!isHigh) r.status &= ~value;
        return;
      case COUNTER:
        // Only while it is halted (§2.3.7).
        if (!this.isCounting) r.counter = withHalf(r.counter, isHigh, value);
        return;
    }
    const which = (offset - TIMERS) / TIMER_BYTES;
    if (which < 0 || which >= HPET_TIMERS) return;
    const i = Math.floor(which), timer = { ...r.timers[i] };
    if ((offset & (TIMER_BYTES - 1)) === COMPARATOR) setComparator(timer, isHigh, value);
    else if ((offset & (TIMER_BYTES - 1)) === 0 && !isHigh) timer.config = value & (i === 0 ? TIMER_BITS | PERIODIC | SETS_VALUE : TIMER_BITS);
    if ((timer.config & USES_32_BITS) !== 0) timer.comparator = BigInt.asUintN(BITS_32, timer.comparator);
    r.timers = r.timers.with(i, timer);
  }

  private configure(config: number): void {
    const { r } = this;
    if (!this.isCounting) r.sinceNs = this.clock.nowNs();
    // A line that is no longer the timer's own is left low.
    for (const [i, line] of this.held.entries()) {
      line?.(false);
      this.held[i] = null;
    }
    r.config = config;
    r.raised = 0;
  }
}

function isPeriodic(timer: Timer): boolean {
  return (timer.config & PERIODIC) !== 0 && timer.period > 0n;
}

function bitsOf(timer: Timer): number {
  return (timer.config & USES_32_BITS) !== 0 ? BITS_32 : BITS_64;
}

/** A period that is too short is made longer by whole ones. */
function periodOf({ period }: Timer): bigint {
  const least = BigInt(MIN_PERIOD_TICKS);
  return period >= least ? period : period * ((least + period - 1n) / period);
}

/** Ticks until the counter comes to the comparator's value: a whole turn if it is there. */
function ticksUntil(timer: Timer, count: bigint): bigint {
  const bits = bitsOf(timer), ticks = BigInt.asUintN(bits, timer.comparator - count);
  return ticks === 0n ? 1n << BigInt(bits) : ticks;
}

function withHalf(before: bigint, isHigh: boolean, value: number): bigint {
  return isHigh ? BigInt.asUintN(BITS_32, before) | (BigInt(value) << 32n) : (before >> 32n << 32n) | BigInt(value);
}

/** In periodic mode what is written is the period, and the comparator's value only if software has asked to set that (§2.3.8, Tn_VAL_SET_CNF). */
function setComparator(timer: Timer, isHigh: boolean, value: number): void {
  if ((timer.config & PERIODIC) === 0) {
    timer.comparator = withHalf(timer.comparator, isHigh, value);
    return;
  }
  timer.period = withHalf(timer.period, isHigh, value);
  if ((timer.config & SETS_VALUE) === 0) return;
  timer.comparator = withHalf(timer.comparator, isHigh, value);
  timer.config &= ~SETS_VALUE;
}
