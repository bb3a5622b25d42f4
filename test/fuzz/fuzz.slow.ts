// Minutes of the fuzzer, from a seed of the day's: whatever it finds is printed as a filetest, with how to find it again.

import { expect } from "chai";
import { slowCount } from "../support/slow.ts";
import { Fuzzer } from "./fuzzer.ts";

const SEED = process.env["SEED"] ?? new Date().toISOString().slice(0, 10);
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
