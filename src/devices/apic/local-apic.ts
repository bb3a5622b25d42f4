/**
 * Local APIC of a processor (SDM 3A, chapter 10), in xAPIC mode: takes interrupts as messages, from its own timer and from two pins, and
 * hands the processor one after the other by their priorities. IA32_APIC_BASE, which places its registers and can switch it off, is the
 * processor's. There is one processor: messages that it sends reach itself or nobody.
 */
import { partOf } from "../../bus/bytes.ts";
import type { Clock } from "../../bus/clock.ts";
import type { Device, Line, WidePorts } from "../../bus/device.ts";
import type { InterruptMessage } from "../../bus/interrupt-message.ts";
import { EXT_INT, FIXED, INIT, LOWEST_PRIORITY, NMI } from "../../bus/interrupt-message.ts";
import type { RegisterMapper } from "../pci/pci-function.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { array, BYTE, FLAG, masked, restoreFields, restoreParts, saveFields, saveParts, upTo } from "../saveable.ts";
import type { TimeStamp } from "./apic-timer.ts";
import { ApicTimer } from "./apic-timer.ts";
import { ACTIVE_LOW, LEVEL, MASKED, MODE, MODE_SHIFT, modeOf, REMOTE_IRR, VECTOR, wakes } from "./interrupt-entry.ts";
import type { VectorSet } from "./vector-set.ts";
import { hasVector, highestVector, NO_VECTORS, VECTOR_SET, withoutVector, withVector } from "./vector-set.ts";

/** Offsets of the registers (table 10-1). */
export const APIC_ID = 0x20, APIC_VERSION = 0x30, APIC_TPR = 0x80, APIC_APR = 0x90, APIC_PPR = 0xa0, APIC_EOI = 0xb0, APIC_RRD = 0xc0, APIC_LDR = 0xd0, APIC_DFR = 0xe0,
  APIC_SPURIOUS = 0xf0, APIC_ISR = 0x100, APIC_TMR = 0x180, APIC_IRR = 0x200, APIC_ESR = 0x280, APIC_ICR = 0x300, APIC_ICR_HIGH = 0x310, APIC_LVT = 0x320,
  APIC_TIMER_INITIAL = 0x380, APIC_TIMER_CURRENT = 0x390, APIC_TIMER_DIVIDE = 0x3e0;
/** Entries of the local vector table, in the order of their registers. */
export const LVT_TIMER = 0, LVT_THERMAL = 1, LVT_PERFORMANCE = 2, LVT_LINT0 = 3, LVT_LINT1 = 4, LVT_ERROR = 5;

/** Registers that say which messages are taken. */
const DECIDES_WHAT_IS_TAKEN: readonly number[] = [APIC_ID, APIC_LDR, APIC_DFR, APIC_SPURIOUS];

/** IA32_APIC_BASE: global enable, and the address of the registers. */
const BASE_ENABLED = 0x800, BASE_ADDRESS = 0xfffff000, PAGE_BYTES = 4096;
const LVT_ENTRIES = 6, VERSION = 0x14 | ((LVT_ENTRIES - 1) << 16);
const SPURIOUS_BITS = 0x1ff, SOFTWARE_ENABLED = 0x100;
/** Of an LVT entry of the timer: bits 17 and 18 are its mode. */
const PERIODIC = 0x20000, BY_DEADLINE = 0x40000;
/** What software can write of each entry. */
const ERROR_BITS = VECTOR | MASKED, TIMER_BITS = ERROR_BITS | PERIODIC, COUNTER_BITS = ERROR_BITS | (MODE << MODE_SHIFT), PIN_BITS = COUNTER_BITS | ACTIVE_LOW | LEVEL;
const LVT_BITS: readonly number[] = [TIMER_BITS, COUNTER_BITS, COUNTER_BITS, PIN_BITS, PIN_BITS, ERROR_BITS];
/** Interrupt command register: what can be written, and its fields. */
const ICR_BITS = 0xccfff, ICR_LOGICAL = 0x800, ICR_ASSERT = 0x4000, ICR_LEVEL = 0x8000, ICR_SHORTHAND_SHIFT = 18;
const TO_DESTINATION = 0, TO_SELF = 1, TO_OTHERS = 3;
/** Errors (ESR). */
const SEND_ILLEGAL_VECTOR = 0x20, RECEIVE_ILLEGAL_VECTOR = 0x40, ILLEGAL_REGISTER = 0x80;
/** Of a vector or a priority. */
const PRIORITY_CLASS = 0xf0;
/** Vectors below are the processor's own. */
const FIRST_VECTOR = 16;
const EVERYBODY = 0xff, MODEL_CLUSTER = 0, DFR_FIXED = 0x0fffffff;
const TOP_BYTE = 0xff000000;

interface Registers {
  id: number;
  taskPriority: number;
  logicalDestination: number;
  destinationFormat: number;
  spurious: number;
  inService: VectorSet;
  triggerMode: VectorSet;
  requests: VectorSet;
  /** ESR as it reads, and what has happened since it was last written. */
  errorStatus: number;
  errors: number;
  command: number;
  commandHigh: number;
  lvt: readonly number[];
  /** LINT0 and LINT1 as they are now, a bit each. */
  pins: number;
  /** A message has announced an interrupt of an 8259A. */
  hasExternal: boolean;
}

const SHAPE: Shape<Registers> = {
  id: masked(TOP_BYTE), taskPriority: BYTE, logicalDestination: masked(TOP_BYTE), destinationFormat: upTo(15), spurious: upTo(SPURIOUS_BITS), inService: VECTOR_SET,
  triggerMode: VECTOR_SET, requests: VECTOR_SET, errorStatus: BYTE, errors: BYTE, command: masked(ICR_BITS), commandHigh: masked(TOP_BYTE),
  lvt: array(LVT_ENTRIES, masked(PIN_BITS | PERIODIC | BY_DEADLINE | REMOTE_IRR)), pins: upTo(3), hasExternal: FLAG,
};

const powerOn = (): Omit<Registers, "pins"> => ({
  id: 0, taskPriority: 0, logicalDestination: 0, destinationFormat: 15, spurious: 0xff, inService: NO_VECTORS, triggerMode: NO_VECTORS, requests: NO_VECTORS,
  errorStatus: 0, errors: 0, command: 0, commandHigh: 0, lvt: new Array<number>(LVT_ENTRIES).fill(MASKED), hasExternal: false,
});

export interface LocalApicWires {
  readonly clock: Clock;
  /** The processor's; null: the timer knows no deadlines. */
  readonly timeStamp: TimeStamp | null;
  /** IA32_APIC_BASE, the lower word. `LocalApic.baseChanged` is to be called when it has changed. */
  readonly base: () => number;
  /** Where the registers appear. */
  readonly memory: RegisterMapper;
  /** INTR of the processor itself: it should be interrupted. */
  readonly interrupt: Line;
  readonly nmi: () => void;
  readonly init: () => void;
  /** An interrupt that triggers by level has been ended: I/O APICs are told. */
  readonly endOfInterrupt: (vector: number) => void;
  /** It may take messages that it has refused: I/O APICs are told. */
  readonly mayTakeMore: () => void;
}

const NO_TIME_STAMP: TimeStamp = { read: () => 0n, tickNs: 1 };

export class LocalApic implements Device, Saveable, WidePorts {
  private readonly r: Registers = { ...powerOn(), pins: 0 };
  private readonly wires: LocalApicWires;
  private readonly timer: ApicTimer;
  /** Where the registers are; -1 for nowhere. */
  private mapped = -1;

  constructor(wires: LocalApicWires) {
    this.wires = wires;
    this.timer = new ApicTimer(wires.clock, wires.timeStamp ?? NO_TIME_STAMP, this.timerUser(), () => {
      this.timer.catchUp();
      this.update();
    });
  }

  // ---- the board's side

  /** Drives LINT0 (0) or LINT1 (1). While the APIC is off they are INTR and NMI of the processor. */
  setPin(pin: 0 | 1, isHigh: boolean): void {
    const { r } = this, bit = 1 << pin;
    if (((r.pins & bit) !== 0) === isHigh) return;
    r.pins ^= bit;
    if (!this.isOn) {
      if (pin === 1 && isHigh) this.wires.nmi();
    } else {
      this.pinChanged(LVT_LINT0 + pin);
    }
    this.update();
  }

  /** A message; true if it is for this processor and has been taken. */
  receive(message: InterruptMessage): boolean {
    const { mode, vector, isLevel } = message;
    if (!this.isOn || !this.isAddressedBy(message)) return false;
    switch (mode) {
      case FIXED:
      case LOWEST_PRIORITY:
        if (!this.isSoftwareEnabled) return false;
        this.accept(vector, isLevel);
        break;
      case NMI:
        this.wires.nmi();
        break;
      case INIT:
        this.wires.init();
        break;
      case EXT_INT:
        this.r.hasExternal = true;
        break;
      // System management mode is not offered; a processor that runs needs no start-up.
    }
    this.update();
    return true;
  }

  /** There is an interrupt that the processor should take. */
  get hasRequest(): boolean {
    return this.isOn ? this.deliverable() >= 0 || this.hasExternalRequest : (this.r.pins & 1) !== 0;
  }

  /**
   * The processor acknowledges; returns the vector.
   * @param external  acknowledges the 8259A and returns its vector
   */
  acknowledge(external: () => number): number {
    const { r } = this;
    if (!this.isOn) return external();
    this.timer.catchUp();
    const vector = this.deliverable();
    if (vector >= 0) {
      r.requests = withoutVector(r.requests, vector);
      r.inService = withVector(r.inService, vector);
      this.update();
      return vector;
    }
    if (!this.hasExternalRequest) return r.spurious & 0xff;
    r.hasExternal = false;
    this.update();
    return external();
  }

  /** IA32_APIC_BASE has been written. What was set is lost when the APIC is switched off (§10.4.3). */
  baseChanged(): void {
    if (!this.isOn) this.clear(0);
    this.remap();
    this.update();
    this.wires.mayTakeMore();
  }

  /** IA32_TSC_DEADLINE (§10.5.4.1). */
  get deadline(): bigint {
    return this.timer.deadline;
  }

  writeDeadline(counter: bigint): void {
    this.timer.catchUp();
    this.timer.deadline = counter;
    this.update();
  }

  /** The time-stamp counter has been written. */
  counterMoved(): void {
    if (!this.isByDeadline) return;
    this.timer.catchUp();
    this.update();
  }

  /** LINT0 (0) or LINT1 (1) may bring an NMI or INIT, which wakes even a processor with its interrupts off. */
  wakesBy(pin: 0 | 1): boolean {
    return this.isOn && wakes(this.r.lvt[LVT_LINT0 + pin]);
  }

  /** The processor has got an INIT: all but the ID is as after power-on (§10.4.7.3). */
  initialise(): void {
    this.clear(this.r.id);
    this.update();
  }

  reset(): void {
    this.clear(0);
    this.remap();
    this.update();
  }

  save(): SavedState {
    return saveParts(this.parts);
  }

  restore(state: SavedState): void {
    restoreParts("local APIC", this.parts, state);
    this.remap();
    this.update();
  }

  // ---- the processor's side: registers of 32 bits, 16 bytes apart (§10.4.1)

  read(offset: number, size: number): number {
    if ((offset & 15) + size > 4) return 0;
    this.timer.catchUp();
    const value = this.readRegister(offset & ~15);
    this.update();
    return partOf(value, offset & 15, size);
  }

  write(offset: number, size: number, value: number): void {
    if ((offset & 15) !== 0 || size !== 4) return;
    this.timer.catchUp();
    this.writeRegister(offset, value);
    this.update();
    if (DECIDES_WHAT_IS_TAKEN.includes(offset)) this.wires.mayTakeMore();
  }

  // ---- inside

  private get parts(): Readonly<Record<string, Saveable>> {
    const { r } = this;
    return { registers: { save: () => saveFields(r), restore: (state) => restoreFields("registers", r, SHAPE, state) }, timer: this.timer };
  }

  private get isOn(): boolean {
    return (this.wires.base() & BASE_ENABLED) !== 0;
  }

  private get isByDeadline(): boolean {
    return this.wires.timeStamp !== null && (this.r.lvt[LVT_TIMER] & BY_DEADLINE) !== 0;
  }

  private get isSoftwareEnabled(): boolean {
    return (this.r.spurious & SOFTWARE_ENABLED) !== 0;
  }

  private clear(id: number): void {
    Object.assign(this.r, powerOn(), { id });
    this.timer.reset();
  }

  private remap(): void {
    const { memory, base } = this.wires, wanted = this.isOn ? (base() & BASE_ADDRESS) >>> 0 : -1;
    if (wanted === this.mapped) return;
    if (this.mapped >= 0) memory.unmap(this.mapped, PAGE_BYTES);
    if (wanted >= 0) memory.map(wanted, PAGE_BYTES, this);
    this.mapped = wanted;
  }

  private update(): void {
    this.timer.schedule();
    this.wires.interrupt(this.hasRequest);
  }

  private timerUser() {
    const { r } = this, entry = (): number => r.lvt[LVT_TIMER], isByDeadline = (): boolean => this.isByDeadline;
    return {
      get isPeriodic() { return (entry() & PERIODIC) !== 0; },
      get isByDeadline() { return isByDeadline(); },
      get listens() { return (entry() & MASKED) === 0 && !hasVector(r.requests, entry() & VECTOR); },
      expired: () => this.signal(LVT_TIMER, false),
    };
  }

  // ---- priorities (§10.8.3)

  private get processorPriority(): number {
    const { taskPriority, inService } = this.r, served = classOf(inService);
    return (taskPriority & PRIORITY_CLASS) >= served ? taskPriority : served;
  }

  /** APR (§10.6.2.4). */
  private get arbitrationPriority(): number {
    const { taskPriority, inService, requests } = this.r, task = taskPriority & PRIORITY_CLASS, served = classOf(inService), requested = classOf(requests);
    return task >= requested && task > served ? taskPriority : Math.max(task & served, requested);
  }

  /** The request that may interrupt what the processor does now, or -1. */
  private deliverable(): number {
    const vector = highestVector(this.r.requests);
    return vector >= 0 && (vector & PRIORITY_CLASS) > (this.processorPriority & PRIORITY_CLASS) ? vector : -1;
  }

  private get hasExternalRequest(): boolean {
    return this.r.hasExternal || [LVT_LINT0, LVT_LINT1].some((i) => (this.r.lvt[i] & MASKED) === 0 && modeOf(this.r.lvt[i]) === EXT_INT && this.isActive(i));
  }

  // ---- interrupts that come

  private isAddressedBy({ destination, isLogical }: InterruptMessage): boolean {
    if (destination === EVERYBODY) return true;
    const { r } = this;
    if (!isLogical) return destination === r.id >>> 24;
    const logical = r.logicalDestination >>> 24;
    if (r.destinationFormat !== MODEL_CLUSTER) return (destination & logical) !== 0;
    return destination >>> 4 === logical >>> 4 && (destination & logical & 15) !== 0;
  }

  private accept(vector: number, isLevel: boolean): void {
    const { r } = this;
    if (vector < FIRST_VECTOR) {
      this.fail(RECEIVE_ILLEGAL_VECTOR);
      return;
    }
    r.requests = withVector(r.requests, vector);
    r.triggerMode = isLevel ? withVector(r.triggerMode, vector) : withoutVector(r.triggerMode, vector);
  }

  /** What an entry of the local vector table says happens. */
  private signal(entry: number, isLevel: boolean): void {
    const value = this.r.lvt[entry];
    if ((value & MASKED) !== 0) return;
    switch (modeOf(value)) {
      case FIXED: return this.accept(value & VECTOR, isLevel);
      case NMI: return this.wires.nmi();
      case INIT: return this.wires.init();
    }
  }

  /** An error: interrupts once until software has looked (§10.5.3). */
  private fail(error: number): void {
    const { r } = this;
    if ((r.errors & error) !== 0) return;
    r.errors |= error;
    this.signal(LVT_ERROR, false);
  }

  // ---- LINT0 and LINT1

  private isActive(entry: number): boolean {
    const isHigh = (this.r.pins & (1 << (entry - LVT_LINT0))) !== 0;
    return isHigh !== ((this.r.lvt[entry] & ACTIVE_LOW) !== 0);
  }

  private pinChanged(entry: number): void {
    if (this.isByLevel(entry)) this.signalLevel(entry);
    else if (this.isActive(entry)) this.signal(entry, false);
  }

  /** Only fixed interrupts can trigger by level. */
  private isByLevel(entry: number): boolean {
    const value = this.r.lvt[entry];
    return (value & LEVEL) !== 0 && modeOf(value) === FIXED;
  }

  private signalLevel(entry: number): void {
    const { r } = this, value = r.lvt[entry];
    if (!this.isActive(entry) || (value & (MASKED | REMOTE_IRR)) !== 0) return;
    r.lvt = r.lvt.with(entry, value | REMOTE_IRR);
    this.signal(entry, true);
  }

  private endInterrupt(): void {
    const { r } = this, vector = highestVector(r.inService);
    if (vector < 0) return;
    r.inService = withoutVector(r.inService, vector);
    if (!hasVector(r.triggerMode, vector)) return;
    for (const entry of [LVT_LINT0, LVT_LINT1]) {
      if ((r.lvt[entry] & REMOTE_IRR) === 0 || (r.lvt[entry] & VECTOR) !== vector) continue;
      r.lvt = r.lvt.with(entry, r.lvt[entry] & ~REMOTE_IRR);
      this.signalLevel(entry);
    }
    this.wires.endOfInterrupt(vector);
  }

  // ---- registers

  private readRegister(offset: number): number {
    const { r, timer } = this;
    switch (offset) {
      case APIC_ID: return r.id;
      case APIC_VERSION: return VERSION;
      case APIC_TPR: return r.taskPriority;
      case APIC_APR: return this.arbitrationPriority;
      case APIC_PPR: return this.processorPriority;
      case APIC_EOI: return 0;
      case APIC_RRD: return 0;
      case APIC_LDR: return r.logicalDestination;
      case APIC_DFR: return ((r.destinationFormat << 28) | DFR_FIXED) >>> 0;
      case APIC_SPURIOUS: return r.spurious;
      case APIC_ESR: return r.errorStatus;
      case APIC_ICR: return r.command;
      case APIC_ICR_HIGH: return r.commandHigh;
      case APIC_TIMER_INITIAL: return timer.initialCount;
      case APIC_TIMER_CURRENT: return timer.currentCount;
      case APIC_TIMER_DIVIDE: return timer.divide;
    }
    const lvt = (offset - APIC_LVT) >> 4, word = (offset >> 4) & 7;
    if (lvt >= 0 && lvt < LVT_ENTRIES) return r.lvt[lvt];
    switch (offset & ~0x7f) {
      case APIC_ISR: return r.inService[word];
      case APIC_TMR: return r.triggerMode[word];
      case APIC_IRR: return r.requests[word];
    }
    this.fail(ILLEGAL_REGISTER);
    return 0;
  }

  private writeRegister(offset: number, value: number): void {
    const { r, timer } = this;
    switch (offset) {
      case APIC_ID:
        r.id = (value & TOP_BYTE) >>> 0;
        return;
      case APIC_TPR:
        r.taskPriority = value & 0xff;
        return;
      case APIC_EOI: return this.endInterrupt();
      case APIC_LDR:
        r.logicalDestination = (value & TOP_BYTE) >>> 0;
        return;
      case APIC_DFR:
        r.destinationFormat = value >>> 28;
        return;
      case APIC_SPURIOUS: return this.writeSpurious(value);
      case APIC_ESR:
        r.errorStatus = r.errors;
        r.errors = 0;
        return;
      case APIC_ICR: return this.sendCommand(value);
      case APIC_ICR_HIGH:
        r.commandHigh = (value & TOP_BYTE) >>> 0;
        return;
      case APIC_TIMER_INITIAL:
        timer.initialCount = value;
        return;
      case APIC_TIMER_DIVIDE:
        timer.divide = value;
        return;
    }
    const lvt = (offset - APIC_LVT) >> 4;
    if (lvt >= 0 && lvt < LVT_ENTRIES) this.writeLvt(lvt, value);
    else if (!isReadOnly(offset)) this.fail(ILLEGAL_REGISTER);
  }

  /** Switched off by software, all local interrupts are masked, and stay so until it is on again (§10.4.7.2). */
  private writeSpurious(value: number): void {
    const { r } = this;
    r.spurious = value & SPURIOUS_BITS;
    if (!this.isSoftwareEnabled) r.lvt = r.lvt.map((entry) => entry | MASKED);
  }

  private writeLvt(entry: number, value: number): void {
    const { r, isByDeadline } = this, kept = (value & LEVEL) !== 0 ? r.lvt[entry] & REMOTE_IRR : 0;
    const bits = entry === LVT_TIMER && this.wires.timeStamp !== null ? TIMER_BITS | BY_DEADLINE : LVT_BITS[entry];
    r.lvt = r.lvt.with(entry, (value & bits) | kept | (this.isSoftwareEnabled ? 0 : MASKED));
    if (this.isByDeadline !== isByDeadline) this.timer.disarm();
    if ((entry === LVT_LINT0 || entry === LVT_LINT1) && this.isByLevel(entry)) this.signalLevel(entry);
  }

  /** The interrupt command register (§10.6.1): what is not for this processor is for nobody. */
  private sendCommand(value: number): void {
    const { r } = this, mode = modeOf(value), vector = value & VECTOR, shorthand = (value >>> ICR_SHORTHAND_SHIFT) & 3;
    r.command = value & ICR_BITS;
    const isFixed = mode === FIXED || mode === LOWEST_PRIORITY, isDeassert = mode === INIT && (value & (ICR_ASSERT | ICR_LEVEL)) === ICR_LEVEL;
    if (isFixed && vector < FIRST_VECTOR) return this.fail(SEND_ILLEGAL_VECTOR);
    // Only fixed interrupts may be sent by "self" and "all including self" (table 10-3); an 8259A's cannot be sent.
    if (isDeassert || mode === EXT_INT || shorthand === TO_OTHERS || (shorthand !== TO_DESTINATION && !isFixed)) return;
    if (shorthand === TO_SELF && mode !== FIXED) return;
    const destination = shorthand === TO_DESTINATION ? r.commandHigh >>> 24 : EVERYBODY;
    this.receive({ mode, vector, isLevel: false, destination, isLogical: (value & ICR_LOGICAL) !== 0 });
  }
}

/** The class of the highest vector; 0 if there is none. */
function classOf(set: VectorSet): number {
  return Math.max(0, highestVector(set)) & PRIORITY_CLASS;
}

/** Registers that are there but cannot be written. */
function isReadOnly(offset: number): boolean {
  return [APIC_VERSION, APIC_APR, APIC_PPR, APIC_RRD, APIC_TIMER_CURRENT].includes(offset) || (offset >= APIC_ISR && offset < APIC_ESR);
}
