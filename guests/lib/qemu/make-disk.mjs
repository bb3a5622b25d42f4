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
/** The boot sector moves itself here, so an image must end below. */
const STUB_HOME = 0x80000;
/** Offsets of the words boot.S leaves to be filled in. */
const LOAD_AT = 0x1f4;
const SECTORS_AT = 0x1f8;
const BITS_AT = 0x1fa;

const stubFile = join(dirname(fileURLToPath(import.meta.url)), '../../build/lib/qemu/boot.bin');

/**
 * @param {Buffer} image  a flat guest image, entered at its first byte
 * @param {{bits: 16 | 32, load: number}} how  `load` is a linear address, a multiple of 16 (below 64 KiB if 16-bit)
 * @returns {Buffer} the disk
 */
export function makeDisk(image, { bits, load }) {
  if (bits !== 16 && bits !== 32) throw new RangeError(`bits is ${bits}; 16 and 32 are possible`);
  if (load % 16 !== 0 || load < 0x600 || load + image.length > STUB_HOME || (bits === 16 && load > 0xffff))
    throw new RangeError(`an image of ${image.length} bytes cannot be loaded at 0x${load.toString(16)}`);
  const sectors = Math.ceil(image.length / SECTOR);
  const disk = Buffer.alloc(Math.max(1 + sectors, MIN_SECTORS) * SECTOR);
  readFileSync(stubFile).copy(disk);
  disk.writeUInt32LE(load, LOAD_AT);
  disk.writeUInt16LE(sectors, SECTORS_AT);
  disk.writeUInt8(bits, BITS_AT);
  image.copy(disk, SECTOR);
  return disk;
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
