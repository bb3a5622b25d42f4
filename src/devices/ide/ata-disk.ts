/** An ATA disk (ATA/ATAPI-6): the command set for disks, on top of an image. */
import type { BlockDevice } from "../../block/device.ts";
import type { SavedState, Shape } from "../saveable.ts";
import { BYTE, oneOf, restoreFields, saveFields, upTo } from "../saveable.ts";
import { identifyData, MAX_MULTIPLE, SECTOR_BYTES } from "./identify.ts";
import type { IdeDrive, IdeUnit } from "./ide-unit.ts";
import { ERROR_ABORTED, FAULT, READY, SEEK_DONE } from "./ide-unit.ts";
import { putSector, sectorRange } from "./task-file.ts";
import { MAX_ULTRA_DMA, setsTransferMode, ultraDmaMode } from "./transfer-mode.ts";

/** How a command moves its data. */
type Transfer =
  /** Through the data register: to the host, or from it. */
  | "pio-in" | "pio-out"
  /** By the bus master. */
  | "dma-in" | "dma-out"
  /** Not at all: the sectors are read, to see whether they can be. */
  | "verify";

/** A command on sectors. */
interface SectorCommand {
  readonly transfer: Transfer;
  readonly is48Bit: boolean;
  /** Moves as many sectors between interrupts as SET MULTIPLE MODE has set. */
  readonly isMultiple: boolean;
}

const sectors = (transfer: Transfer, is48Bit = false, isMultiple = false): SectorCommand => ({ transfer, is48Bit, isMultiple });

/** By opcode (clause 8). */
const SECTOR_COMMANDS: ReadonlyMap<number, SectorCommand> = new Map([
  [0x20, sectors("pio-in")], [0x21, sectors("pio-in")], [0x24, sectors("pio-in", true)], [0x29, sectors("pio-in", true, true)], [0xc4, sectors("pio-in", false, true)],
  [0x30, sectors("pio-out")], [0x31, sectors("pio-out")], [0x34, sectors("pio-out", true)], [0x39, sectors("pio-out", true, true)], [0xc5, sectors("pio-out", false, true)],
  [0xc8, sectors("dma-in")], [0xc9, sectors("dma-in")], [0x25, sectors("dma-in", true)],
  [0xca, sectors("dma-out")], [0xcb, sectors("dma-out")], [0x35, sectors("dma-out", true)],
  [0x40, sectors("verify")], [0x41, sectors("verify")], [0x42, sectors("verify", true)],
]);

const IDENTIFY = 0xec, SET_FEATURES = 0xef, SET_MULTIPLE = 0xc6, FLUSH = 0xe7, FLUSH_EXT = 0xea, READ_NATIVE_MAX = 0xf8, READ_NATIVE_MAX_EXT = 0x27;
/** Commands that do nothing here, and succeed: parameters, power modes, recalibration. */
const ACCEPTED: ReadonlySet<number> = new Set([0x10, 0x91, 0xe0, 0xe1, 0xe2, 0xe3, 0xe6, 0x94, 0x95, 0x96, 0x97, 0x99, 0x70]);
const CHECK_POWER_MODE = [0xe5, 0x98], POWER_ACTIVE = 0xff;
/** Subcommands that are taken: write cache, look-ahead, reverting to defaults. */
const FEATURES_ACCEPTED: ReadonlySet<number> = new Set([0x02, 0x82, 0xaa, 0x55, 0xcc, 0x66]);

const ERROR_NO_SECTOR = 0x10, ERROR_DATA = 0x40;

/** What a request takes, ns of guest time: a solid-state disk's. */
const LATENCY_NS = 100_000, NS_PER_SECTOR = 2_000;
/** Most sectors that the host is asked for at a time. */
const MAX_PIECE = 2048;

interface Progress {
  command: number;
  /** Sectors still to be moved after those at the data register, and the next of them. */
  remaining: number;
  next: number;
  /** Setting of SET MULTIPLE MODE, 0 for none. */
  multiple: number;
  dmaMode: number;
  /** The disk's size, by which a saved state knows its disk. */
  readonly sectorCount: number;
}

const SHAPE: Shape<Omit<Progress, "sectorCount">> = { command: BYTE, remaining: upTo(0x10000), next: upTo(2 ** 48), multiple: upTo(MAX_MULTIPLE), dmaMode: upTo(MAX_ULTRA_DMA) };

/** What is done with a piece of a command's sectors. */
interface Piece {
  readonly work: () => Promise<void>;
  /** Does the next one. */
  readonly next: () => void;
  /** Where the bytes go, if that can fail. */
  readonly deliver?: () => boolean;
  readonly written?: Uint8Array;
}

/** A disk of whole sectors over an image of any size: what lies beyond the image's end reads as zeroes. */
export class AtaDisk implements IdeDrive {
  readonly signature = [0, 0] as const;
  readonly restingStatus = READY | SEEK_DONE;
  readonly isPacketDevice = false;
  private readonly image: BlockDevice;
  private readonly sectorCount: number;
  private readonly serial: string;
  private readonly p: Progress;

  constructor(image: BlockDevice, serial: string) {
    this.image = image;
    this.serial = serial;
    this.sectorCount = Math.ceil(image.sizeBytes / SECTOR_BYTES);
    this.p = { command: 0, remaining: 0, next: 0, multiple: 0, dmaMode: 0, sectorCount: this.sectorCount };
  }

  execute(unit: IdeUnit, command: number): void {
    this.p.command = command;
    this.p.remaining = 0;
    const onSectors = SECTOR_COMMANDS.get(command);
    if (onSectors !== undefined) this.startSectors(unit, onSectors);
    else this.executeOther(unit, command);
  }

  dataTaken(unit: IdeUnit): void {
    if (this.p.remaining > 0) this.readNext(unit);
  }

  dataGiven(unit: IdeUnit, bytes: Uint8Array): void {
    const { p } = this, first = p.next, count = bytes.length / SECTOR_BYTES;
    this.work(unit, () => this.write(first, bytes), LATENCY_NS + count * NS_PER_SECTOR, () => {
      this.moved(count);
      if (p.remaining > 0) unit.ask(this.burst * SECTOR_BYTES, true);
      else unit.succeed();
    }, bytes);
  }

  resumeWork(unit: IdeUnit, written: Uint8Array): void {
    const { command } = this.p;
    switch (SECTOR_COMMANDS.get(command)?.transfer) {
      case "pio-in": return this.readNext(unit);
      case "pio-out": return this.dataGiven(unit, written);
      case "verify": return this.verifyNext(unit, 0);
      case "dma-in": return this.readByDma(unit, 0);
      case "dma-out": return this.writePiece(unit, written, 0);
      case undefined:
        if (command === FLUSH || command === FLUSH_EXT) this.flush(unit);
        else unit.fail(ERROR_ABORTED);
    }
  }

  dmaStarted(unit: IdeUnit): void {
    if (SECTOR_COMMANDS.get(this.p.command)?.transfer === "dma-out") this.writeByDma(unit, LATENCY_NS);
    else this.readByDma(unit, LATENCY_NS);
  }

  softReset(): void {
    this.p.remaining = 0;
  }

  reset(): void {
    Object.assign(this.p, { command: 0, remaining: 0, next: 0, multiple: 0, dmaMode: 0 });
  }

  save(): SavedState {
    return saveFields(this.p);
  }

  /** The image must be as large as it was, and hold what it held. */
  restore(state: SavedState): void {
    restoreFields("ATA disk", this.p, { ...SHAPE, sectorCount: oneOf(this.sectorCount) }, state);
  }

  // ---- commands

  private executeOther(unit: IdeUnit, command: number): void {
    const { p, sectorCount, serial } = this, { r } = unit;
    switch (command) {
      case IDENTIFY: return unit.offer(identifyData({ sectorCount, serial, model: "tcgjs disk" }, p.multiple, p.dmaMode));
      case SET_FEATURES: return this.setFeatures(unit);
      case SET_MULTIPLE: return this.setMultiple(unit);
      case FLUSH:
      case FLUSH_EXT: return this.flush(unit);
      case READ_NATIVE_MAX:
      case READ_NATIVE_MAX_EXT:
        putSector(r, sectorCount - 1, command === READ_NATIVE_MAX_EXT);
        return unit.succeed();
    }
    if (CHECK_POWER_MODE.includes(command)) r.count = POWER_ACTIVE;
    if (ACCEPTED.has(command) || CHECK_POWER_MODE.includes(command)) unit.succeed();
    else unit.fail(ERROR_ABORTED);
  }

  private flush(unit: IdeUnit): void {
    this.work(unit, () => this.image.flush(), LATENCY_NS, () => unit.succeed());
  }

  private setFeatures(unit: IdeUnit): void {
    const { r } = unit;
    if (setsTransferMode(r)) this.p.dmaMode = ultraDmaMode(r) ?? this.p.dmaMode;
    else if (!FEATURES_ACCEPTED.has(r.features & 0xff)) return unit.fail(ERROR_ABORTED);
    unit.succeed();
  }

  private setMultiple(unit: IdeUnit): void {
    const count = unit.r.count & 0xff, isPower = count === 0 || (count <= MAX_MULTIPLE && (count & (count - 1)) === 0);
    if (!isPower) return unit.fail(ERROR_ABORTED);
    this.p.multiple = count;
    unit.succeed();
  }

  private startSectors(unit: IdeUnit, { transfer, is48Bit, isMultiple }: SectorCommand): void {
    const { p } = this, range = sectorRange(unit.r, is48Bit, this.sectorCount);
    if (range === null) return unit.fail(ERROR_NO_SECTOR);
    if (isMultiple && p.multiple === 0) return unit.fail(ERROR_ABORTED);
    if (transfer.endsWith("out") && this.image.isReadOnly) return unit.fail(ERROR_ABORTED);
    p.next = range.first;
    p.remaining = range.count;
    switch (transfer) {
      case "pio-in": return this.readNext(unit);
      case "pio-out": return unit.ask(this.burst * SECTOR_BYTES, false);
      case "verify": return this.verifyNext(unit, LATENCY_NS);
      case "dma-in":
      case "dma-out": return unit.awaitDma();
    }
  }

  /** Sectors that go through the data register at a time. */
  private get burst(): number {
    const { remaining, multiple, command } = this.p, isMultiple = SECTOR_COMMANDS.get(command)?.isMultiple === true;
    return Math.min(remaining, isMultiple ? Math.max(1, multiple) : 1);
  }

  private readNext(unit: IdeUnit): void {
    const { burst, p } = this, bytes = new Uint8Array(burst * SECTOR_BYTES), first = p.next;
    this.work(unit, () => this.read(first, bytes), LATENCY_NS + burst * NS_PER_SECTOR, () => {
      this.moved(burst);
      unit.offer(bytes);
    });
  }

  private verifyNext(unit: IdeUnit, latencyNs: number): void {
    const { next } = this.p, bytes = this.piece();
    this.workOnPiece(unit, bytes, latencyNs, { work: () => this.read(next, bytes), next: () => this.verifyNext(unit, 0) });
  }

  private readByDma(unit: IdeUnit, latencyNs: number): void {
    const { next } = this.p, bytes = this.piece();
    this.workOnPiece(unit, bytes, latencyNs, { work: () => this.read(next, bytes), next: () => this.readByDma(unit, 0), deliver: () => unit.toMemory(bytes) });
  }

  private writeByDma(unit: IdeUnit, latencyNs: number): void {
    const bytes = unit.fromMemory(this.piece().length);
    if (bytes === null) return unit.fail(ERROR_ABORTED);
    this.writePiece(unit, bytes, latencyNs);
  }

  private writePiece(unit: IdeUnit, bytes: Uint8Array, latencyNs: number): void {
    const { next } = this.p;
    this.workOnPiece(unit, bytes, latencyNs, { work: () => this.write(next, bytes), next: () => this.writeByDma(unit, 0), written: bytes });
  }

  /** Room for what is moved next. */
  private piece(): Uint8Array {
    return new Uint8Array(Math.min(this.p.remaining, MAX_PIECE) * SECTOR_BYTES);
  }

  /** One piece of a command; then the next, or its end. */
  private workOnPiece(unit: IdeUnit, bytes: Uint8Array, latencyNs: number, { work, next, deliver, written }: Piece): void {
    const count = bytes.length / SECTOR_BYTES;
    this.work(unit, work, latencyNs + count * NS_PER_SECTOR, () => {
      if (deliver?.() === false) return unit.fail(ERROR_ABORTED);
      this.moved(count);
      if (this.p.remaining > 0) next();
      else unit.succeed();
    }, written);
  }

  private moved(count: number): void {
    this.p.next += count;
    this.p.remaining = Math.max(0, this.p.remaining - count);
  }

  private work(unit: IdeUnit, work: () => Promise<void>, latencyNs: number, done: () => void, written?: Uint8Array): void {
    unit.work(work, latencyNs, (hasFailed) => {
      if (hasFailed) unit.fail(ERROR_DATA, FAULT);
      else done();
    }, written);
  }

  // ---- the image

  private async read(first: number, bytes: Uint8Array): Promise<void> {
    const offset = first * SECTOR_BYTES, n = Math.min(bytes.length, this.image.sizeBytes - offset);
    bytes.fill(0, Math.max(0, n));
    if (n > 0) await this.image.read(offset, bytes.subarray(0, n));
  }

  private async write(first: number, bytes: Uint8Array): Promise<void> {
    const offset = first * SECTOR_BYTES, n = Math.min(bytes.length, this.image.sizeBytes - offset);
    if (n > 0) await this.image.write(offset, bytes.subarray(0, n));
  }
}
