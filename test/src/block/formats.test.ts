// Every format that can be written, by random work against a plain array; streams; how formats are recognised, and what the table of
// formats says to wrong wishes.

import { expect } from "chai";
import { ImageError } from "../../../src/block/errors.ts";
import { createImage, FORMATS, openImage } from "../../../src/block/formats.ts";
import { testSeed } from "../../support/seed.ts";
import { MemoryHost } from "./memory-host.ts";
import { expectContent, pattern, randomNumbers, RandomDisk } from "./random-disk.ts";

const SEED = testSeed(1), SIZE = 3 * 2 ** 20 + 1536;

const WRITABLE: readonly { readonly format: string; readonly options: Readonly<Record<string, string>> }[] = [
  { format: "raw", options: {} },
  { format: "qcow2", options: {} },
  { format: "vdi", options: {} }, { format: "vdi", options: { static: "on" } },
  { format: "vmdk", options: {} }, { format: "vmdk", options: { subformat: "monolithicFlat" } },
];

async function created(format: string, options: Readonly<Record<string, string>> = {}, sizeBytes = SIZE): Promise<MemoryHost> {
  const host = new MemoryHost();
  await createImage(host, "disk", { format, sizeBytes, options });
  return host;
}

/** What something is refused with. */
async function refusal(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (e) {
    if (e instanceof ImageError) return e.message;
    throw e;
  }
  throw new Error("it was not refused");
}

describe(`block: formats, SEED=${SEED}`, () => {
  for (const { format, options } of WRITABLE) {
    it(`hold what was written: ${format} ${JSON.stringify(options)}`, async () => {
      const host = await created(format, options), disk = new RandomDisk(host, "disk", randomNumbers(SEED), new Uint8Array(SIZE), format === "raw" ? "raw" : null);
      await disk.work(80);
      await disk.verify();
    });

    it(`are recognised by how they begin, and say what they are: ${format} ${JSON.stringify(options)}`, async () => {
      const image = await openImage(await created(format, options), "disk", { format: null, isReadOnly: true });
      expect(image).to.include({ format, isReadOnly: true, path: "disk" });
      expect(Math.ceil(image.sizeBytes / 512)).to.equal(Math.ceil(SIZE / 512));
      await image.close();
    });
  }

  it("say how much of a disk is zeroes without reading it", async () => {
    for (const { format, options } of WRITABLE.filter(({ format: f, options: o }) => f !== "raw" && !("static" in o) && o["subformat"] !== "monolithicFlat")) {
      const image = await openImage(await created(format, options, 2 ** 37), "disk", { format, isReadOnly: false });
      await image.write(2 ** 36, pattern(4096, 1));
      let zeroes = 0, extents = 0;
      for (let at = 0; at < image.sizeBytes; extents++) {
        const { length, isZero } = await image.extent(at);
        if (isZero) zeroes += length;
        at += length;
      }
      expect(image.sizeBytes - zeroes, format).to.equal(image.clusterBytes);
      await image.close();
    }
  });

  it("stream-optimised VMDK: written in one go, read like any other", async () => {
    const host = await created("vmdk", { subformat: "streamOptimized" }), content = new Uint8Array(SIZE);
    await expectContent(host, "disk", content);
    const image = await openImage(host, "disk", { format: null, isReadOnly: false, purpose: "pack" }), packed = image.packed;
    for (const at of [0, 65_536, 40 * 65_536, 3 * 2 ** 20]) {
      const bytes = pattern(Math.min(65_536, SIZE - at), at);
      content.set(bytes, at);
      await packed?.write(at, bytes);
    }
    expect(await refusal(packed?.write(65_536, content.subarray(0, 65_536)) ?? Promise.resolve())).to.match(/in ascending order$/);
    await image.close();
    await expectContent(host, "disk", content);
    expect(await refusal(openImage(host, "disk", { format: null, isReadOnly: false }))).to.match(/^disk is compressed, which makes it read-only/);
  });

  it("a guest cannot make a raw disk whose format was guessed look like another", async () => {
    const host = await created("raw"), other = new MemoryHost();
    await createImage(other, "disk", { format: "qcow2", sizeBytes: SIZE });
    const header = other.files.get("disk")?.slice(0, 65_536) ?? new Uint8Array(0), guessed = await openImage(host, "disk", { format: null, isReadOnly: false });
    await guessed.write(1, header.subarray(1));
    expect(await refusal(guessed.write(0, header.subarray(0, 1)))).to.match(/^disk: its format was guessed to be raw/);
    await guessed.write(0, pattern(4096, 1));
    await guessed.close();
    const named = await openImage(host, "disk", { format: "raw", isReadOnly: false });
    await named.write(0, header);
    await named.close();
  });

  it("several extents of a VMDK are one disk", async () => {
    const host = new MemoryHost();
    host.files.set("a", pattern(4096, 1));
    await createImage(host, "b", { format: "vmdk", sizeBytes: 2 ** 20 });
    host.files.set("disk", new TextEncoder().encode(
      '# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="custom"\n\nRW 4 FLAT "a" 2\nRW 2048 SPARSE "b"\nRDONLY 8 ZERO\n',
    ));
    const image = await openImage(host, "disk", { format: null, isReadOnly: false }), content = new Uint8Array(2048 + 2 ** 20 + 4096);
    content.set(pattern(4096, 1).subarray(1024, 3072));
    expect(image.sizeBytes).to.equal(content.length);
    const bytes = pattern(100_000, 2);
    await image.write(1000, bytes);
    content.set(bytes, 1000);
    expect(await refusal(image.write(2048 + 2 ** 20 - 10, bytes.subarray(0, 20)))).to.match(/where it is only zeroes$/);
    content.set(bytes.subarray(0, 10), 2048 + 2 ** 20 - 10);
    await image.close();
    await expectContent(host, "disk", content);
    expect(host.files.get("a")?.subarray(3072)).to.deep.equal(pattern(4096, 1).subarray(3072));
  });

  it("a VMDK descriptor has no say over files elsewhere", async () => {
    const host = new MemoryHost();
    host.files.set("disk", new TextEncoder().encode('# Disk DescriptorFile\nparentCID=ffffffff\nRW 4 FLAT "../secret" 0\n'));
    expect(await refusal(openImage(host, "disk", { format: null, isReadOnly: false }))).to.equal("disk: its extent ../secret is not in the same folder");
  });

  it("refuse options, sizes and backing files they cannot have", async () => {
    const wish = (format: string, more: object): Promise<string> => refusal(createImage(new MemoryHost(), "disk", { format, sizeBytes: SIZE, ...more }));
    expect(await wish("vhd", {})).to.equal(`there is no image format vhd; there are ${FORMATS.map((f) => f.name).join(", ")}`);
    expect(await wish("qcow2", { options: { cluster_size: "3k" } })).to.match(/^cluster_size=3k: cluster_size is one of 512, 1024,/);
    expect(await wish("qcow2", { options: { colour: "red" } })).to.match(/^qcow2 images have no option colour; they have cluster_size,/);
    expect(await wish("qcow2", { options: { compat: "0.10", refcount_bits: "8" } })).to.match(/version 2 of qcow2 has refcounts of 16 bits/);
    expect(await wish("vdi", { backing: { name: "x", format: null } })).to.equal("disk: a vdi image cannot have a backing file");
    expect(await wish("raw", { sizeBytes: null })).to.match(/how large\?/);
    expect(await wish("raw", { sizeBytes: 2 ** 53 })).to.match(/not 9007199254740992$/);
    expect(await wish("qcow2", { sizeBytes: 2 ** 40, options: { cluster_size: "512" } })).to.match(/with clusters of 512 bytes it can have 137438953472$/);
  });
});
