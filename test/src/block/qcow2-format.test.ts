// qcow2 by its specification (QEMU, docs/interop/qcow2.rst): an image put together by hand, entries of tables, and what is refused.

import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { createImage, openImage } from "../../../src/block/formats.ts";
import { decodeL2, writePacked } from "../../../src/block/qcow2/entries.ts";
import { readRefcount, writeRefcount } from "../../../src/block/qcow2/refcounts.ts";
import { MemoryHost } from "./memory-host.ts";
import { pattern } from "./random-disk.ts";

const CLUSTER = 512, COPIED = 1n << 63n, COMPRESSED = 1n << 62n, ZERO = 1n;

/** A disk of four clusters: data, zeroes, compressed, nothing. Clusters of the file: header, refcount table, block, L1, L2, data, compressed. */
function handMade(version: 2 | 3): Uint8Array {
  const bytes = new Uint8Array(7 * CLUSTER), view = new DataView(bytes.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, version);
  view.setUint32(20, 9);
  view.setBigUint64(24, BigInt(4 * CLUSTER));
  view.setUint32(36, 1);
  view.setBigUint64(40, BigInt(3 * CLUSTER));
  view.setBigUint64(48, BigInt(CLUSTER));
  view.setUint32(56, 1);
  if (version === 3) {
    view.setUint32(96, 4);
    view.setUint32(100, 104);
  }
  view.setBigUint64(CLUSTER, BigInt(2 * CLUSTER));
  for (let c = 0; c < 7; c++) view.setUint16(2 * CLUSTER + c * 2, 1);
  view.setBigUint64(3 * CLUSTER, BigInt(4 * CLUSTER) | COPIED);
  view.setBigUint64(4 * CLUSTER, BigInt(5 * CLUSTER) | COPIED);
  if (version === 3) view.setBigUint64(4 * CLUSTER + 8, ZERO);
  bytes.set(pattern(CLUSTER, 1), 5 * CLUSTER);
  const packed = deflateRawSync(pattern(CLUSTER, 2), { windowBits: 12 }), at = 6 * CLUSTER + 7;
  bytes.set(packed, at);
  // x = 62 - (9 - 8): no sector after the first.
  view.setBigUint64(4 * CLUSTER + 16, BigInt(at) | COMPRESSED);
  return bytes;
}

async function opened(bytes: Uint8Array, isReadOnly = true): Promise<Awaited<ReturnType<typeof openImage>>> {
  const host = new MemoryHost();
  host.files.set("disk", bytes);
  return openImage(host, "disk", { format: "qcow2", isReadOnly });
}

describe("block: qcow2 by its specification", () => {
  for (const version of [2, 3] as const) {
    it(`reads an image of version ${version} put together by hand`, async () => {
      const image = await opened(handMade(version)), disk = new Uint8Array(4 * CLUSTER), expected = new Uint8Array(4 * CLUSTER);
      await image.read(0, disk);
      expected.set(pattern(CLUSTER, 1));
      expected.set(pattern(CLUSTER, 2), 2 * CLUSTER);
      expect(disk).to.deep.equal(expected);
      expect(await image.check?.("none")).to.deep.include({ corruptions: 0, leaks: 0, allocatedClusters: 2, compressedClusters: 1 });
    });
  }

  const refusals: readonly (readonly [string, (view: DataView) => void, RegExp])[] = [
    ["a version it does not know", (v) => v.setUint32(4, 4), /version 4 of qcow2; 2 and 3 are known/],
    ["encryption", (v) => v.setUint32(32, 1), /it is encrypted/],
    ["data in another file", (v) => v.setUint32(76, 4), /its data is in another file/],
    ["subclusters", (v) => v.setUint32(76, 16), /subclusters/],
    ["features it does not know", (v) => v.setUint32(76, 64), /features that are not known: 0x40/],
    ["features it does not know, in the upper half", (v) => v.setUint32(72, 1), /features that are not known: 0x100000000/],
    ["an image marked as corrupt", (v) => v.setUint32(76, 2), /it is marked as corrupt/],
    ["clusters that are too small", (v) => v.setUint32(20, 8), /clusters of 2\^8 bytes; 2\^9 to 2\^21 are possible/],
    ["clusters that are too large", (v) => v.setUint32(20, 22), /clusters of 2\^22 bytes/],
    ["refcounts that are too wide", (v) => v.setUint32(96, 7), /refcounts of 2\^7 bits/],
    ["a short L1 table", (v) => v.setBigUint64(24, 1n << 20n), /an L1 table of 1 entries is too small for a disk of 1048576 bytes/],
    ["an L1 table beyond the end", (v) => v.setBigUint64(40, 512n * 100n), /the L1 table \(8 bytes at 51200\) is not inside the file/],
    ["an L1 table that starts within a cluster", (v) => v.setBigUint64(40, 1537n), /which is not the start of a cluster/],
    ["a refcount table beyond the end", (v) => v.setUint32(56, 100), /the refcount table \(51200 bytes at 512\) is not inside/],
    ["too many snapshots", (v) => v.setUint32(60, 70_000), /70000 snapshots/],
    ["an L1 table in the header", (v) => v.setBigUint64(40, 0n), /the L1 table \(8 bytes at 0\) is not inside/],
    ["an L1 table that is the refcount table", (v) => v.setBigUint64(40, 512n), /overlaps/],
    ["two clusters in one place", (v) => v.setBigUint64(4 * CLUSTER + 24, BigInt(5 * CLUSTER) | COPIED), /cluster 5 has refcount 1, but is named 2 times/],
    ["a refcount that is too low", (v) => v.setUint16(2 * CLUSTER + 10, 0), /cluster 5 has refcount 0, but is named 1 times/],
    ["a cluster beyond the end", (v) => v.setBigUint64(4 * CLUSTER, BigInt(50 * CLUSTER) | COPIED), /cluster at 25600 in a file of 3584 bytes/],
    ["a header extension that does not end", (v) => { v.setUint32(104, 7); v.setUint32(108, 0x7fffffff); }, /a header extension of 2147483647 bytes at 104/],
    ["a backing file's name that is elsewhere", (v) => { v.setBigUint64(8, 5000n); v.setUint32(16, 4); }, /the name of its backing file \(4 bytes at 5000\)/],
  ];
  for (const [what, damage, message] of refusals) {
    it(`refuses ${what}`, async () => {
      const bytes = handMade(3);
      damage(new DataView(bytes.buffer));
      const before = bytes.slice();
      for (const isReadOnly of [true, false]) {
        const said = await opened(bytes, isReadOnly).then(() => "nothing", (e: unknown) => (e instanceof Error ? e.message : ""));
        expect(said).to.match(message).and.match(/^disk: /);
      }
      expect(bytes).to.deep.equal(before);
    });
  }

  it("repairs refcounts of an image that says they are not up to date, when it is opened for writing", async () => {
    const bytes = handMade(3), view = new DataView(bytes.buffer), host = new MemoryHost();
    view.setUint32(76, 1);
    for (let c = 3; c < 7; c++) view.setUint16(2 * CLUSTER + c * 2, 0);
    host.files.set("disk", bytes);
    await (await openImage(host, "disk", { format: null, isReadOnly: true })).close();
    expect(view.getUint16(2 * CLUSTER + 8)).to.equal(0);
    await (await openImage(host, "disk", { format: null, isReadOnly: false })).close();
    expect([view.getUint32(76), view.getUint16(2 * CLUSTER + 8)]).to.deep.equal([0, 1]);
  });

  it("makes refcounts anew where their table is lost", async () => {
    const bytes = handMade(3), host = new MemoryHost();
    new DataView(bytes.buffer).setBigUint64(CLUSTER, 0xdeadbeefn * 512n);
    host.files.set("disk", bytes);
    const image = await openImage(host, "disk", { format: null, isReadOnly: false, purpose: "check" });
    expect(await image.check?.("all")).to.deep.include({ corruptions: 0, leaks: 0 });
    await image.close();
    const again = await openImage(host, "disk", { format: null, isReadOnly: false }), disk = new Uint8Array(CLUSTER);
    await again.read(0, disk);
    expect(disk).to.deep.equal(pattern(CLUSTER, 1));
    await again.write(3 * CLUSTER, disk);
    expect(await again.check?.("none")).to.deep.include({ corruptions: 0, leaks: 0, allocatedClusters: 3 });
    await again.close();
  });

  it("clears the features that writing makes untrue, and only then", async () => {
    const bytes = handMade(3), view = new DataView(bytes.buffer);
    view.setUint32(92, 3);
    await (await opened(bytes)).close();
    expect(view.getUint32(92)).to.equal(3);
    await (await opened(bytes, false)).close();
    expect(view.getUint32(92)).to.equal(0);
  });

  it("finds compressed clusters for every size of cluster", () => {
    const view = new DataView(new ArrayBuffer(8));
    for (let bits = 9; bits <= 21; bits++) {
      for (const [at, length] of [[2 ** 40 + 511, 1], [2 ** 40 + 511, 2], [3 * 2 ** bits + 5, 2 ** bits - 1], [512, 512]] as const) {
        writePacked(view, 0, at, length, bits);
        const entry = decodeL2(view.getUint32(0), view.getUint32(4), bits);
        expect(entry, `${bits} bits`).to.include({ kind: "packed", at });
        expect(entry.kind === "packed" && entry.length >= length && entry.length < length + 512 && (at + entry.length) % 512 === 0).to.equal(true);
      }
    }
  });

  it("counts in refcounts of every width: less than a byte from its lowest bit, more big-endian", () => {
    const bytes = new Uint8Array(32), view = new DataView(bytes.buffer);
    for (const [bits, index, value, at, byte] of [[1, 3, 1, 0, 8], [2, 1, 3, 0, 12], [4, 1, 9, 0, 0x90], [8, 2, 7, 2, 7], [16, 1, 0x0102, 2, 1], [32, 1, 0x01020304, 4, 1], [64, 1, 5, 15, 5]] as const) {
      bytes.fill(0);
      writeRefcount(view, index * bits, bits, value);
      expect([bytes[at], readRefcount(view, index * bits, bits)], `${bits} bits`).to.deep.equal([byte, value]);
      writeRefcount(view, index * bits, bits, 0);
      expect(bytes.every((b) => b === 0)).to.equal(true);
    }
  });

  it("writes a header as the specification has it", async () => {
    const host = new MemoryHost();
    host.files.set("base", new Uint8Array(2 ** 20));
    await createImage(host, "disk", { format: "qcow2", sizeBytes: null, options: { lazy_refcounts: "on", refcount_bits: "8" }, backing: { name: "base", format: "raw" } });
    const bytes = host.files.get("disk") ?? new Uint8Array(0), view = new DataView(bytes.buffer, bytes.byteOffset);
    expect([0, 4, 20, 36, 56, 76, 84, 96, 100].map((at) => view.getUint32(at))).to.deep.equal([0x514649fb, 3, 16, 1, 1, 0, 1, 3, 104]);
    expect([view.getUint32(104), view.getUint32(108)]).to.deep.equal([0xe2792aca, 3]);
    expect(new TextDecoder().decode(bytes.subarray(112, 115))).to.equal("raw");
    const nameAt = Number(view.getBigUint64(8));
    expect(new TextDecoder().decode(bytes.subarray(nameAt, nameAt + view.getUint32(16)))).to.equal("base");
  });
});
