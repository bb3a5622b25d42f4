// Malformed ELF and multiboot headers by the hundred; boot/fuzz.slow.ts has thousands.

import { expect } from "chai";
import { testSeed } from "../../../support/seed.ts";
import { fuzzOne } from "./fuzz.ts";

const COUNT = 400, PRESET = 20_000;

describe("mutated images", () => {
  const seed = testSeed(PRESET);

  it(`are refused with a reason or loaded within memory (SEED=${seed})`, () => {
    const refusals = new Set<string>();
    let loaded = 0;
    for (let i = 0; i < COUNT; i++) {
      const { refusal } = fuzzOne(seed + i);
      if (refusal === null) loaded++;
      else refusals.add(refusal.replaceAll(/0x[0-9a-f]+|\d+/g, "N"));
    }
    expect(loaded, "loaded").to.be.within(COUNT / 20, COUNT * 0.95);
    expect(refusals.size, "reasons").to.be.at.least(20);
  });
});
