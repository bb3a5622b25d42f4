/**
 * One of the two devices of an IDE channel, as the channel sees it: its command block registers (ATA/ATAPI-6, clause 7), the data
 * register, the interrupt that it asks for. What commands mean is its drive's business (ata-disk.ts, atapi-cdrom.ts), which moves
 * data and ends commands by this.
 */
import type { Device } from "../../bus/device.ts";
import type { HostWork } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { between, BYTE, bytesUpTo, FLAG, restoreFields, restoreParts, saveFields, saveParts, upTo, WORD } from "../saveable.ts";
import type { BusMaster } from "./bus-master.ts";
import type { TaskFile } from "./task-file.ts";

/** Offsets in the command block. */
export const DATA = 0, ERROR = 1, COUNT = 2, LBA_LOW = 3, LBA_MID = 4, LBA_HIGH = 5, DEVICE = 6, STATUS = 7;

export const BUSY = 0x80, READY = 0x40, FAULT = 0x20, SEEK_DONE = 0x10, DATA_REQUEST = 8, FAILED = 1;
export const ERROR_ABORTED = 4;
const DEVICE_ALWAYS = 0xa0;
/** Error register after a reset: the device has passed its diagnostic. */
const DIAGNOSTIC_PASSED = 1;
/** Of packet devices: works while another command is under way. */
const DEVICE_RESET = 0x08;

const NOTHING: Uint8Array = new Uint8Array(0);
/** Most bytes at the data register at a time. */
const MAX_BUFFER_BYTES = 0x10000;
/** Most bytes on their way to a drive. */
const MAX_WRITTEN_BYTES = 0x100000;

/** What a unit is: a disk, a CD-ROM. The unit asks, and is handed over. */
export interface IdeDrive extends Device, Saveable {
  /** LBA Mid and High after a reset, by which software tells kinds of devices apart (§9.12). */
  readonly signature: readonly [mid: number, high: number];
  /** Status after a reset. */
  readonly restingStatus: number;
  /** A packet device takes DEVICE RESET at any time. */
  readonly isPacketDevice: boolean;
  execute(unit: IdeUnit, command: number): void;
  /** The processor has taken all that was offered. */
  dataTaken(unit: IdeUnit): void;
  /** The processor has given all that was asked for. */
  dataGiven(unit: IdeUnit, bytes: Uint8Array): void;
  /** The bus master is there, which was waited for. */
  dmaStarted(unit: IdeUnit): void;
  /**
   * A machine was saved while the host worked for this drive, which is to start that work anew: the state of both is as it was then.
   * @param written  what was on its way to the drive
   */
  resumeWork(unit: IdeUnit, written: Uint8Array): void;
  /** SRST, DEVICE RESET: the command under way is no more; settings stay. */
  softReset(): void;
}

interface Registers extends TaskFile {
  status: number;
  error: number;
  /** Data at the data register; and how much of it has been moved. */
  buffer: Uint8Array;
  position: number;
  /** The data goes to the drive. */
  isWriting: boolean;
  /** Waits for the bus master. */
  isDma: boolean;
  interrupts: boolean;
  /** When the host's work for this unit ends, ns, or -1 if there is none; and what it writes. */
  workEndsNs: number;
  written: Uint8Array;
}

const NO_WORK = -1;
const SHAPE: Shape<Registers> = {
  features: WORD, count: WORD, lbaLow: WORD, lbaMid: WORD, lbaHigh: WORD, device: BYTE, status: BYTE, error: BYTE, buffer: bytesUpTo(MAX_BUFFER_BYTES),
  position: upTo(MAX_BUFFER_BYTES), isWriting: FLAG, isDma: FLAG, interrupts: FLAG, workEndsNs: between(NO_WORK, Number.MAX_SAFE_INTEGER), written: bytesUpTo(MAX_WRITTEN_BYTES),
};

export interface UnitParts {
  readonly drive: IdeDrive;
  readonly busMaster: BusMaster;
  readonly work: HostWork;
  /** The unit asks for an interrupt, or does not any more. */
  readonly onInterrupt: () => void;
}

export class IdeUnit implements Device, Saveable {
  readonly drive: IdeDrive;
  readonly r: Registers;
  private readonly parts: UnitParts;
  /** Grows with each reset: what was under way then is void. */
  private epoch = 0;
  /** The drive starts work anew that was under way in a saved machine. */
  private isResuming = false;

  constructor(parts: UnitParts) {
    this.parts = parts;
    this.drive = parts.drive;
    this.r = this.afterReset();
  }

  // ---- the channel's side

  get hasInterrupt(): boolean {
    return this.r.interrupts;
  }

  /** The data register takes 2 bytes, and 4 as two times 2. @param isHigh  shows what was written before */
  read(offset: number, size: number, isHigh: boolean): number {
    const { r } = this, shown = (register: number): number => (isHigh ? register >>> 8 : register & 0xff);
    switch (offset) {
      case DATA: return this.readData(size);
      case ERROR: return r.error;
      case COUNT: return shown(r.count);
      case LBA_LOW: return shown(r.lbaLow);
      case LBA_MID: return shown(r.lbaMid);
      case LBA_HIGH: return shown(r.lbaHigh);
      case DEVICE: return r.device | DEVICE_ALWAYS;
      default:
        this.setInterrupt(false);
        return r.status;
    }
  }

  /** All but the data and command registers; both units hear of them. */
  writeRegister(offset: number, byte: number): void {
    const { r } = this;
    if (offset === DEVICE) r.device = byte & ~DEVICE_ALWAYS;
    // The others cannot be written while a command is in progress.
    else if ((r.status & (BUSY | DATA_REQUEST)) !== 0) return;
    else if (offset === ERROR) r.features = pushed(r.features, byte);
    else if (offset === COUNT) r.count = pushed(r.count, byte);
    else if (offset === LBA_LOW) r.lbaLow = pushed(r.lbaLow, byte);
    else if (offset === LBA_MID) r.lbaMid = pushed(r.lbaMid, byte);
    else r.lbaHigh = pushed(r.lbaHigh, byte);
  }

  writeData(size: number, value: number): void {
    const { r } = this;
    if (!r.isWriting || (r.status & DATA_REQUEST) === 0) return;
    for (let i = 0; i < size && r.position + i < r.buffer.length; i++) r.buffer[r.position + i] = value >>> (8 * i);
    this.advance(size);
  }

  execute(command: number): void {
    const { r, drive } = this;
    if (command === DEVICE_RESET && drive.isPacketDevice) return this.softReset();
    if ((r.status & (BUSY | DATA_REQUEST)) !== 0) return;
    r.error = 0;
    this.setInterrupt(false);
    drive.execute(this, command);
  }

  /** The bus master has been started. */
  dmaStarted(): void {
    if (!this.r.isDma) return;
    this.r.isDma = false;
    this.drive.dmaStarted(this);
  }

  /** As at power-on, but for what has been set by commands; the signature is in the registers. */
  softReset(): void {
    Object.assign(this.r, this.afterReset());
    this.epoch++;
    this.drive.softReset();
    this.parts.onInterrupt();
  }

  /** SRST is held, or let go. */
  holdReset(isHeld: boolean): void {
    this.r.status = isHeld ? BUSY : this.drive.restingStatus;
  }

  setInterrupt(isPending: boolean): void {
    this.r.interrupts = isPending;
    this.parts.onInterrupt();
  }

  reset(): void {
    this.drive.reset();
    this.softReset();
  }

  save(): SavedState {
    return saveParts(this.saveables);
  }

  restore(state: SavedState): void {
    restoreParts("IDE unit", this.saveables, state);
    this.epoch++;
    this.parts.onInterrupt();
    if (this.r.workEndsNs === NO_WORK) return;
    this.isResuming = true;
    this.drive.resumeWork(this, this.r.written);
    this.isResuming = false;
  }

  private get saveables(): Readonly<Record<string, Saveable>> {
    const { r, drive } = this;
    return { drive, registers: { save: () => saveFields(r), restore: (state) => restoreFields("IDE registers", r, SHAPE, state) } };
  }

  // ---- the drive's side

  /** Data for the processor, up to `MAX_BUFFER_BYTES`; it is told by an interrupt. */
  offer(bytes: Uint8Array): void {
    this.r.buffer = bytes;
    this.r.position = 0;
    this.r.isWriting = false;
    this.r.status = READY | SEEK_DONE | DATA_REQUEST;
    this.setInterrupt(true);
  }

  /** Data is wanted from the processor. */
  ask(length: number, interrupts: boolean): void {
    this.r.buffer = new Uint8Array(length);
    this.r.position = 0;
    this.r.isWriting = true;
    this.r.status = READY | SEEK_DONE | DATA_REQUEST;
    if (interrupts) this.setInterrupt(true);
  }

  /** Waits until the bus master is started, if it is not yet. */
  awaitDma(): void {
    this.r.status = READY | SEEK_DONE | DATA_REQUEST;
    this.r.isDma = true;
    if (this.parts.busMaster.isStarted) this.dmaStarted();
  }

  /** Data to memory by the bus master: false if its table has too little room. */
  toMemory(bytes: Uint8Array): boolean {
    return this.parts.busMaster.toMemory(bytes);
  }

  /** Data from memory, or null. */
  fromMemory(length: number): Uint8Array | null {
    return this.parts.busMaster.fromMemory(length);
  }

  /** Lets the host work for this command; busy until then. @param written  what goes to the drive, for `resumeWork` */
  work(work: () => Promise<void>, latencyNs: number, done: (hasFailed: boolean) => void, written = NOTHING): void {
    const { epoch, r, parts } = this;
    const end = (hasFailed: boolean): void => {
      if (epoch !== this.epoch) return;
      r.workEndsNs = NO_WORK;
      r.written = NOTHING;
      done(hasFailed);
    };
    r.status = BUSY | READY | SEEK_DONE;
    r.written = written;
    if (this.isResuming) parts.work.resume(work, r.workEndsNs, end);
    else r.workEndsNs = parts.work.start(work, latencyNs, end);
  }

  succeed(): void {
    this.finish(READY | SEEK_DONE, 0);
  }

  fail(error: number, status = 0): void {
    this.finish(READY | SEEK_DONE | FAILED | status, error);
  }

  private finish(status: number, error: number): void {
    this.r.status = status;
    this.r.error = error;
    this.r.buffer = this.r.written = NOTHING;
    this.r.workEndsNs = NO_WORK;
    this.setInterrupt(true);
  }

  // ---- data by the processor

  private readData(size: number): number {
    const { r } = this, isReading = !r.isWriting && (r.status & DATA_REQUEST) !== 0;
    let value = 0;
    for (let i = 0; i < size; i++) value += (isReading ? r.buffer[r.position + i] ?? 0 : 0) * 2 ** (8 * i);
    if (isReading) this.advance(size);
    return value;
  }

  private advance(size: number): void {
    const { r, drive } = this, { buffer } = r;
    r.position = Math.min(r.position + size, buffer.length);
    if (r.position < buffer.length) return;
    r.buffer = NOTHING;
    r.status = READY | SEEK_DONE;
    if (r.isWriting) drive.dataGiven(this, buffer);
    else drive.dataTaken(this);
  }

  private afterReset(): Registers {
    const { signature: [lbaMid, lbaHigh], restingStatus } = this.drive;
    return {
      features: 0, count: 1, lbaLow: 1, lbaMid, lbaHigh, device: 0, status: restingStatus, error: DIAGNOSTIC_PASSED, buffer: NOTHING, position: 0, isWriting: false, isDma: false,
      interrupts: false, workEndsNs: NO_WORK, written: NOTHING,
    };
  }
}

/** A register of two bytes, of which the one written last is the lower. */
function pushed(register: number, byte: number): number {
  return ((register & 0xff) << 8) | byte;
}
