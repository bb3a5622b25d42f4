/** A CD-ROM drive on IDE: ATA's packet commands (ATA/ATAPI-6, §9.8 and §9.9) bring it the commands of cdrom/mmc-drive.ts. */
import type { MmcDrive, Reply } from "../cdrom/mmc-drive.ts";
import { COMMAND_BYTES } from "../cdrom/mmc-drive.ts";
import { BLOCK_BYTES } from "../cdrom/mmc-data.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { bytesUpTo, FLAG, restoreFields, restoreParts, saveFields, saveParts, upTo } from "../saveable.ts";
import { identifyPacketData } from "./identify.ts";
import type { IdeDrive, IdeUnit } from "./ide-unit.ts";
import { ERROR_ABORTED } from "./ide-unit.ts";
import { MAX_ULTRA_DMA, setsTransferMode, ultraDmaMode } from "./transfer-mode.ts";

const PACKET = 0xa0, IDENTIFY_PACKET = 0xa1, IDENTIFY = 0xec, READ_SECTORS = 0x20, SET_FEATURES = 0xef, FLUSH = 0xe7;
/** Commands that do nothing here, and succeed: power modes. */
const ACCEPTED: ReadonlySet<number> = new Set([0xe0, 0xe1, 0xe2, 0xe3, 0xe6, FLUSH]);
const CHECK_POWER_MODE = 0xe5, POWER_ACTIVE = 0xff;
const FEATURE_DMA = 1;
/** Sector count register as interrupt reason: a command is wanted; data goes to the host; the command is over. */
const REASON_COMMAND = 1, REASON_DATA_IN = 2, REASON_STATUS = 3;
const ERROR_KEY_SHIFT = 4;

/** What a request takes, ns of guest time: much as a disk's. */
const LATENCY_NS = 200_000, NS_PER_BLOCK = 8_000;
/** Most blocks that the host is asked for at a time: through the data register, and by the bus master. */
const PIO_BLOCKS = 32, DMA_BLOCKS = 512;
const MAX_BLOCK = 2 ** 40;
/** The largest byte count; an odd one is taken for the next lower. */
const MAX_BURST = 0xfffe;

interface Progress {
  /** The packet comes through the data register. */
  awaitsPacket: boolean;
  isDma: boolean;
  /** Most bytes at the data register at a time. */
  burst: number;
  /** Bytes for the host, of which those before `position` are at the data register or gone. */
  bytes: Uint8Array;
  position: number;
  /** Blocks to be read after those bytes. */
  next: number;
  remaining: number;
  dmaMode: number;
}

const MAX_BYTES = DMA_BLOCKS * BLOCK_BYTES;
const SHAPE: Shape<Progress> = {
  awaitsPacket: FLAG, isDma: FLAG, burst: upTo(MAX_BURST), bytes: bytesUpTo(MAX_BYTES), position: upTo(MAX_BYTES), next: upTo(MAX_BLOCK), remaining: upTo(0xffffffff), dmaMode: upTo(MAX_ULTRA_DMA),
};
const NOTHING = new Uint8Array(0);
const idle = (): Omit<Progress, "dmaMode"> => ({ awaitsPacket: false, isDma: false, burst: MAX_BURST, bytes: NOTHING, position: 0, next: 0, remaining: 0 });

export class AtapiCdrom implements IdeDrive {
  readonly signature = [0x14, 0xeb] as const;
  readonly restingStatus = 0;
  readonly isPacketDevice = true;
  readonly drive: MmcDrive;
  private readonly serial: string;
  private readonly p: Progress = { ...idle(), dmaMode: 0 };

  constructor(drive: MmcDrive, serial: string) {
    this.drive = drive;
    this.serial = serial;
  }

  execute(unit: IdeUnit, command: number): void {
    const { p } = this, { r } = unit;
    Object.assign(p, idle());
    switch (command) {
      case PACKET: return this.askForPacket(unit);
      case IDENTIFY_PACKET: return unit.offer(identifyPacketData({ serial: this.serial, model: "tcgjs CD-ROM" }, p.dmaMode));
      // Software that takes it for a disk learns what it is (§9.12).
      case IDENTIFY:
      case READ_SECTORS:
        [r.lbaMid, r.lbaHigh] = this.signature;
        r.count = r.lbaLow = 1;
        return unit.fail(ERROR_ABORTED);
      case SET_FEATURES: return this.setFeatures(unit);
      case CHECK_POWER_MODE:
        r.count = POWER_ACTIVE;
        return unit.succeed();
    }
    if (ACCEPTED.has(command)) unit.succeed();
    else unit.fail(ERROR_ABORTED);
  }

  /** The packet is here. */
  dataGiven(unit: IdeUnit, packet: Uint8Array): void {
    const { p } = this;
    if (!p.awaitsPacket) return;
    p.awaitsPacket = false;
    this.answer(unit, this.drive.execute(packet));
  }

  dataTaken(unit: IdeUnit): void {
    if (this.p.bytes.length > 0) this.offerNext(unit);
  }

  dmaStarted(unit: IdeUnit): void {
    this.moveByDma(unit, LATENCY_NS);
  }

  resumeWork(unit: IdeUnit): void {
    const { remaining, isDma } = this.p;
    if (remaining === 0) this.fail(unit, 0);
    else if (isDma) this.fetch(unit, DMA_BLOCKS, 0, () => this.moveByDma(unit, 0));
    else this.fetch(unit, PIO_BLOCKS, 0, () => this.offerNext(unit));
  }

  softReset(): void {
    Object.assign(this.p, idle());
  }

  reset(): void {
    this.drive.reset();
    Object.assign(this.p, idle(), { dmaMode: 0 });
  }

  save(): SavedState {
    return saveParts(this.saveables);
  }

  restore(state: SavedState): void {
    restoreParts("ATAPI CD-ROM", this.saveables, state);
  }

  private get saveables(): Readonly<Record<string, Saveable>> {
    const { drive, p } = this;
    return { drive, packet: { save: () => saveFields(p), restore: (state) => restoreFields("ATAPI packet", p, SHAPE, state) } };
  }

  // ---- commands

  private setFeatures(unit: IdeUnit): void {
    const { r } = unit;
    if (!setsTransferMode(r)) return unit.fail(ERROR_ABORTED);
    this.p.dmaMode = ultraDmaMode(r) ?? this.p.dmaMode;
    unit.succeed();
  }

  private askForPacket(unit: IdeUnit): void {
    const { p } = this, { r } = unit, limit = ((r.lbaMid & 0xff) | ((r.lbaHigh & 0xff) << 8)) & MAX_BURST;
    p.awaitsPacket = true;
    p.burst = limit === 0 ? MAX_BURST : limit;
    p.isDma = (r.features & FEATURE_DMA) !== 0;
    r.count = REASON_COMMAND;
    unit.ask(COMMAND_BYTES, false);
  }

  private answer(unit: IdeUnit, reply: Reply): void {
    const { p } = this;
    switch (reply.kind) {
      case "done": return this.succeed(unit);
      case "failed": return this.fail(unit, reply.key);
      case "data":
        p.bytes = reply.bytes;
        break;
      case "blocks":
        p.next = reply.first;
        p.remaining = reply.count;
        break;
    }
    if (p.isDma) unit.awaitDma();
    else this.offerNext(unit);
  }

  private succeed(unit: IdeUnit): void {
    Object.assign(this.p, idle());
    unit.r.count = REASON_STATUS;
    unit.succeed();
  }

  private fail(unit: IdeUnit, key: number): void {
    Object.assign(this.p, idle());
    unit.r.count = REASON_STATUS;
    unit.fail((key << ERROR_KEY_SHIFT) | ERROR_ABORTED);
  }

  // ---- data

  /** The next bytes for the data register, or the command's end. */
  private offerNext(unit: IdeUnit): void {
    const { p } = this, { r } = unit;
    if (p.position >= p.bytes.length) {
      if (p.remaining > 0) return this.fetch(unit, PIO_BLOCKS, LATENCY_NS, () => this.offerNext(unit));
      return this.succeed(unit);
    }
    const part = p.bytes.subarray(p.position, p.position + p.burst);
    p.position += part.length;
    r.count = REASON_DATA_IN;
    r.lbaMid = part.length & 0xff;
    r.lbaHigh = part.length >>> 8;
    unit.offer(part);
  }

  private moveByDma(unit: IdeUnit, latencyNs: number): void {
    const { p } = this;
    const isDelivered = unit.toMemory(p.bytes);
    p.bytes = NOTHING;
    if (!isDelivered) this.fail(unit, 0);
    else if (p.remaining > 0) this.fetch(unit, DMA_BLOCKS, latencyNs, () => this.moveByDma(unit, 0));
    else this.succeed(unit);
  }

  /** Reads the next blocks of the disc. */
  private fetch(unit: IdeUnit, most: number, latencyNs: number, done: () => void): void {
    const { p, drive } = this, first = p.next, count = Math.min(p.remaining, most), bytes = new Uint8Array(count * BLOCK_BYTES);
    unit.work(() => drive.readBlocks(first, bytes), latencyNs + count * NS_PER_BLOCK, (hasFailed) => {
      if (hasFailed) return this.answer(unit, drive.failRead());
      Object.assign(p, { bytes, position: 0, next: first + count, remaining: p.remaining - count });
      done();
    });
  }
}
