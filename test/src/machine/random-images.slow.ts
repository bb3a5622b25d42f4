// More random bytes as images: `SEED=n npm run test:slow`.

import { expect } from "chai";
import { textSeed } from "../../support/seed.ts";
import { slowCount } from "../../support/slow.ts";
import { runRandomImage } from "./random-images.ts";

const SEED = textSeed("random-images"), IMAGES = slowCount(2000);

describe(`random bytes as an image, SEED=${SEED}`, () => {
  for (const bits of [16, 32] as const) {
    it(`come to the same end in both engines, ${IMAGES} images of ${bits} bits`, () => {
      for (let n = 0; n < IMAGES; n++) expect(runRandomImage(`${SEED}/${bits}/${n}`, bits).differences, `image ${n}`).to.deep.equal([]);
    });
  }
});
