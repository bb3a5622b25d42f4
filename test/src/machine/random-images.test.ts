// Random bytes as an image: SEED=n for others. random-images.slow.ts runs more.

import { expect } from "chai";
import { textSeed } from "../../support/seed.ts";
import { runRandomImage } from "./random-images.ts";

const SEED = textSeed("test"), IMAGES = 100;

describe(`random bytes as an image, SEED=${SEED}`, () => {
  for (const bits of [16, 32] as const) {
    it(`come to the same end in both engines, ${bits} bits`, () => {
      const outcomes = new Map<string, number>();
      for (let n = 0; n < IMAGES; n++) {
        const { outcome, differences } = runRandomImage(`${SEED}/${bits}/${n}`, bits);
        expect(differences, `image ${n}`).to.deep.equal([]);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      // They came to something: not all went the same way.
      expect(outcomes.size).to.be.above(1);
    });
  }
});
