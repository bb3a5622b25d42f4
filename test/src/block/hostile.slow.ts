// 5,000 damaged images: `SEED=n npm run test:slow`.

import { expect } from "chai";
import { testSeed } from "../../support/seed.ts";
import { slowCount } from "../../support/slow.ts";
import { damageImages } from "./hostile.ts";

const SEED = testSeed(1), IMAGES = slowCount(5000), MAX_EXTRA_BYTES = 64 * 2 ** 20;

describe(`block: damaged images, SEED=${SEED}`, () => {
  it(`${IMAGES} are refused or good for what they say, within 64 MB`, async () => {
    const tally = await damageImages(SEED, IMAGES);
    expect(tally.failures).to.deep.equal([]);
    expect(tally.refused + tally.same + tally.different).to.equal(IMAGES);
    expect(tally.extraBytes).to.be.below(MAX_EXTRA_BYTES);
  });
});
