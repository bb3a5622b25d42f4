/**
 * A bounded cache of an image's tables: pages of the file, read when needed and written back in ranks. A page of a lower
 * rank is on the disk before one of a higher rank is written, so that a table never names what is not there yet. The owner
 * calls `writeBack` (on a flush, or when `isFull`); nothing changed is ever written before.
 */
import type { Storage } from "./storage.ts";

/** A piece of a table. */
export interface Page {
  /** Offset in the file. */
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

interface CachedPage extends Page {
  /** Bytes changed since it was read or written back, from and to (not included); -1 if none. */
  dirtyFrom: number;
  dirtyTo: number;
  rank: number;
}

export class MetadataCache {
  private readonly storage: Storage;
  private readonly pageBytes: number;
  private readonly pageCount: number;
  /** By offset; the least recently used first. */
  private readonly pages = new Map<number, CachedPage>();
  private readonly loading = new Map<number, Promise<CachedPage>>();
  private readonly dirty = new Set<CachedPage>();

  /** @param pageBytes  a table never shares a page with anything that is not kept here */
  constructor(storage: Storage, pageBytes: number, pageCount: number) {
    this.storage = storage;
    this.pageBytes = pageBytes;
    this.pageCount = pageCount;
  }

  get isDirty(): boolean {
    return this.dirty.size > 0;
  }

  /** So much has changed that it should be written back. */
  get isFull(): boolean {
    return this.dirty.size * 2 > this.pageCount;
  }

  /** The page with the byte at `offset`. It may leave the cache at the next call: use it at once. */
  async page(offset: number): Promise<Page> {
    return this.load(offset - offset % this.pageBytes);
  }

  private async load(at: number): Promise<CachedPage> {
    const cached = this.pages.get(at);
    if (cached !== undefined) {
      this.pages.delete(at);
      this.pages.set(at, cached);
      return cached;
    }
    let loading = this.loading.get(at);
    if (loading === undefined) {
      loading = this.readPage(at).finally(() => this.loading.delete(at));
      this.loading.set(at, loading);
    }
    return loading;
  }

  private async readPage(at: number): Promise<CachedPage> {
    const bytes = new Uint8Array(this.pageBytes);
    await this.storage.read(at, bytes);
    const page = { at, bytes, view: new DataView(bytes.buffer), dirtyFrom: -1, dirtyTo: -1, rank: 0 };
    this.pages.set(at, page);
    this.evict();
    return page;
  }

  private evict(): void {
    if (this.pages.size <= this.pageCount) return;
    for (const page of this.pages.values()) {
      if (this.dirty.has(page)) continue;
      this.pages.delete(page.at);
      if (this.pages.size <= this.pageCount) return;
    }
  }

  /** Lets `change` write `length` bytes at `offset`, which lie in one page. */
  async change(offset: number, length: number, rank: number, change: (view: DataView, at: number) => void): Promise<void> {
    const page = await this.load(offset - offset % this.pageBytes), at = offset - page.at;
    change(page.view, at);
    this.pages.set(page.at, page);
    page.dirtyFrom = page.dirtyFrom < 0 ? at : Math.min(page.dirtyFrom, at);
    page.dirtyTo = Math.max(page.dirtyTo, at + length);
    page.rank = rank;
    this.dirty.add(page);
  }

  /** Writes what has changed, rank by rank, and has the storage flushed before each rank but 0. */
  async writeBack(): Promise<void> {
    const pages = [...this.dirty].sort((a, b) => a.rank - b.rank || a.at - b.at);
    for (const [i, page] of pages.entries()) {
      if (page.rank > 0 && pages[i - 1]?.rank !== page.rank) await this.storage.flush();
      await this.storage.write(page.at + page.dirtyFrom, page.bytes.subarray(page.dirtyFrom, page.dirtyTo));
      page.dirtyFrom = page.dirtyTo = -1;
      this.dirty.delete(page);
    }
    this.evict();
  }

  /** Drops pages of a piece of the file that is about to be written in another way. Changes to them are lost. */
  forget(from: number, length: number): void {
    for (const page of this.pages.values()) {
      if (page.at + this.pageBytes <= from || page.at >= from + length) continue;
      this.pages.delete(page.at);
      this.dirty.delete(page);
    }
  }

  /** Drops everything. */
  clear(): void {
    this.pages.clear();
    this.dirty.clear();
  }
}
