// Every pure op on the result of every other, with operands that are equal, constant or neither: where algebraic
// simplification goes wrong. Random blocks meet the rarer pairs too seldom.

import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import { Block, Op } from "../../../tcg/ir/block.ts";
import { constant } from "../../../tcg/ir/builder.ts";
import type { OpDef } from "../../../tcg/ir/ops.ts";
import { OPS } from "../../../tcg/ir/ops.ts";
import { CONDS } from "../../../tcg/ir/types.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import { parseBlock } from "../../../tcg/text/parse.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { PARSE_ENV, TestGuest } from "../support/guest.ts";
import { Random, testSeed } from "../support/random.ts";

const PURE = Object.values(OPS).filter((def) => def.effect === "pure" && def !== OPS.const);
/** Functions made of each pair. */
const FORMS = 30;
/** Guests, that is arguments, each function is called with. */
const CALLS = 8;

describe("the optimiser, on pairs of ops", () => {
  const seed = testSeed(1);

  for (const inner of PURE) {
    it(`keeps what any op makes of ${inner.name} (TCGJS_SEED=${seed})`, () => {
      const random = new Random(seed + inner.code);
      for (const outer of PURE) {
        for (let i = 0; i < FORMS; i++) check(printBlock(pair(inner, outer, random)));
      }
    });
  }
});

function pair(inner: OpDef, outer: OpDef, random: Random): Block {
  const block = new Block(`${inner.name}_${outer.name}`);
  block.params = 3;
  const values = [0, 1, 2].map((i) => new Op(OPS.param, [], i));
  // In half of the functions x is a byte or a boolean, so that known bits have something to say.
  if (random.chance(50)) values[0] = new Op(OPS.extract, [values[0]], random.pick([0, 8, 31]), 1 + random.pick([0, 0, 7]));
  if (values[0].imm + values[0].imm2 > 32) values[0].imm2 = 1;
  const params = values.map((v) => (v.def === OPS.param ? v : v.args[0]));
  const a = random.chance(40) ? make(inner, random, () => random.pick(values)) : null;
  const x = make(inner, random, () => (random.chance(30) ? constant(random.value()) : random.pick(values)));
  const others = a === null ? values : [...values, a, ...x.args];
  const y = make(outer, random, (i, n) =>
    i === random.below(n) ? x : random.chance(40) ? constant(random.value()) : random.chance(30) ? x : random.pick(others));
  const bytes = values[0].def === OPS.param ? [] : [values[0]];
  block.ops = [...params, ...bytes, ...(a === null ? [] : [a]), x, y, new Op(OPS.ret, [y])];
  return block;
}

function make(def: OpDef, random: Random, operand: (i: number, count: number) => Op): Op {
  const args = def.params.map((_, i) => operand(i, def.params.length));
  if (def.attr === "cond") return new Op(def, args, random.below(CONDS.length));
  if (def.attr !== "bits") return new Op(def, args);
  const [pos, len] = random.pick([[0, 8], [8, 8], [0, 16], [16, 16], [0, 1], [31, 1], [24, 8], [4, 4], [0, 31], [1, 31], [0, 32]]);
  return new Op(def, args, pos, len);
}

function check(text: string): void {
  const given = parseBlock(text, PARSE_ENV);
  const optimised = parseBlock(text, PARSE_ENV);
  optimize(optimised);
  for (let i = 0; i < CALLS; i++) {
    const before = evaluate(given, new TestGuest(i));
    const after = evaluate(optimised, new TestGuest(i));
    const isSame = before.end === "ret" && after.end === "ret" && before.value === after.value;
    if (!isSame) {
      const called = `called with ${new TestGuest(i).args.join(", ")}`;
      expect.fail(`${called}\n${text}${JSON.stringify(before)}\n${printBlock(optimised)}${JSON.stringify(after)}`);
    }
  }
}
