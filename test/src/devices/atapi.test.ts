// A CD-ROM drive on an IDE channel: ATA's packet protocol (ATA/ATAPI-6, clause 9) and the commands of MMC-5.

import { expect } from "chai";
import { MmcDrive } from "../../../src/devices/cdrom/mmc-drive.ts";
import { AtapiCdrom } from "../../../src/devices/ide/atapi-cdrom.ts";
import { BusMaster } from "../../../src/devices/ide/bus-master.ts";
import { IdeChannel } from "../../../src/devices/ide/ide-channel.ts";
import { arrayMemory } from "../../support/array-memory.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";
import { ManualWork } from "../../support/manual-work.ts";
import { NumberedDisk, SECTOR } from "../../support/numbered-disk.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../../tcg/support/random.ts";
import { bytesOf } from "../kvm/guest.ts";

const BLOCK = 2048, BLOCKS = 5000;
const DATA = 0, ERROR = 1, COUNT = 2, LBA_LOW = 3, LBA_MID = 4, LBA_HIGH = 5, DEVICE = 6, STATUS = 7;
const READY = 0x50, DRQ = 8, FAILED = 1, PACKET = 0xa0;
/** Interrupt reasons. */
const WANTS_COMMAND = 1, GIVES_DATA = 2, IS_OVER = 3;
const TABLE = 0x1000;

function bench(disc: NumberedDisk | null = new NumberedDisk((BLOCKS * BLOCK) / SECTOR)) {
  const work = new ManualWork(), ram = new Uint8Array(0x200000), drive = new MmcDrive(disc);
  const busMaster = new BusMaster(arrayMemory(ram));
  let irq = false;
  const channel = new IdeChannel({ drives: [new AtapiCdrom(drive, "S1"), null], busMaster, work, interrupt: (isHigh) => { irq = isHigh; } });
  const write = (offset: number, value: number): void => channel.write(offset, 1, value), read = (offset: number): number => channel.read(offset, 1);
  /** Gives a packet; at most `limit` bytes at a time shall come. */
  const send = (packet: string, limit = 0xfffe, features = 0): void => {
    for (const [offset, value] of [[ERROR, features], [LBA_MID, limit & 0xff], [LBA_HIGH, limit >>> 8], [STATUS, PACKET]]) write(offset, value);
    expect([read(COUNT), channel.readAlternateStatus() & DRQ], "the drive wants the packet").to.deep.equal([WANTS_COMMAND, DRQ]);
    const bytes = new Uint8Array(12);
    bytes.set(bytesOf(packet));
    new Uint16Array(bytes.buffer).forEach((word) => channel.write(DATA, 2, word));
  };
  /** Takes what the drive gives until the command is over; the lengths of the pieces. */
  const take = async (): Promise<{ readonly bytes: Uint8Array; readonly pieces: readonly number[] }> => {
    const bytes: number[] = [], pieces: number[] = [];
    for (;;) {
      await work.finish();
      expect(irq, "an interrupt").to.equal(true);
      if ((read(STATUS) & DRQ) === 0) break;
      expect(read(COUNT)).to.equal(GIVES_DATA);
      const length = read(LBA_MID) | (read(LBA_HIGH) << 8);
      pieces.push(length);
      for (let i = 0; i < length; i += 2) {
        const word = channel.read(DATA, 2);
        bytes.push(word & 0xff, word >>> 8);
      }
      bytes.length -= length & 1;
    }
    return { bytes: Uint8Array.from(bytes), pieces };
  };
  /** The data that a command gives, or the sense of its failure as key, code, qualifier. */
  const command = async (packet: string): Promise<number[]> => {
    send(packet);
    const { bytes } = await take();
    if ((read(STATUS) & FAILED) === 0) return [...bytes];
    expect(read(COUNT)).to.equal(IS_OVER);
    const key = read(ERROR) >>> 4;
    send("03 00 00 00 12");
    const sense = (await take()).bytes;
    expect([sense[0], sense[2], sense.length]).to.deep.equal([0x70, key, 18]);
    return [sense[2], sense[12], sense[13]];
  };
  return { work, ram, busMaster, channel, irq: () => irq, write, read, send, take, command, drive };
}

/** The same, with the unit attention of power-on behind it. */
async function ready(disc?: NumberedDisk | null): Promise<ReturnType<typeof bench>> {
  const made = bench(disc);
  expect(await made.command("00")).to.deep.equal([6, 0x29, 0]);
  return made;
}

const numberOf = (bytes: Uint8Array, at = 0): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
const big = (value: number): number[] => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];

describe("AtapiCdrom", () => {
  it("shows the signature of a packet device after a reset, and in answer to IDENTIFY DEVICE", () => {
    const { read, write, channel } = bench(), signature = (): number[] => [COUNT, LBA_LOW, LBA_MID, LBA_HIGH].map(read);
    expect([read(STATUS), ...signature()]).to.deep.equal([0, 1, 1, 0x14, 0xeb]);
    write(LBA_MID, 0);
    write(STATUS, 0xec);
    expect([read(STATUS), read(ERROR), ...signature()]).to.deep.equal([READY | FAILED, 4, 1, 1, 0x14, 0xeb]);
    write(LBA_MID, 0);
    channel.writeControl(4);
    channel.writeControl(0);
    expect([read(STATUS), ...signature()]).to.deep.equal([0, 1, 1, 0x14, 0xeb]);
  });

  it("identifies itself as a CD-ROM drive", () => {
    const { write, channel, read } = bench();
    write(STATUS, 0xa1);
    const words = Uint16Array.from({ length: 256 }, () => channel.read(DATA, 2));
    expect([words[0], words[49] & 0x300, words[82] & 0x10, read(STATUS)]).to.deep.equal([0x85c0, 0x300, 0x10, READY]);
    expect(String.fromCharCode(...[...words.slice(27, 33)].flatMap((w) => [w >>> 8, w & 0xff]))).to.equal("tcgjs CD-ROM");
  });

  it("takes DEVICE RESET in the middle of a command", () => {
    const { send, write, read } = bench();
    send("12 00 00 00 24");
    write(STATUS, 0x08);
    expect([read(STATUS), read(LBA_MID)]).to.deep.equal([0, 0x14]);
  });

  it("gives blocks in pieces no larger than the byte count, an odd one taken for the next lower", async () => {
    const { send, take } = await ready();
    send("28 00 00 00 00 64 00 00 02", 1501);
    const { bytes, pieces } = await take();
    expect(pieces).to.deep.equal([1500, 1500, 1096]);
    expect([numberOf(bytes), numberOf(bytes, BLOCK)]).to.deep.equal([400, 404]);
    send("a8 00 00 00 13 00 00 00 00 64", 0);
    const many = await take();
    expect([many.bytes.length, numberOf(many.bytes, 99 * BLOCK)]).to.deep.equal([100 * BLOCK, 4 * (0x1300 + 99)]);
  });

  it("gives blocks by the bus master, many of them in pieces of the host's work", async () => {
    const { send, work, ram, busMaster, irq, read } = await ready(), view = new DataView(ram.buffer), blocks = 600, first = 0x10000;
    for (let i = 0; i * 0x8000 < blocks * BLOCK; i++) {
      const length = Math.min(0x8000, blocks * BLOCK - i * 0x8000), isLast = length < 0x8000 || (i + 1) * 0x8000 === blocks * BLOCK;
      view.setUint32(TABLE + 8 * i, first + 0x8000 * i, true);
      view.setUint32(TABLE + 8 * i + 4, (length | (isLast ? 0x80000000 : 0)) >>> 0, true);
    }
    busMaster.writeByte(5, TABLE >>> 8);
    send("28 00 00 00 00 10 00 02 58", 0, 1);
    busMaster.writeByte(0, 9);
    await work.finish();
    expect([irq(), read(STATUS), read(COUNT), busMaster.readByte(2) & 7]).to.deep.equal([true, READY, IS_OVER, 4]);
    for (const i of [0, 1, 511, 512, 599]) expect(numberOf(ram, first + i * BLOCK)).to.equal(4 * (16 + i));
  });

  it("tells once that it was switched on, and that another disc is in it", async () => {
    const { command, drive } = await ready();
    expect(await command("00")).to.deep.equal([]);
    drive.change(new NumberedDisk(400));
    expect(await command("4a 01 00 00 10 00 00 00 08")).to.deep.equal([0, 6, 4, 0x10, 2, 2, 0, 0]);
    expect(await command("25")).to.deep.equal([6, 0x28, 0]);
    expect(await command("25")).to.deep.equal([...big(99), ...big(BLOCK)]);
    expect((await command("4a 01 00 00 10 00 00 00 08"))[4]).to.equal(0);
    drive.change(null);
    expect(await command("00")).to.deep.equal([2, 0x3a, 1]);
  });

  it("tells a unit attention to REQUEST SENSE, and lets INQUIRY pass it", async () => {
    const { command } = bench();
    expect((await command("12 00 00 00 24")).slice(0, 2)).to.deep.equal([5, 0x80]);
    expect((await command("03 00 00 00 12")).slice(0, 14)).to.deep.equal([0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0]);
    expect(await command("00")).to.deep.equal([]);
    expect((await command("03 00 00 00 12"))[2]).to.equal(0);
  });

  it("gives no more than there is room for", async () => {
    const { command } = await ready();
    expect(await command("12 00 00 00 05")).to.deep.equal([5, 0x80, 0, 0x21, 31]);
    expect(await command("12 00 00 00 00")).to.deep.equal([]);
  });

  it("lists the track and the lead-out by block and by time, the session, and what the lead-in says", async () => {
    const { command } = await ready();
    expect(await command("43 00 00 00 00 00 00 00 ff")).to.deep.equal([0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, ...big(BLOCKS)]);
    // (5000 + 150) / 75 seconds.
    expect(await command("43 02 00 00 00 00 aa 00 ff")).to.deep.equal([0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 1, 8, 50]);
    expect(await command("43 00 01 00 00 00 00 00 ff")).to.deep.equal([0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0]);
    expect((await command("43 00 02 00 00 00 00 00 ff")).length).to.equal(4 + 4 * 11);
    expect(await command("43 00 00 00 00 00 02 00 ff")).to.deep.equal([5, 0x24, 0]);
  });

  it("says what it can do: profiles by the disc, features by number", async () => {
    const { command, drive } = await ready();
    const all = await command("46 00 00 00 00 00 00 00 ff");
    expect([all.slice(0, 8), all.length]).to.deep.equal([[...big(all.length - 4), 0, 0, 0, 8], 8 + 12 + 8 + 8 + 12 + 8 + 4]);
    expect(await command("46 02 00 03 00 00 00 00 ff")).to.deep.equal([...big(12), 0, 0, 0, 8, 0, 3, 3, 4, 0x29, 0, 0, 0]);
    drive.change(null);
    expect((await command("46 01 00 00 00 00 00 00 ff")).slice(6, 8)).to.deep.equal([0, 0]);
  });

  it("answers about disc, track, sub-channel, mechanism and mode pages", async () => {
    const { command } = await ready();
    expect((await command("51 00 00 00 00 00 00 00 ff")).slice(0, 7)).to.deep.equal([0, 32, 0x0e, 1, 1, 1, 1]);
    expect((await command("52 01 00 00 00 01 00 00 ff")).slice(24, 28)).to.deep.equal(big(BLOCKS));
    expect(await command("42 00 40 01 00 00 00 00 ff")).to.deep.equal([0, 0x15, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(await command("42 00 00 01 00 00 00 00 ff")).to.deep.equal([0, 0x15, 0, 0]);
    expect((await command("bd 00 00 00 00 00 00 00 00 08"))).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0]);
    expect((await command("5a 00 2a 00 00 00 00 00 ff")).slice(0, 10)).to.deep.equal([0, 26, 0, 0, 0, 0, 0, 0, 0x2a, 18]);
    expect((await command("5a 00 3f 00 00 00 00 00 ff")).length).to.equal(8 + 8 + 20);
    expect(await command("5a 00 0e 00 00 00 00 00 ff")).to.deep.equal([5, 0x24, 0]);
    expect(await command("5a 00 ea 00 00 00 00 00 ff")).to.deep.equal([5, 0x39, 0]);
  });

  it("opens and closes its tray, unless that is locked", async () => {
    const { command, drive } = await ready();
    await command("1e 00 00 00 01");
    expect([await command("1b 00 00 00 02"), drive.pressEject()]).to.deep.equal([[5, 0x53, 2], false]);
    expect((await command("4a 01 00 00 10 00 00 00 08"))[4], "eject request").to.equal(1);
    await command("1e 00 00 00 00");
    await command("1b 00 00 00 02");
    expect([await command("00"), drive.isOpen, (await command("bd 00 00 00 00 00 00 00 00 08"))[1]]).to.deep.equal([[2, 0x3a, 2], true, 0x10]);
    await command("1b 00 00 00 03");
    expect([await command("00"), await command("00")]).to.deep.equal([[6, 0x28, 0], []]);
  });

  it("refuses blocks behind the end, commands it does not know, and tells what cannot be read", async () => {
    const disc = new NumberedDisk(400), { command } = await ready(disc);
    expect(await command("28 00 00 00 00 63 00 00 02")).to.deep.equal([5, 0x21, 0]);
    expect(await command("2b 00 00 00 00 64")).to.deep.equal([5, 0x21, 0]);
    expect(await command("28 00 00 00 00 64 00 00 00")).to.deep.equal([]);
    expect(await command("be 04 00 00 00 00 00 00 01 10")).to.deep.equal([5, 0x64, 0]);
    expect((await command("be 00 00 00 00 05 00 00 01 10")).slice(0, 2)).to.deep.equal([20, 0]);
    expect(await command("2a")).to.deep.equal([5, 0x20, 0]);
    disc.fails = true;
    expect(await command("28 00 00 00 00 00 00 00 01")).to.deep.equal([3, 0x11, 0]);
  });

  it("goes on from a state saved in the middle of a transfer", async () => {
    const one = await ready(), two = bench();
    one.send("28 00 00 00 00 64 00 00 02", 1500);
    await one.work.finish();
    for (let i = 0; i < 300; i++) one.channel.read(DATA, 2);
    two.channel.restore(one.channel.save());
    const rest = async ({ channel, take }: typeof one): Promise<number[]> => [...Array.from({ length: 450 }, () => channel.read(DATA, 2)), ...(await take()).bytes];
    expect(await rest(two)).to.deep.equal(await rest(one));
  });

  it("refuses states that are none", () => refusesBrokenStates(() => ({ device: bench().channel })));

  it("stands random packets and accesses", async () => {
    const random = new Random(testSeed(0xcd)), { channel, busMaster, work, ram, drive } = bench();
    for (let i = 0; i < ram.length; i += 4) if (random.below(4) === 0) new DataView(ram.buffer).setUint32(i, random.next() >>> 0, true);
    const opcodes = [0x00, 0x03, 0x12, 0x1b, 0x1e, 0x25, 0x28, 0x2b, 0x42, 0x43, 0x46, 0x4a, 0x51, 0x52, 0x5a, 0xa8, 0xbb, 0xbd, 0xbe];
    for (let i = 0; i < 4000; i++) {
      switch (random.below(6)) {
        case 0:
          channel.write(random.below(8), 1, random.below(256));
          break;
        case 1:
          channel.write(ERROR, 1, random.below(2));
          channel.write(STATUS, 1, PACKET);
          channel.write(DATA, 2, random.pick(opcodes));
          for (let n = 0; n < 5; n++) channel.write(DATA, 2, random.below(4) === 0 ? random.below(0x10000) : random.below(2));
          break;
        case 2:
          for (let n = random.below(3000); n > 0; n--) channel.read(DATA, 2);
          break;
        case 3:
          busMaster.writeByte(random.below(8), random.below(256));
          break;
        case 4:
          if (random.below(20) === 0) drive.change(random.below(2) === 0 ? null : new NumberedDisk(400));
          if (random.below(20) === 0) channel.write(DEVICE, 1, 0);
          break;
        default: await work.finish();
      }
    }
  });
});
