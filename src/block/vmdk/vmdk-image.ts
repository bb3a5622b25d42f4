/** A VMDK disk: its extents, one after the other. */
import type { CheckResult, Extent, Image } from "../device.ts";
import { ImageError } from "../errors.ts";
import { Lock } from "../lock.ts";
import { checkRange } from "../range.ts";
import type { Storage } from "../storage.ts";
import type { StreamWriter } from "./stream-writer.ts";

/** An extent, where it is on the disk in bytes; null reads as zeroes. */
export interface Part {
  readonly start: number;
  readonly sizeBytes: number;
  readonly image: Image | null;
}

export class VmdkImage implements Image {
  readonly format = "vmdk";
  readonly backing = null;
  readonly backingName = null;
  readonly backingFormat = null;
  readonly snapshots = null;
  readonly resize = null;
  readonly path: string;
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
  readonly clusterBytes: number | null;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly check: ((repair: "none" | "leaks" | "all") => Promise<CheckResult>) | null;
  readonly packed: StreamWriter | null;
  private readonly parts: readonly Part[];
  /** The descriptor's own file, or null. */
  private readonly descriptor: Storage | null;
  private readonly lock = new Lock();

  /** @param packed  how it is written if it is compressed and new */
  constructor(path: string, createType: string, parts: readonly Part[], descriptor: Storage | null, packed: StreamWriter | null) {
    const last = parts[parts.length - 1];
    this.path = path;
    this.parts = parts;
    this.descriptor = descriptor;
    this.packed = packed;
    this.sizeBytes = last.start + last.sizeBytes;
    this.isReadOnly = parts.some(({ image }) => image?.isReadOnly === true);
    this.clusterBytes = parts.find(({ image }) => image !== null)?.image?.clusterBytes ?? null;
    this.details = { "create-type": createType, "extents": parts.length };
    this.check = parts.some(({ image }) => (image?.check ?? null) !== null) ? () => this.checkParts() : null;
  }

  read(offset: number, buffer: Uint8Array): Promise<void> {
    return this.lock.shared(async () => {
      checkRange(this, offset, buffer.length);
      await this.each(offset, buffer.length, async ({ image }, within, at, length) => {
        const piece = buffer.subarray(at, at + length);
        if (image === null) piece.fill(0);
        else await image.read(within, piece);
      });
    });
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.change(offset, bytes.length, async ({ image }, within, at, length) => {
      if (image === null) throw new ImageError("failed", `${this.path}: the disk cannot be written at ${offset}, where it is only zeroes`);
      await image.write(within, bytes.subarray(at, at + length));
    });
  }

  writeZeroes(offset: number, length: number): Promise<void> {
    return this.change(offset, length, async ({ image }, within, _at, n) => image?.writeZeroes(within, n));
  }

  discard(offset: number, length: number): Promise<void> {
    return this.change(offset, length, async ({ image }, within, _at, n) => image?.discard(within, n));
  }

  extent(offset: number): Promise<Extent> {
    return this.lock.shared(async () => {
      checkRange(this, offset, 1);
      const part = this.partAt(offset);
      return part.image === null ? { length: part.start + part.sizeBytes - offset, isZero: true } : part.image.extent(offset - part.start);
    });
  }

  flush(): Promise<void> {
    return this.lock.alone(async () => {
      for (const { image } of this.parts) await image?.flush();
    });
  }

  close(): Promise<void> {
    return this.lock.alone(async () => {
      await this.packed?.finish();
      for (const { image } of this.parts) await image?.close();
      await this.descriptor?.close();
    });
  }

  private change(offset: number, length: number, action: PartAction): Promise<void> {
    return this.lock.alone(() => {
      checkRange(this, offset, length, true);
      return this.each(offset, length, action);
    });
  }

  private partAt(offset: number): Part {
    let low = 0, high = this.parts.length - 1;
    while (low < high) {
      const middle = low + high + 1 >> 1;
      if (this.parts[middle].start <= offset) low = middle;
      else high = middle - 1;
    }
    return this.parts[low];
  }

  /** Does something to each part that the bytes lie in. */
  private async each(offset: number, length: number, action: PartAction): Promise<void> {
    for (let done = 0; done < length;) {
      const part = this.partAt(offset + done), within = offset + done - part.start, n = Math.min(part.sizeBytes - within, length - done);
      await action(part, within, done, n);
      done += n;
    }
  }

  private async checkParts(): Promise<CheckResult> {
    const sum = { corruptions: 0, leaks: 0, repairedCorruptions: 0, repairedLeaks: 0, messages: new Array<string>(), totalClusters: 0, allocatedClusters: 0, compressedClusters: 0 };
    for (const { image } of this.parts) {
      const found = await image?.check?.("none");
      if (found === undefined) continue;
      sum.corruptions += found.corruptions;
      sum.totalClusters += found.totalClusters;
      sum.allocatedClusters += found.allocatedClusters;
      sum.compressedClusters += found.compressedClusters;
      sum.messages.push(...found.messages);
    }
    return sum;
  }
}

/** @param within  offset in the part; @param at  offset in the request */
type PartAction = (part: Part, within: number, at: number, length: number) => Promise<void>;
