/**
 * Power management of the PIIX4 (Intel 82371AB, "Power Management I/O registers"), which is ACPI's fixed hardware: power-management
 * timer, system control interrupt, soft-off. With it the port by which firmware would be asked to hand it over.
 *
 * | offset | size | register |
 * |---|---|---|
 * | 0 | 2 | PMSTS: events; writing 1 clears |
 * | 2 | 2 | PMEN: events that interrupt |
 * | 4 | 2 | PMCNTRL: ACPI mode, sleep |
 * | 8 | 4 | PMTMR: 24 bits at 3.579545 MHz |
 */
import { partOf } from "../bus/bytes.ts";
import type { Alarm, Clock } from "../bus/clock.ts";
import type { BytePorts, Device, Line, WidePorts } from "../bus/device.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { restoreFields, saveFields, TIME, WORD } from "./saveable.ts";

export const PM_TIMER_HZ = 3_579_545;

const STATUS = 0, ENABLE = 2, CONTROL = 4, TIMER = 8;
/** PMSTS and PMEN. */
const EVENT_TIMER = 1, EVENT_GLOBAL = 0x20, EVENT_POWER_BUTTON = 0x100, EVENT_RTC = 0x400, EVENT_WAKE = 0x8000;
const STATUS_BITS = EVENT_TIMER | EVENT_GLOBAL | EVENT_POWER_BUTTON | EVENT_RTC | EVENT_WAKE, ENABLE_BITS = EVENT_TIMER | EVENT_GLOBAL | EVENT_POWER_BUTTON | EVENT_RTC;
const CONTROL_SCI_ENABLE = 1, CONTROL_SLEEP_TYPE = 0x1c00, CONTROL_SLEEP = 0x2000, CONTROL_BITS = CONTROL_SCI_ENABLE | 2 | CONTROL_SLEEP_TYPE;

/** The timer's top bit changes: an event (ACPI 6.4, §4.8.2.1). */
const TIMER_MASK = 0xffffff, TIMER_HALF = 0x800000;
const NS_PER_SECOND = 1_000_000_000;

interface Registers {
  status: number;
  enable: number;
  control: number;
  /** When the timer was last looked at, ns. */
  sinceNs: number;
}

const SHAPE: Shape<Registers> = { status: WORD, enable: WORD, control: WORD, sinceNs: TIME };

export interface AcpiPmPins {
  /** System control interrupt. */
  readonly sci: Line;
  /** The guest asks for a sleep state: SLP_TYP, 0..7. */
  readonly sleep: (type: number) => void;
}

const ticksAt = (ns: number): number => Math.floor((ns * PM_TIMER_HZ) / NS_PER_SECOND);

export class AcpiPm implements Device, Saveable, WidePorts {
  private readonly r: Registers = { status: 0, enable: 0, control: 0, sinceNs: 0 };
  private readonly clock: Clock;
  private readonly pins: AcpiPmPins;
  private readonly alarm: Alarm;

  constructor(clock: Clock, pins: AcpiPmPins) {
    this.clock = clock;
    this.pins = pins;
    this.alarm = clock.newAlarm(() => this.update());
  }

  /** A person presses the power button. */
  pressPowerButton(): void {
    this.r.status |= EVENT_POWER_BUTTON;
    this.update();
  }

  /** ACPI mode: the system handles events itself. Firmware sets it when it is asked to (`SmiCommand`). */
  set isAcpiMode(isOn: boolean) {
    const { r } = this;
    r.control = isOn ? r.control | CONTROL_SCI_ENABLE : r.control & ~CONTROL_SCI_ENABLE;
    this.update();
  }

  read(offset: number, size: number): number {
    this.noteTimer();
    return partOf(this.wordPairAt(offset & ~3), offset & 3, size);
  }

  write(offset: number, size: number, value: number): void {
    this.noteTimer();
    for (let at = 0; at < size; at++) this.writeByte(offset + at, (value >>> (8 * at)) & 0xff);
    this.update();
  }

  reset(): void {
    Object.assign(this.r, { status: 0, enable: 0, control: 0 });
    this.update();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("ACPI PM", this.r, SHAPE, state);
    this.drive();
  }

  private wordPairAt(offset: number): number {
    const { r } = this;
    switch (offset) {
      case STATUS: return r.status | (r.enable << 16);
      case CONTROL: return r.control;
      case TIMER: return ticksAt(this.clock.nowNs()) & TIMER_MASK;
      default: return 0;
    }
  }

  private writeByte(offset: number, byte: number): void {
    const { r } = this, shift = 8 * (offset & 1), bits = byte << shift, lane = 0xff << shift;
    switch (offset & ~1) {
      case STATUS:
        r.status &= ~(bits & STATUS_BITS);
        break;
      case ENABLE:
        r.enable = (r.enable & ~lane) | (bits & ENABLE_BITS);
        break;
      case CONTROL:
        r.control = (r.control & ~lane) | (bits & CONTROL_BITS);
        if ((bits & CONTROL_SLEEP) !== 0) this.pins.sleep((r.control & CONTROL_SLEEP_TYPE) >>> 10);
        break;
    }
  }

  /** Sets the timer's event if the top bit has changed since the last look. */
  private noteTimer(): void {
    const { r } = this, nowNs = this.clock.nowNs();
    if (Math.floor(ticksAt(nowNs) / TIMER_HALF) !== Math.floor(ticksAt(r.sinceNs) / TIMER_HALF)) r.status |= EVENT_TIMER;
    r.sinceNs = nowNs;
  }

  private update(): void {
    this.noteTimer();
    this.drive();
  }

  private drive(): void {
    const { r } = this;
    this.pins.sci((r.control & CONTROL_SCI_ENABLE) !== 0 && (r.status & r.enable & ENABLE_BITS) !== 0);
    // The alarm is for the interrupt alone: the status follows from the time.
    const isWanted = (r.enable & EVENT_TIMER) !== 0 && (r.status & EVENT_TIMER) === 0;
    const next = (Math.floor(ticksAt(r.sinceNs) / TIMER_HALF) + 1) * TIMER_HALF;
    this.alarm.setAt(isWanted ? Math.ceil((next * NS_PER_SECOND) / PM_TIMER_HZ) : Infinity);
  }
}

/** Ports 0xb2 and 0xb3 (82371AB, APMC and APMS): what would raise an SMI hands power management over, or takes it back. */
export class SmiCommand implements Device, Saveable, BytePorts {
  private readonly r = { command: 0, status: 0 };
  private readonly execute: (command: number) => void;

  /** @param execute  takes what is written to the command port */
  constructor(execute: (command: number) => void) {
    this.execute = execute;
  }

  readByte(offset: number): number {
    return offset === 0 ? this.r.command : this.r.status;
  }

  writeByte(offset: number, value: number): void {
    if (offset !== 0) {
      this.r.status = value;
      return;
    }
    this.r.command = value;
    this.execute(value);
  }

  reset(): void {
    this.r.command = this.r.status = 0;
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("SMI command", this.r, { command: WORD, status: WORD }, state);
  }
}
