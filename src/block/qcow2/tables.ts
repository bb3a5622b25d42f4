/** The file of a qcow2 image: its header, and its tables through a cache. */
import { readU64 } from "../bytes.ts";
import { wellFormed } from "../errors.ts";
import { MetadataCache } from "../metadata-cache.ts";
import type { Page } from "../metadata-cache.ts";
import type { Storage } from "../storage.ts";
import { offsetOf } from "./entries.ts";
import { FIELDS } from "./header.ts";
import type { Qcow2Header } from "./header.ts";

/** The order in which tables go to the disk: what is named before what names it. */
export const RANK = { refcounts: 0, refcountTable: 1, l2: 2, l1: 3 } as const;

const MAX_PAGE_BYTES = 4096, CACHE_BYTES = 4 * 2 ** 20, MAX_PAGES = 4096;

export class Qcow2Tables {
  readonly storage: Storage;
  readonly header: Qcow2Header;
  readonly cache: MetadataCache;
  readonly clusterBytes: number;
  /** Entries of an L2 table. */
  readonly l2Entries: number;
  readonly refcountBits: number;
  /** Entries of a refcount block. */
  readonly refcountsPerBlock: number;

  constructor(storage: Storage, header: Qcow2Header) {
    this.storage = storage;
    this.header = header;
    this.clusterBytes = 2 ** header.clusterBits;
    this.l2Entries = this.clusterBytes / 8;
    this.refcountBits = 2 ** header.refcountOrder;
    this.refcountsPerBlock = this.clusterBytes * 8 / this.refcountBits;
    const pageBytes = Math.min(this.clusterBytes, MAX_PAGE_BYTES);
    this.cache = new MetadataCache(storage, pageBytes, Math.min(MAX_PAGES, CACHE_BYTES / pageBytes));
  }

  get path(): string {
    return this.storage.path;
  }

  /** Clusters of the file. */
  get fileClusters(): number {
    return Math.ceil(this.storage.sizeBytes / this.clusterBytes);
  }

  /** Entries of the refcount table. */
  get refcountBlocks(): number {
    return this.header.refcountTableClusters * this.clusterBytes / 8;
  }

  /** The table entry at an offset: its page, and where in it. */
  async entry(offset: number): Promise<{ readonly page: Page; readonly at: number; readonly high: number; readonly low: number }> {
    const page = await this.cache.page(offset), at = offset - page.at;
    return { page, at, high: page.view.getUint32(at), low: page.view.getUint32(at + 4) };
  }

  /** @throws ImageError unless a cluster can be at `offset` */
  checkCluster(what: string, offset: number): void {
    wellFormed(this.isCluster(offset), this.path, () => `${what} is at ${offset}, which is not a cluster of the file`);
  }

  isCluster(offset: number): boolean {
    return offset % this.clusterBytes === 0 && offset > 0 && offset < this.storage.sizeBytes;
  }

  l1EntryOffset(index: number): number {
    return this.header.l1Offset + index * 8;
  }

  /** Offset of the L2 table of an L1 entry, and whether it is ours alone; 0 if there is none. */
  async l2Table(l1Index: number): Promise<{ readonly at: number; readonly high: number }> {
    const { high, low } = await this.entry(this.l1EntryOffset(l1Index)), at = offsetOf(high, low);
    if (at !== 0) this.checkCluster(`L2 table ${l1Index}`, at);
    return { at, high };
  }

  /** Offset of a refcount block; 0 if there is none. */
  async refcountBlock(index: number): Promise<number> {
    if (index >= this.refcountBlocks) return 0;
    const page = await this.cache.page(this.header.refcountTableOffset + index * 8);
    const at = readU64(page.view, this.header.refcountTableOffset + index * 8 - page.at);
    if (at !== 0) this.checkCluster(`refcount block ${index}`, at);
    return at;
  }

  /** Changes fields of the header at once, on the disk and then here. @param name  the group they are in */
  async setFields(name: keyof typeof FIELDS, changes: Partial<Qcow2Header>): Promise<void> {
    const [offset, bytes] = FIELDS[name]({ ...this.header, ...changes });
    await this.storage.write(offset, bytes);
    Object.assign(this.header, changes);
  }

  /** Sets or clears an incompatible feature, and sees to it that it is on the disk. */
  async setFeature(bit: number, isSet: boolean): Promise<void> {
    const before = this.header.incompatible, incompatible = isSet ? before | bit : before & ~bit;
    if (incompatible === before) return;
    await this.storage.flush();
    await this.setFields("features", { incompatible });
    await this.storage.flush();
  }
}
