// Emitted blocks against the reference evaluator on random blocks: the same state, effects and ending.

import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import type { Block } from "../../../tcg/ir/block.ts";
import { emitBlock } from "../../../tcg/js/block-emitter.ts";
import { compile } from "../../../tcg/js/compile.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { environment, Guest, isTranslatable, Left, LEFT, TARGET } from "../support/memory-guest.ts";
import { randomBlock } from "../support/random-block.ts";
import { testSeed } from "../support/random.ts";

const BLOCKS = 1000, STATES = 3;
/** How the evaluator says what emitted code returns. */
function evaluated(block: Block, guest: Guest): string {
  const insns = block.ops.filter((op) => op.name === "insn_start").map((op) => op.imm);
  const outcome = evaluate(block, guest);
  switch (outcome.end) {
    case "goto_tb": return outcome.target === 0 ? "next" : "taken";
    case "lookup_and_goto_ptr": return `jump ${outcome.pc}`;
    case "exit_tb": return "anew";
    case "ret": return "ret";
    default: return `left in insn ${insns.indexOf(outcome.pc ?? -1)}`;
  }
}

function emitted(block: Block, guest: Guest, sourceUrl: string): string {
  const insns = block.ops.filter((op) => op.name === "insn_start").length;
  const text = emitBlock(block, TARGET, insns);
  const tb = { next: "next", taken: "taken" };
  const { fn } = compile(text, environment(guest, text.helpers), {
    name: "block", params: [], sourceUrl, bound: { tb }, checked: true,
  });
  try {
    return String((fn)());
  } catch (e) {
    if (!(e instanceof Left)) throw e;
    return `left in insn ${insns - guest.state[LEFT]}`;
  }
}

describe("emitted blocks", () => {
  const seed = testSeed(1);

  for (const isOptimised of [true, false]) {
    it(`do what the evaluator does, ${isOptimised ? "" : "not "}optimised (TCGJS_SEED=${seed})`, () => {
      let compared = 0;
      for (let i = 0; i < BLOCKS; i++) {
        const block = randomBlock(seed + i);
        if (!isTranslatable(block)) continue;
        if (isOptimised) optimize(block);
        for (let n = 0; n < STATES; n++) {
          const left = new Guest(n, n === 1), right = new Guest(n, n === 1);
          const expected = left.summary(evaluated(block, left));
          const got = right.summary(emitted(block, right, `random/${isOptimised}.${seed + i}.${n}`));
          if (got !== expected) expect.fail(`TCGJS_SEED=${seed + i}\n${printBlock(block)}\nexpected\n${expected}\ngot\n${got}`);
          compared++;
        }
      }
      expect(compared).to.be.above(BLOCKS / 4);
    }).timeout(120_000);
  }
});
