// Comparisons as numbers and choices are emitted without branches, in forms that depend on their constants.

import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import { emitBlock } from "../../../tcg/js/block-emitter.ts";
import { compile } from "../../../tcg/js/compile.ts";
import { CONDS } from "../../../tcg/ir/types.ts";
import { parseBlock, parseEnv } from "../../../tcg/text/parse.ts";
import { verify } from "../../../tcg/verify/verify.ts";
import { GLOBALS } from "../support/guest.ts";
import { environment, Guest, TARGET } from "../support/memory-guest.ts";

const [A, B, C, D, RESULT] = GLOBALS.filter((g) => g.type === "i32");
const NUMBERS = [0, 1, -1, 2, 3, 5, -5, 0x7fffffff, -0x80000000];
/** Second operands and choices: a variable, and constants that have forms of their own. */
const OPERANDS = ["v2", "0", "1", "2", "0x40", "0x80000000"], CHOICES = ["v3", "0", "-1", "7"], OTHERS = ["v4", "0", "-1", "9"];

/** A block of these ops, whose results are mixed into one, run both ways for each pair of operands. */
function check(name: string, ops: readonly string[]): void {
  const gets = [A, B, C, D].map((g, i) => `v${i + 1} = get ${g.name}`);
  const mixed = ops.flatMap((op, i) => [`v${3 * i + 5} = ${op}`, `v${3 * i + 6} = mul v${i === 0 ? 1 : 3 * i + 4}, 0x1f`, `v${3 * i + 7} = xor v${3 * i + 5}, v${3 * i + 6}`]);
  const lines = ["insn_start 0x1000, 1", ...gets, ...mixed, `set ${RESULT.name}, v${3 * ops.length + 4}`, "goto_tb next"];
  const block = parseBlock(`block choice {\n${lines.map((l) => `  ${l}`).join("\n")}\n}`, parseEnv(GLOBALS));
  verify(block);
  const emitted = emitBlock(block, TARGET, 1), guest = new Guest(1, false), other = guest.clone();
  const { fn, text } = compile(emitted, environment(guest, emitted.helpers), { name: "choice", params: [], sourceUrl: `choice/${name}`, bound: { tb: { next: "next" } }, checked: true });
  expect(text).not.to.contain("?");
  for (const x of NUMBERS) {
    for (const y of NUMBERS) {
      for (const { state } of [guest, other]) state.set([x, y, 0x12345678, -0x6789abcd], A.index);
      evaluate(block, other);
      fn();
      if (guest.state[RESULT.index] !== other.state[RESULT.index]) expect.fail(`${name} of ${x} and ${y}\n${text}`);
    }
  }
}

describe("comparisons as numbers", () => {
  for (const cond of CONDS) {
    it(`are right and choose right by ${cond}`, () => {
      for (const y of OPERANDS) {
        check(`${cond} ${y}`, [`setcond.${cond} v1, ${y}`, ...CHOICES.flatMap((t) => OTHERS.map((f) => `movcond.${cond} v1, ${y}, ${t}, ${f}`))]);
      }
    });
  }
});
