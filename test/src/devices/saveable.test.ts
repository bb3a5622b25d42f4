// Shapes of saved states: what they take, what they refuse and how they say it.

import { expect } from "chai";
import type { Saveable, SavedState, Shape } from "../../../src/devices/saveable.ts";
import {
  array, between, BYTE, bytes, bytesUpTo, FLAG, list, nullable, oneOf, QWORD, record, restoreFields, restoreParts, saveFields, saveParts, StateError, text,
} from "../../../src/devices/saveable.ts";
import { refusesBrokenStates } from "../../support/device-hostility.ts";

interface Request {
  readonly sector: number;
  readonly buffer: Uint8Array;
}

interface Registers {
  index: number;
  isOn: boolean;
  name: string;
  base: bigint;
  mode: "read" | "write";
  memory: Uint8Array;
  queue: readonly number[];
  requests: readonly Request[];
  current: Request | null;
}

const REQUEST = record<Request>({ sector: between(0, 100), buffer: bytesUpTo(16) });
const SHAPE: Shape<Registers> = {
  index: BYTE, isOn: FLAG, name: text(8), base: QWORD, mode: oneOf("read", "write"), memory: bytes(4), queue: array(2, BYTE), requests: list(3, REQUEST), current: nullable(REQUEST),
};

class Chip implements Saveable {
  readonly r: Registers = {
    index: 3, isOn: true, name: "chip", base: 1n << 40n, mode: "write", memory: Uint8Array.of(1, 2, 3, 4), queue: [5, 6],
    requests: [{ sector: 7, buffer: Uint8Array.of(8) }], current: null,
  };

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("chip", this.r, SHAPE, state);
  }
}

describe("A saved state", () => {
  const complaint = (change: Record<string, unknown>): string => {
    try {
      new Chip().restore({ ...new Chip().save(), ...change } as SavedState);
    } catch (e) {
      if (e instanceof StateError) return e.message;
      throw e;
    }
    return "none";
  };

  it("holds copies, both ways", () => {
    const one = new Chip(), two = new Chip(), state = one.save();
    one.r.memory.fill(0);
    one.r.requests[0].buffer.fill(0);
    expect(state).to.deep.equal(two.save());
    two.restore(state);
    (state["memory"] as Uint8Array).fill(9);
    expect(two.save()).to.deep.equal(new Chip().save());
  });

  it("is refused where anything in it is wrong, and then nothing has changed", () => refusesBrokenStates(() => ({ device: new Chip() })));

  it("says which field is wrong, what was given and what is allowed", () => {
    expect(complaint({})).to.equal("none");
    expect(complaint({ index: 256 })).to.equal("saved state: chip.index is 256; it must be from 0 to 255");
    expect(complaint({ requests: [{ sector: 101, buffer: new Uint8Array(0) }] })).to.equal("saved state: chip.requests[0].sector is 101; it must be from 0 to 100");
    expect(complaint({ current: { sector: 1 } })).to.equal("saved state: chip.current.buffer is missing; it must be up to 16 bytes");
    expect(complaint({ speed: 1 })).to.match(/^saved state: chip.speed is no field; fields are index /);
    expect(complaint({ mode: "x".repeat(1000) })).to.match(/^saved state: chip.mode is "x{40}…"; it must be one of read write$/);
    expect(complaint({ memory: [1, 2, 3, 4] })).to.equal("saved state: chip.memory is a list of 4; it must be 4 bytes");
  });

  it("takes nothing that it only inherits", () => {
    expect(() => new Chip().restore(Object.create(new Chip().save()) as SavedState)).to.throw(/chip.index is missing/);
  });

  it("of several parts is restored altogether or not at all", () => {
    const parts = { one: new Chip(), two: new Chip() }, good = saveParts(parts);
    const other = { ...new Chip().save(), index: 99 }, broken = { ...new Chip().save(), index: -1 };
    expect(() => restoreParts("board", parts, { one: other, two: broken })).to.throw(/chip.index is -1/);
    expect(saveParts(parts)).to.deep.equal(good);
    expect(() => restoreParts("board", parts, { one: other })).to.throw(/board.two is missing/);
    expect(() => restoreParts("board", parts, { ...good, three: {} })).to.throw(/board.three is no field/);
    restoreParts("board", parts, { one: other, two: other });
    expect(parts.two.r.index).to.equal(99);
  });
});
