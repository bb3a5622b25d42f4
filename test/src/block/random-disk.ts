// Random work on a disk, with a plain array that says what the disk should hold.

import { expect } from "chai";
import { openImage } from "../../../src/block/formats.ts";
import type { Image } from "../../../src/block/device.ts";
import type { StorageHost } from "../../../src/block/storage.ts";

/** A generator of numbers below n, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (n: number) => number {
  let state = seed | 0;
  return (n) => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return Math.floor(((t ^ t >>> 14) >>> 0) / 2 ** 32 * n);
  };
}

/** Bytes that compress a little, different for every `tag`. */
export function pattern(length: number, tag: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i >> 4) * 31 + tag * 17 + (i & 3) | 1;
  return bytes;
}

/** A disk under test: an image, and what should be in it. */
export class RandomDisk {
  content: Uint8Array;
  image: Image | null = null;
  private readonly host: StorageHost;
  private readonly path: string;
  private readonly random: (n: number) => number;
  private readonly format: string | null;
  /** Contents by the name of the snapshot that keeps them. */
  readonly kept = new Map<string, Uint8Array>();
  private tag = 0;

  /** @param content  what the image holds now */
  constructor(host: StorageHost, path: string, random: (n: number) => number, content: Uint8Array, format: string | null = null) {
    this.host = host;
    this.path = path;
    this.random = random;
    this.content = content;
    this.format = format;
  }

  private async open(): Promise<Image> {
    return this.image ??= await openImage(this.host, this.path, { format: this.format, isReadOnly: false });
  }

  async close(): Promise<void> {
    await this.image?.close();
    this.image = null;
  }

  /** Does so many things, of which some are taking and applying snapshots where `withSnapshots`. */
  async work(operations: number, withSnapshots = false): Promise<void> {
    for (let i = 0; i < operations; i++) await this.step(await this.open(), withSnapshots);
  }

  private async step(image: Image, withSnapshots: boolean): Promise<void> {
    const { random, content } = this, size = content.length, what = random(withSnapshots ? 23 : 20);
    const offset = random(8) === 0 ? 0 : random(size), length = Math.min(size - offset, random(4) === 0 ? random(300_000) : random(6000));
    if (what < 12) {
      const bytes = pattern(length, ++this.tag);
      content.set(bytes, offset);
      await image.write(offset, bytes);
    } else if (what < 14) {
      content.fill(0, offset, offset + length);
      await image.writeZeroes(offset, length);
    } else if (what === 14) {
      await image.discard(offset, length);
      await image.read(offset, content.subarray(offset, offset + length));
    } else if (what < 18) {
      const bytes = new Uint8Array(length);
      await image.read(offset, bytes);
      expect(Buffer.compare(bytes, content.subarray(offset, offset + length)), `${length} bytes at ${offset}`).to.equal(0);
    } else if (what === 18) await image.flush();
    else if (what === 19) await this.close();
    else await this.snapshotStep(image);
  }

  private async snapshotStep(image: Image): Promise<void> {
    const { snapshots } = image, { kept, random } = this, names = [...kept.keys()], name = names[random(names.length)];
    if (snapshots === null) throw new Error(`${image.format} has no snapshots`);
    if (name === undefined || kept.size < 4 && random(3) > 0) {
      const fresh = `snapshot-${++this.tag}`;
      await snapshots.create(fresh, this.tag * 1000);
      kept.set(fresh, this.content.slice());
    } else if (random(2) === 0) {
      await snapshots.apply(name);
      this.content.set(kept.get(name) ?? []);
    } else {
      await snapshots.delete(name);
      kept.delete(name);
    }
  }

  /** Expects the image to hold what it should, and its tables to be in order. */
  async verify(): Promise<void> {
    await this.close();
    await expectContent(this.host, this.path, this.content, this.format);
  }
}

/** Expects an image to hold these bytes, and a check of it to find nothing. */
export async function expectContent(host: StorageHost, path: string, content: Uint8Array, format: string | null = null): Promise<void> {
  const image = await openImage(host, path, { format, isReadOnly: true }), bytes = new Uint8Array(content.length);
  try {
    expect(image.sizeBytes).to.equal(content.length);
    await image.read(0, bytes);
    expect(firstDifference(bytes, content), "offset of the first difference").to.equal(-1);
    const found = await image.check?.("none");
    if (found !== undefined) expect({ messages: found.messages, corruptions: found.corruptions, leaks: found.leaks }).to.deep.equal({ messages: [], corruptions: 0, leaks: 0 });
  } finally {
    await image.close();
  }
}

/** The first offset at which two arrays differ; -1 if they do not. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return -1;
  for (let i = 0; ; i++) if (a[i] !== b[i]) return i;
}

