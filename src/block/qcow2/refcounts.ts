/**
 * Refcounts of a qcow2 image: how often its tables name each cluster of the file (qcow2.rst, "Host cluster management").
 * Gives out clusters that nothing names, and takes back what is not named any more.
 *
 * A cluster given back keeps its refcount until the tables that do not name it any more are on the disk: so a cluster is never
 * used anew while the disk still says it is another's, and a crash can only leave a refcount that is too high.
 */
import { InternalError } from "../../../tcg/support/errors.ts";
import { writeU64 } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import type { Qcow2Tables } from "./tables.ts";
import { RANK } from "./tables.ts";

/** So many clusters wait to be given back before the tables should be written. */
const MAX_WAITING = 4096;

export class Refcounts {
  private readonly tables: Qcow2Tables;
  /** Every cluster below is in use. */
  private cursor: number;
  /** Every cluster from here on is free. */
  private end: number;
  private waiting: number[] = [];

  constructor(tables: Qcow2Tables, firstFree: number, end: number) {
    this.tables = tables;
    this.cursor = firstFree;
    this.end = end;
  }

  get isFull(): boolean {
    return this.waiting.length > MAX_WAITING;
  }

  get isPending(): boolean {
    return this.waiting.length > 0;
  }

  async get(cluster: number): Promise<number> {
    const { tables } = this, block = await tables.refcountBlock(Math.floor(cluster / tables.refcountsPerBlock));
    if (block === 0) return 0;
    const bit = cluster % tables.refcountsPerBlock * tables.refcountBits, page = await tables.cache.page(block + (bit >>> 3));
    return readRefcount(page.view, (block - page.at) * 8 + bit, tables.refcountBits);
  }

  private async set(cluster: number, value: number): Promise<void> {
    const { tables } = this, bits = tables.refcountBits, block = await tables.refcountBlock(Math.floor(cluster / tables.refcountsPerBlock));
    if (block === 0) throw new InternalError("a refcount is to be set where there is no block", { path: tables.path, cluster });
    const bit = cluster % tables.refcountsPerBlock * bits, offset = block + (bit >>> 3);
    await tables.cache.change(offset, Math.max(1, bits >>> 3), RANK.refcounts, (view, at) => writeRefcount(view, at * 8 + (bit & 7), bits, value));
  }

  /** One more user of a cluster in use. False if it has as many as can be counted. */
  async share(cluster: number): Promise<boolean> {
    const n = await this.get(cluster);
    if (n >= 2 ** this.tables.refcountBits - 1) return false;
    await this.set(cluster, n + 1);
    return true;
  }

  /** A free cluster, now used once. @returns its offset; what it holds is not defined */
  async allocate(): Promise<number> {
    while (this.cursor < this.end && !(await this.hasBlock(this.cursor) && await this.get(this.cursor) === 0)) this.cursor++;
    const cluster = this.cursor;
    if (!await this.hasBlock(cluster)) return this.allocateTable(1);
    await this.set(cluster, 1);
    this.cursor++;
    this.end = Math.max(this.end, this.cursor);
    return cluster * this.tables.clusterBytes;
  }

  private async hasBlock(cluster: number): Promise<boolean> {
    return await this.tables.refcountBlock(Math.floor(cluster / this.tables.refcountsPerBlock)) !== 0;
  }

  /**
   * Clusters one after the other at the end of the image, each now used once, with the refcount blocks it takes.
   * @returns the offset of the first; what they hold is not defined
   */
  async allocateTable(clusters: number): Promise<number> {
    const { tables } = this, { clusterBytes, refcountsPerBlock } = tables, first = this.end;
    // Blocks that are missing come first, then a longer refcount table where the old one is full, then what was asked for.
    let missing: readonly number[] = [], tableClusters = 0;
    for (let total = clusters; ;) {
      missing = await this.missingBlocks(first, first + total);
      tableClusters = this.tableClustersFor(Math.ceil((first + total) / refcountsPerBlock));
      const next = clusters + missing.length + tableClusters;
      if (next === total) break;
      total = next;
    }
    const total = clusters + missing.length + tableClusters;
    // Whatever fails from here on, these clusters are not given out again.
    if (this.cursor === first) this.cursor += total;
    this.end = first + total;
    const blocks = missing.map((index, i) => ({ index, at: (first + i) * clusterBytes }));
    for (const { index, at } of blocks) await this.writeBlock(index, at, first, first + total);
    for (let c = first; c < first + total; c++) if (!missing.includes(Math.floor(c / refcountsPerBlock))) await this.set(c, 1);
    if (tableClusters > 0) await this.moveTable((first + blocks.length) * clusterBytes, tableClusters, blocks);
    else for (const { index, at } of blocks) await this.enterBlock(index, at);
    return (this.end - clusters) * clusterBytes;
  }

  /** Numbers of the blocks for clusters `from`..`to` that are not there. */
  private async missingBlocks(from: number, to: number): Promise<number[]> {
    const { refcountsPerBlock: n } = this.tables, missing: number[] = [];
    for (let i = Math.floor(from / n); i * n < to; i++) if (await this.tables.refcountBlock(i) === 0) missing.push(i);
    return missing;
  }

  /** Clusters of a new refcount table, for so many blocks; 0 if the present one will do. */
  private tableClustersFor(blocks: number): number {
    const { tables } = this;
    return blocks <= tables.refcountBlocks ? 0 : Math.ceil(Math.max(blocks * 8 / tables.clusterBytes, tables.header.refcountTableClusters * 1.5));
  }

  /** Writes a new block in which clusters `from`..`to` are used once. Nothing names it yet. */
  private async writeBlock(index: number, at: number, from: number, to: number): Promise<void> {
    const { tables } = this, bytes = new Uint8Array(tables.clusterBytes), view = new DataView(bytes.buffer), start = index * tables.refcountsPerBlock;
    for (let c = Math.max(from, start); c < Math.min(to, start + tables.refcountsPerBlock); c++) {
      writeRefcount(view, (c - start) * tables.refcountBits, tables.refcountBits, 1);
    }
    tables.cache.forget(at, bytes.length);
    await tables.storage.write(at, bytes);
  }

  private enterBlock(index: number, at: number): Promise<void> {
    return this.tables.cache.change(this.tables.header.refcountTableOffset + index * 8, 8, RANK.refcountTable, (view, position) => writeU64(view, position, at));
  }

  /** Replaces the refcount table by a longer one that has the new blocks too. */
  private async moveTable(at: number, clusters: number, blocks: readonly { readonly index: number; readonly at: number }[]): Promise<void> {
    const { tables } = this, { header, storage, clusterBytes } = tables, bytes = new Uint8Array(clusters * clusterBytes);
    await tables.cache.writeBack();
    await storage.read(header.refcountTableOffset, bytes.subarray(0, header.refcountTableClusters * clusterBytes));
    for (const block of blocks) writeU64(new DataView(bytes.buffer), block.index * 8, block.at);
    tables.cache.forget(at, bytes.length);
    await storage.write(at, bytes);
    await storage.flush();
    const { refcountTableOffset: oldAt, refcountTableClusters: oldClusters } = header;
    await tables.setFields("refcountTable", { refcountTableOffset: at, refcountTableClusters: clusters });
    this.release(oldAt, oldClusters * clusterBytes);
    await storage.flush();
  }

  /** One user less of all clusters that `length` bytes at `offset` touch, once the tables are on the disk. */
  release(offset: number, length: number): void {
    const { clusterBytes } = this.tables;
    for (let c = Math.floor(offset / clusterBytes); c * clusterBytes < offset + length; c++) this.waiting.push(c);
  }

  /** Takes back what was released; the tables that do not name it any more are on the disk. */
  async takeBack(): Promise<void> {
    const { tables } = this;
    while (this.waiting.length > 0) {
      const cluster = this.waiting[this.waiting.length - 1], n = await this.get(cluster);
      if (n === 0) throw new ImageError("malformed", `${tables.path}: cluster ${cluster} is in use, but has refcount 0`);
      await this.set(cluster, n - 1);
      this.waiting.pop();
      if (n === 1) this.cursor = Math.min(this.cursor, cluster);
    }
  }
}

/** A refcount of `bits` bits at a bit position: less than a byte from the least significant bit on, more big-endian. */
export function readRefcount(view: DataView, bit: number, bits: number): number {
  const at = Math.floor(bit / 8);
  if (bits < 8) return view.getUint8(at) >> bit % 8 & (1 << bits) - 1;
  if (bits === 8) return view.getUint8(at);
  if (bits === 16) return view.getUint16(at);
  return bits === 32 ? view.getUint32(at) : Number(view.getBigUint64(at));
}

export function writeRefcount(view: DataView, bit: number, bits: number, value: number): void {
  const at = Math.floor(bit / 8);
  if (bits < 8) {
    const mask = (1 << bits) - 1 << bit % 8;
    view.setUint8(at, view.getUint8(at) & ~mask | value << bit % 8);
  } else if (bits === 8) view.setUint8(at, value);
  else if (bits === 16) view.setUint16(at, value);
  else if (bits === 32) view.setUint32(at, value);
  else view.setBigUint64(at, BigInt(value));
}
