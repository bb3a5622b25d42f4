import { expect } from "chai";
import { sharesOf, TIERS } from "../../../src/cli/bench/tier-time.ts";

interface Frame {
  readonly name: string;
  readonly children?: readonly number[];
}

/** A profile of these functions, by number from 1, in which the sampler saw each of some stacks for a microsecond. */
function profile(frames: readonly Frame[], samples: readonly number[]) {
  const nodes = frames.map(({ name, children = [] }, i) => ({
    id: i + 1, callFrame: { functionName: name, scriptId: "0", url: "", lineNumber: 0, columnNumber: 0 }, children: [...children],
  }));
  return { nodes, startTime: 0, endTime: samples.length, samples: [...samples], timeDeltas: samples.map(() => 1) };
}

describe("the tiers' shares of the time", () => {
  it("go by the innermost function that belongs to one", () => {
    const frames = [
      { name: "(root)", children: [2, 7, 8] }, { name: "jitSlice", children: [3, 5] }, { name: "blockLoop", children: [4] }, { name: "tb_1000", children: [6] },
      { name: "interpretLoop" }, { name: "translate" }, { name: "(garbage collector)" }, { name: "(idle)" },
    ];
    const shares = sharesOf(profile(frames, [4, 4, 4, 5, 6, 7, 8, 2, 3, 4]));
    expect(shares.blocks).to.be.closeTo(4 / 9, 1e-12);
    for (const tier of ["interpreter", "translation", "garbage collection"] as const) expect(shares[tier], tier).to.be.closeTo(1 / 9, 1e-12);
    expect(shares.dispatch).to.be.closeTo(2 / 9, 1e-12);
  });

  it("count what emitted code calls as that code's", () => {
    const frames = [{ name: "(root)", children: [2] }, { name: "region_1000", children: [3] }, { name: "divide" }];
    expect(sharesOf(profile(frames, [3, 3])).regions).to.equal(1);
  });

  it("are all 0 when nothing was seen", () => {
    expect(Object.values(sharesOf(profile([{ name: "(root)" }], [])))).to.deep.equal(TIERS.map(() => 0));
  });
});
