import { expect } from "chai";
import { membersOf } from "../../../src/exec/members.ts";
import type { Way } from "../../../src/exec/profile.ts";
import { TranslationBlock } from "../../../src/exec/translation-block.ts";

function blockAt(...eips: number[]): TranslationBlock {
  const tb = new TranslationBlock(function run() { return this; }, eips.length, eips[0], null);
  tb.eips = eips;
  return tb;
}

describe("members of a region", () => {
  // A list walk as gcc lays it out: entered at 0x1c, which is in the middle of the block that the loop goes on with.
  const next = blockAt(0x10, 0x12, 0x14), step = blockAt(0x1a, 0x1c, 0x1f), enter = blockAt(0x1c, 0x1f), found = blockAt(0x21, 0x25);
  const seen = new Map<TranslationBlock, Way[]>([
    [next, [{ to: step, count: 90 }]],
    [step, [{ to: next, count: 60 }, { to: found, count: 30 }]],
    [enter, [{ to: next, count: 30 }, { to: found, count: 10 }]],
    [found, []],
  ]);
  const members = membersOf([enter, next, step, found], (tb) => seen.get(tb) ?? []);

  it("end where another starts", () => {
    expect(members.map(({ size, follower }) => [size, follower])).to.deep.equal([[2, -1], [3, -1], [1, 0], [2, -1]]);
  });

  it("go where the insns go that they end in", () => {
    expect(members.map(({ ways }) => [...ways])).to.deep.equal([[[1, 90], [3, 40]], [[2, 90]], [[0, 90]], []]);
  });

  it("follow each other where several start in one", () => {
    const long = blockAt(0x10, 0x11, 0x12, 0x13), inner = blockAt(0x12, 0x13), last = blockAt(0x13);
    const three = membersOf([long, last, inner], (tb) => (tb === long ? [{ to: long, count: 5 }] : []));
    expect(three.map(({ size, follower }) => [size, follower])).to.deep.equal([[2, 2], [1, -1], [1, 1]]);
    expect([...three[1].ways]).to.deep.equal([[0, 5]]);
  });

  it("stay whole where another starts within an insn, or is not there", () => {
    const [member] = membersOf([blockAt(0x10, 0x15), blockAt(0x12, 0x14)], () => []);
    expect([member.size, member.follower]).to.deep.equal([2, -1]);
  });
});
