/**
 * An IDE channel with up to two disks: the command block and control block registers (ATA/ATAPI-6, clause 7), data through the data
 * register and by the bus master.
 */
import type { Device, Line } from "../../bus/device.ts";
import type { HostWork } from "../../bus/host-work.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { BYTE, FLAG, list, restoreFields, saveFields, upTo, WORD } from "../saveable.ts";
import type { AtaDisk, SectorCommand, TaskFile } from "./ata-disk.ts";
import { SECTOR_COMMANDS, sectorRange } from "./ata-disk.ts";
import type { BusMaster } from "./bus-master.ts";
import { identifyData, MAX_MULTIPLE, SECTOR_BYTES } from "./identify.ts";

/** Offsets in the command block. */
const DATA = 0, ERROR = 1, COUNT = 2, LBA_LOW = 3, LBA_MID = 4, LBA_HIGH = 5, DEVICE = 6, STATUS = 7;

const BUSY = 0x80, READY = 0x40, FAULT = 0x20, SEEK_DONE = 0x10, DATA_REQUEST = 8, FAILED = 1;
const ERROR_ABORTED = 4, ERROR_NO_SECTOR = 0x10, ERROR_DATA = 0x40;
const CONTROL_NO_INTERRUPT = 2, CONTROL_RESET = 4, CONTROL_HIGH_BYTE = 0x80;
const DEVICE_SECOND = 0x10, DEVICE_ALWAYS = 0xa0;
const DIAGNOSTIC_PASSED = 1;

const IDENTIFY = 0xec, SET_FEATURES = 0xef, SET_MULTIPLE = 0xc6, FLUSH = 0xe7, FLUSH_EXT = 0xea, DIAGNOSTIC = 0x90, READ_NATIVE_MAX = 0xf8, READ_NATIVE_MAX_EXT = 0x27;
/** Commands that do nothing here, and succeed: parameters, power modes, recalibration. */
const ACCEPTED: ReadonlySet<number> = new Set([0x10, 0x91, 0xe0, 0xe1, 0xe2, 0xe3, 0xe6, 0x94, 0x95, 0x96, 0x97, 0x99, 0x70]);
const CHECK_POWER_MODE = [0xe5, 0x98], POWER_ACTIVE = 0xff;
const FEATURE_TRANSFER_MODE = 3, ULTRA_DMA = 0x40, MAX_ULTRA_DMA = 5;
/** Subcommands that are taken: write cache, look-ahead, reverting to defaults. */
const FEATURES_ACCEPTED: ReadonlySet<number> = new Set([0x02, 0x82, 0xaa, 0x55, 0xcc, 0x66]);

/** What a request takes, ns of guest time: a solid-state disk's. */
const LATENCY_NS = 100_000, NS_PER_SECTOR = 2_000;
/** Most sectors moved at a time through the data register. */
const MAX_BUFFER = SECTOR_BYTES * MAX_MULTIPLE;

interface Registers extends TaskFile {
  status: number;
  error: number;
  control: number;
  /** Data at the data register; and how much of it has been moved. */
  buffer: readonly number[];
  position: number;
  /** The command in progress moves data to the drive. */
  isWriting: boolean;
  command: number;
  /** Sectors still to be moved after those in the buffer, and the next of them. */
  remaining: number;
  next: number;
  interrupts: boolean;
  multiple: readonly number[];
  dmaMode: readonly number[];
}

const SECTOR_NUMBER = upTo(2 ** 48);
const SHAPE: Shape<Registers> = {
  features: WORD, count: WORD, lbaLow: WORD, lbaMid: WORD, lbaHigh: WORD, device: BYTE, status: BYTE, error: BYTE, control: BYTE, buffer: list(MAX_BUFFER, BYTE),
  position: upTo(MAX_BUFFER), isWriting: FLAG, command: BYTE, remaining: upTo(0x10000), next: SECTOR_NUMBER, interrupts: FLAG, multiple: list(2, upTo(MAX_MULTIPLE)),
  dmaMode: list(2, upTo(MAX_ULTRA_DMA)),
};

const powerOn = (): Registers => ({
  features: 0, count: 1, lbaLow: 1, lbaMid: 0, lbaHigh: 0, device: 0, status: READY | SEEK_DONE, error: DIAGNOSTIC_PASSED, control: 0, buffer: [], position: 0,
  isWriting: false, command: 0, remaining: 0, next: 0, interrupts: false, multiple: [0, 0], dmaMode: [0, 0],
});

export interface ChannelParts {
  readonly disks: readonly [AtaDisk | null, AtaDisk | null];
  readonly busMaster: BusMaster;
  readonly work: HostWork;
  readonly interrupt: Line;
}

export class IdeChannel implements Device, Saveable {
  private readonly r = powerOn();
  private readonly parts: ChannelParts;
  /** Bytes at the data register while a command moves data; `r.buffer` holds them in saved states. */
  private data: Uint8Array = new Uint8Array(0);
  /** Grows with each reset: what was under way then is void. */
  private epoch = 0;

  constructor(parts: ChannelParts) {
    this.parts = parts;
    parts.busMaster.onStart = () => this.startDma();
  }

  // ---- the processor's side

  /** Command block. The data register takes 2 bytes, and 4 as two times 2. */
  read(offset: number, size: number): number {
    if (offset === DATA) return this.readData(size);
    const { r } = this;
    if (this.disk === null) return 0;
    switch (offset) {
      case ERROR: return r.error;
      case COUNT: return this.shown(r.count);
      case LBA_LOW: return this.shown(r.lbaLow);
      case LBA_MID: return this.shown(r.lbaMid);
      case LBA_HIGH: return this.shown(r.lbaHigh);
      case DEVICE: return r.device | DEVICE_ALWAYS;
      default:
        this.setInterrupt(false);
        return r.status;
    }
  }

  write(offset: number, size: number, value: number): void {
    if (offset === DATA) return this.writeData(size, value);
    const { r } = this, byte = value & 0xff;
    // Registers cannot be written while a command is in progress.
    if ((r.status & (BUSY | DATA_REQUEST)) !== 0 && offset !== DEVICE && offset !== STATUS) return;
    r.control &= ~CONTROL_HIGH_BYTE;
    switch (offset) {
      case ERROR:
        r.features = pushed(r.features, byte);
        return;
      case COUNT:
        r.count = pushed(r.count, byte);
        return;
      case LBA_LOW:
        r.lbaLow = pushed(r.lbaLow, byte);
        return;
      case LBA_MID:
        r.lbaMid = pushed(r.lbaMid, byte);
        return;
      case LBA_HIGH:
        r.lbaHigh = pushed(r.lbaHigh, byte);
        return;
      case DEVICE:
        r.device = byte & ~DEVICE_ALWAYS;
        return;
      default: this.execute(byte);
    }
  }

  /** Alternate status: as the status, and the interrupt stays. */
  readAlternateStatus(): number {
    return this.disk === null ? 0 : this.r.status;
  }

  /** Device control. */
  writeControl(value: number): void {
    const { r } = this, wasReset = (r.control & CONTROL_RESET) !== 0, isReset = (value & CONTROL_RESET) !== 0;
    r.control = value & (CONTROL_NO_INTERRUPT | CONTROL_RESET | CONTROL_HIGH_BYTE);
    if (isReset && !wasReset) this.softReset();
    if (isReset) r.status = BUSY;
    else if (wasReset) r.status = READY | SEEK_DONE;
    this.drive();
  }

  reset(): void {
    Object.assign(this.r, powerOn());
    this.data = new Uint8Array(0);
    this.epoch++;
    this.drive();
  }

  save(): SavedState {
    return saveFields({ ...this.r, buffer: [...this.data] });
  }

  restore(state: SavedState): void {
    restoreFields("IDE channel", this.r, SHAPE, state);
    this.data = Uint8Array.from(this.r.buffer);
    this.r.buffer = [];
    this.epoch++;
    this.drive();
  }

  // ---- registers

  private get unit(): 0 | 1 {
    return (this.r.device & DEVICE_SECOND) !== 0 ? 1 : 0;
  }

  private get disk(): AtaDisk | null {
    return this.parts.disks[this.unit];
  }

  private shown(register: number): number {
    return (this.r.control & CONTROL_HIGH_BYTE) !== 0 ? register >>> 8 : register & 0xff;
  }

  private setInterrupt(pending: boolean): void {
    this.r.interrupts = pending;
    if (pending) this.parts.busMaster.noteInterrupt();
    this.drive();
  }

  private drive(): void {
    this.parts.interrupt(this.r.interrupts && (this.r.control & CONTROL_NO_INTERRUPT) === 0);
  }

  /** SRST: as at power-on, but for what SET FEATURES has set; the signature of a disk is in the registers. */
  private softReset(): void {
    const { control, multiple, dmaMode } = this.r;
    Object.assign(this.r, powerOn(), { control, multiple, dmaMode });
    this.data = new Uint8Array(0);
    this.epoch++;
  }

  private succeed(): void {
    this.r.status = READY | SEEK_DONE;
    this.r.error = 0;
    this.setInterrupt(true);
  }

  private fail(error: number): void {
    this.r.status = READY | SEEK_DONE | FAILED | (error === ERROR_DATA ? FAULT : 0);
    this.r.error = error;
    this.data = new Uint8Array(0);
    this.setInterrupt(true);
  }

  // ---- commands

  private execute(command: number): void {
    const { r, disk } = this;
    if (command === DIAGNOSTIC) {
      this.softReset();
      return this.setInterrupt(true);
    }
    if (disk === null || (r.status & (BUSY | DATA_REQUEST)) !== 0) return;
    r.command = command;
    r.error = 0;
    r.remaining = 0;
    this.setInterrupt(false);
    const onSectors = SECTOR_COMMANDS.get(command);
    if (onSectors !== undefined) this.startSectors(disk, onSectors);
    else this.executeOther(disk, command);
  }

  private executeOther(disk: AtaDisk, command: number): void {
    const { r, unit } = this;
    switch (command) {
      case IDENTIFY: return this.offer(identifyData({ sectorCount: disk.sectorCount, serial: disk.serial, model: "tcgjs disk" }, r.multiple[unit] ?? 0, r.dmaMode[unit] ?? 0));
      case SET_FEATURES: return this.setFeatures();
      case SET_MULTIPLE: return this.setMultiple(r.count & 0xff);
      case FLUSH:
      case FLUSH_EXT: return this.work(() => disk.image.flush(), 0, () => this.succeed());
      case READ_NATIVE_MAX:
      case READ_NATIVE_MAX_EXT:
        this.showSector(disk.sectorCount - 1, command === READ_NATIVE_MAX_EXT);
        return this.succeed();
    }
    if (CHECK_POWER_MODE.includes(command)) r.count = POWER_ACTIVE;
    if (ACCEPTED.has(command) || CHECK_POWER_MODE.includes(command)) this.succeed();
    else this.fail(ERROR_ABORTED);
  }

  private setFeatures(): void {
    const { r, unit } = this, subcommand = r.features & 0xff, mode = r.count & 0xff;
    if (subcommand === FEATURE_TRANSFER_MODE) {
      if (mode >= ULTRA_DMA && mode <= ULTRA_DMA + MAX_ULTRA_DMA) r.dmaMode = r.dmaMode.with(unit, mode - ULTRA_DMA);
      return mode <= ULTRA_DMA + MAX_ULTRA_DMA ? this.succeed() : this.fail(ERROR_ABORTED);
    }
    if (FEATURES_ACCEPTED.has(subcommand)) this.succeed();
    else this.fail(ERROR_ABORTED);
  }

  private setMultiple(count: number): void {
    const isPower = count === 0 || (count <= MAX_MULTIPLE && (count & (count - 1)) === 0);
    if (!isPower) return this.fail(ERROR_ABORTED);
    this.r.multiple = this.r.multiple.with(this.unit, count);
    this.succeed();
  }

  private showSector(sector: number, is48Bit: boolean): void {
    const { r } = this, at = is48Bit ? sector : Math.min(sector, 0xfffffff), byte = (i: number): number => Math.floor(at / 2 ** (8 * i)) & 0xff;
    [r.lbaLow, r.lbaMid, r.lbaHigh] = [0, 1, 2].map((i) => byte(i) | (is48Bit ? byte(i + 3) << 8 : 0));
    if (!is48Bit) r.device = (r.device & ~15) | (byte(3) & 15);
  }

  private startSectors(disk: AtaDisk, command: SectorCommand): void {
    const { r } = this, range = sectorRange(r, command, disk.sectorCount);
    if (range === null) return this.fail(ERROR_NO_SECTOR);
    if (command.isMultiple && (r.multiple[this.unit] ?? 0) === 0) return this.fail(ERROR_ABORTED);
    if (command.transfer.endsWith("out") && disk.image.isReadOnly) return this.fail(ERROR_ABORTED);
    r.next = range.first;
    r.remaining = range.count;
    r.isWriting = command.transfer === "pio-out";
    switch (command.transfer) {
      case "pio-in": return this.readNext(disk);
      case "pio-out": return this.askForNext(false);
      case "verify": return this.work(() => disk.read(range.first, new Uint8Array(range.count * SECTOR_BYTES)), range.count, () => this.succeed());
      case "dma-in":
      case "dma-out":
        r.status = READY | SEEK_DONE | DATA_REQUEST;
        if (this.parts.busMaster.isStarted) this.startDma();
        return;
      case "none": return this.succeed();
    }
  }

  /** Lets the host work for this command; busy until then. */
  private work(work: () => Promise<void>, sectorCount: number, done: () => void): void {
    const { epoch } = this;
    this.r.status = BUSY | READY | SEEK_DONE;
    this.parts.work.start(work, LATENCY_NS + sectorCount * NS_PER_SECTOR, (hasFailed) => {
      if (epoch !== this.epoch) return;
      if (hasFailed) this.fail(ERROR_DATA);
      else done();
    });
  }

  // ---- data by the processor

  /** Sectors at a time. */
  private get burst(): number {
    const { r } = this, isMultiple = SECTOR_COMMANDS.get(r.command)?.isMultiple === true;
    return Math.min(r.remaining, isMultiple ? Math.max(1, r.multiple[this.unit] ?? 1) : 1);
  }

  private readNext(disk: AtaDisk): void {
    const { r, burst } = this, bytes = new Uint8Array(burst * SECTOR_BYTES), first = r.next;
    this.work(() => disk.read(first, bytes), burst, () => {
      r.next += burst;
      r.remaining -= burst;
      this.offer(bytes);
    });
  }

  /** Data for the processor. */
  private offer(bytes: Uint8Array): void {
    this.data = bytes;
    this.r.position = 0;
    this.r.isWriting = false;
    this.r.status = READY | SEEK_DONE | DATA_REQUEST;
    this.setInterrupt(true);
  }

  /** Data is wanted from the processor; the first is not announced by an interrupt. */
  private askForNext(interrupts: boolean): void {
    this.data = new Uint8Array(this.burst * SECTOR_BYTES);
    this.r.position = 0;
    this.r.status = READY | SEEK_DONE | DATA_REQUEST;
    if (interrupts) this.setInterrupt(true);
  }

  private readData(size: number): number {
    const { r } = this;
    let value = 0;
    for (let i = 0; i < size; i++) value += (r.isWriting ? 0 : this.data[r.position + i] ?? 0) * 2 ** (8 * i);
    if (!r.isWriting && (r.status & DATA_REQUEST) !== 0) this.advance(size);
    return value;
  }

  private writeData(size: number, value: number): void {
    const { r } = this;
    if (!r.isWriting || (r.status & DATA_REQUEST) === 0) return;
    for (let i = 0; i < size && r.position + i < this.data.length; i++) this.data[r.position + i] = value >>> (8 * i);
    this.advance(size);
  }

  private advance(size: number): void {
    const { r, data, disk } = this;
    r.position = Math.min(r.position + size, data.length);
    if (r.position < data.length || data.length === 0 || disk === null) return;
    if (r.isWriting) return this.writeNext(disk);
    this.data = new Uint8Array(0);
    r.status = READY | SEEK_DONE;
    if (r.remaining > 0 && r.command !== IDENTIFY) this.readNext(disk);
  }

  private writeNext(disk: AtaDisk): void {
    const { r, data } = this, first = r.next, count = data.length / SECTOR_BYTES;
    this.work(() => disk.write(first, data), count, () => {
      r.next += count;
      r.remaining = Math.max(0, r.remaining - count);
      this.data = new Uint8Array(0);
      if (r.remaining > 0) this.askForNext(true);
      else this.succeed();
    });
  }

  // ---- data by the bus master

  private startDma(): void {
    const { r, disk } = this, transfer = SECTOR_COMMANDS.get(r.command)?.transfer, { busMaster } = this.parts;
    if (disk === null || (r.status & DATA_REQUEST) === 0 || (transfer !== "dma-in" && transfer !== "dma-out")) return;
    const first = r.next, count = r.remaining;
    r.remaining = 0;
    if (transfer === "dma-in") {
      const bytes = new Uint8Array(count * SECTOR_BYTES);
      return this.work(() => disk.read(first, bytes), count, () => this.endDma(busMaster.toMemory(bytes)));
    }
    const bytes = busMaster.fromMemory(count * SECTOR_BYTES);
    if (bytes === null) return this.fail(ERROR_ABORTED);
    this.work(() => disk.write(first, bytes), count, () => this.endDma(true));
  }

  private endDma(isComplete: boolean): void {
    if (isComplete) this.succeed();
    else this.fail(ERROR_ABORTED);
  }
}

/** A register of two bytes, of which the one written last is the lower. */
function pushed(register: number, byte: number): number {
  return ((register & 0xff) << 8) | byte;
}
