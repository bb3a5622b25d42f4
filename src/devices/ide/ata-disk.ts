/**
 * An ATA disk (ATA/ATAPI-6): the command set for disks, on top of an image. The channel (ide-channel.ts) has the registers and
 * moves the data; this knows what commands mean and where their sectors are.
 */
import type { BlockDevice } from "../../block/device.ts";
import { HEADS, SECTOR_BYTES, SECTORS_PER_TRACK } from "./identify.ts";

/** The registers that a command is given by; each with what was written before it in the upper byte (48-bit commands). */
export interface TaskFile {
  features: number;
  count: number;
  lbaLow: number;
  lbaMid: number;
  lbaHigh: number;
  /** Device register: bit 6 LBA, bit 4 the second device, bits 0 to 3 the head or LBA bits 24 to 27. */
  device: number;
}

/** How a command moves its data. */
export type Transfer =
  /** Through the data register: to the host, or from it. */
  | "pio-in" | "pio-out"
  /** By the bus master. */
  | "dma-in" | "dma-out"
  /** Not at all. */
  | "none" | "verify";

/** A command on sectors. */
export interface SectorCommand {
  readonly transfer: Transfer;
  readonly is48Bit: boolean;
  /** Moves as many sectors between interrupts as SET MULTIPLE MODE has set. */
  readonly isMultiple: boolean;
}

const sectors = (transfer: Transfer, is48Bit = false, isMultiple = false): SectorCommand => ({ transfer, is48Bit, isMultiple });

/** By opcode (ATA/ATAPI-6, clause 8). */
export const SECTOR_COMMANDS: ReadonlyMap<number, SectorCommand> = new Map([
  [0x20, sectors("pio-in")], [0x21, sectors("pio-in")], [0x24, sectors("pio-in", true)], [0x29, sectors("pio-in", true, true)], [0xc4, sectors("pio-in", false, true)],
  [0x30, sectors("pio-out")], [0x31, sectors("pio-out")], [0x34, sectors("pio-out", true)], [0x39, sectors("pio-out", true, true)], [0xc5, sectors("pio-out", false, true)],
  [0xc8, sectors("dma-in")], [0xc9, sectors("dma-in")], [0x25, sectors("dma-in", true)],
  [0xca, sectors("dma-out")], [0xcb, sectors("dma-out")], [0x35, sectors("dma-out", true)],
  [0x40, sectors("verify")], [0x41, sectors("verify")], [0x42, sectors("verify", true)],
]);

const DEVICE_LBA = 0x40;

/** The sectors that a command is about, or null if they are not on the disk. */
export function sectorRange(task: TaskFile, { is48Bit }: SectorCommand, sectorCount: number): { readonly first: number; readonly count: number } | null {
  const first = is48Bit ? lba48(task) : (task.device & DEVICE_LBA) !== 0 ? lba28(task) : chs(task);
  const wanted = is48Bit ? task.count & 0xffff : task.count & 0xff, count = wanted === 0 ? (is48Bit ? 0x10000 : 0x100) : wanted;
  return first >= 0 && first + count <= sectorCount ? { first, count } : null;
}

function lba28({ lbaLow, lbaMid, lbaHigh, device }: TaskFile): number {
  return (lbaLow & 0xff) | ((lbaMid & 0xff) << 8) | ((lbaHigh & 0xff) << 16) | ((device & 15) << 24);
}

function lba48({ lbaLow, lbaMid, lbaHigh }: TaskFile): number {
  const low = (lbaLow & 0xff) | ((lbaMid & 0xff) << 8) | ((lbaHigh & 0xff) << 16), high = (lbaLow >>> 8) | (lbaMid & 0xff00) | ((lbaHigh & 0xff00) << 8);
  return high * 0x1000000 + low;
}

/** Sectors count from 1. */
function chs({ lbaLow, lbaMid, lbaHigh, device }: TaskFile): number {
  const cylinder = (lbaMid & 0xff) | ((lbaHigh & 0xff) << 8);
  return (cylinder * HEADS + (device & 15)) * SECTORS_PER_TRACK + (lbaLow & 0xff) - 1;
}

/** A disk of whole sectors over an image of any size: what lies beyond the image's end reads as zeroes. */
export class AtaDisk {
  readonly image: BlockDevice;
  readonly sectorCount: number;
  readonly serial: string;

  constructor(image: BlockDevice, serial: string) {
    this.image = image;
    this.serial = serial;
    this.sectorCount = Math.ceil(image.sizeBytes / SECTOR_BYTES);
  }

  async read(first: number, bytes: Uint8Array): Promise<void> {
    const offset = first * SECTOR_BYTES, n = Math.min(bytes.length, this.image.sizeBytes - offset);
    bytes.fill(0, n);
    if (n > 0) await this.image.read(offset, bytes.subarray(0, n));
  }

  async write(first: number, bytes: Uint8Array): Promise<void> {
    const offset = first * SECTOR_BYTES, n = Math.min(bytes.length, this.image.sizeBytes - offset);
    if (n > 0) await this.image.write(offset, bytes.subarray(0, n));
  }
}
