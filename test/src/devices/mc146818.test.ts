// The MC146818A, register by register, and a PC's use of it.

import { expect } from "chai";
import { CENTURY, Mc146818 } from "../../../src/devices/mc146818.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

/** 2024-02-28 23:59:50, a Wednesday. */
const START = Date.UTC(2024, 1, 28, 23, 59, 50) / 1000;
const SECOND = 1e9;
const A = 10, B = 11, C = 12, D = 13;
const TIME = [4, 2, 0], DATE = [CENTURY, 9, 8, 7, 6];

function bench() {
  const clock = new FakeClock();
  let level = false, edges = 0;
  const rtc = new Mc146818(clock, START, (isHigh) => {
    if (isHigh && !level) edges++;
    level = isHigh;
  });
  const read = (address: number): number => {
    rtc.writeByte(0, address);
    return rtc.readByte(1);
  };
  const write = (address: number, value: number): void => {
    rtc.writeByte(0, address);
    rtc.writeByte(1, value);
  };
  return { rtc, clock, read, write, irq: () => level, edges: () => edges };
}

describe("Mc146818", () => {
  it("shows the time in BCD and 24 hours, and goes on, over the end of a leap February too", () => {
    const { clock, read } = bench();
    expect([TIME.map(read), DATE.map(read)]).to.deep.equal([[0x23, 0x59, 0x50], [0x20, 0x24, 2, 0x28, 4]]);
    clock.advance(10 * SECOND);
    expect([TIME.map(read), DATE.map(read)]).to.deep.equal([[0, 0, 0], [0x20, 0x24, 2, 0x29, 5]]);
    clock.advance(86_400 * SECOND);
    expect([TIME.map(read), DATE.map(read)]).to.deep.equal([[0, 0, 0], [0x20, 0x24, 3, 1, 6]]);
  });

  it("shows binary numbers and 12 hours as register B says", () => {
    const { clock, read, write } = bench();
    write(B, 0x06);
    expect(TIME.map(read)).to.deep.equal([23, 59, 50]);
    write(B, 0x00);
    expect(TIME.map(read)).to.deep.equal([0x91, 0x59, 0x50]);
    clock.advance(10 * SECOND);
    expect(read(4)).to.equal(0x12);
  });

  it("can be set while SET holds it, and goes on from there", () => {
    const { clock, read, write } = bench();
    write(B, 0x82);
    for (const [address, value] of [[CENTURY, 0x19], [9, 0x99], [8, 0x12], [7, 0x31], [4, 0x23], [2, 0x59], [0, 0x58]]) write(address, value);
    clock.advance(5 * SECOND);
    expect(TIME.map(read)).to.deep.equal([0x23, 0x59, 0x58]);
    write(B, 0x02);
    clock.advance(2 * SECOND);
    expect([TIME.map(read), DATE.map(read)]).to.deep.equal([[0, 0, 0], [0x20, 0, 1, 1, 7]]);
  });

  it("begins a second half a second after the divider is let go", () => {
    const { clock, read, write } = bench();
    clock.advance(0.7 * SECOND);
    write(A, 0x70);
    clock.advance(3 * SECOND);
    expect(read(0)).to.equal(0x50);
    write(A, 0x26);
    clock.advance(0.49 * SECOND);
    expect(read(0)).to.equal(0x50);
    clock.advance(0.02 * SECOND);
    expect(read(0)).to.equal(0x51);
    clock.advance(0.98 * SECOND);
    expect(read(0)).to.equal(0x51);
    clock.advance(0.02 * SECOND);
    expect(read(0)).to.equal(0x52);
  });

  it("shows an update in progress before a second ends", () => {
    const { clock, read } = bench();
    clock.advance(0.5 * SECOND);
    expect(read(A) & 0x80).to.equal(0);
    clock.advance(0.499 * SECOND);
    expect(read(A) & 0x80).to.equal(0x80);
    clock.advance(0.001 * SECOND);
    expect(read(A) & 0x80).to.equal(0);
  });

  it("interrupts after each update, until register C is read", () => {
    const { clock, read, write, irq, edges } = bench();
    write(B, 0x12);
    clock.advance(SECOND);
    expect([irq(), read(C), irq(), read(C)]).to.deep.equal([true, 0xd0, false, 0]);
    clock.advance(SECOND);
    expect(edges()).to.equal(2);
  });

  it("interrupts at the alarm's time, whose bytes may say that they do not care", () => {
    const { clock, read, write, irq, edges } = bench();
    for (const [address, value] of [[5, 0x00], [3, 0x00], [1, 0x05]]) write(address, value);
    write(B, 0x22);
    clock.advance(14.9 * SECOND);
    expect(irq()).to.equal(false);
    clock.advance(0.2 * SECOND);
    expect([irq(), read(C) & 0xa0]).to.deep.equal([true, 0xa0]);
    for (const address of [5, 3]) write(address, 0xff);
    for (let minute = 0; minute < 3; minute++) {
      clock.advance(60 * SECOND);
      read(C);
    }
    expect(edges()).to.equal(4);
  });

  it("interrupts periodically, at rates from 122 µs to half a second", () => {
    for (const [rate, hertz] of [[6, 1024], [15, 2], [3, 8192], [1, 256], [2, 128]]) {
      const { clock, read, write, edges } = bench();
      write(A, 0x20 | rate);
      read(C);
      write(B, 0x42);
      for (let i = 0; i < hertz; i++) {
        clock.advance(Math.ceil(SECOND / hertz));
        read(C);
      }
      expect(edges(), `rate ${rate}`).to.be.within(hertz - 1, hertz + 1);
    }
  });

  it("lets its output fall when register C is read, even where the next event comes during the access", () => {
    const { clock, read, write, edges } = bench();
    write(A, 0x26);
    write(B, 0x42);
    clock.advance(0.01 * SECOND);
    clock.nsPerLook = 300_000;
    for (let i = 0; i < 1000; i++) {
      read(C);
      clock.leap(SECOND / 1024);
    }
    expect(edges()).to.be.above(900);
  });

  it("sets bits of register C even where nobody is interrupted", () => {
    const { clock, read, irq } = bench();
    clock.advance(2 * SECOND);
    expect([irq(), read(C) & 0xd0, read(D)]).to.deep.equal([false, 0x50, 0x80]);
  });

  it("keeps memory, which a reset leaves alone", () => {
    const { rtc, read, write } = bench();
    write(0x40, 0x5a);
    write(B, 0x72);
    rtc.reset();
    expect([read(0x40), read(B), read(0)]).to.deep.equal([0x5a, 0x02, 0x50]);
  });
});

describe("Mc146818 under hostile software", () => {
  function make(): Subject {
    const clock = new FakeClock();
    return { device: new Mc146818(clock, START, () => undefined), clock, ports: 2 };
  }

  it("stands random accesses", () => {
    standsRandomAccesses(make(), testSeed(146818));
  });
  it("goes on from saved states", () => {
    goesOnFromSavedStates(make, testSeed(146819));
  });
  it("refuses broken states", () => refusesBrokenStates(make));
});
