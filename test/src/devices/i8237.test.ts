// The 8237A, register by register (Intel 231466), and an AT's page registers.

import { expect } from "chai";
import type { DmaResult } from "../../../src/bus/dma.ts";
import { DmaPages } from "../../../src/devices/dma-pages.ts";
import { I8237 } from "../../../src/devices/i8237.ts";
import { arrayMemory } from "../../support/array-memory.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

const STATUS = 8, COMMAND = 8, REQUEST = 9, MASK_BIT = 10, MODE = 11, CLEAR_POINTER = 12, MASTER_CLEAR = 13, CLEAR_MASK = 14, MASK = 15;
/** Modes, without the channel: single transfers to memory and from it, verify; automatic; downwards; cascade. */
const TO_MEMORY = 0x44, FROM_MEMORY = 0x48, VERIFY = 0x40, AUTO = 0x10, DOWN = 0x20, CASCADE = 0xc0;
const PAGE = 0x20000;

function bench(unitBytes = 1) {
  const ram = new Uint8Array(0x50000), bus = { isThere: true };
  const dma = new I8237({ memory: arrayMemory(ram), unitBytes, page: () => PAGE, hasBus: () => bus.isThere });
  /** Channel 2: an address, a count as the register has it, a mode; unmasked. */
  const set = (address: number, count: number, mode: number): void => {
    dma.writeByte(CLEAR_POINTER, 0);
    for (const [port, value] of [[4, address], [5, count]]) for (const byte of [value & 0xff, value >>> 8]) dma.writeByte(port, byte);
    dma.writeByte(MODE, mode | 2);
    dma.writeByte(MASK_BIT, 2);
  };
  const word = (port: number): number => dma.readByte(port) | (dma.readByte(port) << 8);
  const fromMemory = (length: number): [DmaResult, number[]] => {
    const bytes = new Uint8Array(length), result = dma.channel(2).fromMemory(bytes);
    return [result, [...bytes]];
  };
  return { dma, ram, bus, set, word, fromMemory, give: (...bytes: number[]): DmaResult => dma.channel(2).toMemory(Uint8Array.from(bytes)) };
}

describe("I8237", () => {
  it("moves bytes to memory until the count is over, and masks the channel then", () => {
    const { dma, ram, set, word, give } = bench();
    set(0x1234, 4, TO_MEMORY);
    expect(give(1, 2, 3)).to.deep.equal({ count: 3, isTerminal: false });
    expect([word(4), word(5), dma.readByte(STATUS)]).to.deep.equal([0x1237, 1, 0]);
    expect(give(4, 5, 6)).to.deep.equal({ count: 2, isTerminal: true });
    expect([...ram.subarray(PAGE + 0x1234, PAGE + 0x123a)]).to.deep.equal([1, 2, 3, 4, 5, 0]);
    expect([word(4), word(5), dma.readByte(STATUS), dma.readByte(STATUS), dma.readByte(MASK) & 15]).to.deep.equal([0x1239, 0xffff, 4, 0, 15]);
    expect(give(7)).to.deep.equal({ count: 0, isTerminal: false });
  });

  it("moves bytes from memory", () => {
    const { ram, set, fromMemory } = bench();
    ram.set([9, 8, 7], PAGE + 0x10);
    set(0x10, 9, FROM_MEMORY);
    expect(fromMemory(3)).to.deep.equal([{ count: 3, isTerminal: false }, [9, 8, 7]]);
  });

  it("begins anew by itself in automatic mode", () => {
    const { dma, ram, set, word, give } = bench();
    set(0x100, 1, TO_MEMORY | AUTO);
    expect([give(1, 2), word(4), word(5)]).to.deep.equal([{ count: 2, isTerminal: true }, 0x100, 1]);
    give(3);
    expect([ram[PAGE + 0x100], ram[PAGE + 0x101], dma.readByte(MASK) & 4]).to.deep.equal([3, 2, 0]);
  });

  it("goes downwards", () => {
    const { ram, set, word, give, fromMemory } = bench();
    set(0x102, 9, TO_MEMORY | DOWN);
    give(1, 2, 3);
    expect([[...ram.subarray(PAGE + 0x100, PAGE + 0x103)], word(4)]).to.deep.equal([[3, 2, 1], 0xff]);
    set(0x102, 9, FROM_MEMORY | DOWN);
    expect(fromMemory(3)[1]).to.deep.equal([1, 2, 3]);
  });

  it("stays in its 64 KiB", () => {
    const { ram, set, give } = bench();
    set(0xffff, 9, TO_MEMORY);
    give(1, 2);
    expect([ram[PAGE + 0xffff], ram[PAGE], ram[PAGE + 0x10000]]).to.deep.equal([1, 2, 0]);
  });

  it("counts words where it has words, in 128 KiB", () => {
    const { ram, set, word, give } = bench(2);
    set(0x8001, 1, TO_MEMORY);
    expect(give(1, 2, 3, 4)).to.deep.equal({ count: 4, isTerminal: true });
    expect([[...ram.subarray(PAGE + 0x10002, PAGE + 0x10006)], word(4)]).to.deep.equal([[1, 2, 3, 4], 0x8003]);
  });

  it("touches no memory when it verifies, or is set up for the other direction", () => {
    for (const mode of [VERIFY, FROM_MEMORY]) {
      const { ram, set, give } = bench();
      set(0, 1, mode);
      expect([give(1, 2), ram[PAGE]]).to.deep.equal([{ count: 2, isTerminal: true }, 0]);
    }
    const { set, fromMemory } = bench();
    set(0, 1, VERIFY);
    expect(fromMemory(2)[1]).to.deep.equal([0xff, 0xff]);
  });

  it("does nothing while it is off, masked, without the bus, or in cascade mode, which lets another one pass", () => {
    const { dma, bus, set, give } = bench();
    set(0, 9, TO_MEMORY);
    dma.writeByte(COMMAND, 4);
    expect(give(1).count).to.equal(0);
    dma.writeByte(COMMAND, 0);
    bus.isThere = false;
    expect(give(1).count).to.equal(0);
    bus.isThere = true;
    expect([give(1).count, dma.passes(2)]).to.deep.equal([1, false]);
    dma.writeByte(MODE, CASCADE | 2);
    expect([give(1).count, dma.passes(2)]).to.deep.equal([0, true]);
    dma.writeByte(MASK_BIT, 6);
    expect(dma.passes(2)).to.equal(false);
  });

  it("has masks that are set one by one, all at once, and cleared; master clear sets them", () => {
    const { dma } = bench(), mask = (): number => dma.readByte(MASK) & 15;
    dma.writeByte(CLEAR_MASK, 0);
    expect(mask()).to.equal(0);
    dma.writeByte(MASK_BIT, 5);
    expect(mask()).to.equal(2);
    dma.writeByte(MASK, 9);
    expect(mask()).to.equal(9);
    dma.writeByte(REQUEST, 6);
    expect(dma.readByte(STATUS)).to.equal(0x40);
    dma.writeByte(0, 0x12);
    dma.writeByte(MASTER_CLEAR, 0);
    expect([mask(), dma.readByte(STATUS), dma.readByte(0)], "the byte pointer is at the low byte").to.deep.equal([15, 0, 0x12]);
  });

  const subject = (): Subject => ({ device: bench().dma, clock: new FakeClock(), ports: 16 });
  it("stands random accesses", () => standsRandomAccesses(subject(), testSeed(0x8237)));
  it("goes on from saved states", () => goesOnFromSavedStates(subject, testSeed(0x8238)));
  it("refuses broken states", () => refusesBrokenStates(subject));
});

describe("DmaPages", () => {
  it("has a register for each channel, where an AT has it", () => {
    const pages = new DmaPages();
    [0x87, 0x83, 0x81, 0x82].forEach((port, i) => pages.writeByte(port - 0x81, i + 1));
    [0x8f, 0x8b, 0x89, 0x8a].forEach((port, i) => pages.writeByte(port - 0x81, 2 * i + 0x11));
    expect(Array.from({ length: 8 }, (_, channel) => pages.base(channel) >>> 16)).to.deep.equal([1, 2, 3, 4, 0x10, 0x12, 0x14, 0x16]);
    expect(pages.readByte(0)).to.equal(3);
  });

  it("refuses broken states", () => refusesBrokenStates(() => ({ device: new DmaPages() })));
});
