// qcow2: random work against a plain array, for each shape of an image; tables as the specification has them; snapshots; backing
// files; compressed clusters. What QEMU makes of the images is the matter of qemu-img.slow.ts.

import { expect } from "chai";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { ImageError } from "../../../src/block/errors.ts";
import { testSeed } from "../../support/seed.ts";
import { MemoryHost } from "./memory-host.ts";
import { expectContent, pattern, randomNumbers, RandomDisk } from "./random-disk.ts";

const SEED = testSeed(1), SIZE = 2 ** 20 + 1536;
const WRITABLE = { format: null, isReadOnly: false } as const, READ_ONLY = { format: null, isReadOnly: true } as const;

const SHAPES: readonly Readonly<Record<string, string>>[] = [
  ...["512", "4k", "64k", "2M"].flatMap((cluster_size) => ["1", "16", "64"].map((refcount_bits) => ({ cluster_size, refcount_bits }))),
  ...["2", "4", "8", "32"].map((refcount_bits) => ({ cluster_size: "1k", refcount_bits })),
  { compat: "0.10" }, { compat: "0.10", cluster_size: "512" }, { lazy_refcounts: "on" },
];

/** The error that something is refused with. */
async function refusal(action: Promise<unknown>): Promise<ImageError> {
  try {
    await action;
  } catch (e) {
    if (e instanceof ImageError) return e;
    throw e;
  }
  throw new Error("it was not refused");
}

describe(`block: qcow2, SEED=${SEED}`, () => {
  for (const [i, options] of SHAPES.entries()) {
    it(`holds what was written, ${JSON.stringify(options)}`, async () => {
      const host = new MemoryHost();
      await createImage(host, "disk", { format: "qcow2", sizeBytes: SIZE, options });
      const disk = new RandomDisk(host, "disk", randomNumbers(SEED * 100 + i), new Uint8Array(SIZE));
      await disk.work(40);
      await disk.verify();
    });
  }

  for (const options of [{ cluster_size: "512" }, { cluster_size: "4k", refcount_bits: "4" }, { compat: "0.10", cluster_size: "64k" }]) {
    it(`goes back to snapshots, ${JSON.stringify(options)}`, async () => {
      const host = new MemoryHost();
      await createImage(host, "disk", { format: "qcow2", sizeBytes: SIZE, options });
      const disk = new RandomDisk(host, "disk", randomNumbers(SEED), new Uint8Array(SIZE));
      await disk.work(120, true);
      await disk.verify();
    });
  }

  it("reads through to backing files of other formats and sizes, and leaves them alone", async () => {
    const host = new MemoryHost(), base = pattern(70_000, 1), middle = pattern(5000, 2);
    host.files.set("base", base.slice());
    await createImage(host, "middle", { format: "qcow2", sizeBytes: 200_192, options: { cluster_size: "4k" }, backing: { name: "base", format: "raw" } });
    const image = await openImage(host, "middle", WRITABLE);
    await image.write(100_001, middle);
    await image.close();
    await createImage(host, "top", { format: "qcow2", sizeBytes: 300_032, options: { cluster_size: "512" }, backing: { name: "middle", format: null } });
    const content = new Uint8Array(300_032);
    content.set(base);
    content.set(middle, 100_001);
    await expectContent(host, "top", content);
    const disk = new RandomDisk(host, "top", randomNumbers(SEED), content), before = host.files.get("middle")?.slice();
    await disk.work(60, true);
    await disk.verify();
    expect(host.files.get("middle")).to.deep.equal(before);
    expect(host.files.get("base")?.subarray(0, base.length)).to.deep.equal(base);
  });

  it("packs clusters, and unpacks them when they are written", async () => {
    for (const options of [{ cluster_size: "64k" }, { cluster_size: "512" }, { cluster_size: "4k", refcount_bits: "1" }]) {
      const sizeBytes = 300_032, host = new MemoryHost(), content = new Uint8Array(sizeBytes);
      await createImage(host, "disk", { format: "qcow2", sizeBytes, options });
      const image = await openImage(host, "disk", WRITABLE), random = randomNumbers(SEED), piece = image.packed?.pieceBytes ?? 0;
      for (let at = 0; at < sizeBytes; at += piece) {
        const bytes = random(5) === 0 ? Uint8Array.from({ length: Math.min(piece, sizeBytes - at) }, () => random(256)) : pattern(Math.min(piece, sizeBytes - at), at);
        content.set(bytes, at);
        await image.packed?.write(at, bytes);
      }
      await image.close();
      await expectContent(host, "disk", content);
      const disk = new RandomDisk(host, "disk", random, content);
      await disk.work(60, options.refcount_bits !== "1");
      await disk.verify();
    }
  });

  it("changes its size, and shows nothing old when it grows again", async () => {
    const host = new MemoryHost();
    host.files.set("base", pattern(100_352, 3));
    await createImage(host, "disk", { format: "qcow2", sizeBytes: 100_352, options: { cluster_size: "512" }, backing: { name: "base", format: "raw" } });
    const image = await openImage(host, "disk", WRITABLE), content = pattern(100_352, 3);
    await image.write(70_000, content.fill(7, 70_000, 90_000).subarray(70_000, 90_000));
    await image.resize?.(75_000);
    await image.resize?.(40_000_000);
    await image.close();
    const after = new Uint8Array(40_000_000);
    after.set(content.subarray(0, 75_000));
    await expectContent(host, "disk", after);
  });

  it("cannot count more users of a cluster than its refcounts have bits for, and says so without harm", async () => {
    const host = new MemoryHost(), content = new Uint8Array(SIZE);
    await createImage(host, "disk", { format: "qcow2", sizeBytes: SIZE, options: { refcount_bits: "1" } });
    const image = await openImage(host, "disk", WRITABLE);
    content.set(pattern(100_000, 1));
    await image.write(0, content.subarray(0, 100_000));
    expect((await refusal(image.snapshots?.create("one", 0) ?? Promise.resolve())).message).to.match(/refcounts of 1 bits cannot count one more/);
    await image.write(50_000, content.fill(9, 50_000, 60_000).subarray(50_000, 60_000));
    await image.close();
    await expectContent(host, "disk", content);
  });

  it("refuses to be its own backing file", async () => {
    const host = new MemoryHost();
    await createImage(host, "a", { format: "qcow2", sizeBytes: SIZE });
    await createImage(host, "b", { format: "qcow2", sizeBytes: SIZE, backing: { name: "a", format: "qcow2" } });
    await createImage(host, "a", { format: "qcow2", sizeBytes: SIZE, backing: { name: "b", format: "qcow2" } });
    expect((await refusal(openImage(host, "a", READ_ONLY))).message).to.equal("a is its own backing file");
  });

  it("answers requests outside the disk, and writes to what is open for reading, with an error", async () => {
    const host = new MemoryHost();
    await createImage(host, "disk", { format: "qcow2", sizeBytes: SIZE });
    const image = await openImage(host, "disk", READ_ONLY);
    expect((await refusal(image.read(SIZE - 1, new Uint8Array(2)))).problem).to.equal("failed");
    expect((await refusal(image.read(-1, new Uint8Array(2)))).problem).to.equal("failed");
    expect((await refusal(image.write(0, new Uint8Array(2)))).message).to.equal("disk is open for reading only");
    await image.close();
  });
});
