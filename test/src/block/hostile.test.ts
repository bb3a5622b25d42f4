// Some damaged images of every format; hostile.slow.ts has more.

import { expect } from "chai";
import { testSeed } from "../../support/seed.ts";
import { damageImages } from "./hostile.ts";

const SEED = testSeed(1);

describe(`block: damaged images, SEED=${SEED}`, () => {
  it("are refused, or hold what their tables say and keep what is written to them", async () => {
    const { refused, same, failures } = await damageImages(SEED, 140);
    expect(failures).to.deep.equal([]);
    expect(refused).to.be.above(35);
    expect(same).to.be.above(20);
  });
});
