/**
 * A sparse VMDK file as a disk: a directory names grain tables, which name grains. New grains are appended. Files of compressed
 * grains are only read; `stream-writer.ts` writes them.
 */
import { readU64, roundUp, viewOf } from "../bytes.ts";
import { ClusterImage } from "../cluster-image.ts";
import type { Placement } from "../cluster-image.ts";
import type { CheckResult } from "../device.ts";
import { ImageError, wellFormed } from "../errors.ts";
import { MetadataCache } from "../metadata-cache.ts";
import type { Codec, Storage } from "../storage.ts";
import { SECTOR_BYTES } from "./descriptor.ts";
import { FLAG_COMPRESSED, FLAG_MARKERS, FLAG_ZERO_GRAINS, GT_SECTORS, GTES } from "./sparse-header.ts";
import type { SparseHeader } from "./sparse-header.ts";
import { auditSparse } from "./sparse-audit.ts";

/** In a grain table that knows grains of zeroes. */
const ZERO_GRAIN = 1;
const CACHE_PAGES = 4096, MAX_SECTOR = 2 ** 32 - 1;
/** A grain's offset on the disk in sectors, and the bytes of data after these. */
const MARKER_BYTES = 12;

const RANK_TABLE = 0, RANK_DIRECTORY = 1;

export class SparseExtent extends ClusterImage {
  readonly format = "vmdk";
  readonly clusterBytes: number;
  readonly sizeBytes: number;
  protected readonly clearsDiscarded = false;
  readonly header: SparseHeader;
  private readonly codec: Codec;
  private readonly cache: MetadataCache;
  /** The sector for the next grain. */
  private next = 0;

  constructor(storage: Storage, header: SparseHeader, codec: Codec) {
    super(storage, null);
    this.header = header;
    this.codec = codec;
    this.clusterBytes = header.grain * SECTOR_BYTES;
    this.sizeBytes = header.capacity * SECTOR_BYTES;
    // A page is a sector: tables begin at sectors, and grains may follow at once.
    this.cache = new MetadataCache(storage, SECTOR_BYTES, CACHE_PAGES);
  }

  get details(): Readonly<Record<string, string | number | boolean>> {
    return { compressed: this.isCompressed };
  }

  private get isCompressed(): boolean {
    return (this.header.flags & FLAG_COMPRESSED) !== 0;
  }

  override get isReadOnly(): boolean {
    return this.storage.isReadOnly || this.isCompressed;
  }

  /** @throws ImageError if the tables contradict each other: then reading may be wrong, and writing do harm */
  async checkTables(): Promise<void> {
    const { messages } = await auditSparse(this.storage, this.header);
    if (messages.length > 0) throw new ImageError("malformed", `${this.path}: ${messages[0]}`);
    this.next = roundUp(Math.ceil(this.storage.sizeBytes / SECTOR_BYTES), this.header.grain);
  }

  override readonly check = (): Promise<CheckResult> => this.lock.alone(async () => {
    if (!this.isReadOnly) await this.commit();
    const { messages, corruptions, grains } = await auditSparse(this.storage, this.header);
    return {
      corruptions, leaks: 0, repairedCorruptions: 0, repairedLeaks: 0, messages, totalClusters: Math.ceil(this.header.capacity / this.header.grain),
      allocatedClusters: grains, compressedClusters: this.isCompressed ? grains : 0,
    };
  });

  protected async find(index: number): Promise<Placement> {
    const inTable = index % GTES, table = await this.table(this.header.directoryAt, Math.floor(index / GTES));
    if (table === 0) return { kind: "absent", run: GTES - inTable };
    const page = await this.cache.page(table * SECTOR_BYTES + inTable * 4), position = table * SECTOR_BYTES + inTable * 4 - page.at;
    const sector = page.view.getUint32(position, true);
    if (sector === 0) {
      let end = position + 4;
      while (end < SECTOR_BYTES && page.view.getUint32(end, true) === 0) end += 4;
      return { kind: "absent", run: (end - position) / 4 };
    }
    if (sector === ZERO_GRAIN && (this.header.flags & FLAG_ZERO_GRAINS) !== 0) return { kind: "zero" };
    const at = sector * SECTOR_BYTES;
    wellFormed(at < this.storage.sizeBytes, this.path, () => `grain ${index} is at ${at}, beyond the end of the file`);
    return this.isCompressed ? { kind: "packed", unpack: () => this.unpack(index, at) } : { kind: "data", at, isOwn: true };
  }

  private async u32(offset: number): Promise<number> {
    const page = await this.cache.page(offset);
    return page.view.getUint32(offset - page.at, true);
  }

  /** The sector of a grain table; 0 if there is none. */
  private async table(directoryAt: number, index: number): Promise<number> {
    const sector = await this.u32(directoryAt * SECTOR_BYTES + index * 4);
    wellFormed(sector * SECTOR_BYTES < this.storage.sizeBytes, this.path, () => `grain table ${index} is at sector ${sector}, beyond the end of the file`);
    return sector;
  }

  private async unpack(index: number, at: number): Promise<Uint8Array> {
    const { grain, flags, capacity } = this.header, marker = new Uint8Array(MARKER_BYTES), view = viewOf(marker), hasMarker = (flags & FLAG_MARKERS) !== 0;
    await this.storage.read(at, marker);
    wellFormed(!hasMarker || readU64(view, 0, true) === index * grain, this.path, () => `what is at ${at} is not grain ${index}`);
    const length = hasMarker ? view.getUint32(8, true) : this.clusterBytes * 2, start = hasMarker ? at + MARKER_BYTES : at;
    wellFormed(length > 0 && length <= this.clusterBytes * 2, this.path, () => `grain ${index} is compressed to ${length} bytes`);
    const packed = new Uint8Array(length), whole = new Uint8Array(this.clusterBytes);
    await this.storage.read(start, packed);
    try {
      const bytes = await this.codec.inflate(packed, "zlib", this.clusterBytes);
      whole.set(bytes);
      // The last grain may end with the disk.
      wellFormed(bytes.length >= Math.min(this.clusterBytes, (capacity - index * grain) * SECTOR_BYTES), this.path, () => `grain ${index} has ${bytes.length} bytes`);
    } catch (e) {
      if (e instanceof ImageError) throw e;
      throw new ImageError("malformed", `${this.path}: compressed grain ${index} cannot be read: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
    }
    return whole;
  }

  protected reserve(): Promise<number> {
    const sector = this.next;
    if (sector + this.header.grain > MAX_SECTOR) throw new ImageError("failed", `${this.path} is full: a sparse VMDK file cannot be longer than 2 TB`);
    this.next += this.header.grain;
    return Promise.resolve(sector * SECTOR_BYTES);
  }

  protected async assign(index: number, at: number): Promise<void> {
    const { directoryAt, redundantAt } = this.header;
    for (const directory of redundantAt === 0 ? [directoryAt] : [directoryAt, redundantAt]) {
      const table = await this.tableForWriting(directory, Math.floor(index / GTES));
      await this.putU32(table * SECTOR_BYTES + index % GTES * 4, at / SECTOR_BYTES, RANK_TABLE);
    }
  }

  private putU32(offset: number, value: number, rank: number): Promise<void> {
    return this.cache.change(offset, 4, rank, (view, at) => view.setUint32(at, value, true));
  }

  /** The sector of a grain table, new if there was none. */
  private async tableForWriting(directoryAt: number, index: number): Promise<number> {
    const now = await this.table(directoryAt, index);
    if (now !== 0) return now;
    const sector = await this.reserve() / SECTOR_BYTES;
    await this.storage.write(sector * SECTOR_BYTES, new Uint8Array(GT_SECTORS * SECTOR_BYTES));
    this.cache.forget(sector * SECTOR_BYTES, GT_SECTORS * SECTOR_BYTES);
    await this.putU32(directoryAt * SECTOR_BYTES + index * 4, sector, RANK_DIRECTORY);
    return sector;
  }

  protected clear(): Promise<boolean> {
    return Promise.resolve(false);
  }

  protected async settle(): Promise<void> {
    if (this.cache.isFull) await this.commit();
  }

  protected async commit(): Promise<void> {
    await this.storage.flush();
    if (!this.cache.isDirty) return;
    await this.cache.writeBack();
    await this.storage.flush();
  }
}

