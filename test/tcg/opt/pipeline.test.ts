// The pipeline itself: which passes run, what they report, who may watch.

import { expect } from "chai";
import type { Block } from "../../../tcg/ir/block.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import { parseBlock } from "../../../tcg/text/parse.ts";
import { printBlock, printOp } from "../../../tcg/text/print.ts";
import { PARSE_ENV } from "../support/guest.ts";

const TEXT = `\
block b {
  insn_start 0x1000, 2
  v1 = get eax
  v2 = add v1, 0
  set ecx, v1
  set ecx, v2
  v3 = get eax
  set edx, v3
  goto_tb next
}
`;
const block = (): Block => parseBlock(TEXT, PARSE_ENV);

describe("the pipeline of passes", () => {
  it("runs all passes when none are named", () => {
    const b = block();
    optimize(b);
    expect(printBlock(b)).to.equal(
      "block b {\n  insn_start 0x1000, 2\n  v1 = get eax\n  set ecx, v1\n  set edx, v1\n  goto_tb next\n}\n");
  });

  it("runs only those that are named", () => {
    const b = block();
    optimize(b, { passes: [] });
    expect(printBlock(b)).to.equal(TEXT);
    optimize(b, { passes: ["dead-state"] });
    expect(printBlock(b)).to.equal(TEXT.replace("  set ecx, v1\n", ""));
  });

  it("reports each op with the pass and the reason, as it was printed before", () => {
    const told: string[] = [];
    optimize(block(), { report: (pass, op, reason) => told.push(`${pass}: ${printOp(op)}: ${reason}`) });
    expect(told).to.deep.equal([
      "fold: v2 = add v1, 0: x + 0",
      "forward: set ecx, v1: it holds this value already",
      "forward: v3 = get eax: its value is known",
    ]);
  });

  it("shows the block before and after each walk", () => {
    const seen: string[] = [];
    optimize(block(), { observe: (step, when, b) => seen.push(`${when} ${step}: ${b.ops.length}`) });
    expect(seen).to.deep.equal([
      "before forward+fold+cse: 8", "after forward+fold+cse: 5", "before dead-state+fuse+dce: 5", "after dead-state+fuse+dce: 5",
    ]);
  });

  it("shows the block between any two passes when it runs stepwise", () => {
    const seen: string[] = [];
    optimize(block(), { isStepwise: true, observe: (step, when, b) => when === "after" && seen.push(`${step}: ${b.ops.length}`) });
    expect(seen).to.deep.equal(["forward: 7", "fold: 6", "cse: 6", "dead-state: 5", "fuse: 5", "dce: 5"]);
  });

  it("lets the caller check the block before the first step and after each", () => {
    let checks = 0;
    optimize(block(), { check: () => checks++ });
    expect(checks).to.equal(3);
  });

  it("leaves ops numbered and uses counted", () => {
    const b = block();
    optimize(b);
    expect(b.ops.map((op) => [op.id, op.uses])).to.deep.equal([[-1, 0], [1, 2], [-1, 0], [-1, 0], [-1, 0]]);
  });
});
