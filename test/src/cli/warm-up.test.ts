import { expect } from "chai";
import type { Sample } from "../../../src/cli/bench/warm-up.ts";
import { breakEven, curveOf } from "../../../src/cli/bench/warm-up.ts";

/** From pairs of insns and milliseconds. */
const run = (...points: readonly (readonly [number, number])[]): Sample[] => [[0, 0], ...points].map(([insns, ms]) => ({ insns, ms }));
/** 1000 insns a millisecond, in slices of 1000. */
const steady = run([1000, 1], [2000, 2], [3000, 3], [4000, 4]);

describe("the warm-up curve", () => {
  it("has the speed of each piece, pieces twice as long each time, up to the end", () => {
    const samples = run(...Array.from({ length: 9 }, (_, i) => [(i + 1) * 1000, i < 1 ? 10 : 10 + i] as const));
    expect(curveOf(samples)).to.deep.equal([
      { insns: 1000, seconds: 0.01, mips: 0.1 }, { insns: 2000, seconds: 0.011, mips: 1 }, { insns: 4000, seconds: 0.013, mips: 1 },
      { insns: 8000, seconds: 0.017, mips: 1 }, { insns: 9000, seconds: 0.018, mips: 1 },
    ]);
  });

  it("is empty for a run of nothing", () => {
    expect(curveOf(run())).to.deep.equal([]);
  });

  it("leaves out samples in which nothing retired", () => {
    expect(curveOf(run([1000, 1], [1000, 2], [2000, 3])).map(({ mips }) => mips)).to.deep.equal([1, 0.5]);
  });
});

describe("break-even", () => {
  it("is where the slow starter is ahead for good", () => {
    expect(breakEven(run([1000, 2.5], [2000, 2.6], [3000, 2.7], [4000, 2.8]), steady)).to.equal(3000);
    expect(breakEven(run([1000, 0.5], [2000, 2.6], [3000, 2.7], [4000, 2.8]), steady)).to.equal(3000);
  });

  it("is 0 for who was never behind, and null for who is at the end", () => {
    expect(breakEven(steady, steady)).to.equal(0);
    expect(breakEven(run([1000, 1], [2000, 2], [3000, 3], [4000, 5]), steady)).to.equal(null);
  });

  it("takes times between samples in proportion, and compares only what both have run", () => {
    expect(breakEven(run([1500, 1.6], [2500, 2.4], [9000, 99]), steady)).to.equal(2500);
  });
});
