import { expect } from "chai";
import type { GuestGroup } from "../../bench/guests.ts";
import { isKept } from "../../bench/claims.ts";
import type { PeerRow } from "../../bench/peers.ts";
import { claimsOf, meanRatio, ratioTo } from "../../bench/peers.ts";

const timing = (seconds: number): { seconds: number; spread: number; samples: number[] } => ({ seconds, spread: 0, samples: [seconds] });

/** We take a second. */
function row(guest: string, group: GuestGroup, others: Readonly<Record<string, number | null>>): PeerRow {
  const times = Object.entries(others).map(([name, seconds]) => [name, seconds === null ? null : timing(seconds)] as const);
  return { guest, group, times: { tcgjs: timing(1), ...Object.fromEntries(times) } };
}

describe("the comparison with others", () => {
  it("divides their time by ours, where both were measured", () => {
    const rows = [row("fib", "integer", { qemu: 2, native: 0.25 }), row("sieve16", "integer", { qemu: 8, native: null })];
    expect(rows.map((r) => ratioTo(r, "qemu"))).to.deep.equal([2, 8]);
    expect(ratioTo(rows[1], "native")).to.equal(null);
    expect(meanRatio(rows, "qemu")).to.be.closeTo(4, 1e-12);
    expect(meanRatio(rows, "native")).to.equal(0.25);
    expect(meanRatio(rows, "v86")).to.equal(null);
  });

  it("judges only what was measured", () => {
    expect(claimsOf([row("fib", "integer", {})])).to.deep.equal([]);
    expect(claimsOf([row("fib", "integer", { v86: 3 })]).map(({ text }) => text)).to.deep.equal(["all guests against v86", "the slowest guest against v86"]);
  });

  it("finds the slowest among the hot guests, and judges cold ones by themselves", () => {
    const rows = [row("fib", "integer", { qemu: 4 }), row("matmul", "integer", { qemu: 0.5 }), row("cold", "changing", { qemu: 0.25 })];
    const measured = Object.fromEntries(claimsOf(rows).map((claim) => [claim.text, [claim.measured, isKept(claim)]]));
    expect(measured["the slowest hot guest against QEMU"]).to.deep.equal([0.5, false]);
    expect(measured["cold and changing code against QEMU"]).to.deep.equal([0.25, false]);
  });
});
