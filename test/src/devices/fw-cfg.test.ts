// QEMU's firmware configuration device (docs/specs/fw_cfg.rst).

import { expect } from "chai";
import { FwCfg } from "../../../src/devices/fw-cfg.ts";
import { goesOnFromSavedStates, refusesBrokenStates, standsRandomAccesses } from "../../support/device-hostility.ts";
import type { Subject } from "../../support/device-hostility.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { testSeed } from "../../support/seed.ts";

const SELECTOR = 0, DATA = 1;

function bench() {
  const device = new FwCfg(new Map([[3, Uint8Array.of(0x11, 0x22)]]), new Map([["etc/one", Uint8Array.of(1, 2, 3)], ["etc/two", Uint8Array.of(9)]]));
  const read = (item: number, count: number): number[] => {
    device.write(SELECTOR, 2, item);
    return Array.from({ length: count }, () => device.read(DATA, 1));
  };
  return { device, read };
}

describe("FwCfg", () => {
  it("says what it is", () => {
    const { read } = bench();
    expect([String.fromCharCode(...read(0, 4)), read(1, 4)]).to.deep.equal(["QEMU", [1, 0, 0, 0]]);
  });

  it("gives an item byte by byte, then zeroes, and from its start when it is chosen again", () => {
    const { device, read } = bench();
    expect([read(3, 4), read(3, 1), read(0x77, 2)]).to.deep.equal([[0x11, 0x22, 0, 0], [0x11], [0, 0]]);
    device.write(SELECTOR, 1, 0);
    expect(device.read(DATA, 1)).to.equal(0);
    expect([device.read(SELECTOR, 2), device.read(DATA, 2)]).to.deep.equal([0xffff, 0xffff]);
  });

  it("lists files with their sizes and items, in big endian", () => {
    const { read } = bench(), directory = Uint8Array.from(read(0x19, 4 + 2 * 64)), view = new DataView(directory.buffer);
    const entries = [0, 1].map((i) => [view.getUint32(4 + 64 * i), view.getUint16(8 + 64 * i), String.fromCharCode(...directory.subarray(12 + 64 * i, 19 + 64 * i))]);
    expect([view.getUint32(0), entries]).to.deep.equal([2, [[3, 0x20, "etc/one"], [1, 0x21, "etc/two"]]]);
    expect(read(0x20, 3)).to.deep.equal([1, 2, 3]);
  });

  /** Byte accesses, the selector's two ports becoming one. */
  function make(): Subject {
    const { device } = bench();
    return {
      device: {
        readByte: (port) => device.read(port, 1), writeByte: (port, value) => device.write(port, 2, value), reset: () => device.reset(),
        save: () => device.save(), restore: (state) => device.restore(state),
      },
      clock: new FakeClock(), ports: 2,
    };
  }

  it("stands random accesses", () => standsRandomAccesses(make(), testSeed(0x510)));
  it("goes on from saved states", () => goesOnFromSavedStates(make, testSeed(0x511)));
  it("refuses broken states", () => refusesBrokenStates(make));
});
