// Malformed ELF and multiboot headers by the thousand.

import { testSeed } from "../../../support/seed.ts";
import { slowCount } from "../../../support/slow.ts";
import { fuzzOne } from "./fuzz.ts";

const COUNT = slowCount(5000), PRESET = 1;

describe("mutated images, many", () => {
  const seed = testSeed(PRESET);

  it(`are refused with a reason or loaded within memory (SEED=${seed}, and ${COUNT} from there)`, () => {
    for (let i = seed; i < seed + COUNT; i++) {
      try {
        fuzzOne(i);
      } catch (cause) {
        throw new Error(`SEED=${i}`, { cause });
      }
    }
  });
});
