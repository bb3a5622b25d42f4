// The 8259A, register by register (Intel 231468), and two of them as in an AT.

import { expect } from "chai";
import { I8259 } from "../../../src/devices/i8259.ts";
import { I8259Pair } from "../../../src/devices/i8259-pair.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

/** A chip by itself, with vectors from 0x20 and a level that can be looked at. */
function single(icw4 = 0x01): { pic: I8259; readonly int: () => boolean } {
  let level = false;
  const pic = new I8259(0, (isHigh) => { level = isHigh; });
  pic.writeByte(0, 0x13); // ICW1: single, ICW4 follows
  pic.writeByte(1, 0x20);
  pic.writeByte(1, icw4);
  return { pic, int: () => level };
}

function pulse(pic: I8259, input: number): void {
  pic.setInput(input, false);
  pic.setInput(input, true);
}

const EOI = 0x20, AUTO_EOI = 0x03;

describe("I8259", () => {
  it("takes ICW1 to ICW4, of a single chip without ICW3", () => {
    const { pic } = single();
    pic.writeByte(1, 0x5a);
    expect(pic.readByte(1)).to.equal(0x5a);
    const cascaded = new I8259(4, () => undefined);
    for (const [port, value] of [[0, 0x11], [1, 0x40], [1, 0x04], [1, 0x01]]) cascaded.writeByte(port, value);
    expect(cascaded.readByte(1)).to.equal(0);
    cascaded.setInput(5, true);
    expect(cascaded.acknowledge()).to.equal(0x45);
  });

  it("keeps only the upper five bits of the vector base", () => {
    const { pic } = single();
    for (const [port, value] of [[0, 0x13], [1, 0x7f], [1, 0x01]]) pic.writeByte(port, value);
    pulse(pic, 3);
    expect(pic.acknowledge()).to.equal(0x7b);
  });

  it("requests by edge, and serves by fixed priority: 0 first", () => {
    const { pic, int } = single();
    pulse(pic, 5);
    pulse(pic, 1);
    expect([int(), pic.readByte(0)]).to.deep.equal([true, 0x22]);
    expect([pic.acknowledge(), int(), pic.readByte(0)]).to.deep.equal([0x21, false, 0x20]);
    pic.writeByte(0, 0x0b); // OCW3: read the ISR
    expect(pic.readByte(0)).to.equal(0x02);
    pic.writeByte(0, EOI);
    expect([int(), pic.readByte(0), pic.acknowledge(), pic.readByte(0)]).to.deep.equal([true, 0, 0x25, 0x20]);
    pic.writeByte(0, 0x0a);
    expect(pic.readByte(0)).to.equal(0);
  });

  it("lets a higher priority in, and not an equal or lower one", () => {
    const { pic, int } = single();
    pulse(pic, 4);
    pic.acknowledge();
    pulse(pic, 4);
    pulse(pic, 6);
    expect(int()).to.equal(false);
    pulse(pic, 3);
    expect([int(), pic.acknowledge()]).to.deep.equal([true, 0x23]);
  });

  it("keeps masked requests until they are let in", () => {
    const { pic, int } = single();
    pic.writeByte(1, 0x10);
    pulse(pic, 4);
    expect([int(), pic.readByte(0)]).to.deep.equal([false, 0x10]);
    pic.writeByte(1, 0);
    expect([int(), pic.acknowledge()]).to.deep.equal([true, 0x24]);
  });

  it("gives input 7 for a request that has gone, without service", () => {
    const { pic, int } = single();
    pic.setInput(2, true);
    pic.setInput(2, false);
    expect([int(), pic.acknowledge()]).to.deep.equal([false, 0x27]);
    pic.writeByte(0, 0x0b);
    expect(pic.readByte(0)).to.equal(0);
  });

  it("ends a given level by a specific EOI", () => {
    const { pic } = single();
    pulse(pic, 6);
    pic.acknowledge();
    pulse(pic, 2);
    pic.acknowledge();
    pic.writeByte(0, 0x66);
    pic.writeByte(0, 0x0b);
    expect(pic.readByte(0)).to.equal(0x04);
  });

  it("rotates with an EOI, by command, and by itself", () => {
    const { pic } = single();
    pulse(pic, 2);
    pic.acknowledge();
    pic.writeByte(0, 0xa0); // rotate on non-specific EOI: 2 has the lowest priority now
    pulse(pic, 2);
    pulse(pic, 3);
    expect(pic.acknowledge()).to.equal(0x23);
    pic.writeByte(0, EOI);
    pic.writeByte(0, 0xc4); // set priority: 4 lowest, 5 highest
    pulse(pic, 5);
    expect(pic.acknowledge()).to.equal(0x25);
    const automatic = single(AUTO_EOI).pic;
    automatic.writeByte(0, 0x80);
    pulse(automatic, 0);
    pulse(automatic, 1);
    expect([automatic.acknowledge()]).to.deep.equal([0x20]);
    pulse(automatic, 0);
    expect([automatic.acknowledge(), automatic.acknowledge()]).to.deep.equal([0x21, 0x20]);
  });

  it("leaves nothing in service with automatic EOI, and an edge for each request", () => {
    let edges = 0, level = false;
    const pic = new I8259(0, (isHigh) => {
      if (isHigh && !level) edges++;
      level = isHigh;
    });
    for (const [port, value] of [[0, 0x13], [1, 0x20], [1, AUTO_EOI]]) pic.writeByte(port, value);
    pulse(pic, 1);
    pulse(pic, 3);
    expect([pic.acknowledge(), pic.acknowledge(), edges]).to.deep.equal([0x21, 0x23, 2]);
  });

  it("lets everything but the level itself in, in special mask mode", () => {
    const { pic, int } = single();
    pulse(pic, 1);
    pic.acknowledge();
    pulse(pic, 6);
    expect(int()).to.equal(false);
    pic.writeByte(0, 0x68); // OCW3: set special mask mode
    expect([int(), pic.acknowledge()]).to.deep.equal([true, 0x26]);
    pic.writeByte(0, 0x48);
    pulse(pic, 7);
    expect(int()).to.equal(false);
  });

  it("answers a poll as an acknowledge", () => {
    const { pic, int } = single();
    pic.writeByte(0, 0x0c);
    expect(pic.readByte(0)).to.equal(0);
    pulse(pic, 5);
    pic.writeByte(0, 0x0c);
    expect([pic.readByte(0), int()]).to.deep.equal([0x85, false]);
    pic.writeByte(0, 0x0b);
    expect(pic.readByte(0)).to.equal(0x20);
  });

  it("requests by level where it is told so", () => {
    const { pic, int } = single();
    pic.edgeLevelControl = 0x08;
    pic.setInput(3, true);
    pic.acknowledge();
    pic.writeByte(0, EOI);
    expect(int()).to.equal(true);
    pic.setInput(3, false);
    expect(int()).to.equal(false);
  });

  it("forgets requests and service with ICW1", () => {
    const { pic, int } = single();
    pulse(pic, 1);
    pic.acknowledge();
    pulse(pic, 0);
    pic.writeByte(0, 0x13);
    pic.writeByte(1, 0x20);
    pic.writeByte(1, 0x01);
    pulse(pic, 7);
    expect([int(), pic.acknowledge()]).to.deep.equal([true, 0x27]);
  });
});

describe("I8259Pair", () => {
  function pair(masterIcw4 = 0x01): { pics: I8259Pair; readonly int: () => boolean } {
    let level = false;
    const pics = new I8259Pair((isHigh) => { level = isHigh; });
    for (const [port, value] of [[0, 0x11], [1, 0x30], [1, 0x04], [1, masterIcw4]]) pics.master.writeByte(port, value);
    for (const [port, value] of [[0, 0x11], [1, 0x38], [1, 0x02], [1, 0x01]]) pics.slave.writeByte(port, value);
    return { pics, int: () => level };
  }

  it("gives the second chip's vectors, between those of requests 1 and 3", () => {
    const { pics, int } = pair();
    for (const irq of [3, 14, 8, 1]) pics.setIrq(irq, true);
    expect(int()).to.equal(true);
    const order: number[] = [];
    for (let i = 0; i < 4; i++) {
      const vector = pics.acknowledge();
      order.push(vector);
      if (vector >= 0x38) pics.slave.writeByte(0, EOI);
      pics.master.writeByte(0, EOI);
    }
    expect([order, int()]).to.deep.equal([[0x31, 0x38, 0x3e, 0x33], false]);
  });

  it("gives the second chip's input 7 for a request that went between the two acknowledges' chips", () => {
    const { pics } = pair();
    pics.setIrq(12, true);
    pics.slave.writeByte(1, 0xff);
    expect(pics.acknowledge()).to.equal(0x37);
  });

  it("lets the second chip interrupt itself in special fully nested mode", () => {
    for (const [icw4, expected] of [[0x01, false], [0x11, true]] as const) {
      const { pics, int } = pair(icw4);
      pics.setIrq(12, true);
      pics.acknowledge();
      pics.setIrq(9, true);
      expect(int(), `ICW4 ${icw4}`).to.equal(expected);
    }
  });

  it("takes levels but for the requests that a PC's board ties to edges", () => {
    const { pics } = pair();
    for (const offset of [0, 1]) pics.edgeLevel.writeByte(offset, 0xff);
    expect([pics.edgeLevel.readByte(0), pics.edgeLevel.readByte(1)]).to.deep.equal([0xf8, 0xde]);
  });
});

describe("I8259 under hostile software", () => {
  function make(): Subject {
    const device = new I8259(4, () => undefined);
    return {
      device, clock: new FakeClock(), ports: 2,
      disturb: (random) => {
        device.setInput(random.below(8), random.below(2) === 0);
        if (random.below(3) === 0) expect(device.acknowledge()).to.be.within(0, 255);
      },
    };
  }

  it("stands random accesses", () => standsRandomAccesses(make(), testSeed(8259)));
  it("goes on from saved states", () => goesOnFromSavedStates(make, testSeed(8260)));
  it("refuses broken states", () => refusesBrokenStates(make));
});
