/** The registers that a command is given by (ATA/ATAPI-6, clause 7), and the sectors that they name. */
import { HEADS, SECTORS_PER_TRACK } from "./identify.ts";

/** Each with what was written before it in the upper byte (48-bit commands). */
export interface TaskFile {
  features: number;
  count: number;
  lbaLow: number;
  lbaMid: number;
  lbaHigh: number;
  /** Device register: bit 6 LBA, bit 4 the second device, bits 0 to 3 the head or LBA bits 24 to 27. */
  device: number;
}

const DEVICE_LBA = 0x40;
const MAX_LBA28 = 0xfffffff;

/** The sectors that a command is about, or null if they are not on a disk of so many. */
export function sectorRange(task: TaskFile, is48Bit: boolean, sectorCount: number): { readonly first: number; readonly count: number } | null {
  const first = is48Bit ? lba48(task) : (task.device & DEVICE_LBA) !== 0 ? lba28(task) : chs(task);
  const wanted = is48Bit ? task.count & 0xffff : task.count & 0xff, count = wanted === 0 ? (is48Bit ? 0x10000 : 0x100) : wanted;
  return first >= 0 && first + count <= sectorCount ? { first, count } : null;
}

/** Puts a sector's number into the registers; the largest that there is, if it has more than 28 bits and they are not 48. */
export function putSector(task: TaskFile, sector: number, is48Bit: boolean): void {
  const at = is48Bit ? sector : Math.min(sector, MAX_LBA28), byte = (i: number): number => Math.floor(at / 2 ** (8 * i)) & 0xff;
  [task.lbaLow, task.lbaMid, task.lbaHigh] = [0, 1, 2].map((i) => byte(i) | (is48Bit ? byte(i + 3) << 8 : 0));
  if (!is48Bit) task.device = (task.device & ~15) | (byte(3) & 15);
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
