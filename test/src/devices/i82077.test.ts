// The 82077AA floppy disk controller, command by command (Intel 290166).

import { expect } from "chai";
import { FloppyDrive } from "../../../src/devices/floppy/floppy-drive.ts";
import { I82077 } from "../../../src/devices/floppy/i82077.ts";
import { I8237 } from "../../../src/devices/i8237.ts";
import { arrayMemory } from "../../support/array-memory.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { ManualWork } from "../../support/manual-work.ts";
import { NumberedDisk, SECTOR } from "../../support/numbered-disk.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";
import { bytesOf } from "../kvm/guest.ts";

const DOR = 2, STATUS = 4, FIFO = 5, DIR = 7;
const NS_PER_SEEK = 1_000_000;
const SECTORS_1440K = 2880;
/** Main status: a byte is wanted, or waits. */
const WANTS = 0x80, GIVES = 0xc0;
const RATE_500K = 0, RATE_250K = 2;

/** A controller out of reset with its gate open, the interrupts of polling behind it, at 500 kbit/s; DMA if asked for. */
function bench(disk: NumberedDisk | null = new NumberedDisk(SECTORS_1440K), second: FloppyDrive | null = null) {
  const work = new ManualWork(), clock = new FakeClock(), ram = new Uint8Array(0x40000), drive = new FloppyDrive(disk);
  const dma = new I8237({ memory: arrayMemory(ram), unitBytes: 1, page: () => 0, hasBus: () => true });
  let irq = false;
  const fdc = new I82077({ clock, drives: [drive, second, null, null], dma: dma.channel(2), work, interrupt: (isHigh) => { irq = isHigh; } });
  const status = (): number => fdc.readByte(STATUS);
  /** Gives a command; its result, if it has one by now. */
  const send = (command: string): number[] => {
    for (const byte of bytesOf(command)) {
      expect(status() & GIVES, "the controller wants a byte").to.equal(WANTS);
      fdc.writeByte(FIFO, byte);
    }
    return result();
  };
  const result = (): number[] => {
    const bytes: number[] = [];
    while ((status() & 0xf0) === 0xd0) bytes.push(fdc.readByte(FIFO));
    return bytes;
  };
  /** A command on the disk: its result, after its interrupt. */
  const run = async (command: string): Promise<number[]> => {
    const early = send(command);
    await work.finish();
    return early.length > 0 ? early : result();
  };
  /** Lets the host's work and seeks end. */
  const finish = async (): Promise<void> => {
    clock.advance(NS_PER_SEEK);
    await work.finish();
  };
  /** Moves the heads: status register 0 and the cylinder. */
  const seek = async (command: string): Promise<number[]> => {
    expect(send(command)).to.deep.equal([]);
    await finish();
    expect(irq).to.equal(true);
    return send("08");
  };
  /** DMA of so many bytes at 0x1000, to memory or from it. */
  const transfer = (isToMemory: boolean, length: number): void => {
    for (const [port, value] of [[12, 0], [4, 0], [4, 0x10], [5, (length - 1) & 0xff], [5, (length - 1) >>> 8], [11, isToMemory ? 0x46 : 0x4a], [10, 2]]) dma.writeByte(port, value);
  };
  fdc.writeByte(DOR, 0x1c);
  for (let i = 0; i < 4; i++) send("08");
  fdc.writeByte(DIR, RATE_500K);
  return { fdc, work, clock, ram, drive, disk, dma, irq: () => irq, status, send, result, run, seek, transfer, finish };
}

const numberOf = (bytes: Uint8Array, at = 0): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

describe("I82077", () => {
  it("interrupts after a reset, and has a status for each drive then", () => {
    const { fdc, irq, send } = bench();
    fdc.writeByte(DOR, 0x18);
    expect([irq(), fdc.readByte(STATUS)]).to.deep.equal([false, 0]);
    fdc.writeByte(DOR, 0x1c);
    expect(irq()).to.equal(true);
    expect([send("08"), send("08"), send("08"), irq(), send("08"), irq(), send("08")]).to.deep.equal([[0xc0, 0], [0xc1, 0], [0xc2, 0], true, [0xc3, 0], false, [0x80]]);
    fdc.writeByte(STATUS, 0x80);
    expect(irq()).to.equal(true);
  });

  it("is silent after a reset without polling, and keeps its configuration when it is locked", () => {
    const { fdc, irq, send } = bench();
    send("13 00 15 22");
    expect(send("94")).to.deep.equal([0x10]);
    fdc.writeByte(STATUS, 0x80);
    expect([irq(), send("0e").slice(7)]).to.deep.equal([false, [0x80, 0x15, 0x22]]);
    expect(send("14")).to.deep.equal([0]);
    fdc.writeByte(STATUS, 0x80);
    expect(send("08 ")).to.deep.equal([0xc0, 0]);
  });

  it("tells its version and registers, and takes unknown commands for invalid", () => {
    const { send } = bench();
    send("03 df 02");
    send("12 86");
    expect(send("10")).to.deep.equal([0x90]);
    expect(send("0e")).to.deep.equal([0, 0, 0, 0, 0xdf, 2, 0, 6, 0x20, 0]);
    expect([send("18"), send("1f")]).to.deep.equal([[0x80], [0x80]]);
  });

  it("moves the heads: to a cylinder, by some, to the first", async () => {
    const { seek, send, status, finish } = bench();
    send("0f 00 28");
    expect(status()).to.equal(0x81);
    await finish();
    expect([send("08"), status()]).to.deep.equal([[0x20, 40], 0x80]);
    expect(await seek("cf 00 03")).to.deep.equal([0x20, 43]);
    expect(await seek("8f 04 01")).to.deep.equal([0x24, 42]);
    expect(send("04 04")).to.deep.equal([0x2c]);
    expect([await seek("07 00"), send("04 00")]).to.deep.equal([[0x20, 0], [0x38]]);
  });

  it("does not find the first track of a drive that is not there", async () => {
    const { seek } = bench();
    expect(await seek("07 02")).to.deep.equal([0x72, 0]);
  });

  it("shows that the disk has been changed until the heads move", async () => {
    const { fdc, drive, seek } = bench();
    expect(fdc.readByte(DIR)).to.equal(0x80);
    await seek("0f 00 01");
    expect(fdc.readByte(DIR)).to.equal(0);
    drive.change(null);
    await seek("0f 00 02");
    expect(fdc.readByte(DIR)).to.equal(0x80);
  });

  it("reads sectors by DMA up to the terminal count, across heads with MT", async () => {
    const { run, transfer, ram, irq, fdc } = bench();
    transfer(true, 3 * SECTOR);
    expect(await run("e6 00 00 00 11 02 12 1b ff")).to.deep.equal([4, 0, 0, 0, 1, 2, 2]);
    expect([16, 17, 18].map((_, i) => numberOf(ram, 0x1000 + i * SECTOR))).to.deep.equal([16, 17, 18]);
    expect([irq(), fdc.readByte(STATUS)]).to.deep.equal([false, 0x80]);
  });

  it("tells by an interrupt that a result waits", async () => {
    const { send, transfer, work, irq, fdc } = bench();
    transfer(true, SECTOR);
    send("46 00 00 00 12 02 12 1b ff");
    expect([irq(), fdc.readByte(STATUS)]).to.deep.equal([false, 0x10]);
    await work.finish();
    expect([irq(), fdc.readByte(STATUS)]).to.deep.equal([true, 0xd0]);
    expect([fdc.readByte(FIFO), irq()]).to.deep.equal([0, false]);
    expect(Array.from({ length: 6 }, () => fdc.readByte(FIFO))).to.deep.equal([0, 0, 1, 0, 1, 2]);
  });

  it("ends abnormally behind the last sector if the count is not over, and where the DMA takes nothing", async () => {
    const { run, transfer, dma } = bench();
    transfer(true, 8 * SECTOR);
    expect((await run("46 00 00 00 11 02 12 1b ff")).slice(0, 6)).to.deep.equal([0x40, 0x80, 0, 1, 0, 1]);
    dma.writeByte(10, 6);
    expect((await run("46 00 00 00 11 02 12 1b ff")).slice(0, 3)).to.deep.equal([0x40, 0x10, 0]);
  });

  it("writes sectors, and fills up the last one with zeroes", async () => {
    const { run, transfer, ram, disk } = bench();
    ram.fill(7, 0x1000, 0x1000 + SECTOR + 3);
    transfer(false, SECTOR + 3);
    expect((await run("45 04 00 01 12 02 13 1b ff")).slice(0, 3)).to.deep.equal([0x44, 4, 0]);
    expect([disk?.bytes[35 * SECTOR], disk?.bytes[36 * SECTOR]]).to.deep.equal([7, 36]);
    transfer(false, SECTOR + 3);
    expect((await run("45 00 00 00 03 02 12 1b ff")).slice(0, 3)).to.deep.equal([0, 0, 0]);
    expect([2, 3].map((sector) => [...disk?.bytes.subarray(sector * SECTOR, sector * SECTOR + 4) ?? []])).to.deep.equal([[7, 7, 7, 7], [7, 7, 7, 0]]);
  });

  it("refuses to write what is protected", async () => {
    const { run, transfer, disk, send } = bench();
    if (disk !== null) disk.isReadOnly = true;
    transfer(false, SECTOR);
    expect([(await run("45 00 00 00 01 02 12 1b ff")).slice(0, 3), send("04 00")]).to.deep.equal([[0x40, 2, 0], [0x78]]);
    expect((await run("4d 00 02 12 54 f6")).slice(0, 3)).to.deep.equal([0x40, 2, 0]);
  });

  it("reads and writes through the FIFO without DMA, until the end of the cylinder", async () => {
    const { fdc, send, work, irq, result, disk } = bench();
    send("03 df 03");
    send("46 00 00 00 12 02 12 1b ff");
    await work.finish();
    expect([irq(), fdc.readByte(STATUS)]).to.deep.equal([true, 0xf0]);
    const bytes = Uint8Array.from({ length: SECTOR }, () => fdc.readByte(FIFO));
    expect([numberOf(bytes), irq(), result().slice(0, 3)]).to.deep.equal([17, true, [0x40, 0x80, 0]]);
    send("45 00 00 00 12 02 12 1b ff");
    expect([irq(), fdc.readByte(STATUS)]).to.deep.equal([true, 0xb0]);
    for (let i = 0; i < SECTOR; i++) fdc.writeByte(FIFO, 5);
    await work.finish();
    expect([disk?.bytes[17 * SECTOR], result().slice(0, 3)]).to.deep.equal([5, [0x40, 0x80, 0]]);
  });

  it("tells why a sector is not found", async () => {
    const { run, transfer, fdc } = bench(), end = async (command: string): Promise<number[]> => {
      transfer(true, SECTOR);
      return (await run(command)).slice(0, 3);
    };
    expect(await end("46 00 05 00 01 02 12 1b ff"), "another cylinder").to.deep.equal([0x40, 4, 0x10]);
    expect(await end("46 00 00 01 01 02 12 1b ff"), "another head").to.deep.equal([0x40, 4, 0]);
    expect(await end("46 00 00 00 13 02 14 1b ff"), "a sector behind the last").to.deep.equal([0x40, 4, 0]);
    expect(await end("46 00 00 00 01 03 12 1b ff"), "longer sectors").to.deep.equal([0x40, 4, 0]);
    expect(await end("06 00 00 00 01 02 12 1b ff"), "FM").to.deep.equal([0x40, 1, 0]);
    fdc.writeByte(DIR, RATE_250K);
    expect(await end("46 00 00 00 01 02 12 1b ff"), "another rate").to.deep.equal([0x40, 1, 0]);
  });

  it("tells what the image cannot read", async () => {
    const { run, transfer, disk } = bench();
    if (disk !== null) disk.fails = true;
    transfer(true, SECTOR);
    expect((await run("46 00 00 00 01 02 12 1b ff")).slice(0, 3)).to.deep.equal([0x40, 0x20, 0x20]);
  });

  it("seeks by itself if it is told to", async () => {
    const { run, transfer, send, ram } = bench();
    send("13 00 40 00");
    transfer(true, SECTOR);
    expect(await run("46 04 0a 01 02 02 12 1b ff")).to.deep.equal([4, 0, 0, 10, 1, 3, 2]);
    expect([numberOf(ram, 0x1000), send("0e")[0]]).to.deep.equal([(10 * 2 + 1) * 18 + 1, 10]);
  });

  it("verifies as many sectors as it is told", async () => {
    const { run } = bench();
    expect(await run("56 80 00 00 01 02 12 1b 05")).to.deep.equal([0, 0, 0, 0, 0, 6, 2]);
    expect((await run("56 00 00 00 10 02 12 1b ff")).slice(0, 2)).to.deep.equal([0x40, 0x80]);
  });

  it("reads a track from its first sector on, and one sector that is not deleted when it looks for such", async () => {
    const { run, transfer, ram } = bench();
    transfer(true, 3 * SECTOR);
    expect((await run("42 00 00 00 09 02 03 1b ff")).slice(0, 3)).to.deep.equal([0, 0, 0]);
    expect(numberOf(ram, 0x1000 + 2 * SECTOR)).to.equal(2);
    transfer(true, 3 * SECTOR);
    expect((await run("4c 00 00 00 01 02 12 1b ff")).slice(0, 3)).to.deep.equal([0x40, 0, 0x40]);
  });

  it("formats a track by the IDs that it is given", async () => {
    const { run, seek, transfer, ram, disk } = bench();
    await seek("0f 00 02");
    for (let i = 0; i < 18; i++) ram.set([2, 1, i + 1, 2], 0x1000 + 4 * i);
    transfer(false, 72);
    expect((await run("4d 04 02 12 54 f6")).slice(0, 3)).to.deep.equal([4, 0, 0]);
    const track = disk?.bytes.subarray(90 * SECTOR, 108 * SECTOR) ?? [];
    expect([track.every((b) => b === 0xf6), disk?.bytes[108 * SECTOR]]).to.deep.equal([true, 108]);
  });

  it("reads the ID that comes by, and waits for one where there is no disk", async () => {
    const { run, clock, drive, status } = bench(), seen = new Set<number>();
    for (let i = 0; i < 40; i++) {
      clock.advance(7_000_000);
      const [st0, , , c, h, r, n] = await run("4a 04");
      expect([st0, c, h, n]).to.deep.equal([4, 0, 1, 2]);
      seen.add(r);
    }
    expect([Math.min(...seen), Math.max(...seen)]).to.deep.equal([1, 18]);
    drive.change(null);
    expect([await run("4a 00"), status()]).to.deep.equal([[], 0x10]);
  });

  it("knows formats by the size of their images", () => {
    const kinds = [720, 1440, 2400, 2880, 3360, 5760, 20, 2881].map((sectors) => {
      const { type, format } = new FloppyDrive(new NumberedDisk(sectors));
      return [type, format?.cylinders, format?.sectors];
    });
    expect(kinds).to.deep.equal([[1, 40, 9], [3, 80, 9], [2, 80, 15], [4, 80, 18], [4, 80, 21], [5, 80, 36], [4, 80, 18], [5, 80, 36]]);
    expect(() => new FloppyDrive(new NumberedDisk(5761))).to.throw(/up to 2949120 bytes, not 2949632/);
  });

  it("goes on from a state saved in the middle of a sector", async () => {
    const one = bench(), two = bench();
    one.send("03 df 03");
    one.send("46 00 00 00 03 02 12 1b ff");
    await one.work.finish();
    for (let i = 0; i < 100; i++) one.fdc.readByte(FIFO);
    two.fdc.restore(one.fdc.save());
    const rest = async ({ fdc, work }: typeof one): Promise<number[]> => {
      const first = Array.from({ length: 412 }, () => fdc.readByte(FIFO));
      await work.finish();
      return [...first, ...Array.from({ length: 4 }, () => fdc.readByte(FIFO)), fdc.readByte(STATUS)];
    };
    expect(await rest(two)).to.deep.equal(await rest(one));
  });

  it("goes on from a state saved while heads move, or the host works: what was under way is begun anew", async () => {
    const one = bench(), two = bench(), goOn = (): void => two.fdc.restore(structuredClone(one.fdc.save()));
    one.send("0f 00 28");
    goOn();
    await two.finish();
    expect([two.send("08"), two.drive.cylinder]).to.deep.equal([[0x20, 40], 40]);

    one.fdc.writeByte(DOR, 0x18);
    one.fdc.writeByte(DOR, 0x1c);
    for (let i = 0; i < 4; i++) one.send("08");
    one.fdc.writeByte(DIR, RATE_500K);
    for (const { transfer } of [one, two]) transfer(true, SECTOR);
    one.send("46 00 00 00 12 02 12 1b ff");
    goOn();
    await two.finish();
    expect([two.result().slice(0, 3), numberOf(two.ram, 0x1000)]).to.deep.equal([[0, 0, 0], 17]);

    await one.finish();
    one.result();
    one.transfer(false, SECTOR);
    one.ram.fill(9, 0x1000, 0x1000 + SECTOR);
    one.send("45 00 00 00 05 02 12 1b ff");
    goOn();
    await two.finish();
    expect([two.result().slice(0, 3), two.disk?.bytes[4 * SECTOR]]).to.deep.equal([[0, 0, 0], 9]);
  });

  it("refuses states that are none", () => refusesBrokenStates(() => ({ device: bench().fdc })));

  it("stands random commands and accesses, and never leaves memory", async () => {
    const random = new Random(testSeed(0x82077)), { fdc, dma, work, drive, clock } = bench(undefined, new FloppyDrive(new NumberedDisk(720)));
    const opcodes = [0x02, 0x03, 0x04, 0x45, 0x46, 0xe6, 0x07, 0x08, 0x49, 0x4a, 0x4c, 0x4d, 0x0e, 0x0f, 0x10, 0x12, 0x13, 0x14, 0x56, 0x8f, 0xcf];
    for (let i = 0; i < 10_000; i++) {
      switch (random.below(7)) {
        case 0:
          fdc.writeByte(random.below(8), random.below(256));
          break;
        case 1:
          fdc.writeByte(DOR, 0x1c | random.below(2));
          fdc.writeByte(FIFO, random.pick(opcodes));
          for (let n = 0; n < 9; n++) fdc.writeByte(FIFO, random.below(4));
          break;
        case 2:
          for (let n = random.below(600); n > 0; n--) fdc.readByte(FIFO);
          break;
        case 3:
          dma.writeByte(random.below(16), random.below(256));
          break;
        case 4:
          expect(fdc.readByte(random.below(8))).to.be.within(0, 255);
          break;
        case 5:
          if (random.below(50) === 0) drive.change(random.below(2) === 0 ? null : new NumberedDisk(SECTORS_1440K));
          clock.advance(random.below(1_000_000));
          break;
        default: await work.finish();
      }
    }
  });
});
