/**
 * What formats have in common that keep a disk in clusters, each where a table says: requests are split at clusters, a
 * cluster that is written in part is filled up from what it reads as now, and what was never written comes from the backing
 * image. A format says where clusters are and gives new ones a place (`qcow2/`, `vdi.ts`, `vmdk/sparse-extent.ts`).
 *
 * A new place is filled before a table names it, so an interrupted write leaves the disk as it was.
 */
import type { CheckResult, Extent, Image, PackedWriter, Repair, Snapshots } from "./device.ts";
import { Lock } from "./lock.ts";
import { checkRange } from "./range.ts";
import type { Storage } from "./storage.ts";

/** Where a cluster of the disk is. */
export type Placement =
  /** In the file; written in place if `isOwn`, else anew. */
  | { readonly kind: "data"; readonly at: number; readonly isOwn: boolean }
  | { readonly kind: "zero" }
  /** Nowhere, like the `run - 1` clusters after it. */
  | { readonly kind: "absent"; readonly run: number }
  /** Packed; only whole, and only to be read. */
  | { readonly kind: "packed"; readonly unpack: () => Promise<Uint8Array> };

/** Places that `extent` looks at before it answers. */
const EXTENT_LOOKS = 256;

export abstract class ClusterImage implements Image {
  abstract readonly format: string;
  abstract readonly clusterBytes: number;
  abstract readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly backingName: string | null = null;
  readonly backingFormat: string | null = null;
  readonly snapshots: Snapshots | null = null;
  readonly packed: PackedWriter | null = null;
  readonly check: ((repair: Repair) => Promise<CheckResult>) | null = null;
  readonly resize: ((sizeBytes: number) => Promise<void>) | null = null;
  readonly backing: Image | null;
  readonly path: string;
  protected readonly storage: Storage;
  protected readonly lock = new Lock();
  /** The packed cluster read last. */
  private unpacked: { readonly index: number; readonly bytes: Uint8Array } | null = null;

  protected constructor(storage: Storage, backing: Image | null) {
    this.storage = storage;
    this.backing = backing;
    this.path = storage.path;
  }

  abstract get sizeBytes(): number;

  get isReadOnly(): boolean {
    return this.storage.isReadOnly;
  }

  /** Where cluster `index` is. @throws ImageError if the tables make no sense */
  protected abstract find(index: number): Promise<Placement>;
  /** A place in the file for cluster `index`, free to be filled. */
  protected abstract reserve(index: number): Promise<number>;
  /** Makes the filled place that of cluster `index`. */
  protected abstract assign(index: number, at: number): Promise<void>;
  /** Gives up the place of cluster `index`, which then reads as zeroes. False where that takes a write of zeroes. */
  protected abstract clear(index: number): Promise<boolean>;
  /** Whether `discard` should `clear`. */
  protected abstract readonly clearsDiscarded: boolean;
  /** Writes tables back where much has changed. */
  protected abstract settle(): Promise<void>;
  /** Brings all that was written to the disk, the tables last. */
  protected abstract commit(): Promise<void>;

  read(offset: number, buffer: Uint8Array): Promise<void> {
    return this.lock.shared(() => {
      checkRange(this, offset, buffer.length);
      return this.readNow(offset, buffer);
    });
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.change(offset, bytes.length, () => this.writeNow(offset, bytes));
  }

  writeZeroes(offset: number, length: number): Promise<void> {
    return this.change(offset, length, () => this.zeroNow(offset, length));
  }

  discard(offset: number, length: number): Promise<void> {
    return this.change(offset, length, async () => {
      if (!this.clearsDiscarded) return;
      for (let at = offset; at < offset + length;) at += await this.discardPiece(at, offset + length);
    });
  }

  flush(): Promise<void> {
    return this.lock.alone(() => this.isReadOnly ? Promise.resolve() : this.commit());
  }

  async close(): Promise<void> {
    await this.lock.alone(async () => {
      try {
        if (!this.isReadOnly) await this.commit();
      } finally {
        await this.storage.close();
      }
    });
    await this.backing?.close();
  }

  extent(offset: number): Promise<Extent> {
    return this.lock.shared(() => {
      checkRange(this, offset, 1);
      return this.extentNow(offset);
    });
  }

  private change(offset: number, length: number, action: () => Promise<void>): Promise<void> {
    return this.lock.alone(async () => {
      checkRange(this, offset, length, true);
      this.unpacked = null;
      await action();
      await this.settle();
    });
  }

  protected async readNow(offset: number, buffer: Uint8Array): Promise<void> {
    const { clusterBytes } = this;
    for (let done = 0; done < buffer.length;) {
      const at = offset + done, index = Math.floor(at / clusterBytes), within = at % clusterBytes, left = buffer.length - done;
      const place = await this.find(index);
      let n = Math.min(clusterBytes - within, left);
      if (place.kind === "data") {
        n = await this.contiguous(index, place.at, n, left);
        await this.storage.read(place.at + within, buffer.subarray(done, done + n));
      } else if (place.kind === "packed") {
        if (this.unpacked?.index !== index) this.unpacked = { index, bytes: await place.unpack() };
        buffer.set(this.unpacked.bytes.subarray(within, within + n), done);
      } else if (place.kind === "zero") {
        buffer.fill(0, done, done + n);
      } else {
        n = Math.min(place.run * clusterBytes - within, left);
        await this.readBacking(at, buffer.subarray(done, done + n));
      }
      done += n;
    }
  }

  /** How many of `wanted` bytes lie one after the other in the file, of which `known` are known to. */
  private async contiguous(index: number, at: number, known: number, wanted: number): Promise<number> {
    let n = known;
    for (let k = 1; n < wanted; k++) {
      const next = await this.find(index + k);
      if (next.kind !== "data" || next.at !== at + k * this.clusterBytes) break;
      n = Math.min(n + this.clusterBytes, wanted);
    }
    return n;
  }

  private async readBacking(offset: number, buffer: Uint8Array): Promise<void> {
    const { backing } = this, there = backing === null ? 0 : Math.min(buffer.length, Math.max(0, backing.sizeBytes - offset));
    buffer.fill(0, there);
    if (backing !== null && there > 0) await backing.read(offset, buffer.subarray(0, there));
  }

  protected async writeNow(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { index, within, length } = this.piece(offset + done, offset + bytes.length), bytesHere = bytes.subarray(done, done + length);
      const now = await this.find(index);
      if (now.kind === "data" && now.isOwn) await this.storage.write(now.at + within, bytesHere);
      else await this.writeAnew(index, length === this.clusterBytes ? bytesHere : await this.merged(index, within, bytesHere));
      done += length;
    }
  }

  private async writeAnew(index: number, cluster: Uint8Array): Promise<void> {
    const at = await this.reserve(index);
    await this.storage.write(at, cluster);
    await this.assign(index, at);
  }

  /** Cluster `index` as it is now, with `piece` in it. */
  private async merged(index: number, within: number, piece: Uint8Array): Promise<Uint8Array> {
    const cluster = new Uint8Array(this.clusterBytes), start = index * this.clusterBytes;
    await this.readNow(start, cluster.subarray(0, Math.min(cluster.length, this.sizeBytes - start)));
    this.unpacked = null;
    cluster.set(piece, within);
    return cluster;
  }

  protected async zeroNow(offset: number, length: number): Promise<void> {
    for (let at = offset; at < offset + length;) at += await this.zeroPiece(at, offset + length);
  }

  /** Discards a first piece of the bytes `from`..`to`, if it is a cluster; returns its length. */
  private async discardPiece(from: number, to: number): Promise<number> {
    const { index, within, length, isWhole } = this.piece(from, to), now = await this.find(index);
    if (now.kind === "absent") return Math.min(now.run * this.clusterBytes - within, to - from);
    if (isWhole && now.kind !== "zero") await this.clear(index);
    return length;
  }

  /** Zeroes a first piece of the bytes `from`..`to`; returns its length. */
  private async zeroPiece(from: number, to: number): Promise<number> {
    const { index, within, length, isWhole } = this.piece(from, to), now = await this.find(index);
    if (now.kind === "zero") return length;
    if (now.kind === "absent" && (this.backing === null || from >= this.backing.sizeBytes)) {
      return Math.min(now.run * this.clusterBytes - within, to - from);
    }
    if (!(isWhole && await this.clear(index))) await this.writeNow(from, new Uint8Array(length));
    return length;
  }

  private async extentNow(offset: number): Promise<Extent> {
    const { clusterBytes, sizeBytes, backing } = this, first = Math.floor(offset / clusterBytes);
    const found = await this.find(first), isBacked = backing !== null && offset < backing.sizeBytes;
    const end = (k: number): number => Math.min((first + k) * clusterBytes, sizeBytes);
    if (found.kind === "absent" && isBacked) {
      const below = await backing.extent(offset);
      return { length: Math.min(end(found.run) - offset, below.length), isZero: below.isZero };
    }
    const isZero = found.kind === "absent" || found.kind === "zero";
    let clusters = runOf(found);
    for (let looks = 1; looks < EXTENT_LOOKS && end(clusters) < sizeBytes; looks++) {
      const next = await this.find(first + clusters);
      if (next.kind === "absent" && isBacked || (next.kind === "absent" || next.kind === "zero") !== isZero) break;
      clusters += runOf(next);
    }
    return { length: end(clusters) - offset, isZero };
  }

  /** What of the bytes `from`..`to` lies in the cluster of the first. */
  private piece(from: number, to: number): Piece {
    const { clusterBytes } = this, within = from % clusterBytes, length = Math.min(clusterBytes - within, to - from);
    const isWhole = within === 0 && (length === clusterBytes || from + length === this.sizeBytes);
    return { index: Math.floor(from / clusterBytes), within, length, isWhole };
  }
}

interface Piece {
  readonly index: number;
  /** Offset in the cluster. */
  readonly within: number;
  readonly length: number;
  /** All of the cluster that belongs to the disk. */
  readonly isWhole: boolean;
}

/** Clusters from this one on that are known to be alike. */
function runOf(place: Placement): number {
  return place.kind === "absent" ? place.run : 1;
}
