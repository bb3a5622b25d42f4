// The event timers by the IA-PC HPET specification 1.0a.

import { expect } from "chai";
import { Hpet, HPET_TIMERS } from "../../../src/devices/hpet.ts";
import { I8259Pair } from "../../../src/devices/i8259-pair.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const CONFIG = 0x10, STATUS = 0x20, COUNTER = 0xf0;
const ENABLE = 1, LEGACY = 2, BY_LEVEL = 2, INTERRUPTS = 4, PERIODIC = 8, SETS_VALUE = 0x40, USES_32_BITS = 0x100;
const timer = (i: number): number => 0x100 + 0x20 * i, comparator = (i: number): number => timer(i) + 8, route = (input: number): number => input << 9;

function bench() {
  const clock = new FakeClock(), edges: string[] = [], seen = { replacesLegacy: false };
  const line = (name: string) => (isHigh: boolean): void => void edges.push(`${name} ${isHigh ? "high" : "low"}`);
  const hpet = new Hpet(clock, {
    legacy: [line("timer"), line("clock")], replacesLegacy: (isOn) => { seen.replacesLegacy = isOn; }, route: (input, isActive) => line(`input ${input}`)(isActive),
  });
  hpet.reset();
  const read = (offset: number): number => hpet.read(offset, 4), write = (offset: number, value: number): void => hpet.write(offset, 4, value);
  return { hpet, clock, seen, read, write, taken: () => edges.splice(0) };
}

describe("HPET", () => {
  it("has three timers of 64 bits, the first of them periodic, and counts at 100 MHz", () => {
    const { read, hpet } = bench();
    expect([read(0), read(4), read(8), read(CONFIG), read(STATUS), read(COUNTER), read(COUNTER + 4)]).to.deep.equal([0x8086a201, 10_000_000, 0, 0, 0, 0, 0]);
    expect([hpet.read(2, 2), hpet.read(1, 1)]).to.deep.equal([0x8086, 0xa2]);
    for (let i = 0; i < HPET_TIMERS; i++) {
      expect([read(timer(i)), read(timer(i) + 4), read(comparator(i)), read(comparator(i) + 4)]).to.deep.equal([i === 0 ? 0x30 : 0x20, 0x00f00000, 0xffffffff, 0xffffffff]);
    }
    expect([read(timer(3)), read(0x3fc), read(timer(0) + 0x10)]).to.deep.equal([0, 0, 0]);
  });

  it("keeps the bits that its registers have", () => {
    const { read, write } = bench();
    for (const [register, bits] of [[CONFIG, 3], [timer(0), 0x3f3e], [timer(1), 0x3f26], [timer(2), 0x3f26], [timer(0) + 4, 0x00f00000], [0, 0x8086a201], [STATUS, 0]] as const) {
      write(register, 0xffffffff);
      expect(read(register), register.toString(16)).to.equal(bits);
    }
  });

  it("counts while it is enabled, and is set while it is not", () => {
    const { clock, read, write } = bench();
    write(COUNTER, 0xfffffff0);
    write(COUNTER + 4, 7);
    clock.advance(1000);
    expect(read(COUNTER)).to.equal(0xfffffff0);
    write(CONFIG, ENABLE);
    clock.advance(329);
    expect([read(COUNTER), read(COUNTER + 4)]).to.deep.equal([0x10, 8]);
    write(COUNTER, 0);
    clock.advance(1);
    expect(read(COUNTER)).to.equal(0x11);
    write(CONFIG, 0);
    clock.advance(1000);
    expect(read(COUNTER)).to.equal(0x11);
  });

  it("interrupts by an edge when the counter comes to the comparator", () => {
    const { clock, read, write, taken } = bench();
    write(timer(2), INTERRUPTS | route(20));
    write(comparator(2), 100);
    write(comparator(2) + 4, 0);
    write(CONFIG, ENABLE);
    clock.advance(999);
    expect(taken()).to.deep.equal([]);
    clock.advance(1);
    expect([taken(), read(STATUS), clock.nextNs]).to.deep.equal([["input 20 high", "input 20 low"], 0, Infinity]);
  });

  it("interrupts by level until its status is cleared", () => {
    const { clock, read, write, taken } = bench();
    write(timer(1), INTERRUPTS | BY_LEVEL | route(23));
    write(comparator(1), 100);
    write(comparator(1) + 4, 0);
    write(CONFIG, ENABLE);
    clock.advance(1000);
    expect([taken(), read(STATUS)]).to.deep.equal([["input 23 high"], 2]);
    write(STATUS, 1);
    expect(taken()).to.deep.equal([]);
    write(STATUS, 2);
    expect([taken(), read(STATUS)]).to.deep.equal([["input 23 low"], 0]);
  });

  it("notes a match without an interrupt, which comes when it is enabled", () => {
    const { clock, read, write, taken } = bench();
    write(timer(1), BY_LEVEL | route(23));
    write(comparator(1), 100);
    write(comparator(1) + 4, 0);
    write(CONFIG, ENABLE);
    clock.advance(2000);
    expect([taken(), read(STATUS)]).to.deep.equal([[], 2]);
    write(timer(1), INTERRUPTS | BY_LEVEL | route(23));
    expect(taken()).to.deep.equal(["input 23 high"]);
  });

  it("interrupts over and over with the period that is written behind the first comparator", () => {
    const { clock, read, write, taken } = bench();
    write(CONFIG, ENABLE | LEGACY);
    write(timer(0), INTERRUPTS | PERIODIC | SETS_VALUE | USES_32_BITS);
    write(comparator(0), 5000);
    write(comparator(0), 2000);
    clock.advance(50_000);
    expect([taken(), read(comparator(0))]).to.deep.equal([["timer high"], 7000]);
    clock.advance(40_000);
    expect([taken(), read(comparator(0))]).to.deep.equal([["timer low", "timer high", "timer low", "timer high"], 11_000]);
  });

  it("does not come so often that nothing else happens", () => {
    const { clock, write, taken } = bench();
    write(timer(0), INTERRUPTS | PERIODIC | SETS_VALUE | USES_32_BITS | route(21));
    write(comparator(0), 1);
    write(CONFIG, ENABLE);
    clock.advance(10_000_000);
    expect(taken().length / 2).to.be.within(900, 1001);
  });

  it("compares 32 bits where it is told to: once each turn of them", () => {
    const { clock, write, taken } = bench();
    write(COUNTER, 0xffffff00);
    write(timer(2), INTERRUPTS | USES_32_BITS | route(22));
    write(comparator(2), 0x100);
    write(CONFIG, ENABLE);
    clock.advance(5120);
    expect(taken()).to.have.length(2);
    clock.advance(10 * 2 ** 32);
    expect(taken()).to.have.length(2);
  });

  it("stands in for the 8254 and the clock chip (legacy replacement)", () => {
    const { clock, seen, write, taken } = bench();
    for (const i of [0, 1]) {
      write(timer(i), INTERRUPTS | USES_32_BITS);
      write(comparator(i), 100 + i);
    }
    write(CONFIG, ENABLE | LEGACY);
    expect(seen.replacesLegacy).to.equal(true);
    clock.advance(2000);
    expect(taken()).to.deep.equal(["timer high", "clock high"]);
    write(CONFIG, ENABLE);
    expect(taken()).to.deep.equal(["timer low", "clock low"]);
    expect(seen.replacesLegacy).to.equal(false);
  });

  it("keeps the line of the 8254 up until its next edge, which an 8259A would forget otherwise", () => {
    const { clock, write, taken } = bench(), pic = new I8259Pair(() => undefined), hpet = bench();
    for (const [each, value] of [[timer(0), INTERRUPTS | PERIODIC | SETS_VALUE | USES_32_BITS], [comparator(0), 2000], [comparator(0), 2000], [CONFIG, ENABLE | LEGACY]] as const) {
      write(each, value);
      hpet.write(each, value);
    }
    clock.advance(50_000);
    expect(taken()).to.deep.equal(["timer high", "timer low", "timer high"]);
    write(timer(0), PERIODIC);
    expect(taken()).to.deep.equal(["timer low"]);
    for (const [port, bytes] of [[0, [0x11]], [1, [8, 4, 1, 0]]] as const) for (const byte of bytes) pic.master.writeByte(port, byte);
    hpet.clock.advance(30_000);
    for (const edge of hpet.taken()) pic.line(0)(edge === "timer high");
    expect([pic.hasRequest, pic.acknowledge()]).to.deep.equal([true, 8]);
  });

  it("gives up a line that it holds when it is switched off or routed elsewhere", () => {
    const { clock, write, taken } = bench();
    write(timer(2), INTERRUPTS | BY_LEVEL | USES_32_BITS | route(20));
    write(comparator(2), 1);
    write(CONFIG, ENABLE);
    clock.advance(10);
    expect(taken()).to.deep.equal(["input 20 high"]);
    write(timer(2), INTERRUPTS | BY_LEVEL | USES_32_BITS | route(21));
    expect(taken()).to.deep.equal(["input 20 low", "input 21 high"]);
    write(CONFIG, 0);
    expect(taken()).to.deep.equal(["input 21 low"]);
  });

  describe("whatever happens to it", () => {
    /** Words by their number, each written with a byte over and over. */
    function subject(): Subject {
      const { hpet, clock, read, write } = bench();
      const device = {
        reset: () => hpet.reset(), save: () => hpet.save(), restore: (state: Parameters<typeof hpet.restore>[0]) => hpet.restore(state),
        readByte: (port: number) => read(4 * port) & 0xff, writeByte: (port: number, value: number) => write(4 * port, (value | (value << 12) | (value << 24)) >>> 0),
      };
      return { device, clock, ports: 96 };
    }

    it("stands random accesses", () => standsRandomAccesses(subject(), 45));
    it("goes on from its saved states", () => goesOnFromSavedStates(subject, 46));
    it("refuses states that it cannot be in", () => refusesBrokenStates(subject));
  });
});
