import { expect } from "chai";
import { add, sub } from "../../../../src/x86/float80/add.ts";
import { compare, EQUAL, GREATER, LESS } from "../../../../src/x86/float80/compare.ts";
import { div } from "../../../../src/x86/float80/div.ts";
import { toDouble, toSingle } from "../../../../src/x86/float80/formats.ts";
import { mul } from "../../../../src/x86/float80/mul.ts";
import { isUsualArithmetic, NOT_DONE, PairUnit, roundToInteger, roundToSingle } from "../../../../src/x86/float80/pair.ts";
import { sqrt } from "../../../../src/x86/float80/sqrt.ts";
import type { FloatUnit } from "../../../../src/x86/float80/unit.ts";
import { Random } from "../../../oracle/random.ts";
import { textSeed } from "../../../support/seed.ts";
import { ofPair, operand, operands, pairOf } from "./pair-operands.ts";
import type { PrecisionBits } from "./unit-runner.ts";
import { controlWord, outcomeText, resultOf, text, unitWith } from "./unit-runner.ts";

const seed = textSeed("pair");
const ROUNDS = 5_000;
/** Places of the operands and the result among the doubles. */
const A = 0, B = 2, TO = 4;

interface Operation {
  readonly name: string;
  readonly exact: (u: FloatUnit) => void;
  readonly onPairs: (unit: PairUnit, control: number) => number;
  /** Of all results, how many have to be delivered by pairs at the least. */
  readonly share: number;
}

const OPERATIONS: readonly Operation[] = [
  { name: "sums", exact: add, onPairs: (unit, control) => unit.add(TO, A, B, 1, control), share: 0.6 },
  { name: "differences", exact: sub, onPairs: (unit, control) => unit.add(TO, A, B, -1, control), share: 0.6 },
  { name: "products", exact: mul, onPairs: (unit, control) => unit.mul(TO, A, B, control), share: 0.5 },
  { name: "quotients", exact: div, onPairs: (unit, control) => unit.div(TO, A, B, control), share: 0.5 },
  { name: "square roots", exact: sqrt, onPairs: (unit, control) => unit.sqrt(TO, A, control), share: 0.2 },
];

describe("x86/float80: pairs of doubles", () => {
  for (const { name, exact, onPairs, share } of OPERATIONS) {
    for (const bits of [64, 53] as const) {
      it(`${name} have the bits and flags of the arithmetic on words, to ${bits} bits`, () => {
        const random = new Random(`${seed} ${name} ${bits}`), F = new Float64Array(6), unit = new PairUnit(F), control = controlWord("nearest", bits);
        let done = 0;
        for (let i = 0; i < ROUNDS; i++) {
          const [a, b] = operands(random);
          F.set([...pairOf(a, random.below(2) === 0), ...pairOf(b, random.below(2) === 0), 123, 456]);
          const before = [...F], flags = onPairs(unit, control), what = `${text(a)} ${text(b)} of seed ${seed}`;
          if (flags === NOT_DONE) {
            expect([...F], `${what} changes something`).to.deep.equal(before);
            continue;
          }
          done++;
          const u = unitWith(control, a, b);
          exact(u);
          expect(outcomeText({ ...ofPair(F[TO], F[TO + 1]), flags }), what).to.equal(outcomeText(resultOf(u)));
        }
        expect(done).to.be.above(ROUNDS * (bits === 64 ? share : 0.2));
      });
    }
  }

  it("comparisons order as those on words do", () => {
    const random = new Random(`${seed} compare`), F = new Float64Array(6), unit = new PairUnit(F), seen = new Set<number>();
    for (let i = 0; i < ROUNDS; i++) {
      const [a, b] = operands(random);
      F.set([...pairOf(a, random.below(2) === 0), ...pairOf(b, random.below(2) === 0)]);
      const order = unit.compare(A, B), u = unitWith(controlWord("nearest"), a, b);
      expect(order > 0 ? GREATER : order < 0 ? LESS : EQUAL, `${text(a)} ${text(b)} of seed ${seed}`).to.equal(compare(u));
      seen.add(order);
    }
    expect([...seen].sort((x, y) => x - y)).to.deep.equal([-1, 0, 1]);
  });

  it("rounds to doubles and singles as the conversions of words do", () => {
    const random = new Random(`${seed} formats`), bytes = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < ROUNDS; i++) {
      const a = operand(random, random.between(-120, 120)), [h, l] = pairOf(a, random.below(2) === 0), u = unitWith(controlWord("nearest"), a);
      toDouble(u);
      bytes.setFloat64(0, l === 0 ? h : h + l);
      expect([bytes.getInt32(0), bytes.getInt32(4)], `${text(a)} as a double`).to.deep.equal([u.hi, u.lo]);
      bytes.setFloat32(0, roundToSingle(h, l));
      expect(bytes.getInt32(0), `${text(a)} as a single`).to.equal(toSingle(unitWith(controlWord("nearest"), a)));
    }
  });

  it("rounds to integers, halves to the even ones", () => {
    for (const [x, whole] of [[0.5, 0], [1.5, 2], [-0.5, 0], [-2.5, -2], [2.5000001, 3], [1e15, 1e15], [-7, -7]] as const) {
      expect(roundToInteger(x) + 0).to.equal(whole);
    }
  });

  it("leaves other roundings, single precision and an unmasked precision exception to words", () => {
    const usual = (["nearest", "down", "up", "zero"] as const).flatMap((rounding) =>
      ([24, 53, 64] as PrecisionBits[]).filter((bits) => isUsualArithmetic(controlWord(rounding, bits))).map((bits) => `${rounding} ${bits}`));
    expect(usual).to.deep.equal(["nearest 53", "nearest 64"]);
    expect(isUsualArithmetic(controlWord("nearest") & ~0x20)).to.equal(false);
  });
});
