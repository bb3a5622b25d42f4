/**
 * Makes a bootable disk image out of a guest image: the boot sector of boot.S, filled in, and the guest behind it.
 * Any PC or PC emulator that boots from a hard disk runs it; see README.md here.
 *
 *     node make-disk.mjs ../../hello/hello.bin hello.img
 *
 * `bits` and `load` come from the guest.json beside the image, unless --bits or --load says otherwise.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SECTOR = 512;
/** Some BIOSes do not believe in smaller disks: one cylinder of 16 heads and 63 sectors. */
const MIN_SECTORS = 16 * 63;
/** The boot sector moves itself here and the ROM has its stack above, so an image must end below. */
const STUB_HOME = 0x80000;
/** Offsets of the words that boot.S and rom.S leave to be filled in. */
const LOAD_AT = 0x1f4;
const SECTORS_AT = 0x1f8;
const BITS_AT = 0x1fa;
const PAGED_AT = 0x1fb;
/** Paging maps memory in pieces of so many bytes. */
const PAGED_BYTES = 4 << 20;

const built = join(dirname(fileURLToPath(import.meta.url)), '../../build/lib/qemu');

/**
 * @param {Buffer} image  a flat guest image, entered at its first byte
 * @param {{bits: 16 | 32, load: number}} how  `load` is a linear address, a multiple of 16 (below 64 KiB if 16-bit)
 * @returns {Buffer} the disk
 */
export function makeDisk(image, { bits, load }) {
  if (load % 16 !== 0 || load < 0x600)
    throw new RangeError(`the boot sector cannot load to 0x${load.toString(16)}`);
  const sectors = Math.ceil(image.length / SECTOR);
  const disk = Buffer.alloc(Math.max(1 + sectors, MIN_SECTORS) * SECTOR);
  readFileSync(join(built, 'boot.bin')).copy(disk);
  fillIn(disk, image, { bits, load });
  disk.writeUInt16LE(sectors, SECTORS_AT);
  image.copy(disk, SECTOR);
  return disk;
}

/**
 * The ROM of rom.S, filled in for an image that is in memory already. Parameters as above, and `pagedBytes`: paging is on
 * for so much memory, every page mapped to itself; the tables go behind it (PAGED_TABLES_BYTES are enough). 0: paging is off.
 */
export function makeRom(image, { bits, load, pagedBytes = 0 }) {
  if (pagedBytes % PAGED_BYTES !== 0 || (pagedBytes !== 0 && bits !== 32)) throw new RangeError(`paging for ${pagedBytes} bytes, ${bits} bits`);
  const rom = readFileSync(join(built, 'rom.bin'));
  fillIn(rom, image, { bits, load });
  rom.writeUInt8(pagedBytes / PAGED_BYTES, PAGED_AT);
  return rom;
}

/** Room for the tables of a gigabyte. */
export const PAGED_TABLES_BYTES = 1 << 20;

/** Writes what enter.inc wants to know. */
function fillIn(stub, image, { bits, load }) {
  if (bits !== 16 && bits !== 32) throw new RangeError(`bits is ${bits}; 16 and 32 are possible`);
  if (load < 0 || load + image.length > STUB_HOME || (bits === 16 && load > 0xffff))
    throw new RangeError(`an image of ${image.length} bytes cannot be loaded at 0x${load.toString(16)}`);
  stub.writeUInt32LE(load, LOAD_AT);
  stub.writeUInt8(bits, BITS_AT);
}

/** The guest.json beside an image, or the defaults of `tcgjs run`. */
export function readDescription(imageFile) {
  const file = join(dirname(imageFile), 'guest.json');
  return { bits: 16, load: '0x1000', memory: '16M', ...(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { bits: { type: 'string' }, load: { type: 'string' } },
    allowPositionals: true,
  });
  if (positionals.length !== 2) {
    console.error('usage: make-disk.mjs [--bits 16|32] [--load ADDR] IMAGE DISK');
    process.exit(2);
  }
  const [imageFile, diskFile] = positionals;
  const description = readDescription(imageFile);
  const bits = Number(values.bits ?? description.bits);
  const load = Number(values.load ?? description.load);
  writeFileSync(diskFile, makeDisk(readFileSync(imageFile), { bits, load }));
}
