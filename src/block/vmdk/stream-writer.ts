/**
 * Writes a stream-optimised VMDK file from its start to its end: compressed grains in ascending order, each behind a marker, a grain
 * table after the grains it names, and at last the directory, a footer with its place, and the mark of the end (VMware, "Virtual
 * Disk Format 1.1", "Stream-Optimized Compressed Sparse Extents").
 */
import { roundUp, viewOf, writeU64 } from "../bytes.ts";
import type { PackedWriter } from "../device.ts";
import { ImageError } from "../errors.ts";
import type { Codec, Storage } from "../storage.ts";
import { SECTOR_BYTES } from "./descriptor.ts";
import { directoryEntries, GT_SECTORS, GTES, headerSector } from "./sparse-header.ts";
import type { SparseHeader } from "./sparse-header.ts";

const MARKER_END = 0, MARKER_TABLE = 1, MARKER_DIRECTORY = 2, MARKER_FOOTER = 3;
const GRAIN_MARKER_BYTES = 12, WINDOW_BITS = 15;

export class StreamWriter implements PackedWriter {
  readonly pieceBytes: number;
  private readonly storage: Storage;
  private readonly header: SparseHeader;
  private readonly codec: Codec;
  private readonly directory: Uint32Array;
  /** Entries of the table being filled, and its number. */
  private readonly table = new Uint32Array(GTES);
  private tableIndex = 0;
  /** The sector to be written next. */
  private next: number;

  /** @param header  as it is at the start of the file, which ends after its overhead */
  constructor(storage: Storage, header: SparseHeader, codec: Codec) {
    this.storage = storage;
    this.header = header;
    this.codec = codec;
    this.pieceBytes = header.grain * SECTOR_BYTES;
    this.directory = new Uint32Array(directoryEntries(header));
    this.next = header.overhead;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const index = offset / this.pieceBytes, tableIndex = Math.floor(index / GTES), inTable = index % GTES;
    if (!Number.isInteger(index) || tableIndex < this.tableIndex || tableIndex === this.tableIndex && this.table[inTable] !== 0) {
      throw new ImageError("failed", `${this.storage.path} is written grain by grain, in ascending order`);
    }
    // What an empty file has at its end goes, so that one that is not finished cannot be taken for whole.
    if (this.next === this.header.overhead) await this.storage.truncate(this.header.overhead * SECTOR_BYTES);
    if (tableIndex > this.tableIndex) await this.endTable(tableIndex);
    const packed = await this.codec.deflate(bytes.length === this.pieceBytes ? bytes : padded(bytes, this.pieceBytes), "zlib", WINDOW_BITS);
    const grain = new Uint8Array(roundUp(GRAIN_MARKER_BYTES + packed.length, SECTOR_BYTES)), view = viewOf(grain);
    writeU64(view, 0, index * this.header.grain, true);
    view.setUint32(8, packed.length, true);
    grain.set(packed, GRAIN_MARKER_BYTES);
    this.table[inTable] = await this.append(grain);
  }

  /** Writes what comes after the grains. */
  async finish(): Promise<void> {
    await this.endTable(this.directory.length);
    await this.append(marker(MARKER_DIRECTORY, Math.ceil(this.directory.length * 4 / SECTOR_BYTES)));
    const directoryAt = await this.append(littleEndian(this.directory));
    await this.append(marker(MARKER_FOOTER, 1));
    await this.append(headerSector({ ...this.header, directoryAt }));
    await this.append(marker(MARKER_END, 0));
    await this.storage.flush();
  }

  /** Writes the table being filled, if it names any grain, and begins another. */
  private async endTable(nextIndex: number): Promise<void> {
    if (this.table.some((sector) => sector !== 0)) {
      await this.append(marker(MARKER_TABLE, GT_SECTORS));
      this.directory[this.tableIndex] = await this.append(littleEndian(this.table));
      this.table.fill(0);
    }
    this.tableIndex = nextIndex;
  }

  /** Writes sectors at the end. @returns the first */
  private async append(bytes: Uint8Array): Promise<number> {
    const sector = this.next;
    if (sector + bytes.length / SECTOR_BYTES >= 2 ** 32) throw new ImageError("failed", `${this.storage.path} is full: a sparse VMDK file cannot be longer than 2 TB`);
    await this.storage.write(sector * SECTOR_BYTES, bytes);
    this.next += bytes.length / SECTOR_BYTES;
    return sector;
  }
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}

/** A marker's sector: how many sectors of what follow. */
function marker(type: number, sectors: number): Uint8Array {
  const sector = new Uint8Array(SECTOR_BYTES), view = viewOf(sector);
  writeU64(view, 0, sectors, true);
  view.setUint32(12, type, true);
  return sector;
}

/** Entries as whole sectors. */
function littleEndian(entries: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(roundUp(entries.length * 4, SECTOR_BYTES)), view = viewOf(bytes);
  for (const [i, entry] of entries.entries()) view.setUint32(i * 4, entry, true);
  return bytes;
}
