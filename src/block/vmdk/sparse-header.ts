/** The header of a sparse VMDK file (VMware, "Virtual Disk Format 1.1", "Hosted Sparse Extents"). All fields are little-endian. */
import { readU64, viewOf } from "../bytes.ts";
import { ImageError, wellFormed } from "../errors.ts";
import type { Storage } from "../storage.ts";
import { SECTOR_BYTES } from "./descriptor.ts";

/** "KDMV". */
export const SPARSE_MAGIC = 0x564d444b;

export const FLAG_NEWLINES = 1, FLAG_REDUNDANT = 2, FLAG_ZERO_GRAINS = 4, FLAG_COMPRESSED = 0x10000, FLAG_MARKERS = 0x20000;
const COMPRESSION_DEFLATE = 1;

/** Entries of a grain table, always; sectors of one. */
export const GTES = 512, GT_SECTORS = GTES * 4 / SECTOR_BYTES;
/** In place of the directory's sector: it is in the footer, the last sector but one. */
const DIRECTORY_IN_FOOTER = 2n ** 64n - 1n;

const MIN_GRAIN_SECTORS = 8, MAX_GRAIN_SECTORS = 8192, MAX_FILE_SECTORS = 2 ** 32;

export interface SparseHeader {
  readonly version: number;
  readonly flags: number;
  /** All in sectors. */
  readonly capacity: number;
  readonly grain: number;
  readonly descriptorAt: number;
  readonly descriptorLength: number;
  /** Of the grain directory; of the redundant one, or 0. */
  readonly directoryAt: number;
  readonly redundantAt: number;
  readonly overhead: number;
}

/** Reads and checks the header, or the footer where that has the place of the directory. @throws ImageError */
export async function readSparseHeader(storage: Storage): Promise<SparseHeader> {
  const { path, sizeBytes } = storage, sector = new Uint8Array(SECTOR_BYTES), view = viewOf(sector);
  await storage.read(0, sector);
  wellFormed(view.getUint32(0, true) === SPARSE_MAGIC, path, "not a sparse VMDK file");
  if (view.getBigUint64(56, true) === DIRECTORY_IN_FOOTER) {
    wellFormed(sizeBytes >= 3 * SECTOR_BYTES, path, "it has no footer");
    await storage.read(Math.floor(sizeBytes / SECTOR_BYTES) * SECTOR_BYTES - 2 * SECTOR_BYTES, sector);
    wellFormed(view.getUint32(0, true) === SPARSE_MAGIC, path, "its footer is not there; it was not finished");
  }
  const header: SparseHeader = {
    version: view.getUint32(4, true), flags: view.getUint32(8, true), capacity: readU64(view, 12, true), grain: readU64(view, 20, true),
    descriptorAt: readU64(view, 28, true), descriptorLength: readU64(view, 36, true),
    redundantAt: (view.getUint32(8, true) & FLAG_REDUNDANT) !== 0 ? readU64(view, 48, true) : 0,
    directoryAt: readU64(view, 56, true), overhead: readU64(view, 64, true),
  };
  check(storage, header, view.getUint32(44, true), view.getUint16(77, true), view);
  return header;
}

function check({ path, sizeBytes }: Storage, header: SparseHeader, gtes: number, compression: number, view: DataView): void {
  const { version, flags, capacity, grain, directoryAt, redundantAt, overhead } = header, fileSectors = Math.ceil(sizeBytes / SECTOR_BYTES);
  if (version < 1 || version > 3) throw new ImageError("unsupported", `${path}: version ${version} of sparse VMDK files; 1 to 3 are known`);
  if ((flags & FLAG_COMPRESSED) !== 0 && compression !== COMPRESSION_DEFLATE) throw new ImageError("unsupported", `${path}: grains compressed by method ${compression}; 1 (deflate) is known`);
  const newlines = String.fromCharCode(view.getUint8(73), view.getUint8(74), view.getUint8(75), view.getUint8(76));
  wellFormed((flags & FLAG_NEWLINES) === 0 || newlines === "\n \r\n", path, "it was copied as text, which has changed its line feeds");
  wellFormed(Number.isInteger(Math.log2(grain)) && grain >= MIN_GRAIN_SECTORS && grain <= MAX_GRAIN_SECTORS, path, `grains of ${grain} sectors; powers of 2 from ${MIN_GRAIN_SECTORS} to ${MAX_GRAIN_SECTORS} are possible`);
  wellFormed(gtes === GTES, path, `grain tables of ${gtes} entries; they have ${GTES}`);
  wellFormed(Number.isSafeInteger(capacity * SECTOR_BYTES), path, `a disk of ${capacity} sectors`);
  wellFormed(fileSectors <= MAX_FILE_SECTORS, path, `a file of ${sizeBytes} bytes is too long for it`);
  const sectors = Math.ceil(directoryEntries(header) * 4 / SECTOR_BYTES);
  for (const at of redundantAt === 0 ? [directoryAt] : [directoryAt, redundantAt]) {
    wellFormed(at > 0 && at + sectors <= fileSectors, path, () => `a grain directory of ${sectors} sectors at ${at} in a file of ${fileSectors}`);
  }
  wellFormed(overhead <= Math.max(fileSectors, grain), path, `${overhead} sectors before the first grain in a file of ${fileSectors}`);
}

/** Grain tables of a disk. */
export function directoryEntries({ capacity, grain }: Pick<SparseHeader, "capacity" | "grain">): number {
  return Math.ceil(capacity / (grain * GTES));
}

/** A header or footer as a sector. */
export function headerSector(header: SparseHeader): Uint8Array {
  const sector = new Uint8Array(SECTOR_BYTES), view = viewOf(sector), u64 = (at: number, value: number): void => view.setBigUint64(at, BigInt(value), true);
  view.setUint32(0, SPARSE_MAGIC, true);
  view.setUint32(4, header.version, true);
  view.setUint32(8, header.flags, true);
  u64(12, header.capacity);
  u64(20, header.grain);
  u64(28, header.descriptorAt);
  u64(36, header.descriptorLength);
  view.setUint32(44, GTES, true);
  u64(48, header.redundantAt);
  if (header.directoryAt === 0) view.setBigUint64(56, DIRECTORY_IN_FOOTER, true);
  else u64(56, header.directoryAt);
  u64(64, header.overhead);
  sector.set(new TextEncoder().encode("\n \r\n"), 73);
  view.setUint16(77, (header.flags & FLAG_COMPRESSED) === 0 ? 0 : COMPRESSION_DEFLATE, true);
  return sector;
}
