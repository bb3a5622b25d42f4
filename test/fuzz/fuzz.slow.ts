// Minutes of the fuzzer: whatever it finds is printed as a filetest, with how to find it again.

import { expect } from "chai";
import { textSeed } from "../support/seed.ts";
import { slowCount } from "../support/slow.ts";
import { Fuzzer } from "./fuzzer.ts";

const SEED = textSeed("fuzz");
const CASES = 6000;

describe(`the fuzzer at length, with SEED=${SEED}`, () => {
  it("finds interpreter and translator to agree", () => {
    const fuzzer = new Fuzzer(SEED), count = slowCount(CASES);
    for (let number = 0; number < count; number++) {
      const finding = fuzzer.run(number);
      if (finding !== null) expect.fail(`case ${number} (${finding.setting}): ${finding.summary}\n${finding.filetest ?? ""}`);
    }
    expect(fuzzer.counts.outcomes.get("running") ?? 0).to.be.above(0);
  });
});
