// An IDE channel with disks, register by register (ATA/ATAPI-6; 82371SB for the bus master).

import { expect } from "chai";
import { AtaDisk } from "../../../src/devices/ide/ata-disk.ts";
import { BusMaster } from "../../../src/devices/ide/bus-master.ts";
import { IdeChannel } from "../../../src/devices/ide/ide-channel.ts";
import { arrayMemory } from "../../support/array-memory.ts";
import { ManualWork } from "../../support/manual-work.ts";
import { NumberedDisk, SECTOR } from "../../support/numbered-disk.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";

const SECTORS = 20_000;
const DATA = 0, ERROR = 1, COUNT = 2, LBA_LOW = 3, LBA_MID = 4, LBA_HIGH = 5, DEVICE = 6, STATUS = 7;
const BUSY = 0x80, READY = 0x50, DRQ = 8, FAILED = 1, LBA = 0x40;

function bench(hasSlave = false) {
  const image = new NumberedDisk(SECTORS), work = new ManualWork(), ram = new Uint8Array(0x40000);
  const busMaster = new BusMaster(arrayMemory(ram));
  let irq = false;
  const channel = new IdeChannel({
    drives: [new AtaDisk(image, "S1"), hasSlave ? new AtaDisk(new NumberedDisk(SECTORS), "S2") : null], busMaster, work, interrupt: (isHigh) => { irq = isHigh; },
  });
  const write = (offset: number, value: number): void => channel.write(offset, 1, value), read = (offset: number): number => channel.read(offset, 1);
  const lba = (sector: number, count: number, command: number): void => {
    [[COUNT, count & 0xff], [LBA_LOW, sector & 0xff], [LBA_MID, (sector >>> 8) & 0xff], [LBA_HIGH, (sector >>> 16) & 0xff], [DEVICE, LBA | (sector >>> 24)], [STATUS, command]]
      .forEach(([offset, value]) => write(offset, value));
  };
  /** Reads so many bytes by words. */
  const take = (bytes: number): Uint8Array => {
    const words = Uint16Array.from({ length: bytes / 2 }, () => channel.read(DATA, 2));
    return new Uint8Array(words.buffer);
  };
  const give = (bytes: Uint8Array): void => new Uint16Array(bytes.buffer).forEach((word) => channel.write(DATA, 2, word));
  return { image, work, ram, busMaster, channel, irq: () => irq, write, read, lba, take, give };
}

const numberOf = (bytes: Uint8Array, at = 0): number => new DataView(bytes.buffer).getUint32(at, true);

/** A table of one descriptor per part at 0x1000, and the bus master started. */
function startMaster({ busMaster, ram }: ReturnType<typeof bench>, toMemory: boolean, parts: readonly (readonly [address: number, bytes: number])[]): void {
  const view = new DataView(ram.buffer);
  parts.forEach(([address, bytes], i) => {
    view.setUint32(0x1000 + 8 * i, address, true);
    view.setUint32(0x1004 + 8 * i, ((bytes & 0xffff) | (i === parts.length - 1 ? 0x80000000 : 0)) >>> 0, true);
  });
  busMaster.writeByte(4, 0);
  busMaster.writeByte(5, 0x10);
  busMaster.writeByte(0, toMemory ? 9 : 1);
}

describe("IdeChannel", () => {
  it("identifies its disk", async () => {
    const { write, take, read, irq } = bench();
    write(DEVICE, 0);
    write(STATUS, 0xec);
    expect([read(STATUS), irq()]).to.deep.equal([READY | DRQ, false]);
    const words = new Uint16Array(take(SECTOR).buffer);
    expect([words[1], words[3], words[6], words[60] + 0x10000 * words[61], words[100], words[49] & 0x300]).to.deep.equal([19, 16, 63, SECTORS, SECTORS, 0x300]);
    expect(String.fromCharCode(...[...words.slice(27, 32)].flatMap((w) => [w >>> 8, w & 0xff]))).to.equal("tcgjs disk");
    expect(read(STATUS)).to.equal(READY);
  });

  it("reads sectors through the data register, with an interrupt each", async () => {
    const made = bench(), { lba, work, read, take, irq } = made;
    lba(1000, 3, 0x20);
    for (const sector of [1000, 1001, 1002]) {
      expect(read(STATUS) & BUSY).to.equal(BUSY);
      await work.finish();
      expect([irq(), read(STATUS), irq()]).to.deep.equal([true, READY | DRQ, false]);
      expect(numberOf(take(SECTOR))).to.equal(sector);
    }
    expect(read(STATUS)).to.equal(READY);
  });

  it("writes sectors, with an interrupt after each", async () => {
    const { lba, work, read, give, irq, image } = bench();
    lba(7, 2, 0x30);
    expect([read(STATUS), irq()]).to.deep.equal([READY | DRQ, false]);
    give(new Uint8Array(SECTOR).fill(1));
    await work.finish();
    expect([irq(), read(STATUS)]).to.deep.equal([true, READY | DRQ]);
    give(new Uint8Array(SECTOR).fill(2));
    await work.finish();
    expect([irq(), read(STATUS), image.bytes[7 * SECTOR], image.bytes[9 * SECTOR - 1], image.bytes[9 * SECTOR]]).to.deep.equal([true, READY, 1, 2, 9]);
  });

  it("moves several sectors at a time once that is set", async () => {
    const { lba, work, read, take, write } = bench();
    lba(0, 4, 0xc4);
    expect([read(STATUS) & FAILED, read(ERROR)]).to.deep.equal([FAILED, 4]);
    write(COUNT, 4);
    write(STATUS, 0xc6);
    lba(100, 6, 0xc4);
    await work.finish();
    expect(numberOf(take(4 * SECTOR), 3 * SECTOR)).to.equal(103);
    await work.finish();
    expect(numberOf(take(2 * SECTOR))).to.equal(104);
    expect(read(STATUS)).to.equal(READY);
  });

  it("addresses by 48 bits, the upper bytes first, and shows them", async () => {
    const { channel, write, read, work, take } = bench();
    for (const [offset, ...bytes] of [[COUNT, 0, 1], [LBA_LOW, 0, 0x34], [LBA_MID, 0, 0x12], [LBA_HIGH, 0, 0]]) for (const byte of bytes) write(offset, byte);
    write(DEVICE, LBA);
    write(STATUS, 0x24);
    await work.finish();
    expect(numberOf(take(SECTOR))).to.equal(0x1234);
    write(LBA_LOW, 0xaa);
    channel.writeControl(0x80);
    expect(read(LBA_LOW)).to.equal(0x34);
    channel.writeControl(0);
    expect(read(LBA_LOW)).to.equal(0xaa);
  });

  it("addresses by cylinder, head and sector", async () => {
    const { write, work, take } = bench();
    for (const [offset, value] of [[COUNT, 1], [LBA_LOW, 5], [LBA_MID, 2], [LBA_HIGH, 0], [DEVICE, 3], [STATUS, 0x20]]) write(offset, value);
    await work.finish();
    expect(numberOf(take(SECTOR))).to.equal((2 * 16 + 3) * 63 + 4);
  });

  it("refuses sectors beyond its end, what it does not know, and writes to what is read-only", () => {
    const { lba, read, image } = bench();
    lba(SECTORS - 1, 2, 0x20);
    expect([read(STATUS), read(ERROR)]).to.deep.equal([READY | FAILED, 0x10]);
    lba(0, 0, 0xfd);
    expect([read(STATUS), read(ERROR)]).to.deep.equal([READY | FAILED, 4]);
    image.isReadOnly = true;
    lba(0, 1, 0x30);
    expect(read(ERROR)).to.equal(4);
  });

  it("reports what the image cannot read", async () => {
    const { lba, read, image, work } = bench();
    image.fails = true;
    lba(0, 1, 0x20);
    await work.finish();
    expect([read(STATUS) & FAILED, read(ERROR)]).to.deep.equal([FAILED, 0x40]);
  });

  it("flushes", async () => {
    const { write, work, image, read } = bench();
    write(STATUS, 0xe7);
    expect(read(STATUS) & BUSY).to.equal(BUSY);
    await work.finish();
    expect([image.flushes, read(STATUS)]).to.deep.equal([1, READY]);
  });

  it("reads by the bus master into the regions of its table", async () => {
    const made = bench(), { lba, work, ram, read, busMaster, irq } = made;
    lba(50, 4, 0xc8);
    startMaster(made, true, [[0x2000, 1000], [0x8000, 1048]]);
    expect(busMaster.readByte(2) & 7).to.equal(1);
    await work.finish();
    expect([irq(), busMaster.readByte(2) & 7, read(STATUS)]).to.deep.equal([true, 4, READY]);
    expect([numberOf(ram, 0x2000), numberOf(ram, 0x2200), numberOf(ram, 0x8000 + 24), numberOf(ram, 0x8000 + 536)]).to.deep.equal([50, 51, 52, 53]);
    busMaster.writeByte(2, 4);
    expect(busMaster.readByte(2) & 4).to.equal(0);
  });

  it("writes by the bus master, whichever is started first", async () => {
    const made = bench(), { lba, work, ram, image } = made;
    ram.fill(0x77, 0x2000, 0x2400);
    startMaster(made, false, [[0x2000, 1024]]);
    lba(9, 2, 0xca);
    await work.finish();
    expect([image.bytes[9 * SECTOR], image.bytes[11 * SECTOR - 1], image.bytes[11 * SECTOR]]).to.deep.equal([0x77, 0x77, 11]);
  });

  it("fails where a table is too short or names no memory", async () => {
    for (const parts of [[[0x2000, 512]], [[0x3ff00, 1024]], [[0xfffffff0, 1024]]] as [number, number][][]) {
      const made = bench(), { lba, work, busMaster, read } = made;
      lba(0, 2, 0xc8);
      startMaster(made, true, parts);
      await work.finish();
      expect([busMaster.readByte(2) & 3, read(STATUS) & FAILED]).to.deep.equal([2, FAILED]);
    }
  });

  it("is silent with nIEN, and forgets what it was doing with SRST", async () => {
    const { lba, channel, work, irq, read } = bench();
    channel.writeControl(2);
    lba(0, 1, 0x20);
    await work.finish();
    expect([irq(), channel.readAlternateStatus()]).to.deep.equal([false, READY | DRQ]);
    lba(0, 1, 0x20);
    channel.writeControl(4);
    expect(channel.readAlternateStatus()).to.equal(BUSY);
    channel.writeControl(0);
    await work.finish();
    expect([read(STATUS), read(ERROR), read(COUNT), read(LBA_LOW), read(LBA_MID)]).to.deep.equal([READY, 1, 1, 1, 0]);
  });

  it("answers 0 for a disk that is not there", () => {
    const { write, read } = bench();
    write(DEVICE, 0x10);
    expect([read(STATUS), read(COUNT)]).to.deep.equal([0, 0]);
    const two = bench(true);
    two.write(DEVICE, 0x10);
    expect(two.read(STATUS)).to.equal(READY);
  });

  it("stands random accesses, to itself and its bus master, and never leaves memory", async () => {
    const random = new Random(testSeed(0x1f0)), made = bench(true), { channel, busMaster, work, ram } = made;
    for (let i = 0; i < ram.length; i += 4) if (random.below(4) === 0) new DataView(ram.buffer).setUint32(i, random.next() >>> 0, true);
    const commands = [0x20, 0x24, 0x29, 0xc4, 0x30, 0x34, 0xc5, 0xc8, 0xca, 0x25, 0x35, 0xec, 0xef, 0xc6, 0xe7, 0x90, 0xf8, 0x40];
    for (let i = 0; i < 20_000; i++) {
      const offset = random.below(8), size = offset === DATA ? 1 << random.below(3) : 1;
      switch (random.below(6)) {
        case 0:
          channel.write(offset, size, offset === STATUS && random.below(4) > 0 ? random.pick(commands) : random.below(256));
          break;
        case 1:
          expect(channel.read(offset, size)).to.be.within(0, 2 ** (8 * size) - 1);
          break;
        case 2:
          if (random.below(20) === 0) channel.writeControl(random.below(256));
          break;
        case 3:
          busMaster.writeByte(random.below(8), random.below(256));
          break;
        case 4:
          for (let n = random.below(300); n > 0; n--) channel.read(DATA, 2);
          break;
        default: await work.finish();
      }
    }
  });

  it("goes on from a saved state in the middle of a transfer", async () => {
    const one = bench(), two = bench();
    one.lba(1000, 3, 0x20);
    await one.work.finish();
    one.take(100);
    two.channel.restore(one.channel.save());
    expect([...two.take(412)]).to.deep.equal([...one.take(412)]);
    await two.work.finish();
    expect(numberOf(two.take(SECTOR))).to.equal(1001);
    expect(() => two.channel.restore({ ...one.channel.save(), registers: { device: 256, control: 0 } })).to.throw(/IDE channel.device is 256/);
  });

  it("takes up again what the host was doing when it was saved", async () => {
    const pioIn = (b: ReturnType<typeof bench>): void => b.lba(1000, 2, 0x20);
    const dmaIn = (b: ReturnType<typeof bench>): void => {
      startMaster(b, true, [[0x2000, 4 * SECTOR]]);
      b.lba(1000, 4, 0xc8);
    };
    const pioOut = (b: ReturnType<typeof bench>): void => {
      b.lba(1000, 1, 0x30);
      b.give(new Uint8Array(SECTOR).fill(0x55));
    };
    const dmaOut = (b: ReturnType<typeof bench>): void => {
      b.ram.fill(0x66, 0x2000, 0x2000 + 4 * SECTOR);
      startMaster(b, false, [[0x2000, 4 * SECTOR]]);
      b.lba(1000, 4, 0xca);
    };
    const flush = (b: ReturnType<typeof bench>): void => b.lba(0, 0, 0xe7), verify = (b: ReturnType<typeof bench>): void => b.lba(1000, 4, 0x40);
    for (const begin of [pioIn, dmaIn, pioOut, dmaOut, flush, verify]) {
      const one = bench(), two = bench();
      begin(one);
      expect(one.read(STATUS) & BUSY, begin.name).to.equal(BUSY);
      two.ram.set(one.ram);
      two.busMaster.restore(one.busMaster.save());
      two.channel.restore(one.channel.save());
      expect(two.channel.save()).to.deep.equal(one.channel.save());
      // What is on its way to the drive is part of the state, not what is in memory now.
      if (begin === dmaOut) two.ram.fill(0);
      for (const b of [one, two]) await b.work.finish();
      expect(two.read(STATUS), begin.name).to.equal(one.read(STATUS));
      expect(Buffer.compare(two.image.bytes, one.image.bytes), begin.name).to.equal(0);
      expect([...two.take(SECTOR)], begin.name).to.deep.equal([...one.take(SECTOR)]);
      if (begin === dmaIn) expect(numberOf(two.ram, 0x2000)).to.equal(1000);
      expect(two.image.flushes).to.equal(begin === flush ? 1 : 0);
    }
  });
});
