/** What IDENTIFY DEVICE says of a disk (ATA/ATAPI-6, table 27), and IDENTIFY PACKET DEVICE of a CD-ROM drive (table 28). */

export const SECTOR_BYTES = 512;
/** Most sectors that READ MULTIPLE moves at a time. */
export const MAX_MULTIPLE = 16;

/** A geometry for software that counts in cylinders: 16 heads, 63 sectors. */
export const HEADS = 16, SECTORS_PER_TRACK = 63;
const MAX_CYLINDERS = 16_383;
/** The most that 28 bits can address, in sectors. */
const MAX_LBA28 = 0xfffffff;

export interface DiskIdentity {
  readonly sectorCount: number;
  readonly serial: string;
  readonly model: string;
}

/** Cylinders of a disk. */
function cylindersOf(sectorCount: number): number {
  return Math.min(MAX_CYLINDERS, Math.floor(sectorCount / (HEADS * SECTORS_PER_TRACK)));
}

/** Writes text as ATA has it: two characters a word, the first in the upper byte, padded with spaces. */
function putText(words: Uint16Array, first: number, count: number, text: string): void {
  const padded = text.padEnd(2 * count).slice(0, 2 * count);
  for (let i = 0; i < count; i++) words[first + i] = (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1);
}

/**
 * @param multiple  setting of SET MULTIPLE MODE, 0 for none
 * @param dmaMode   Ultra DMA mode that is selected, 0..5
 */
export function identifyData({ sectorCount, serial, model }: DiskIdentity, multiple: number, dmaMode: number): Uint8Array {
  const words = new Uint16Array(SECTOR_BYTES / 2), cylinders = cylindersOf(sectorCount), lba28 = Math.min(sectorCount, MAX_LBA28);
  const set = (first: number, ...values: readonly number[]): void => words.set(values, first);
  set(0, 0x0040);
  set(1, cylinders);
  set(3, HEADS);
  set(6, SECTORS_PER_TRACK);
  putText(words, 10, 10, serial);
  putText(words, 23, 4, "1.0");
  putText(words, 27, 20, model);
  set(47, 0x8000 | MAX_MULTIPLE);
  // LBA and DMA; timings of PIO mode 4 without flow control.
  set(49, 0x0300);
  set(53, 0x0007, cylinders, HEADS, SECTORS_PER_TRACK, (cylinders * HEADS * SECTORS_PER_TRACK) & 0xffff, (cylinders * HEADS * SECTORS_PER_TRACK) >>> 16);
  set(59, multiple === 0 ? 0 : 0x100 | multiple, lba28 & 0xffff, lba28 >>> 16);
  set(63, 0x0007, 0x0003, 120, 120, 120, 120);
  // ATA-6; write cache, NOP, FLUSH CACHE (EXT), 48 bits.
  set(80, 0x007e);
  set(82, 0x4020, 0x7400, 0x4000, 0x4020, 0x7400, 0x4000, 0x003f | (1 << (8 + dmaMode)));
  set(93, 0x6001);
  set(100, sectorCount % 0x10000, Math.floor(sectorCount / 0x10000) % 0x10000, Math.floor(sectorCount / 0x100000000));
  return new Uint8Array(words.buffer);
}

/** @param dmaMode  as `identifyData` */
export function identifyPacketData({ serial, model }: Omit<DiskIdentity, "sectorCount">, dmaMode: number): Uint8Array {
  const words = new Uint16Array(SECTOR_BYTES / 2);
  const set = (first: number, ...values: readonly number[]): void => words.set(values, first);
  // A packet device: CD-ROM, removable medium, wants packets of 12 bytes at once, without an interrupt.
  set(0, 0x85c0);
  putText(words, 10, 10, serial);
  putText(words, 23, 4, "1.0");
  putText(words, 27, 20, model);
  set(49, 0x0300);
  set(53, 0x0006);
  set(63, 0x0007, 0x0003, 120, 120, 120, 120);
  // ATA-6; packets, DEVICE RESET.
  set(80, 0x007e);
  set(82, 0x0210, 0x4000, 0x4000, 0x0210, 0, 0x4000, 0x003f | (1 << (8 + dmaMode)));
  set(93, 0x6001);
  return new Uint8Array(words.buffer);
}
