/**
 * MC146818 real-time clock and CMOS memory (Motorola MC146818A data sheet), with the 128 bytes of a PC. The time is that of the
 * machine's clock plus an offset; seconds begin with the guest's clock.
 *
 * | port | reads | writes |
 * |---|---|---|
 * | 0 | - | address of a byte, bits 0 to 6 |
 * | 1 | that byte | that byte |
 */
import type { Alarm, Clock } from "../bus/clock.ts";
import type { BytePorts, Device, Line } from "../bus/device.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { array, BYTE, restoreFields, saveFields, TIME, upTo } from "./saveable.ts";
import type { CivilTime } from "./civil-time.ts";
import { civilTimeOf, secondsOf } from "./civil-time.ts";

const CMOS_BYTES = 128;

/** Addresses of the clock's bytes; CENTURY is a PC's convention (ACPI FADT names it). */
const SECONDS = 0, SECONDS_ALARM = 1, MINUTES = 2, MINUTES_ALARM = 3, HOURS = 4, HOURS_ALARM = 5, WEEKDAY = 6, DAY = 7, MONTH = 8, YEAR = 9;
const REGISTER_A = 10, REGISTER_B = 11, REGISTER_C = 12, REGISTER_D = 13;
export const CENTURY = 0x32;

const A_UPDATE_IN_PROGRESS = 0x80, A_DIVIDER = 0x70, A_RATE = 15;
/** Divider of a 32.768 kHz crystal; what holds the divider in reset has both of the upper bits set. */
const A_DIVIDER_32K = 0x20, A_DIVIDER_RESET = 0x60;
const B_SET = 0x80, B_PERIODIC = 0x40, B_ALARM = 0x20, B_UPDATE = 0x10, B_BINARY = 4, B_24_HOURS = 2;
const C_INTERRUPT = 0x80, C_PERIODIC = 0x40, C_ALARM = 0x20, C_UPDATE = 0x10;
const D_VALID = 0x80;
const HOURS_PM = 0x80;
/** An alarm byte from here on matches any time. */
const DONT_CARE = 0xc0;

const NS_PER_SECOND = 1_000_000_000;
/** How long before a second ends "update in progress" is seen (data sheet, table 6: 244 µs, then the update of 1,984 µs). */
const UPDATE_NS = 2_228_000;
/** Where in its second the clock is when the divider is let go. */
const FIRST_SECOND_NS = 500_000_000;
const CRYSTAL_HZ = 32_768;
const SECONDS_PER_DAY = 86_400;

interface Registers {
  /** Address of the byte at port 1. */
  index: number;
  /** CMOS as it was last written; bytes of the clock only while it is being set. */
  bytes: readonly number[];
  /** Seconds since 1970 when the guest's clock was 0, with fractions as whole ns in the other. */
  epochSeconds: number;
  epochNs: number;
  /** When the events of register C were last looked at, ns. */
  sinceNs: number;
}

const SHAPE: Shape<Registers> = {
  index: upTo(CMOS_BYTES - 1), bytes: array(CMOS_BYTES, BYTE), epochSeconds: TIME, epochNs: TIME, sinceNs: TIME,
};

export class Mc146818 implements Device, Saveable, BytePorts {
  private readonly r: Registers = { index: 0, bytes: new Array<number>(CMOS_BYTES).fill(0), epochSeconds: 0, epochNs: 0, sinceNs: 0 };
  private readonly clock: Clock;
  private readonly interrupt: Line;
  private readonly alarm: Alarm;

  /** @param startSeconds  seconds since 1970, in the zone the clock is to show, when the guest's clock is 0 */
  constructor(clock: Clock, startSeconds: number, interrupt: Line) {
    this.clock = clock;
    this.interrupt = interrupt;
    this.alarm = clock.newAlarm(() => this.update());
    this.r.epochSeconds = startSeconds;
    this.put(REGISTER_A, A_DIVIDER_32K | 6);
    this.put(REGISTER_B, B_24_HOURS);
  }

  /** CMOS as firmware finds it: writes a byte behind the clock's. */
  setByte(address: number, value: number): void {
    this.put(address, value);
  }

  readByte(offset: number): number {
    return offset === 0 ? 0xff : this.read(this.r.index);
  }

  writeByte(offset: number, value: number): void {
    if (offset === 0) this.r.index = value & (CMOS_BYTES - 1);
    else this.write(this.r.index, value);
  }

  /** RESET clears the interrupts and leaves the time and the memory, which a battery keeps (data sheet, "RESET"). */
  reset(): void {
    this.put(REGISTER_B, this.byte(REGISTER_B) & ~(B_PERIODIC | B_ALARM | B_UPDATE));
    this.put(REGISTER_C, 0);
    this.r.index = 0;
    this.update();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("MC146818", this.r, SHAPE, state);
    this.drive();
  }

  // ---- registers

  private byte(address: number): number {
    return this.r.bytes[address];
  }

  private put(address: number, value: number): void {
    this.r.bytes = this.r.bytes.with(address, value);
  }

  private get isSetting(): boolean {
    return (this.byte(REGISTER_B) & B_SET) !== 0;
  }

  /** The divider counts, and nobody is setting the time. */
  private get isRunning(): boolean {
    return !this.isSetting && !this.isDividerInReset;
  }

  private get isDividerInReset(): boolean {
    return (this.byte(REGISTER_A) & A_DIVIDER_RESET) === A_DIVIDER_RESET;
  }

  private read(address: number): number {
    switch (address) {
      case REGISTER_A: return this.byte(REGISTER_A) | (this.isUpdating ? A_UPDATE_IN_PROGRESS : 0);
      case REGISTER_C: return this.takeEvents();
      case REGISTER_D: return D_VALID;
      default: return isTimeByte(address) && this.isRunning ? this.timeByte(address) : this.byte(address);
    }
  }

  private write(address: number, value: number): void {
    if (address === REGISTER_C || address === REGISTER_D) return;
    this.noteEvents();
    if (address === REGISTER_A) this.setRunning(() => this.put(REGISTER_A, value & (A_DIVIDER | A_RATE)));
    else if (address === REGISTER_B) this.setRunning(() => this.put(REGISTER_B, value));
    else if (isTimeByte(address) && this.isRunning) this.setTimeByte(address, value);
    else this.put(address, value);
    this.update();
  }

  /** Does what may stop the clock or start it: the bytes of the time hold it meanwhile. */
  private setRunning(change: () => void): void {
    const wasRunning = this.isRunning, wasInReset = this.isDividerInReset, before = TIME_BYTES.map((address) => this.timeByte(address));
    change();
    if (wasRunning && !this.isRunning) TIME_BYTES.forEach((address, i) => this.put(address, before[i]));
    if (!wasRunning && this.isRunning) this.loadTime(wasInReset);
  }

  private setTimeByte(address: number, value: number): void {
    for (const other of TIME_BYTES) this.put(other, this.timeByte(other));
    this.put(address, value);
    this.loadTime(false);
  }

  // ---- time

  /** Time in whole seconds since 1970, and ns into this second. */
  private now(): { readonly seconds: number; readonly ns: number } {
    const { r } = this, ns = this.clock.nowNs() + r.epochNs, seconds = Math.floor(ns / NS_PER_SECOND);
    return { seconds: r.epochSeconds + seconds, ns: ns - seconds * NS_PER_SECOND };
  }

  private get isUpdating(): boolean {
    return this.isRunning && this.now().ns >= NS_PER_SECOND - UPDATE_NS;
  }

  private timeByte(address: number): number {
    return this.encode(address, civilTimeOf(this.now().seconds));
  }

  /** The byte that shows a time, in the format register B asks for. */
  private encode(address: number, time: CivilTime): number {
    switch (address) {
      case SECONDS: return this.digits(time.second);
      case MINUTES: return this.digits(time.minute);
      case HOURS: return this.encodeHour(time.hour);
      case WEEKDAY: return this.digits(time.weekday + 1);
      case DAY: return this.digits(time.day);
      case MONTH: return this.digits(time.month);
      case YEAR: return this.digits(time.year % 100);
      default: return this.digits(Math.floor(time.year / 100) % 100);
    }
  }

  private encodeHour(hour: number): number {
    if ((this.byte(REGISTER_B) & B_24_HOURS) !== 0) return this.digits(hour);
    return this.digits(hour % 12 === 0 ? 12 : hour % 12) | (hour >= 12 ? HOURS_PM : 0);
  }

  private digits(n: number): number {
    return (this.byte(REGISTER_B) & B_BINARY) !== 0 ? n : Math.floor(n / 10) * 16 + (n % 10);
  }

  private number(digits: number): number {
    return (this.byte(REGISTER_B) & B_BINARY) !== 0 ? digits : (digits >>> 4) * 10 + (digits & 15);
  }

  private decodeHour(byte: number): number {
    if ((this.byte(REGISTER_B) & B_24_HOURS) !== 0) return this.number(byte);
    return (this.number(byte & ~HOURS_PM) % 12) + ((byte & HOURS_PM) !== 0 ? 12 : 0);
  }

  /** The time becomes what its bytes say. @param restarts  the divider was in reset: the next second is half a second away (data sheet, "Divider") */
  private loadTime(restarts: boolean): void {
    const { r } = this, at = (address: number): number => this.number(this.byte(address));
    const wanted = secondsOf({
      year: at(CENTURY) * 100 + at(YEAR), month: at(MONTH), day: at(DAY), hour: this.decodeHour(this.byte(HOURS)), minute: at(MINUTES), second: at(SECONDS),
    });
    if (restarts) r.epochNs = FIRST_SECOND_NS - (this.clock.nowNs() % NS_PER_SECOND);
    r.epochSeconds += wanted - this.now().seconds;
  }

  // ---- interrupts

  /** Period of the square wave that interrupts, ns; Infinity if it is off (data sheet, table 5). */
  private get periodNs(): number {
    const a = this.byte(REGISTER_A), rate = a & A_RATE;
    if (rate === 0 || !this.dividerRuns) return Infinity;
    return (NS_PER_SECOND / CRYSTAL_HZ) * 2 ** ((rate < 3 ? rate + 7 : rate) - 1);
  }

  private get dividerRuns(): boolean {
    return (this.byte(REGISTER_A) & A_DIVIDER) === A_DIVIDER_32K;
  }

  /** Sets the bits of register C for what has happened since the last look. */
  private noteEvents(): void {
    const { r } = this, nowNs = this.clock.nowNs(), before = r.sinceNs;
    let c = this.byte(REGISTER_C);
    if (Math.floor(nowNs / this.periodNs) > Math.floor(before / this.periodNs)) c |= C_PERIODIC;
    const seconds = Math.floor((nowNs + r.epochNs) / NS_PER_SECOND), secondsBefore = Math.floor((before + r.epochNs) / NS_PER_SECOND);
    if (this.isRunning && seconds > secondsBefore) {
      c |= C_UPDATE;
      if (this.alarmWithin(r.epochSeconds + secondsBefore, seconds - secondsBefore) !== Infinity) c |= C_ALARM;
    }
    r.sinceNs = nowNs;
    this.put(REGISTER_C, c);
  }

  /** Reading register C ends the interrupt: the output falls even where the next event has come by now, which waits for its alarm. */
  private takeEvents(): number {
    this.noteEvents();
    const c = this.byte(REGISTER_C), isActive = (c & this.byte(REGISTER_B) & (C_PERIODIC | C_ALARM | C_UPDATE)) !== 0;
    this.put(REGISTER_C, 0);
    this.drive();
    return c | (isActive ? C_INTERRUPT : 0);
  }

  /** Seconds from a time to the next at which the alarm's bytes match, if that is within `most`; else Infinity. */
  private alarmWithin(fromSeconds: number, most: number): number {
    const wanted = [HOURS_ALARM, MINUTES_ALARM, SECONDS_ALARM].map((address) => this.byte(address));
    const [hours, minutes, seconds] = wanted.map((byte, i) => (byte >= DONT_CARE ? null : i === 0 ? this.decodeHour(byte) : this.number(byte)));
    const start = ((fromSeconds % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
    for (let ahead = 1; ahead <= Math.min(most, SECONDS_PER_DAY);) {
      const t = (start + ahead) % SECONDS_PER_DAY, second = t % 60, minute = Math.floor(t / 60) % 60, hour = Math.floor(t / 3600);
      if (hours !== null && hour !== hours) ahead += 3600 - (t % 3600);
      else if (minutes !== null && minute !== minutes) ahead += 60 - second;
      else if (seconds !== null && second !== seconds) ahead++;
      else return ahead;
    }
    return Infinity;
  }

  private update(): void {
    this.noteEvents();
    this.drive();
  }

  /** Drives the output by what has happened, and sets the alarm for what will. */
  private drive(): void {
    const b = this.byte(REGISTER_B), isActive = (b & this.byte(REGISTER_C) & (C_PERIODIC | C_ALARM | C_UPDATE)) !== 0;
    this.interrupt(isActive);
    this.alarm.setAt(isActive ? Infinity : this.nextEventNs());
  }

  /** When the next thing happens, after the last look at register C's events, that register B wants to be interrupted for. */
  private nextEventNs(): number {
    const b = this.byte(REGISTER_B), { sinceNs, epochNs, epochSeconds } = this.r, second = Math.floor((sinceNs + epochNs) / NS_PER_SECOND);
    const secondsAhead = (n: number): number => (second + n) * NS_PER_SECOND - epochNs;
    let next = Infinity;
    if ((b & B_PERIODIC) !== 0 && this.periodNs !== Infinity) next = Math.ceil((Math.floor(sinceNs / this.periodNs) + 1) * this.periodNs);
    if ((b & B_UPDATE) !== 0 && this.isRunning) next = Math.min(next, secondsAhead(1));
    if ((b & B_ALARM) !== 0 && this.isRunning) next = Math.min(next, secondsAhead(this.alarmWithin(epochSeconds + second, SECONDS_PER_DAY)));
    return next;
  }
}

const TIME_BYTES: readonly number[] = [SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY];
const isTimeByte = (address: number): boolean => TIME_BYTES.includes(address);
