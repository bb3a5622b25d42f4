// Images with damaged headers and tables. Each is read, checked and written: what comes of it is a VmError, or a disk that keeps
// what is written to it and nothing else changed. An image that is refused is not touched.

import { createImage, openImage } from "../../../src/block/formats.ts";
import type { Image } from "../../../src/block/device.ts";
import { VmError } from "../../../tcg/support/errors.ts";
import { copyFiles, MemoryHost } from "./memory-host.ts";
import { pattern, randomNumbers } from "./random-disk.ts";

const SIZE = 160 * 1024 + 512, LIMIT_MS = 30_000, WRITES = 10;
/** Disks that a damaged header has made larger are only looked at here and there. */
const MAX_READ_BYTES = 2 ** 22;

type Random = (n: number) => number;

/** A good image. */
interface Base {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly content: Uint8Array;
  /** Pieces of the file "disk" that may be damaged: from, to. */
  readonly metadata: readonly (readonly [number, number])[];
  readonly entryBytes: 4 | 8;
  readonly isLittleEndian: boolean;
}

export interface HostileTally {
  images: number;
  refused: number;
  /** Opened, with what was in the good image. */
  same: number;
  /** Opened, with something else: a table says so and nothing contradicts it. */
  different: number;
  /** The most memory that one took, garbage included. */
  extraBytes: number;
  /** What should not have happened, with how to make it happen again. */
  failures: string[];
}

/** Damages `count` images. */
export async function damageImages(seed: number, count: number): Promise<HostileTally> {
  const tally: HostileTally = { images: count, refused: 0, same: 0, different: 0, extraBytes: 0, failures: [] }, bases = await makeBases();
  for (let i = 0; i < count; i++) {
    const base = bases[i % bases.length], moment = `${base.name}, SEED=${seed}, image ${i}`, beganMs = performance.now();
    const random = randomNumbers(seed * 1_000_003 + i), files = damaged(base, random);
    const memory = new MemoryMeter();
    try {
      tally[await outcome(base, files, random, memory)]++;
    } catch (e) {
      tally.failures.push(`${moment}: ${e instanceof Error ? `${e.message}\n${e.stack}` : String(e)}`);
    }
    tally.extraBytes = Math.max(tally.extraBytes, memory.extraBytes);
    if (performance.now() - beganMs > LIMIT_MS) tally.failures.push(`${moment}: took ${Math.round(performance.now() - beganMs)} ms`);
  }
  return tally;
}

/** A good image of every kind, with snapshots, compressed clusters and a backing file where it can have them. */
async function makeBases(): Promise<Base[]> {
  const bases: Base[] = [];
  for (const [format, options, isBacked] of [
    ["qcow2", { cluster_size: "512" }, false], ["qcow2", { cluster_size: "4k", refcount_bits: "1" }, true], ["qcow2", { compat: "0.10", cluster_size: "4k" }, false],
    ["qcow2", { lazy_refcounts: "on", cluster_size: "4k", refcount_bits: "64" }, true], ["vdi", {}, false], ["vdi", { static: "on" }, false],
    ["vmdk", {}, false], ["vmdk", { subformat: "streamOptimized" }, false], ["vmdk", { subformat: "monolithicFlat" }, false],
  ] as const) {
    const host = new MemoryHost(), content = new Uint8Array(SIZE);
    if (isBacked) host.files.set("base", pattern(50_000, 9));
    await createImage(host, "disk", { format, sizeBytes: SIZE, options, ...(isBacked ? { backing: { name: "base", format: "raw" } } : {}) });
    const image = await openImage(host, "disk", { format: null, isReadOnly: false, purpose: "pack" }), isStream = "subformat" in options && options.subformat === "streamOptimized";
    if (isStream) for (let at = 0; at < SIZE; at += 65_536) await image.packed?.write(at, pattern(Math.min(65_536, SIZE - at), at));
    else {
      await image.write(10_000, pattern(60_000, 1));
      if (!isBacked) await image.snapshots?.create("one", 1000);
      await image.write(50_000, pattern(60_000, 2));
      await image.packed?.write(122_880, pattern(image.packed.pieceBytes, 3));
      await image.read(0, content);
    }
    await image.close();
    if (isStream) await (await openImage(host, "disk", { format: null, isReadOnly: true })).read(0, content);
    const disk = host.files.get("disk") ?? new Uint8Array(0), isQcow2 = format === "qcow2";
    bases.push({
      name: `${format} ${JSON.stringify(options)}`, files: copyFiles(host.files), content, metadata: isQcow2 ? qcow2Metadata(disk) : otherMetadata(format, isStream, disk),
      entryBytes: isQcow2 ? 8 : 4, isLittleEndian: !isQcow2,
    });
  }
  return bases;
}

/** The header, and all tables. */
function qcow2Metadata(disk: Uint8Array): [number, number][] {
  const view = new DataView(disk.buffer, disk.byteOffset, disk.length), u64 = (at: number): number => Number(view.getBigUint64(at) & 0x00ffffffffffffffn);
  const cluster = 2 ** view.getUint32(20), l1 = u64(40), table = u64(48), pieces: [number, number][] = [[0, 512], [l1, l1 + view.getUint32(36) * 8]];
  for (let i = 0; i < view.getUint32(36); i++) if (u64(l1 + i * 8) !== 0) pieces.push([u64(l1 + i * 8), u64(l1 + i * 8) + cluster]);
  pieces.push([table, table + 64]);
  for (let i = 0; i < 8; i++) if (u64(table + i * 8) !== 0) pieces.push([u64(table + i * 8), u64(table + i * 8) + Math.min(cluster, 256)]);
  if (view.getUint32(60) > 0) pieces.push([u64(64), u64(64) + 80]);
  return pieces;
}

function otherMetadata(format: string, isStream: boolean, disk: Uint8Array): [number, number][] {
  if (format === "vdi") return [[0x40, 0x1c8], [0x200, 0x208]];
  return isStream || disk.length < 2048 ? [[0, disk.length]] : [[0, 80], [512, 1200], [21 * 512, 21 * 512 + 64], [22 * 512, 22 * 512 + 64], [26 * 512, 28 * 512]];
}

function damaged(base: Base, random: Random): Map<string, Uint8Array> {
  const files = copyFiles(base.files);
  for (let n = 1 + (random(3) === 0 ? random(3) : 0); n > 0; n--) damage(files, base, random);
  return files;
}

function damage(files: Map<string, Uint8Array>, { metadata, entryBytes, isLittleEndian }: Base, random: Random): void {
  const disk = files.get("disk") ?? new Uint8Array(0), view = new DataView(disk.buffer, disk.byteOffset, disk.length);
  const place = (align: number): number => {
    const [from, to] = metadata[random(metadata.length)], at = from + random(Math.max(1, to - from));
    return Math.max(0, Math.min(at - at % align, disk.length - align));
  };
  const put = (at: number, value: bigint): void => {
    if (entryBytes === 8) view.setBigUint64(at, value, isLittleEndian);
    else view.setUint32(at, Number(value & 0xffffffffn), isLittleEndian);
  };
  const what = random(20), at = place(what < 10 ? 1 : entryBytes);
  if (disk.length < 16) return;
  if (what < 7) disk[at] ^= 1 << random(8);
  else if (what < 10) disk[at] = random(256);
  else if (what < 15) {
    const values = [0n, 1n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 32n, BigInt(disk.length), BigInt(random(disk.length)), BigInt(random(64) * 512), BigInt(random(64) * 4096), 2n ** BigInt(random(64))];
    put(at, values[random(values.length)]);
  } else if (what < 19) disk.copyWithin(at, place(entryBytes), Math.min(disk.length, place(entryBytes) + entryBytes));
  else files.set("disk", disk.slice(0, random(disk.length)));
}

/** The most memory in use since it was made, above what was in use then; looks now and then. */
class MemoryMeter {
  extraBytes = 0;
  private readonly start = MemoryMeter.used();
  private calls = 0;

  private static used(): number {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }

  look(): void {
    if (++this.calls % 8 === 0) this.extraBytes = Math.max(this.extraBytes, MemoryMeter.used() - this.start);
  }
}

async function outcome(base: Base, files: ReadonlyMap<string, Uint8Array>, random: Random, memory: MemoryMeter): Promise<"refused" | "same" | "different"> {
  const host = new MemoryHost();
  host.onRead = () => memory.look();
  for (const [path, bytes] of copyFiles(files)) host.files.set(path, bytes);
  const result = await readDamaged(host, base);
  await tolerating(async () => {
    const image = await openImage(host, "disk", { format: null, isReadOnly: true, purpose: "check" });
    await tolerating(() => image.check?.("none"));
    await image.close();
  });
  expectSame(files, host, "it was only read");
  await writeDamaged(host, files, random);
  return result;
}

/** Does something that may end in a VmError; whether it did not. */
async function tolerating(action: () => Promise<unknown> | undefined): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (e) {
    if (e instanceof VmError) return false;
    throw e;
  }
}

async function readDamaged(host: MemoryHost, { content }: Base): Promise<"refused" | "same" | "different"> {
  let result: "refused" | "same" | "different" = "refused";
  await tolerating(async () => {
    const image = await openImage(host, "disk", { format: null, isReadOnly: true });
    await tolerating(async () => {
      const bytes = await look(image);
      result = bytes !== null && Buffer.compare(bytes.subarray(0, content.length), content.subarray(0, bytes.length)) === 0 ? "same" : "different";
    });
    await image.close();
  });
  return result;
}

/** All of a disk, or null after some looks at one that is large. */
async function look(image: Image): Promise<Uint8Array | null> {
  const { sizeBytes } = image, bytes = new Uint8Array(Math.min(sizeBytes, MAX_READ_BYTES));
  await image.read(0, bytes);
  for (let at = 0, n = 0; at < sizeBytes && n < 1000; n++) at += (await image.extent(at)).length;
  if (sizeBytes <= MAX_READ_BYTES) return bytes;
  await image.read(sizeBytes - 4096, new Uint8Array(4096));
  return null;
}

/** Writes to an image if it can be opened for that, and looks whether all of the disk is as it should be afterwards. */
async function writeDamaged(host: MemoryHost, files: ReadonlyMap<string, Uint8Array>, random: Random): Promise<void> {
  let image: Image | null = null, content: Uint8Array | null = null, wasWritten = true;
  const isOpen = await tolerating(async () => {
    image = await openImage(host, "disk", { format: null, isReadOnly: false });
  });
  const disk = image as Image | null;
  if (!isOpen || disk === null) {
    expectSame(files, host, "it was refused");
    return;
  }
  wasWritten = await tolerating(async () => {
    content = await look(disk);
    for (let i = 0; i < WRITES; i++) {
      const offset = random(Math.min(disk.sizeBytes, MAX_READ_BYTES)), bytes = pattern(Math.min(disk.sizeBytes - offset, random(9000)), i);
      content?.set(bytes, offset);
      await disk.write(offset, bytes);
    }
  });
  const wasClosed = await tolerating(() => disk.close());
  if (host.files.has("base")) expectSame(new Map([["base", files.get("base") ?? new Uint8Array(0)]]), host, "it is a backing file");
  if (!wasWritten || !wasClosed || content === null) return;
  // Images whose tables contradict each other would be refused here.
  const again = await openImage(host, "disk", { format: null, isReadOnly: true });
  if (Buffer.compare(await look(again) ?? new Uint8Array(0), content) !== 0) throw new Error("after some writes, the disk holds something else");
  await again.close();
}

function expectSame(before: ReadonlyMap<string, Uint8Array>, host: MemoryHost, why: string): void {
  for (const [path, bytes] of before) if (Buffer.compare(bytes, host.files.get(path) ?? new Uint8Array(0)) !== 0) throw new Error(`${path} was written, though ${why}`);
}
