import { expect } from "chai";
import type { Claim } from "../../bench/claims.ts";
import { claimText, isKept } from "../../bench/claims.ts";

const speed: Claim = { text: "speed", bound: "at least", limit: 120, measured: 121.4, unit: "MIPS" };

describe("claims", () => {
  it("are kept on their side of the limit, and at it", () => {
    expect(isKept(speed)).to.equal(true);
    expect(isKept({ ...speed, measured: 120 })).to.equal(true);
    expect(isKept({ ...speed, measured: 119.9 })).to.equal(false);
    expect(isKept({ ...speed, bound: "at most", measured: 120 })).to.equal(true);
    expect(isKept({ ...speed, bound: "at most", measured: 120.1 })).to.equal(false);
  });

  it("are not kept by what could not be measured", () => {
    expect(isKept({ ...speed, measured: NaN })).to.equal(false);
    expect(isKept({ ...speed, bound: "at most", measured: NaN })).to.equal(false);
  });

  it("say what was claimed and what was measured", () => {
    expect(claimText(speed)).to.equal("kept    speed: at least 120 MIPS, measured 121 MIPS\n");
    expect(claimText({ ...speed, limit: 3.5, measured: 3.249, unit: "times" })).to.equal("BROKEN  speed: at least 3.5 times, measured 3.25 times\n");
  });
});
