// Saved states as bytes: what goes in comes out, and bytes of any kind give a state or a StateError.

import { expect } from "chai";
import type { SavedState, SavedValue } from "../../../../src/devices/saveable.ts";
import { StateError } from "../../../../src/devices/saveable.ts";
import { decodeState, encodeState } from "../../../../src/machine/snapshot/state-codec.ts";
import { testSeed } from "../../../support/seed.ts";
import { Random } from "../../../tcg/support/random.ts";

function randomValue(random: Random, depth: number): SavedValue {
  switch (random.below(depth > 4 ? 7 : 9)) {
    case 0: return null;
    case 1: return random.below(2) === 0;
    case 2: return random.next();
    case 3: return -random.next() / 1000;
    case 4: return (BigInt(random.next() >>> 0) << 32n) - BigInt(random.next() >>> 0);
    case 5: return String.fromCodePoint(...Array.from({ length: random.below(10) }, () => random.below(0xd000)));
    case 6: return Uint8Array.from({ length: random.below(5000) }, () => random.below(256));
    case 7: return Array.from({ length: random.below(5) }, () => randomValue(random, depth + 1));
    default: return randomState(random, depth + 1);
  }
}

function randomState(random: Random, depth: number): SavedState {
  return Object.fromEntries(Array.from({ length: random.below(6) }, (_, i) => [`field ${i}`, randomValue(random, depth)]));
}

describe("The bytes of a saved state", () => {
  it("give the state back", () => {
    const random = new Random(testSeed(0x5afe));
    for (let i = 0; i < 300; i++) {
      const state = randomState(random, 0);
      expect(decodeState("state", encodeState(state))).to.deep.equal(state);
    }
    const odd = { zero: -0, big: -(1n << 70n), infinite: Infinity, "__proto__ of nothing": "\u0000é漢", empty: new Uint8Array(0) };
    expect(decodeState("state", encodeState(odd))).to.deep.equal(odd);
  });

  it("do without pages that are zero, where there are many", () => {
    const memory = new Uint8Array(2 ** 24).fill(1, 5000, 5001), bytes = encodeState({ memory });
    expect(bytes.length).to.be.below(5000);
    expect(Buffer.compare(decodeState("state", bytes)["memory"] as Uint8Array, memory)).to.equal(0);
    const claim = bytes.slice();
    new DataView(claim.buffer).setUint32(bytes.length - 4096 - 8 - 8, 2 ** 29, true);
    expect(() => decodeState("state", claim)).to.throw(StateError, "has pages of 536870912 bytes");
  });

  it("give a state or a StateError, whatever they are", () => {
    const random = new Random(testSeed(0x5aff));
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const bytes = encodeState(randomState(random, 0)), flips = random.below(4);
      for (let n = 0; n < flips; n++) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      const given = random.below(2) === 0 ? bytes : bytes.subarray(0, random.below(bytes.length + 1));
      try {
        decodeState("state", given);
      } catch (e) {
        expect(e).to.be.instanceOf(StateError);
        refused++;
      }
    }
    expect(refused).to.be.above(1000);
  });

  it("say what is wrong with them", () => {
    expect(() => decodeState("clock", Uint8Array.of(8, 1, 0, 0, 0))).to.throw(StateError, "clock has 1 values in fewer bytes");
    expect(() => decodeState("clock", Uint8Array.of(7, 0, 0, 0, 0))).to.throw(StateError, "clock is no record");
    expect(() => decodeState("clock", Uint8Array.of(8, 0, 0, 0, 0, 0))).to.throw(StateError, "clock has more bytes than its values");
    let nested = Uint8Array.of(0);
    for (let i = 0; i < 40; i++) nested = Uint8Array.of(7, 1, 0, 0, 0, ...nested);
    expect(() => decodeState("clock", Uint8Array.of(8, 1, 0, 0, 0, 1, 0, 0, 0, 65, ...nested))).to.throw(StateError, "nested too deep");
  });
});
