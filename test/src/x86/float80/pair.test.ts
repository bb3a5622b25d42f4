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
import { plus, rounded, valueOf } from "./reference.ts";
import type { Number80, PrecisionBits } from "./unit-runner.ts";
import { controlWord, outcomeText, resultOf, text, unitWith } from "./unit-runner.ts";

const seed = process.env["SEED"] ?? "pair";
const ROUNDS = 5_000;
const BIAS = 16383, SIGN = 0x8000, INTEGER_BIT = 1n << 63n;
/** Places of the operands and the result among the doubles. */
const A = 0, B = 2, TO = 4;

/** A double as an exact number of 80 bits. */
function ofDouble(x: number): Number80 {
  const sign = x < 0 || Object.is(x, -0) ? SIGN : 0, words = new DataView(new ArrayBuffer(8));
  if (x === 0) return { signExp: sign, significand: 0n };
  words.setFloat64(0, x);
  const bits = words.getBigUint64(0);
  return { signExp: sign | (Number((bits >> 52n) & 0x7ffn) - 1023 + BIAS), significand: INTEGER_BIT | ((bits & ((1n << 52n) - 1n)) << 11n) };
}

/** The sum of a pair, which 64 bits hold. */
function ofPair(h: number, l: number): Number80 {
  if (l === 0) return ofDouble(h);
  const a = ofDouble(h), b = ofDouble(l), sum = rounded(plus(valueOf(a.signExp, a.significand), valueOf(b.signExp, b.significand)), "nearest");
  expect(sum.flags, `${h} + ${l} has more than 64 bits`).to.equal(0);
  return sum;
}

/** A pair of this value, for normal numbers of the range; the first part nearest to the value, or cut off. */
function pairOf({ signExp, significand }: Number80, isCut: boolean): [number, number] {
  const sign = (signExp & SIGN) !== 0 ? -1 : 1;
  if (significand === 0n) return [sign * 0, 0];
  const place = sign * 2 ** ((signExp & 0x7fff) - BIAS - 63), first = isCut ? significand & ~0x7ffn : BigInt(Number(significand));
  return [Number(first) * place, Number(significand - first) * place];
}

/** Significands where rounding is close, and others. */
function significand(random: Random): bigint {
  const any = INTEGER_BIT | (BigInt(random.u32()) << 31n) | (BigInt(random.u32()) >> 1n), few = random.between(1, 11);
  return random.weighted<bigint>([
    [6, any],
    [4, any & ~0x7ffn],
    [2, (any & ~0x7ffn) | (1n << BigInt(few - 1))],
    [2, (any & ~0xfffn) | 0x400n | BigInt(random.between(-1, 1) & 0xfff)],
    [1, INTEGER_BIT | (any & 0x3n)],
    [1, (1n << 64n) - 1n - (any & 0x3n)],
    [1, INTEGER_BIT | (any & (0xffn << 55n))],
    [1, (any >> 31n) << 31n],
  ]);
}

function operand(random: Random, exp: number): Number80 {
  const sign = random.below(2) * SIGN;
  return random.below(40) === 0 ? { signExp: sign, significand: 0n } : { signExp: sign | (BIAS + exp), significand: significand(random) };
}

/** Two operands: of like magnitude, far apart, or near the ends of the range. */
function operands(random: Random): [Number80, Number80] {
  const near = random.between(-60, 60), far = random.between(-899, 899), other = random.weighted([[6, near + random.between(-3, 3)], [4, near + random.between(-70, 70)], [1, far]]);
  const a = operand(random, random.below(10) === 0 ? far : near), b = operand(random, other);
  if (random.below(8) !== 0) return [a, b];
  // Neighbours: sums that vanish but for a few bits.
  const neighbour = { signExp: a.signExp ^ (random.below(2) * SIGN), significand: a.significand ^ BigInt(random.below(16) << random.below(8)) };
  return [a, a.significand === 0n ? b : neighbour];
}

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
