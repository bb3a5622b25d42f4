// The optimiser against the reference evaluator on random blocks: optimised or not, a block ends the same way, with the
// same state, having done the same to memory and devices in the same order.

import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import type { Block } from "../../../tcg/ir/block.ts";
import type { OptOptions } from "../../../tcg/opt/pipeline.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import { PASSES } from "../../../tcg/opt/report.ts";
import { parseBlock } from "../../../tcg/text/parse.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { verify } from "../../../tcg/verify/verify.ts";
import { testSeed } from "../../support/seed.ts";
import { PARSE_ENV, TestGuest } from "../support/guest.ts";
import { randomBlock } from "../support/random-block.ts";
import { shrink } from "../support/shrink.ts";

const BLOCKS = 5000;
/** Guests each block runs in: some where accesses never leave, so that the whole block is reached. */
const GUESTS = [[1, -1], [2, -1], [3, 15], [4, 7]] as const;

describe("the optimiser, on random blocks", () => {
  const seed = testSeed(1);

  it(`keeps what a block does (SEED=${seed})`, () => {
    for (let i = 0; i < BLOCKS; i++) compare(seed + i, {});
  });

  for (const pass of PASSES) {
    it(`keeps what a block does with ${pass} alone (SEED=${seed})`, () => {
      for (let i = 0; i < BLOCKS / 5; i++) compare(seed + i, { passes: [pass] });
    });
  }

  it(`keeps what a block does pass by pass (SEED=${seed})`, () => {
    for (let i = 0; i < BLOCKS / 5; i++) compare(seed + i, { isStepwise: true });
  });

  it("changes nothing any more when run twice, but for what a second look finds", () => {
    for (let i = 0; i < BLOCKS / 5; i++) {
      const block = randomBlock(seed + i);
      optimize(block);
      const count = block.ops.length;
      optimize(block);
      expect(block.ops.length).to.be.at.most(count);
    }
  });
});

function compare(seed: number, options: OptOptions): void {
  const text = printBlock(randomBlock(seed));
  const difference = differenceIn(text, options);
  if (difference === null) return;
  const small = shrink(text, (t) => {
    try {
      verify(parseBlock(t, PARSE_ENV));
    } catch {
      return false;
    }
    return differenceIn(t, options) !== null;
  });
  expect.fail(`SEED=${seed}\n${differenceIn(small, options)}`);
}

/** What an optimised block does otherwise, with both blocks; null if nothing. */
function differenceIn(text: string, options: OptOptions): string | null {
  const given = parseBlock(text, PARSE_ENV);
  const optimised = parseBlock(text, PARSE_ENV);
  try {
    optimize(optimised, { ...options, check: verify });
  } catch (error) {
    return `${text}\n${error instanceof Error ? error.stack : String(error)}`;
  }
  for (const [seed, leaveMask] of GUESTS) {
    const before = run(given, seed, leaveMask);
    const after = run(optimised, seed, leaveMask);
    if (before !== after) return `${text}optimised:\n${printBlock(optimised)}before:\n${before}\nafter:\n${after}`;
  }
  return null;
}

function run(block: Block, seed: number, leaveMask: number): string {
  const guest = new TestGuest(seed, leaveMask);
  const outcome = evaluate(block, guest);
  return `${JSON.stringify(outcome)}\n${guest.summary()}`;
}
