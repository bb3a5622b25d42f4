// The I/O APIC by the data sheet of the 82093AA.

import { expect } from "chai";
import type { InterruptMessage } from "../../../src/bus/interrupt-message.ts";
import { EXT_INT, FIXED, INIT, NMI } from "../../../src/bus/interrupt-message.ts";
import { IO_APIC_PINS, IoApic } from "../../../src/devices/apic/io-apic.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const SEND_PENDING = 0x1000, ACTIVE_LOW = 0x2000, REMOTE_IRR = 0x4000, LEVEL = 0x8000, MASKED = 0x10000;

function bench() {
  const sent: InterruptMessage[] = [], bus = { takes: true };
  const chip = new IoApic((message) => {
    sent.push(message);
    return bus.takes;
  });
  const read = (index: number): number => {
    chip.write(0, 4, index);
    return chip.read(0x10, 4);
  };
  const write = (index: number, value: number): void => {
    chip.write(0, 4, index);
    chip.write(0x10, 4, value);
  };
  return { chip, sent, bus, read, write, low: (pin: number, value: number) => write(0x10 + 2 * pin, value), vectors: () => sent.splice(0).map(({ vector }) => vector) };
}

describe("I/O APIC", () => {
  it("is after power-on as the data sheet says", () => {
    const { read, chip } = bench();
    expect([0, 1, 2, 3, 0x0f, 0x40, 0xff].map(read)).to.deep.equal([0, 0x170011, 0, 0, 0, 0, 0]);
    for (let pin = 0; pin < IO_APIC_PINS; pin++) expect([read(0x10 + 2 * pin), read(0x11 + 2 * pin)]).to.deep.equal([MASKED, 0]);
    expect(chip.read(0, 4)).to.equal(0x3f);
  });

  it("keeps the bits that its registers have", () => {
    const { read, write } = bench();
    write(0, 0xffffffff);
    expect([read(0), read(2)]).to.deep.equal([0x0f000000, 0x0f000000]);
    write(1, 0);
    expect(read(1)).to.equal(0x170011);
    write(0x3e, 0xffffffff);
    write(0x3f, 0xffffffff);
    expect([read(0x3e), read(0x3f)]).to.deep.equal([0x1afff, 0xff000000]);
  });

  it("sends an edge once, with what its entry says", () => {
    const { chip, sent, write, low } = bench();
    write(0x15, 0x0f000000);
    low(2, 0x831);
    chip.setInput(2, true);
    chip.setInput(2, true);
    expect(sent).to.deep.equal([{ mode: FIXED, vector: 0x31, isLevel: false, destination: 15, isLogical: true }]);
    chip.setInput(2, false);
    chip.setInput(2, true);
    expect(sent).to.have.length(2);
  });

  it("forgets edges while masked", () => {
    const { chip, low, vectors } = bench();
    chip.setInput(4, true);
    low(4, 0x34);
    expect(vectors()).to.deep.equal([]);
  });

  it("takes edges of either polarity", () => {
    const { chip, low, vectors } = bench();
    low(5, 0x35 | ACTIVE_LOW);
    chip.setInput(5, true);
    expect(vectors()).to.deep.equal([]);
    chip.setInput(5, false);
    expect(vectors()).to.deep.equal([0x35]);
  });

  it("sends a level once, and again after its end while it lasts (remote IRR)", () => {
    const { chip, low, read, vectors } = bench();
    chip.setInput(9, true);
    low(9, 0x39 | LEVEL);
    expect([vectors(), read(0x22)]).to.deep.equal([[0x39], 0x39 | LEVEL | REMOTE_IRR]);
    chip.setInput(9, false);
    chip.setInput(9, true);
    chip.endOfInterrupt(0x38);
    expect(vectors()).to.deep.equal([]);
    chip.endOfInterrupt(0x39);
    expect(vectors()).to.deep.equal([0x39]);
    chip.setInput(9, false);
    chip.endOfInterrupt(0x39);
    expect([vectors(), read(0x22)]).to.deep.equal([[], 0x39 | LEVEL]);
  });

  it("sends levels of either polarity, when they are no longer masked", () => {
    const { chip, low, vectors } = bench();
    low(16, 0x50 | LEVEL | ACTIVE_LOW | MASKED);
    expect(vectors()).to.deep.equal([]);
    low(16, 0x50 | LEVEL | ACTIVE_LOW);
    expect(vectors()).to.deep.equal([0x50]);
    chip.setInput(16, true);
    chip.endOfInterrupt(0x50);
    expect(vectors()).to.deep.equal([]);
  });

  it("takes an entry that is made edge-triggered for ended", () => {
    const { chip, low, read, vectors } = bench();
    low(9, 0x39 | LEVEL);
    chip.setInput(9, true);
    low(9, 0x39 | MASKED);
    expect(read(0x22)).to.equal(0x39 | MASKED);
    low(9, 0x39 | LEVEL);
    expect(vectors()).to.deep.equal([0x39, 0x39]);
  });

  it("sends a level that nobody has taken again as long as it lasts, and shows it as pending (delivery status)", () => {
    const { chip, low, read, bus, vectors } = bench();
    bus.takes = false;
    low(9, 0x39 | LEVEL);
    low(10, 0x3a | LEVEL);
    for (const pin of [9, 10]) chip.setInput(pin, true);
    expect([vectors(), read(0x22)]).to.deep.equal([[0x39, 0x3a], 0x39 | LEVEL | SEND_PENDING]);
    chip.setInput(10, false);
    bus.takes = true;
    chip.sendPending();
    expect([vectors(), read(0x22), read(0x24)]).to.deep.equal([[0x39], 0x39 | LEVEL | REMOTE_IRR, 0x3a | LEVEL]);
    chip.sendPending();
    expect(vectors()).to.deep.equal([]);
  });

  it("sends NMI, INIT and ExtINT as edges", () => {
    const { chip, sent, low } = bench();
    for (const [pin, mode] of [[1, NMI], [3, INIT], [0, EXT_INT]] as const) {
      expect(chip.wakesByPin).to.equal(pin !== 1);
      low(pin, mode << 8);
      chip.setInput(pin, true);
    }
    expect(sent.map(({ mode, isLevel }) => [mode, isLevel])).to.deep.equal([[NMI, false], [INIT, false], [EXT_INT, false]]);
  });

  it("keeps its inputs over a reset", () => {
    const { chip, low, vectors } = bench();
    chip.setInput(9, true);
    chip.reset();
    low(9, 0x39 | LEVEL);
    expect(vectors()).to.deep.equal([0x39]);
  });

  describe("whatever happens to it", () => {
    /** Registers by their number, each written with a byte over and over. */
    function subject(): Subject {
      const { chip, read, write, bus } = bench();
      const device = {
        reset: () => chip.reset(), save: () => chip.save(), restore: (state: Parameters<typeof chip.restore>[0]) => chip.restore(state),
        readByte: (port: number) => read(port) & 0xff, writeByte: (port: number, value: number) => write(port, (value | (value << 8) | (value << 16) | (value << 24)) >>> 0),
      };
      return {
        device, clock: new FakeClock(), ports: 64,
        disturb: (random) => {
          bus.takes = random.below(4) !== 0;
          chip.setInput(random.below(IO_APIC_PINS), random.below(2) === 0);
          chip.endOfInterrupt(random.below(256));
          chip.sendPending();
        },
      };
    }

    it("stands random accesses and inputs", () => standsRandomAccesses(subject(), 43));
    it("goes on from its saved states", () => goesOnFromSavedStates(subject, 44));
    it("refuses states that it cannot be in", () => refusesBrokenStates(subject));
  });
});
