/** An open qcow2 image: where its clusters are, and how they get there. */
import { ImageError, wellFormed } from "../errors.ts";
import { ClusterImage } from "../cluster-image.ts";
import type { Placement } from "../cluster-image.ts";
import { roundUp } from "../bytes.ts";
import type { CheckResult, Image, PackedWriter, Repair, Snapshots } from "../device.ts";
import type { Codec } from "../storage.ts";
import { claimsOf } from "./claims.ts";
import { decodeL2, isCopied, writeEmpty, writeOwn, writePacked } from "./entries.ts";
import type { L2Entry } from "./entries.ts";
import { checkSize, CORRUPT, DIRTY, l1EntriesFor, LAZY_REFCOUNTS } from "./header.ts";
import { PackedSpace } from "./packed-space.ts";
import type { Refcounts } from "./refcounts.ts";
import { checkImage } from "./repair.ts";
import { Qcow2Snapshots } from "./snapshots.ts";
import type { SnapshotTable } from "./snapshot-table.ts";
import type { Qcow2Tables } from "./tables.ts";
import { RANK } from "./tables.ts";

/** The window that readers of compressed clusters have (QEMU reads them with 2^12 bytes). */
const WINDOW_BITS = 12;

export class Qcow2Image extends ClusterImage {
  readonly format = "qcow2";
  readonly clusterBytes: number;
  override readonly backingName: string | null;
  override readonly backingFormat: string | null;
  override readonly snapshots: Snapshots;
  override readonly packed: PackedWriter;
  protected readonly clearsDiscarded: boolean;
  private readonly tables: Qcow2Tables;
  private readonly codec: Codec;
  private readonly packedSpace: PackedSpace;
  private snapshotTable: SnapshotTable;
  /** Null while the image may only be read or checked. */
  private refcounts: Refcounts | null;

  /** @param refcounts  null if nothing is to be written but repairs */
  constructor(tables: Qcow2Tables, backing: Image | null, codec: Codec, snapshotTable: SnapshotTable, refcounts: Refcounts | null) {
    super(tables.storage, backing);
    const { header, clusterBytes } = tables;
    this.tables = tables;
    this.codec = codec;
    this.clusterBytes = clusterBytes;
    this.snapshotTable = snapshotTable;
    this.refcounts = refcounts;
    this.packedSpace = new PackedSpace(clusterBytes);
    this.backingName = header.backingName;
    this.backingFormat = header.backingFormat;
    // Version 2 has no way to say "zeroes" in front of a backing file: what is given up would show it.
    this.clearsDiscarded = header.version === 3 || backing === null;
    this.packed = { pieceBytes: clusterBytes, write: (offset, bytes) => this.writePacked(offset, bytes) };
    this.snapshots = new Qcow2Snapshots({
      tables,
      entries: () => this.snapshotTable.entries,
      claims: () => claimsOf(this.tables, this.snapshotTable),
      refcounts: () => this.writableRefcounts(),
      alone: (action) => this.lock.alone(() => this.wholly(action)),
      commit: () => this.commit(),
      useTable: (table) => { this.snapshotTable = table; },
      useRefcounts: (refcounts) => this.useRefcounts(refcounts),
    });
  }

  get sizeBytes(): number {
    return this.tables.header.sizeBytes;
  }

  get details(): Readonly<Record<string, string | number | boolean>> {
    const { version, compatible, incompatible } = this.tables.header;
    return {
      "compat": version === 2 ? "0.10" : "1.1",
      "compression-type": "zlib",
      ...(version === 2 ? {} : { "lazy-refcounts": (compatible & LAZY_REFCOUNTS) !== 0 }),
      "refcount-bits": this.tables.refcountBits,
      ...(version === 2 ? {} : { corrupt: (incompatible & CORRUPT) !== 0, dirty: (incompatible & DIRTY) !== 0 }),
    };
  }

  private writableRefcounts(): Refcounts {
    if (this.isReadOnly || this.refcounts === null) throw new ImageError("failed", `${this.path} is open for reading only`);
    return this.refcounts;
  }

  private useRefcounts(refcounts: Refcounts | null): void {
    this.refcounts = refcounts;
    this.packedSpace.close();
  }

  /** Does what must not stop half-way: if the host fails, nothing more is written. */
  private async wholly(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (e) {
      if (!(e instanceof ImageError)) this.useRefcounts(null);
      throw e;
    }
  }

  // Where clusters are.

  protected async find(index: number): Promise<Placement> {
    const { tables } = this, l1Index = Math.floor(index / tables.l2Entries), inTable = index % tables.l2Entries;
    const table = await tables.l2Table(l1Index);
    if (table.at === 0) return { kind: "absent", run: tables.l2Entries - inTable };
    const { page, at, high, low } = await tables.entry(table.at + inTable * 8), entry = decodeL2(high, low, tables.header.clusterBits);
    switch (entry.kind) {
      case "absent": return { kind: "absent", run: emptyEntries(page.view, at) };
      case "zero":
        wellFormed(tables.header.version === 3, this.path, () => `cluster ${index} is marked as zeroes, which version 2 of qcow2 has not`);
        return { kind: "zero" };
      case "packed": return { kind: "packed", unpack: () => this.unpack(entry.at, entry.length) };
      case "data":
        wellFormed(tables.isCluster(entry.at), this.path, () => `cluster ${index} is at ${entry.at}, which is not a cluster of the file of ${this.storage.sizeBytes} bytes`);
        return { kind: "data", at: entry.at, isOwn: entry.isCopied && isCopied(table.high) };
    }
  }

  private async l2Entry(table: number, inTable: number): Promise<L2Entry> {
    const { high, low } = await this.tables.entry(table + inTable * 8);
    return decodeL2(high, low, this.tables.header.clusterBits);
  }

  private async unpack(at: number, length: number): Promise<Uint8Array> {
    wellFormed(at < this.storage.sizeBytes, this.path, `a compressed cluster at ${at}, beyond the end of the file`);
    const bytes = new Uint8Array(length);
    await this.storage.read(at, bytes);
    let cluster: Uint8Array;
    try {
      cluster = await this.codec.inflate(bytes, "raw", this.clusterBytes);
    } catch (e) {
      throw new ImageError("malformed", `${this.path}: the compressed cluster at ${at} cannot be read: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
    }
    wellFormed(cluster.length === this.clusterBytes, this.path, `the compressed cluster at ${at} has ${cluster.length} bytes`);
    return cluster;
  }

  // How they get there.

  protected async reserve(index: number): Promise<number> {
    const refcounts = this.writableRefcounts(), table = await this.tables.l2Table(Math.floor(index / this.tables.l2Entries));
    const entry = table.at !== 0 && isCopied(table.high) ? await this.l2Entry(table.at, index % this.tables.l2Entries) : null;
    if (entry?.kind === "zero" && entry.at !== 0 && entry.isCopied) return entry.at;
    return refcounts.allocate();
  }

  protected assign(index: number, at: number): Promise<void> {
    return this.replace(index, (view, position) => writeOwn(view, position, at), at);
  }

  protected async clear(index: number): Promise<boolean> {
    const isV2 = this.tables.header.version === 2;
    if (isV2 && this.backing !== null) return false;
    await this.replace(index, (view, position) => writeEmpty(view, position, !isV2), 0);
    return true;
  }

  /** Writes the L2 entry of cluster `index`, and gives back what it named before unless that is at `keep`. */
  private async replace(index: number, write: (view: DataView, at: number) => void, keep: number): Promise<void> {
    const { tables } = this, inTable = index % tables.l2Entries, refcounts = this.writableRefcounts();
    const table = await this.ownL2Table(Math.floor(index / tables.l2Entries)), before = await this.l2Entry(table, inTable);
    await tables.cache.change(table + inTable * 8, 8, RANK.l2, write);
    if (before.kind === "packed") refcounts.release(before.at, before.length);
    else if (before.kind !== "absent" && before.at !== 0 && before.at !== keep) refcounts.release(before.at, 1);
  }

  /** Offset of an L2 table that may be written in place: the one there is, a copy of it, or a new one. */
  private async ownL2Table(l1Index: number): Promise<number> {
    const { tables, clusterBytes } = this, refcounts = this.writableRefcounts(), now = await tables.l2Table(l1Index);
    if (now.at !== 0 && isCopied(now.high)) return now.at;
    const at = await refcounts.allocate(), bytes = new Uint8Array(clusterBytes);
    if (now.at !== 0) await this.storage.read(now.at, bytes);
    tables.cache.forget(at, clusterBytes);
    await this.storage.write(at, bytes);
    await tables.cache.change(tables.l1EntryOffset(l1Index), 8, RANK.l1, (view, position) => writeOwn(view, position, at));
    if (now.at !== 0) refcounts.release(now.at, 1);
    return at;
  }

  private writePacked(offset: number, bytes: Uint8Array): Promise<void> {
    return this.lock.alone(async () => {
      const { clusterBytes, tables } = this, refcounts = this.writableRefcounts(), index = offset / clusterBytes;
      const cluster = bytes.length === clusterBytes ? bytes : new Uint8Array(clusterBytes);
      if (cluster !== bytes) cluster.set(bytes);
      const packed = await this.codec.deflate(cluster, "raw", WINDOW_BITS);
      if (packed.length >= clusterBytes) await this.writeNow(offset, bytes);
      else {
        const at = await this.packedSpace.take(packed.length, refcounts);
        await this.storage.write(at, packed);
        await this.replace(index, (view, position) => writePacked(view, position, at, packed.length, tables.header.clusterBits), 0);
      }
      await this.settle();
    });
  }

  protected async settle(): Promise<void> {
    if (this.tables.cache.isFull || this.refcounts?.isFull === true) await this.commit();
  }

  protected async commit(): Promise<void> {
    const { tables: { cache }, storage, refcounts } = this;
    if (refcounts === null) {
      if (cache.isDirty) throw new ImageError("failed", `${this.path}: what was written last is lost, since the host failed before`);
      return storage.flush();
    }
    // Compressed clusters end with a sector.
    if (storage.sizeBytes % this.clusterBytes !== 0 && cache.isDirty) await storage.truncate(roundUp(storage.sizeBytes, this.clusterBytes));
    await cache.writeBack();
    await storage.flush();
    if (!refcounts.isPending) return;
    this.packedSpace.close();
    await refcounts.takeBack();
    await cache.writeBack();
  }

  // The rest.

  override readonly check = (repair: Repair): Promise<CheckResult> => this.lock.alone(async () => {
    if (!this.isReadOnly) await this.commit();
    const { result, refcounts } = await checkImage(this.tables, claimsOf(this.tables, this.snapshotTable), repair);
    if (this.refcounts !== null) this.useRefcounts(refcounts);
    return result;
  });

  override readonly resize = (sizeBytes: number): Promise<void> => this.lock.alone(() => this.wholly(async () => {
    const { header } = this.tables, before = header.sizeBytes;
    this.writableRefcounts();
    checkSize(this.path, header, sizeBytes);
    if (header.version === 2 && header.snapshotCount > 0) throw new ImageError("unsupported", `${this.path}: version 2 of qcow2 cannot change its size while it has snapshots`);
    if (sizeBytes < before) await this.giveUp(sizeBytes, before);
    else await this.growL1(l1EntriesFor(header, sizeBytes));
    header.sizeBytes = sizeBytes;
    // What lies behind the old end, in its last cluster or in the backing file, is not to be seen.
    if (sizeBytes > before) await this.zeroNow(before, Math.min(sizeBytes, Math.max(roundUp(before, this.clusterBytes), this.backing?.sizeBytes ?? 0)) - before);
    await this.commit();
    await this.tables.setFields("disk", { sizeBytes });
    await this.storage.flush();
  }));

  /** Gives up the clusters that only the bytes `from`..`to` are in. */
  private async giveUp(from: number, to: number): Promise<void> {
    for (let index = Math.ceil(from / this.clusterBytes), end = Math.ceil(to / this.clusterBytes); index < end;) {
      const now = await this.find(index);
      if (now.kind !== "absent") await this.replace(index, (view, position) => writeEmpty(view, position, false), 0);
      index += now.kind === "absent" ? now.run : 1;
      await this.settle();
    }
  }

  /** Moves the L1 table where it can have so many entries. */
  private async growL1(entries: number): Promise<void> {
    const { tables, storage, clusterBytes } = this, { header } = tables, refcounts = this.writableRefcounts();
    if (entries <= header.l1Entries) return;
    const before = { ...header }, clusters = Math.ceil(entries * 8 / clusterBytes), at = await refcounts.allocateTable(clusters), bytes = new Uint8Array(clusters * clusterBytes);
    await this.commit();
    await storage.read(header.l1Offset, bytes.subarray(0, header.l1Entries * 8));
    tables.cache.forget(at, bytes.length);
    await storage.write(at, bytes);
    await storage.flush();
    await tables.setFields("disk", { l1Offset: at, l1Entries: entries });
    refcounts.release(before.l1Offset, before.l1Entries * 8);
    await this.commit();
  }
}

/** Entries from a position on in a page of an L2 table that say nothing, the first of which is known to. */
function emptyEntries(view: DataView, from: number): number {
  let end = from + 8;
  while (end < view.byteLength && view.getBigUint64(end) === 0n) end += 8;
  return (end - from) / 8;
}
