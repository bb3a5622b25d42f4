// Every pure op on the result of every other, with operands that are equal, constant or neither: where algebraic
// simplification goes wrong. Random blocks meet the rarer pairs too seldom.

import { expect } from "chai";
import type { EvalEnv } from "../../../tcg/eval/evaluate.ts";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import { Block, Op } from "../../../tcg/ir/block.ts";
import { constant } from "../../../tcg/ir/builder.ts";
import type { OpDef } from "../../../tcg/ir/ops.ts";
import { OPS } from "../../../tcg/ir/ops.ts";
import { CONDS } from "../../../tcg/ir/types.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../support/random.ts";

const PURE = Object.values(OPS).filter((def) => def.effect === "pure" && def.evaluate !== null && def !== OPS.const);
/** Functions made of each pair. */
const FORMS = 120;
/** Calls of each function, with other arguments. */
const CALLS = 6;
const FIELDS = [[0, 8], [8, 8], [0, 16], [16, 16], [0, 1], [31, 1], [24, 8], [4, 4], [0, 31], [1, 31], [0, 32]] as const;

describe("the optimiser, on pairs of ops", () => {
  const seed = testSeed(1);
  const random = new Random(seed);
  const calls = Array.from({ length: CALLS }, () => [random.value(), random.value(), random.value()]);

  for (const inner of PURE) {
    it(`keeps what any op makes of ${inner.name} (SEED=${seed})`, () => {
      for (const outer of PURE) {
        for (let form = 0; form < FORMS; form++) {
          const formSeed = ((seed * 64 + inner.code) * 64 + outer.code) * FORMS + form;
          check(pair(inner, outer, formSeed), pair(inner, outer, formSeed), calls);
        }
      }
    });
  }
});

/** A test function that applies `outer` to the result of `inner`; equal seeds give equal functions. */
function pair(inner: OpDef, outer: OpDef, seed: number): Block {
  const random = new Random(seed);
  const block = new Block(`${inner.name}_${outer.name}`);
  const params = [0, 1, 2].map((i) => new Op(OPS.param, [], i));
  block.params = params.length;
  block.ops = [...params];
  const add = (op: Op): Op => {
    block.ops.push(op);
    return op;
  };
  // In half of the functions the first value is a byte or a bit, so that known bits have something to say.
  const values = [...params];
  if (random.chance(50)) values[0] = add(new Op(OPS.extract, [params[0]], ...random.pick([[0, 8], [8, 8], [3, 1]] as const)));
  const x = add(make(inner, random, 25, () => random.pick(values)));
  // Both operands of `outer` may be such results: sums of differences, bits of the same word.
  const near = [x, ...x.args];
  if (random.chance(20)) near.push(add(make(inner, random, 25, () => random.pick(near))));
  const place = random.below(outer.params.length);
  const y = add(make(outer, random, 45, (i) => (i === place ? x : random.chance(70) ? random.pick(near) : random.pick(values)), place));
  add(new Op(OPS.ret, [y]));
  return block;
}

/**
 * An op with random attribute.
 * @param constants  how many of 100 operands are constants
 * @param fixed      the operand that is never one
 */
function make(def: OpDef, random: Random, constants: number, operand: (i: number) => Op, fixed = -1): Op {
  const args = def.params.map((_, i) => (i !== fixed && random.chance(constants) ? constant(random.value()) : operand(i)));
  if (def.attr === "cond") return new Op(def, args, random.below(CONDS.length));
  if (def.attr === "bits") return new Op(def, args, ...random.pick(FIELDS));
  return new Op(def, args);
}

function check(given: Block, optimised: Block, calls: readonly (readonly number[])[]): void {
  optimize(optimised);
  for (const args of calls) {
    const before = result(given, args);
    const after = result(optimised, args);
    if (before === after) continue;
    expect.fail(`called with ${args.join(", ")}\n${printBlock(given)}${before}\n${printBlock(optimised)}${after}`);
  }
}

function result(block: Block, args: readonly number[]): number {
  const env: EvalEnv = { state: new Int32Array(0), registers: new Uint8Array(0), args };
  const outcome = evaluate(block, env);
  return outcome.end === "ret" ? outcome.value : expect.fail(`it ended by ${outcome.end}`);
}
