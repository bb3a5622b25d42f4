// Templates are parsed to what acorn makes of the same text.

import { parseExpressionAt } from "acorn";
import { expect } from "chai";
import { parseTemplate } from "../../../tcg/js/template-parser.ts";
import { InternalError } from "../../../tcg/support/errors.ts";
import { testSeed } from "../../support/seed.ts";
import { Random } from "../support/random.ts";

const EXPRESSIONS = 500;
const BINARY = ["||", "&&", "|", "^", "&", "===", "!==", "<", ">", "<=", ">=", "<<", ">>", ">>>", "+", "-", "*", "/", "%"];
const ATOMS = ["$0", "$1", "$12", "left", "Infinity", "0", "4095", "0x7f00", "0xDEAD", "6755399441055744", "1.5", "9.332636185032189e-302", "1e+76"];

/** An expression of random shape, with parentheses where they matter and where they do not. */
function randomText(random: Random, depth: number): string {
  const part = (): string => randomText(random, depth - 1);
  const pick = (texts: readonly string[]): string => texts[random.below(texts.length)], shape = depth === 0 ? 0 : random.below(6);
  switch (shape) {
    case 0: return pick(ATOMS);
    case 1: return `${pick(["~", "!", "- ", "+ "])}${part()}`;
    case 2: return `(${part()})`;
    case 3: return `${pick(["imul", "sqrt"])}(${Array.from({ length: random.below(3) }, part).join(", ")})`;
    case 4: return `(${part()} ? ${part()} : ${part()})`;
    default: return `${part()} ${pick(BINARY)} ${part()}`;
  }
}

/** What acorn says, without positions. */
function byAcorn(source: string): unknown {
  const node = parseExpressionAt(source, 0, { ecmaVersion: 2022 });
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === "start" || key === "end" ? undefined : value)));
}

describe("the parser of templates", () => {
  const seed = testSeed(1);

  it(`agrees with acorn on expressions of random shape (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let i = 0; i < EXPRESSIONS; i++) {
      const source = randomText(random, 4);
      expect(parseTemplate(source), source).to.deep.equal(byAcorn(source));
    }
  });

  it("binds choices as acorn does", () => {
    for (const source of ["$0 ? $1 : $2 ? 1 : 2", "$0 < 1 ? $1 + 2 : $2 | 3", "$0 ? $1 ? 1 : 2 : 3"]) expect(parseTemplate(source)).to.deep.equal(byAcorn(source));
  });

  it("refuses what is no expression, or is not one of a template", () => {
    for (const source of ["", "$0 +", "$0 $1", "($0", "f($0", "f($0,", "$0 ? 1", "$0 = 1", "a.b", "a[0]", "'x'", "$0 == 1", "* 2", "$0;"]) {
      expect(() => parseTemplate(source), source).to.throw(InternalError);
    }
  });
});
