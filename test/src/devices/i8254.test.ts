// The 8254, mode by mode (Intel 231164).

import { expect } from "chai";
import { PIT_HZ } from "../../../src/devices/i8254-counter.ts";
import { I8254 } from "../../../src/devices/i8254.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

const CONTROL = 3;
const nsOf = (ticks: number): number => Math.ceil((ticks * 1e9) / PIT_HZ);

interface Bench {
  readonly pit: I8254;
  readonly clock: FakeClock;
  /** OUT of counter 0, and the ticks at which it has changed since the count was written. */
  readonly out: () => boolean;
  readonly edges: () => [number, boolean][];
}

/** Counter 0 in a mode, with a count (low byte, high byte). */
function bench(mode: number, count: number, bcd = 0): Bench {
  const clock = new FakeClock();
  let level = false, edges: [number, boolean][] = [], startNs = 0;
  const pit = new I8254(clock, [(isHigh) => {
    if (isHigh !== level) edges.push([Math.floor(((clock.nowNs() - startNs) * PIT_HZ) / 1e9), isHigh]);
    level = isHigh;
  }, () => undefined, () => undefined]);
  clock.advance(12_345_678);
  pit.writeByte(CONTROL, 0x30 | (mode << 1) | bcd);
  startNs = clock.nowNs();
  edges = [];
  pit.writeByte(0, count & 0xff);
  pit.writeByte(0, count >>> 8);
  return { pit, clock, out: () => level, edges: () => edges };
}

/** Low byte, high byte. */
function readCount(pit: I8254, counter = 0): number {
  return pit.readByte(counter) | (pit.readByte(counter) << 8);
}

describe("I8254", () => {
  it("mode 0: OUT is low until the count is over, and then high", () => {
    const { pit, clock, out, edges } = bench(0, 1000);
    expect([out(), readCount(pit)]).to.deep.equal([false, 1000]);
    clock.advance(nsOf(400));
    expect([out(), readCount(pit)]).to.deep.equal([false, 600]);
    clock.advance(nsOf(700));
    expect([out(), edges(), readCount(pit)]).to.deep.equal([true, [[1000, true]], 0x10000 - 100]);
  });

  it("mode 0: the gate stops counting, and a new count begins anew", () => {
    const { pit, clock, out } = bench(0, 1000);
    clock.advance(nsOf(100));
    pit.counters[0].gate = false;
    clock.advance(nsOf(5000));
    expect([out(), readCount(pit)]).to.deep.equal([false, 900]);
    pit.counters[0].gate = true;
    clock.advance(nsOf(100));
    expect(readCount(pit)).to.be.within(799, 801);
    pit.writeByte(0, 10);
    pit.writeByte(0, 0);
    expect(out()).to.equal(false);
    clock.advance(nsOf(10));
    expect(out()).to.equal(true);
  });

  it("mode 1: a rising gate starts a pulse, and another one starts it anew", () => {
    const { pit, clock, out } = bench(1, 100);
    clock.advance(nsOf(500));
    expect(out()).to.equal(true);
    const gate = (isHigh: boolean): void => { pit.counters[0].gate = isHigh; };
    gate(false);
    gate(true);
    expect(out()).to.equal(false);
    clock.advance(nsOf(60));
    gate(false);
    gate(true);
    clock.advance(nsOf(60));
    expect(out()).to.equal(false);
    clock.advance(nsOf(41));
    expect(out()).to.equal(true);
  });

  it("mode 2: OUT is low for the last tick of each period", () => {
    const { pit, clock, edges, out } = bench(2, 100);
    expect(out()).to.equal(true);
    clock.advance(nsOf(250));
    expect(edges()).to.deep.equal([[99, false], [100, true], [199, false], [200, true]]);
    expect(readCount(pit)).to.equal(50);
  });

  it("mode 2: OUT has an edge for a low tick that is over when the host comes to look", () => {
    const { clock, edges, out } = bench(2, 100);
    for (let i = 1; i <= 5; i++) clock.leap(nsOf(100));
    expect([out(), edges().map(([, isHigh]) => isHigh)]).to.deep.equal([true, [false, true, false, true, false, true, false, true, false, true]]);
  });

  it("mode 2: another count is in force after the period, and a low gate stops it with OUT high", () => {
    const { pit, clock, edges, out } = bench(2, 100);
    clock.advance(nsOf(10));
    pit.writeByte(0, 50);
    pit.writeByte(0, 0);
    clock.advance(nsOf(245));
    expect(edges().map(([tick]) => tick)).to.deep.equal([99, 100, 149, 150, 199, 200, 249, 250]);
    clock.advance(nsOf(43));
    pit.counters[0].gate = false;
    expect(out()).to.equal(true);
    clock.advance(nsOf(1000));
    expect(edges()).to.have.length(8);
  });

  it("mode 3: a square wave, longer high than low for odd counts; the count goes by two", () => {
    for (const [count, high] of [[100, 50], [101, 51]]) {
      const { clock, edges, pit } = bench(3, count);
      clock.advance(nsOf(2 * count + 1));
      expect(edges()).to.deep.equal([[high, false], [count, true], [count + high, false], [2 * count, true]]);
      expect(readCount(pit) % 2).to.equal(0);
    }
  });

  it("mode 4: OUT is low for one tick after the count; mode 5 the same after the gate", () => {
    const software = bench(4, 50);
    software.clock.advance(nsOf(60));
    expect(software.edges()).to.deep.equal([[50, false], [51, true]]);
    const hardware = bench(5, 50);
    hardware.clock.advance(nsOf(60));
    expect(hardware.edges()).to.deep.equal([]);
    hardware.pit.counters[0].gate = false;
    hardware.pit.counters[0].gate = true;
    hardware.clock.advance(nsOf(60));
    expect(hardware.edges()).to.have.length(2);
  });

  it("takes modes 6 and 7 for 2 and 3", () => {
    for (const [given, mode] of [[6, 2], [7, 3]]) {
      const { pit } = bench(given, 100);
      pit.writeByte(CONTROL, 0xe2); // read-back of counter 0's status
      expect((pit.readByte(0) >>> 1) & 7).to.equal(mode);
    }
  });

  it("takes a count of 0 as the largest there is", () => {
    for (const [bcd, period] of [[0, 0x10000], [1, 10_000]]) {
      const { clock, edges } = bench(2, 0, bcd);
      clock.advance(nsOf(period + 1));
      expect(edges()).to.deep.equal([[period - 1, false], [period, true]]);
    }
  });

  it("counts in BCD", () => {
    const { pit, clock } = bench(0, 0x1234, 1);
    clock.advance(nsOf(235));
    expect(readCount(pit)).to.equal(0x0999);
  });

  it("latches the count once, until it is read", () => {
    const { pit, clock } = bench(0, 1000);
    clock.advance(nsOf(100));
    pit.writeByte(CONTROL, 0x00);
    clock.advance(nsOf(100));
    pit.writeByte(CONTROL, 0x00);
    expect([readCount(pit), readCount(pit)]).to.deep.equal([900, 800]);
  });

  it("reads and writes the low byte, the high byte, or both", () => {
    const { pit } = bench(0, 0);
    pit.writeByte(CONTROL, 0x50); // counter 1: low byte
    pit.writeByte(1, 0x34);
    expect([pit.readByte(1), pit.readByte(1)]).to.deep.equal([0x34, 0x34]);
    pit.writeByte(CONTROL, 0x60); // counter 1: high byte
    pit.writeByte(1, 0x12);
    expect([pit.readByte(1), pit.readByte(1)]).to.deep.equal([0x12, 0x12]);
  });

  it("reads back status before count, of several counters at once", () => {
    const { pit, clock } = bench(3, 1000);
    pit.writeByte(CONTROL, 0x74);
    clock.advance(nsOf(100));
    pit.writeByte(CONTROL, 0xc6); // status and count of 0 and 1
    expect(pit.readByte(0)).to.equal(0x80 | 0x36);
    expect(readCount(pit)).to.equal(800);
    expect(pit.readByte(1)).to.equal(0x80 | 0x40 | 0x34); // null count: nothing was loaded
  });
});

describe("I8254 under hostile software", () => {
  function make(): Subject {
    const clock = new FakeClock();
    const device = new I8254(clock, [() => undefined, () => undefined, () => undefined]);
    return { device, clock, ports: 4, disturb: (random) => { device.counters[random.below(3)].gate = random.below(2) === 0; } };
  }

  it("stands random accesses", () => {
    standsRandomAccesses(make(), testSeed(8254));
  });
  it("goes on from saved states", () => {
    goesOnFromSavedStates(make, testSeed(8255));
  });
  it("refuses broken states", () => refusesBrokenStates(make));
});
