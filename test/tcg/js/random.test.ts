// Emitted blocks, as JavaScript and as WebAssembly, against the reference evaluator on random blocks: the same state, effects and
// ending.

import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import type { Block } from "../../../tcg/ir/block.ts";
import type { EmittedBlock } from "../../../tcg/js/block-emitter.ts";
import { emitBlock } from "../../../tcg/js/block-emitter.ts";
import { compile } from "../../../tcg/js/compile.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import type { WasmMemory } from "../../../tcg/support/webassembly.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { BlockUnit, TO_ANEW, TO_JUMP, TO_NEXT, TO_SIDE, TO_TAKEN } from "../../../tcg/wasm/block-unit.ts";
import { testSeed } from "../../support/seed.ts";
import { environment, Guest, isTranslatable, Left, LEFT, TARGET, WAY_PC } from "../support/memory-guest.ts";
import { randomBlock } from "../support/random-block.ts";
import { TestArena } from "../support/test-arena.ts";

const BLOCKS = 600, STATES = 3;
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

/** Runs a block; gives where it goes in words. */
function functionOf(block: EmittedBlock, guest: Guest, memory: WasmMemory | null, sourceUrl: string): () => unknown {
  const names = environment(guest, block.helpers);
  if (memory === null) {
    return compile(block, names, { name: "block", params: [], sourceUrl, bound: { tb: { next: "next", taken: "taken" } }, checked: true }).fn;
  }
  const unit = new BlockUnit(TARGET.state, names, memory);
  if (!unit.add(block, "block")) throw new Error("there is no WebAssembly for a block");
  const run = unit.link()?.functions[0];
  if (run === undefined) throw new Error("a block's module cannot be linked");
  return () => {
    const to = run(0);
    return to >= TO_SIDE ? `left in insn ${to - TO_SIDE}` : ["next", "taken", `jump ${guest.state[WAY_PC]}`, "anew"][[TO_NEXT, TO_TAKEN, TO_JUMP, TO_ANEW].indexOf(to)];
  };
}

function emitted(block: Block, guest: Guest, memory: WasmMemory | null, sourceUrl: string): string {
  const insns = block.ops.filter((op) => op.name === "insn_start").length;
  try {
    return String(functionOf(emitBlock(block, TARGET, insns), guest, memory, sourceUrl)());
  } catch (e) {
    if (!(e instanceof Left)) throw e;
    return `left in insn ${insns - guest.state[LEFT]}`;
  }
}

describe("emitted blocks", () => {
  const seed = testSeed(1);

  for (const [isOptimised, isInWasm] of [[true, false], [false, false], [true, true], [false, true]]) {
    const how = `${isOptimised ? "" : "not "}optimised, ${isInWasm ? "WebAssembly" : "JavaScript"}`;
    it(`do what the evaluator does, ${how} (SEED=${seed})`, () => {
      const arena = isInWasm ? TestArena.ofWebAssembly() : new TestArena(null);
      let compared = 0;
      for (let i = 0; i < BLOCKS; i++) {
        const block = randomBlock(seed + i);
        if (!isTranslatable(block)) continue;
        if (isOptimised) optimize(block);
        for (let n = 0; n < STATES; n++) {
          const left = new Guest(n, n === 1), right = arena.again(() => new Guest(n, n === 1, arena));
          const expected = left.summary(evaluated(block, left));
          const got = right.summary(emitted(block, right, arena.memory, `random/${how}.${seed + i}.${n}`));
          if (got !== expected) expect.fail(`SEED=${seed + i}\n${printBlock(block)}\nexpected\n${expected}\ngot\n${got}`);
          compared++;
        }
      }
      expect(compared).to.be.above(BLOCKS / 4);
    });
  }
});
