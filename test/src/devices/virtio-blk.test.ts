// Virtio block device, request by request (Virtio 1.2, §5.2), and drivers that ask for what cannot be.

import { expect } from "chai";
import { VirtioBlk } from "../../../src/devices/virtio/virtio-blk.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";
import { NumberedDisk, SECTOR } from "../../support/numbered-disk.ts";
import { testSeed } from "../../support/seed.ts";
import { DEVICE_CONFIG, RAM_BYTES, STATUS, VirtioBench } from "../../support/virtio-bench.ts";
import { Random } from "../../tcg/support/random.ts";

const SECTORS = 20_000;
const IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13;
const OK = 0, IO_ERROR = 1, UNSUPPORTED = 2;
const F_RO = 5, F_FLUSH = 9, F_CONFIG_WCE = 11, F_DISCARD = 13, F_WRITE_ZEROES = 14, F_INDIRECT_DESC = 28;
const NEEDS_RESET = 64;

function made(isReadOnly = false) {
  const disk = new NumberedDisk(SECTORS);
  disk.isReadOnly = isReadOnly;
  const device = new VirtioBlk(disk, "SERIAL 1"), bench = new VirtioBench(device);
  bench.start([F_FLUSH, F_CONFIG_WCE, F_INDIRECT_DESC]);
  /** One request to its end: its status, and where its data is. */
  const request = async (type: number, sector: number | bigint, { out = [], room = [] }: { readonly out?: readonly Uint8Array[]; readonly room?: readonly number[] } = {}) => {
    const { written } = bench.add(0, [header(type, sector), ...out], [...room, 1], true);
    bench.kick(0);
    await bench.work.finish();
    const [used] = bench.used(0);
    return { status: bench.bytes(written[room.length], 1)[0], at: written, length: used.length };
  };
  return { disk, device, bench, request };
}

function header(type: number, sector: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return new Uint8Array(view.buffer);
}

/** Ranges to discard or clear. */
function ranges(...given: readonly (readonly [sector: number, count: number, flags?: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * given.length));
  given.forEach(([sector, count, flags = 0], i) => {
    view.setBigUint64(16 * i, BigInt(sector), true);
    view.setUint32(16 * i + 8, count, true);
    view.setUint32(16 * i + 12, flags, true);
  });
  return new Uint8Array(view.buffer);
}

describe("VirtioBlk", () => {
  it("says how large it is and what it can", () => {
    const { bench } = made();
    expect([bench.read(DEVICE_CONFIG, 4), bench.read(DEVICE_CONFIG + 4, 4), bench.read(DEVICE_CONFIG + 20, 4), bench.read(DEVICE_CONFIG + 32, 1)]).to.deep.equal([SECTORS, 0, SECTOR, 1]);
    const bits = (b: VirtioBench): boolean[] => [F_RO, F_FLUSH, F_DISCARD, F_WRITE_ZEROES].map((bit) => ((b.offered() >> BigInt(bit)) & 1n) === 1n);
    expect([bits(bench), bits(made(true).bench)]).to.deep.equal([[false, true, true, true], [true, true, false, false]]);
  });

  it("reads sectors into pieces of memory", async () => {
    const { bench, request } = made(), { status, at, length } = await request(IN, 1000, { room: [100, 412 + SECTOR] });
    expect([status, length, bench.ram.view.getUint32(at[0], true), bench.ram.view.getUint32(at[1] + 412, true)]).to.deep.equal([OK, 2 * SECTOR + 1, 1000, 1001]);
    expect(bench.isInterrupting).to.equal(true);
  });

  it("writes sectors from pieces of memory", async () => {
    const { disk, request } = made(), { status, length } = await request(OUT, 7, { out: [new Uint8Array(500).fill(1), new Uint8Array(524).fill(2)] });
    expect([status, length, disk.bytes[7 * SECTOR], disk.bytes[7 * SECTOR + 500], disk.bytes[9 * SECTOR - 1], disk.bytes[9 * SECTOR]]).to.deep.equal([OK, 1, 1, 2, 2, 9]);
  });

  it("has several requests under way, and takes more as they end", async () => {
    const { bench } = made();
    bench.start([F_INDIRECT_DESC], 128);
    const written = Array.from({ length: 40 }, (_, i) => bench.add(0, [header(IN, i)], [SECTOR, 1], true).written);
    bench.kick(0);
    expect(bench.work.count).to.equal(16);
    await bench.work.finish();
    expect(bench.used(0)).to.have.length(40);
    expect(written.map(([data]) => bench.ram.view.getUint32(data, true))).to.deep.equal(Array.from({ length: 40 }, (_, i) => i));
  });

  it("moves long requests in pieces", async () => {
    const { bench, disk } = made(), { descriptors } = bench.queueAt(0);
    // The same 64 KiB of memory 32 times over: 2 MiB.
    const table = 0x4000, at = 0x60000, count = 34;
    bench.ram.write(0x3000, header(OUT, 100));
    bench.ram.bytes.fill(0x5a, at, at + 0x10000);
    bench.putDescriptor(table, 0, 0x3000, 16, 1, 1);
    for (let i = 1; i < count - 1; i++) bench.putDescriptor(table, i, at, 0x10000, 1, i + 1);
    bench.putDescriptor(table, count - 1, 0x3100, 1, 2, 0);
    bench.putDescriptor(descriptors, 0, table, 16 * count, 4, 0);
    bench.makeAvailable(0, 0);
    bench.kick(0);
    await bench.work.finish();
    expect(bench.used(0)).to.have.length(1);
    expect([disk.bytes[100 * SECTOR], disk.bytes[100 * SECTOR + 0x200000 - 1], disk.bytes[100 * SECTOR + 0x200000]]).to.deep.equal([0x5a, 0x5a, (100 + 4096) & 0xff]);
  });

  it("flushes, and after each write for a driver that does not", async () => {
    const { disk, bench, request } = made(), write = () => request(OUT, 0, { out: [new Uint8Array(SECTOR)] });
    expect((await request(FLUSH, 0)).status).to.equal(OK);
    await write();
    expect(disk.flushes).to.equal(1);
    bench.write(DEVICE_CONFIG + 32, 1, 0);
    await write();
    expect(disk.flushes).to.equal(2);
    bench.start([F_INDIRECT_DESC]);
    await write();
    expect(disk.flushes).to.equal(3);
  });

  it("discards and clears ranges", async () => {
    const { disk, request } = made();
    expect((await request(WRITE_ZEROES, 0, { out: [ranges([5, 2], [20, 1, 1])] })).status).to.equal(OK);
    expect([4, 5, 6, 7, 20].map((sector) => disk.bytes[sector * SECTOR])).to.deep.equal([4, 0, 0, 7, 0]);
    expect((await request(DISCARD, 0, { out: [ranges([30, 2])] })).status).to.equal(OK);
    expect(disk.discards).to.deep.equal([[30 * SECTOR, 2 * SECTOR]]);
  });

  it("tells its serial number", async () => {
    const { bench, request } = made(), { status, at } = await request(GET_ID, 0, { room: [20] });
    expect([status, Buffer.from(bench.bytes(at[0], 20)).toString()]).to.deep.equal([OK, "SERIAL 1".padEnd(20, "\0")]);
    expect((await request(GET_ID, 0, { room: [3] })).length).to.equal(4);
  });

  const sector = new Uint8Array(SECTOR);
  const WRONG: readonly (readonly [string, number, number | bigint, { out?: readonly Uint8Array[]; room?: readonly number[] }, number])[] = [
    ["a read beyond the end", IN, SECTORS - 1, { room: [2 * SECTOR] }, IO_ERROR],
    ["a write far beyond the end", OUT, (1n << 64n) - 1n, { out: [sector] }, IO_ERROR],
    ["half a sector", IN, 0, { room: [256] }, IO_ERROR],
    ["what it does not know", 77, 0, {}, UNSUPPORTED],
    ["a range beyond the end", WRITE_ZEROES, 0, { out: [ranges([SECTORS, 1])] }, IO_ERROR],
    ["too large a range", WRITE_ZEROES, 0, { out: [ranges([0, 0xffffffff])] }, IO_ERROR],
    ["too many ranges", DISCARD, 0, { out: [ranges(...Array.from({ length: 17 }, (_, i) => [i, 1] as const))] }, IO_ERROR],
    ["no range", DISCARD, 0, {}, IO_ERROR],
    ["half a range", DISCARD, 0, { out: [new Uint8Array(24)] }, IO_ERROR],
    ["flags that do not exist", WRITE_ZEROES, 0, { out: [ranges([0, 1, 2])] }, UNSUPPORTED],
    ["unmap in a discard", DISCARD, 0, { out: [ranges([0, 1, 1])] }, UNSUPPORTED],
  ];
  for (const [what, type, first, data, status] of WRONG) {
    it(`refuses ${what}`, async () => {
      const { disk, request } = made(), before = disk.bytes.slice();
      expect((await request(type, first, data)).status).to.equal(status);
      expect(Buffer.compare(disk.bytes, before)).to.equal(0);
    });
  }

  it("writes nothing to a disk that is read-only", async () => {
    const { disk, request } = made(true), before = disk.bytes.slice();
    for (const [type, out] of [[OUT, sector], [WRITE_ZEROES, ranges([0, 1])], [DISCARD, ranges([0, 1])]] as const) expect((await request(type, 0, { out: [out] })).status).to.equal(IO_ERROR);
    expect(Buffer.compare(disk.bytes, before)).to.equal(0);
  });

  it("reports what the image cannot do", async () => {
    const { disk, request } = made();
    disk.fails = true;
    expect((await request(IN, 0, { room: [SECTOR] })).status).to.equal(IO_ERROR);
  });

  it("wants to be reset after a request without a header, or without room for its status", () => {
    for (const [readable, writable] of [[[], [SECTOR]], [[new Uint8Array(15)], [1]], [[header(IN, 0)], []]] as const) {
      const { bench } = made();
      bench.add(0, readable, writable);
      bench.kick(0);
      expect(bench.read(STATUS, 1) & NEEDS_RESET).to.equal(NEEDS_RESET);
    }
  });

  it("has no more under way than before when it is reset over and over, and goes on afterwards", async () => {
    const { bench, request } = made();
    for (let round = 0; round < 20; round++) {
      bench.start([F_INDIRECT_DESC]);
      for (let i = 0; i < 4; i++) bench.add(0, [header(IN, i)], [SECTOR, 1], true);
      bench.kick(0);
      expect(bench.work.count).to.be.at.most(16);
    }
    await bench.work.finish();
    bench.start([F_INDIRECT_DESC]);
    expect((await request(IN, 3, { room: [SECTOR] })).status).to.equal(OK);
  });

  it("stands random requests, and never touches other memory", async () => {
    const random = new Random(testSeed(0xb1c)), { bench } = made();
    for (let round = 0; round < 300; round++) {
      bench.start(random.below(2) === 0 ? [F_INDIRECT_DESC] : [F_FLUSH, F_INDIRECT_DESC]);
      const { descriptors } = bench.queueAt(0);
      for (let i = 0; i < 8; i++) {
        const address = random.below(8) === 0 ? random.next() >>> 0 : 0x1000 + random.below(RAM_BYTES - 0x2000), length = [1, 16, 17, 512, 513, 1024, random.below(0x20000)][random.below(7)];
        bench.putDescriptor(descriptors, i, address, length, random.below(8), random.below(9));
        if (address + 16 < RAM_BYTES) bench.ram.write(address, header([IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES, 99][random.below(7)], random.below(2) === 0 ? random.below(100) : random.next() >>> 0));
      }
      for (let i = 0; i < 4; i++) {
        bench.makeAvailable(0, random.below(9));
        bench.kick(0);
      }
      await bench.work.finish();
    }
  });

  it("does what was under way anew in a machine that is restored", async () => {
    const one = made(), two = made(), { written } = one.bench.add(0, [header(IN, 5)], [SECTOR, 1], true);
    one.bench.add(0, [header(OUT, 9), new Uint8Array(SECTOR).fill(0x99)], [1], true);
    one.bench.kick(0);
    two.bench.ram.bytes.set(one.bench.ram.bytes);
    two.bench.pci.restore(structuredClone(one.bench.pci.save()));
    expect([two.bench.work.count, two.bench.pci.save()]).to.deep.equal([2, one.bench.pci.save()]);
    for (const { bench, disk } of [one, two]) {
      await bench.work.finish();
      expect([bench.ram.view.getUint32(written[0], true), disk.bytes[9 * SECTOR], bench.ram.view.getUint16(bench.queueAt(0).used + 2, true)]).to.deep.equal([5, 0x99, 2]);
    }
    // A head that is none any more is forgotten.
    two.device.restore({ writeback: true, requests: [{ head: 9999, done: 0, endsNs: 0 }] });
    expect(two.bench.work.count).to.equal(0);
  });

  it("goes on from a saved state, and refuses broken ones", () => {
    const { bench, device } = made(), other = made().device;
    bench.write(DEVICE_CONFIG + 32, 1, 0);
    other.restore(device.save());
    expect(other.config[32]).to.equal(0);
    refusesBrokenStates(() => made());
  });
});
