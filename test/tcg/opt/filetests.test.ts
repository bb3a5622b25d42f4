// Runs test/filetests/opt/**/*.tir: each case is optimised with the passes it names (`opt=`, all of them by default) and
// compared with its expectation, and must do what it did before. `BLESS=1` rewrites expectations.
//
// Names that cases may use are those of the test guest, test/tcg/support/guest.ts.

import { expect } from "chai";
import { evaluate } from "../../../tcg/eval/evaluate.ts";
import type { Block } from "../../../tcg/ir/block.ts";
import type { OptOptions } from "../../../tcg/opt/pipeline.ts";
import { optimize } from "../../../tcg/opt/pipeline.ts";
import type { PassName } from "../../../tcg/opt/report.ts";
import { PASSES } from "../../../tcg/opt/report.ts";
import { parseBlock } from "../../../tcg/text/parse.ts";
import { printBlock } from "../../../tcg/text/print.ts";
import { verify } from "../../../tcg/verify/verify.ts";
import type { Filetest } from "../../support/filetest.ts";
import { bless, isBlessing, readFiletests } from "../../support/filetest.ts";
import { PARSE_ENV, TestGuest } from "../support/guest.ts";

const FOLDER = "test/filetests/opt";
const GUESTS = 6;

describe("filetests of the optimiser", () => {
  const tests = readFiletests(FOLDER, ".tir");
  const paths = [...new Set(tests.map((test) => test.path))];

  for (const path of paths) {
    describe(path.slice(FOLDER.length + 1), () => {
      const cases = tests.filter((test) => test.path === path);
      if (isBlessing()) bless(path, cases.map((test) => body(optimised(test))));

      for (const test of cases) {
        const block = parseBlock(test.text, PARSE_ENV);
        it(block.name.replaceAll("_", " "), () => {
          const result = optimised(test);
          if (!isBlessing()) expect(body(result), `${path}:${test.line}`).to.equal(test.expected);
          for (let seed = 0; seed < GUESTS; seed++) {
            expect(run(result, seed), `${path}:${test.line}`).to.equal(run(block, seed));
          }
        });
      }
    });
  }
});

function optimised(test: Filetest): Block {
  const block = parseBlock(test.text, PARSE_ENV);
  const given = test.options.get("opt");
  const options: OptOptions = given === undefined || given === "all" ? {} : { passes: given.split(",").map(passNamed) };
  optimize(block, { ...options, check: verify });
  return block;
}

function passNamed(name: string): PassName {
  return PASSES.find((pass) => pass === name) ?? expect.fail(`there is no pass ${name}`);
}

/** The ops of a printed block, without the lines around them and the space before them. */
function body(block: Block): string {
  return printBlock(block).trimEnd().split("\n").slice(1, -1).map((line) => line.slice(2)).join("\n");
}

function run(block: Block, seed: number): string {
  const guest = new TestGuest(seed);
  const outcome = evaluate(block, guest);
  return `${JSON.stringify(outcome)}\n${guest.summary()}`;
}
