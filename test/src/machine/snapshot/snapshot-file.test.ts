// The file of a saved machine: sections come back, damage is noticed.

import { expect } from "chai";
import { StateError } from "../../../../src/devices/saveable.ts";
import { crc32 } from "../../../../src/machine/snapshot/crc32.ts";
import { decodePages, encodePages } from "../../../../src/machine/snapshot/memory-pages.ts";
import { packSnapshot, SnapshotFile } from "../../../../src/machine/snapshot/snapshot-file.ts";
import { VmError } from "../../../../tcg/support/errors.ts";
import { testSeed } from "../../../support/seed.ts";
import { ZLIB } from "../../../support/zlib-codec.ts";
import { Random } from "../../../tcg/support/random.ts";

const SECTIONS: readonly (readonly [string, Uint8Array])[] = [
  ["clock", new TextEncoder().encode("now")], ["nothing", new Uint8Array(0)], ["memory", new Uint8Array(100_000).fill(7)],
];

/** Reads all of a file. */
async function readAll(bytes: Uint8Array): Promise<(readonly [string, Uint8Array])[]> {
  const file = new SnapshotFile(bytes, ZLIB), sections: (readonly [string, Uint8Array])[] = [];
  for (const name of file.names) sections.push([name, await file.read(name)]);
  return sections;
}

/** What a damaged file says. */
async function complaint(bytes: Uint8Array): Promise<string> {
  try {
    await readAll(bytes);
  } catch (e) {
    if (e instanceof VmError) return e.message;
    throw e;
  }
  return "none";
}

/** With the checksum that fits. */
function resealed(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, bytes.length - 4);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(body.length, crc32(body), true);
  return bytes;
}

describe("The file of a saved machine", () => {
  it("has its sections by name, in their order", async () => {
    const bytes = await packSnapshot(SECTIONS, ZLIB);
    expect(bytes.length).to.be.below(1000);
    expect((await readAll(bytes)).map(([name, content]) => [name, [...content]])).to.deep.equal(SECTIONS.map(([name, content]) => [name, [...content]]));
    expect(await new SnapshotFile(bytes, ZLIB).read("clock").then((clock) => new TextDecoder().decode(clock))).to.equal("now");
  });

  it("is refused with any bit of it turned, and cut off anywhere", async () => {
    const good = await packSnapshot(SECTIONS, ZLIB);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bytes = good.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(await complaint(bytes), `bit ${bit}`).to.match(/no saved machine|format is version|damaged/);
    }
    for (let length = 0; length < good.length; length++) expect(await complaint(good.subarray(0, length)), `${length} bytes`).to.match(/no saved machine|damaged/);
  });

  it("never does more than complain, even where the checksum is right", async () => {
    const good = await packSnapshot(SECTIONS, ZLIB), random = new Random(testSeed(0x5f11e));
    for (let i = 0; i < 3000; i++) {
      const bytes = good.slice();
      for (let n = 1 + random.below(3); n > 0; n--) bytes[12 + random.below(bytes.length - 16)] = random.below(256);
      await complaint(resealed(bytes));
    }
  });

  it("says what is wrong with it", async () => {
    const good = await packSnapshot(SECTIONS, ZLIB), changed = (at: number, value: number): Uint8Array => resealed(good.with(at, value));
    expect(await complaint(new TextEncoder().encode("something else altogether"))).to.match(/^this is no saved machine/);
    expect(await complaint(changed(8, 9))).to.equal("saved machine: its format is version 9; this tcgjs reads version 3");
    expect(await complaint(changed(12, 2))).to.match(/something behind its last section/);
    expect(await complaint(changed(16, 255))).to.match(/section 0 has wrong lengths/);
    expect(await complaint(changed(25, 9))).to.match(/section clock cannot be unpacked/);
    await new SnapshotFile(good, ZLIB).read("rain").then(() => expect.fail(), (e: unknown) => expect(String(e)).to.match(/there is no section rain/));
  });
});

describe("Pages of memory", () => {
  const BYTES = 64 * 4096;

  function decoded(bytes: Uint8Array): Uint8Array {
    const memory = new Uint8Array(BYTES);
    decodePages("memory", bytes, BYTES, (offset, run) => memory.set(run, offset));
    return memory;
  }

  it("come back, and take no room where they are zero", () => {
    const random = new Random(testSeed(0x9a6e5));
    for (let i = 0; i < 50; i++) {
      const memory = new Uint8Array(BYTES), used = new Set<number>();
      for (let n = random.below(20); n > 0; n--) {
        const at = random.below(BYTES);
        memory[at] = 1 + random.below(255);
        used.add(at >> 12);
      }
      const bytes = encodePages(memory);
      expect(bytes.length).to.be.within(used.size * 4096, used.size * 4104);
      expect(Buffer.compare(decoded(bytes), memory)).to.equal(0);
    }
  });

  it("are refused where they would lie elsewhere", () => {
    const good = encodePages(new Uint8Array(BYTES).fill(1, 8192, 8200)), view = new DataView(good.buffer);
    expect(() => decoded(good.subarray(0, 4000))).to.throw(StateError);
    for (const [first, pages] of [[64, 1], [2, 0], [2, 2], [0xffffffff, 1], [63, 0xffffffff]]) {
      view.setUint32(0, first, true);
      view.setUint32(4, pages, true);
      expect(() => decoded(good), `${first} ${pages}`).to.throw(StateError, /run of pages that cannot be/);
    }
  });
});
