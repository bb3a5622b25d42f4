/**
 * 16550A UART (National Semiconductor PC16550D): a serial line without the line. What is transmitted is gone at once; what is
 * received waits in the FIFO, and behind that with whoever sends it (`receive` says how much was taken).
 */
import type { Alarm, Clock } from "../bus/clock.ts";
import type { BytePorts, Device, Line } from "../bus/device.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { between, BYTE, FLAG, list, restoreFields, saveFields, WORD } from "./saveable.ts";

/** What is at the other end of the line. */
export interface SerialPeer {
  /** Takes a byte that was transmitted, 0..0xff. */
  transmit(byte: number): void;
  /** There is room again after `receive` has taken less than all. */
  roomAgain(): void;
}

interface Registers {
  /** Bytes received and not read, the next one first. */
  received: readonly number[];
  /** IER, LCR, MCR, SCR; DLL and DLM. */
  interruptEnable: number;
  lineControl: number;
  modemControl: number;
  scratch: number;
  divisor: number;
  /** FCR: FIFOs on; bytes at which the receiver interrupts, as bits 7 and 6. */
  hasFifo: boolean;
  trigger: number;
  /** LSR: overrun, break. Data ready and the empty transmitter follow from the rest. */
  lineErrors: number;
  /** MSR, low half: what has changed since it was read. */
  modemChanges: number;
  /** The transmitter has become empty, and nobody has been told: an interrupt. */
  transmitterIsEmpty: boolean;
  /** Bytes have waited below the trigger level for four characters. */
  isTimedOut: boolean;
  /** When they will have, ns, or -1. */
  timesOutNs: number;
}

const NEVER = -1;
const FIFO_BYTES = 16, MAX_RECEIVED = FIFO_BYTES;
const SHAPE: Shape<Registers> = {
  received: list(MAX_RECEIVED, BYTE), interruptEnable: BYTE, lineControl: BYTE, modemControl: BYTE, scratch: BYTE, divisor: WORD, hasFifo: FLAG, trigger: BYTE,
  lineErrors: BYTE, modemChanges: BYTE, transmitterIsEmpty: FLAG, isTimedOut: FLAG, timesOutNs: between(NEVER, Number.MAX_SAFE_INTEGER),
};

/** 9600 baud, as firmware leaves it. */
const powerOn = (): Registers => ({
  received: [], interruptEnable: 0, lineControl: 0, modemControl: 0, scratch: 0, divisor: 12, hasFifo: false, trigger: 0, lineErrors: 0, modemChanges: 0,
  transmitterIsEmpty: false, isTimedOut: false, timesOutNs: NEVER,
});

const DATA = 0, INTERRUPT_ENABLE = 1, INTERRUPT_ID = 2, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5, MODEM_STATUS = 6;

const IER_RECEIVED = 1, IER_TRANSMITTER = 2, IER_LINE = 4, IER_MODEM = 8, IER_ALL = 15;
const IIR_NONE = 1, IIR_MODEM = 0, IIR_TRANSMITTER = 2, IIR_RECEIVED = 4, IIR_LINE = 6, IIR_TIMEOUT = 12, IIR_FIFO = 0xc0;
const FCR_ENABLE = 1, FCR_CLEAR_RECEIVER = 2, FCR_TRIGGER = 0xc0;
/** Receiver trigger levels by bits 7 and 6 of FCR. */
const TRIGGER_BYTES = [1, 4, 8, 14];
const LCR_DLAB = 0x80;
const MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10, MCR_ALL = 0x1f;
const LSR_DATA_READY = 1, LSR_OVERRUN = 2, LSR_BREAK = 0x10, LSR_TRANSMITTER_EMPTY = 0x60;
const MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80;

/** Input clock divided by 16, Hz; a divisor of 1 is this many baud. */
const MAX_BAUD = 115_200, BITS_PER_CHARACTER = 10, TIMEOUT_CHARACTERS = 4;
const NS_PER_SECOND = 1_000_000_000;

/** Modem inputs while a peer is there: it is ready, and a carrier is there. */
const CONNECTED = MSR_CTS | MSR_DSR | MSR_DCD;

export class Uart16550 implements Device, Saveable, BytePorts {
  private readonly r = powerOn();
  private readonly interrupt: Line;
  private readonly clock: Clock;
  private readonly timeout: Alarm;
  private peer: SerialPeer | null = null;

  constructor(clock: Clock, interrupt: Line) {
    this.interrupt = interrupt;
    this.clock = clock;
    this.timeout = clock.newAlarm(() => {
      this.r.isTimedOut = true;
      this.update();
    });
  }

  // ---- the peer's side

  /** Joins a peer, or takes it away. */
  connect(peer: SerialPeer | null): void {
    const before = this.modemInputs();
    this.peer = peer;
    this.noteModemInputs(before);
  }

  /** Receives bytes, as many as there is room for; returns how many. */
  receive(bytes: readonly number[]): number {
    if (this.isLooped) return bytes.length;
    const room = this.capacity - this.r.received.length, taken = bytes.slice(0, Math.max(0, room));
    if (taken.length > 0) this.push(taken);
    return taken.length;
  }

  /** The line is held low for longer than a character: a zero byte, and an error that says what it is. */
  receiveBreak(): void {
    this.r.lineErrors |= LSR_BREAK;
    this.push([0]);
  }

  // ---- the processor's side

  readByte(offset: number): number {
    const { r } = this, sees = (r.lineControl & LCR_DLAB) !== 0;
    switch (offset) {
      case DATA: return sees ? r.divisor & 0xff : this.readData();
      case INTERRUPT_ENABLE: return sees ? r.divisor >>> 8 : r.interruptEnable;
      case INTERRUPT_ID: return this.readInterruptId();
      case LINE_CONTROL: return r.lineControl;
      case MODEM_CONTROL: return r.modemControl;
      case LINE_STATUS: return this.readLineStatus();
      case MODEM_STATUS: return this.readModemStatus();
      default: return r.scratch;
    }
  }

  writeByte(offset: number, value: number): void {
    const { r } = this, sees = (r.lineControl & LCR_DLAB) !== 0;
    switch (offset) {
      case DATA:
        if (sees) r.divisor = (r.divisor & 0xff00) | value;
        else this.transmit(value);
        break;
      case INTERRUPT_ENABLE:
        if (sees) r.divisor = (r.divisor & 0xff) | (value << 8);
        else this.enableInterrupts(value & IER_ALL);
        break;
      case FIFO_CONTROL: return this.controlFifo(value);
      case LINE_CONTROL:
        r.lineControl = value;
        break;
      case MODEM_CONTROL: return this.controlModem(value & MCR_ALL);
      case LINE_STATUS:
      case MODEM_STATUS: break;
      default: r.scratch = value;
    }
  }

  reset(): void {
    Object.assign(this.r, powerOn());
    this.update();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("16550", this.r, SHAPE, state);
    this.update();
  }

  // ---- inside

  private get isLooped(): boolean {
    return (this.r.modemControl & MCR_LOOP) !== 0;
  }

  private get capacity(): number {
    return this.r.hasFifo ? FIFO_BYTES : 1;
  }

  private push(bytes: readonly number[]): void {
    const { r } = this;
    if (r.received.length + bytes.length > this.capacity) r.lineErrors |= LSR_OVERRUN;
    r.received = [...r.received, ...bytes].slice(0, this.capacity);
    this.restartTimeout();
    this.update();
  }

  /** Each byte that comes or is read starts the time anew (data sheet, "FIFO Interrupt Mode Operation"). */
  private restartTimeout(): void {
    this.r.isTimedOut = false;
    this.r.timesOutNs = NEVER;
  }

  private readData(): number {
    const { r } = this;
    if (r.received.length === 0) return 0;
    const [byte, ...rest] = r.received;
    r.received = rest;
    this.restartTimeout();
    this.update();
    this.peer?.roomAgain();
    return byte;
  }

  private transmit(byte: number): void {
    const { r } = this;
    if (this.isLooped) {
      r.lineErrors |= r.received.length >= this.capacity ? LSR_OVERRUN : 0;
      r.received = [...r.received, byte].slice(0, this.capacity);
    } else {
      this.peer?.transmit(byte);
    }
    r.transmitterIsEmpty = true;
    this.update();
  }

  private enableInterrupts(enabled: number): void {
    const { r } = this;
    // Being told of an empty transmitter begins with being told (data sheet, table V).
    if ((enabled & ~r.interruptEnable & IER_TRANSMITTER) !== 0) r.transmitterIsEmpty = true;
    r.interruptEnable = enabled;
    this.update();
  }

  private controlFifo(value: number): void {
    const { r } = this, hasFifo = (value & FCR_ENABLE) !== 0;
    if (hasFifo !== r.hasFifo || (value & FCR_CLEAR_RECEIVER) !== 0) {
      r.received = [];
      r.isTimedOut = false;
    }
    r.hasFifo = hasFifo;
    r.trigger = hasFifo ? value & FCR_TRIGGER : 0;
    this.update();
    this.peer?.roomAgain();
  }

  private controlModem(value: number): void {
    const before = this.modemInputs();
    this.r.modemControl = value;
    this.noteModemInputs(before);
  }

  private readLineStatus(): number {
    const { r } = this, status = this.lineStatus();
    r.lineErrors = 0;
    this.update();
    return status;
  }

  private lineStatus(): number {
    const { r } = this;
    return r.lineErrors | (r.received.length > 0 ? LSR_DATA_READY : 0) | LSR_TRANSMITTER_EMPTY;
  }

  private readModemStatus(): number {
    const status = this.modemInputs() | this.r.modemChanges;
    this.r.modemChanges = 0;
    this.update();
    return status;
  }

  /** CTS, DSR, RI and DCD; from the outputs while they are looped back (data sheet, "Modem Control Register", bit 4). */
  private modemInputs(): number {
    const { modemControl } = this.r;
    if (!this.isLooped) return this.peer === null ? 0 : CONNECTED;
    return ((modemControl & MCR_RTS) !== 0 ? MSR_CTS : 0) | ((modemControl & MCR_DTR) !== 0 ? MSR_DSR : 0)
      | ((modemControl & MCR_OUT1) !== 0 ? MSR_RI : 0) | ((modemControl & MCR_OUT2) !== 0 ? MSR_DCD : 0);
  }

  /** Notes what has changed; of RI only that it has fallen. */
  private noteModemInputs(before: number): void {
    const now = this.modemInputs(), changed = before ^ now;
    this.r.modemChanges |= ((changed & ~MSR_RI) | (before & ~now & MSR_RI)) >>> 4;
    this.update();
  }

  private readInterruptId(): number {
    const { r } = this, id = this.interruptId();
    if (id === IIR_TRANSMITTER) r.transmitterIsEmpty = false;
    this.update();
    return id | (r.hasFifo ? IIR_FIFO : 0);
  }

  /** The pending interrupt of the highest priority (data sheet, table V). */
  private interruptId(): number {
    const { r } = this, enabled = r.interruptEnable, waiting = r.received.length;
    if ((enabled & IER_LINE) !== 0 && r.lineErrors !== 0) return IIR_LINE;
    if ((enabled & IER_RECEIVED) !== 0 && waiting > 0) {
      if (waiting >= (r.hasFifo ? TRIGGER_BYTES[r.trigger >>> 6] : 1)) return IIR_RECEIVED;
      if (r.isTimedOut) return IIR_TIMEOUT;
    }
    if ((enabled & IER_TRANSMITTER) !== 0 && r.transmitterIsEmpty) return IIR_TRANSMITTER;
    return (enabled & IER_MODEM) !== 0 && r.modemChanges !== 0 ? IIR_MODEM : IIR_NONE;
  }

  private update(): void {
    const { r } = this, waits = r.hasFifo && r.received.length > 0 && !r.isTimedOut;
    if (!waits) r.timesOutNs = NEVER;
    else if (r.timesOutNs === NEVER) r.timesOutNs = this.clock.nowNs() + this.timeoutNs();
    this.timeout.setAt(r.timesOutNs === NEVER ? Infinity : r.timesOutNs);
    // OUT2 connects the interrupt on a PC's board; looped back it is disconnected.
    const isConnected = (r.modemControl & (MCR_OUT2 | MCR_LOOP)) === MCR_OUT2;
    this.interrupt(isConnected && this.interruptId() !== IIR_NONE);
  }

  private timeoutNs(): number {
    const baud = MAX_BAUD / Math.max(1, this.r.divisor);
    return Math.ceil((TIMEOUT_CHARACTERS * BITS_PER_CHARACTER * NS_PER_SECOND) / baud);
  }
}
