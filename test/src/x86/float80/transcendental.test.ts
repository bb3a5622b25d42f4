import { expect } from "chai";
import { atan2 } from "../../../../src/x86/float80/atan.ts";
import { exp2Minus1 } from "../../../../src/x86/float80/exp2.ts";
import { yLog2X, yLog2XPlus1 } from "../../../../src/x86/float80/log2.ts";
import { cos, sin, sinCos, tan } from "../../../../src/x86/float80/trig.ts";
import type { FloatUnit } from "../../../../src/x86/float80/unit.ts";
import { DE, IE, PE, ZE } from "../../../../src/x86/float80/unit.ts";
import { Random } from "../../../oracle/random.ts";
import { textSeed } from "../../../support/seed.ts";
import * as functions from "./functions.ts";
import type { Fraction } from "./reference.ts";
import { exponentOf, fraction, negated, over, plus, powerOfTwo, rounded, ROUNDINGS, times, valueOf } from "./reference.ts";
import type { Number80 } from "./unit-runner.ts";
import { controlWord, outcomeText, PRECISIONS, resultOf, text, unitWith } from "./unit-runner.ts";

const BIAS = 16383, INTEGER_BIT = 1n << 63n;
const ONE = fraction(1n);
/** The architecture's pi, as SDM 1 §8.3.8 prints it: 0.f * 2^2. */
const PI_66 = times({ num: 0xc90fdaa22168c234cn, den: 1n << 68n }, fraction(4n));

const seed = textSeed("transcendental");

type Values = readonly [a: Fraction, b: Fraction];
type Operands = readonly [a: Number80, b: Number80];

/** Runs an operation under all rounding controls, and any precision control, and compares with the exact value, rounded once. */
function check(random: Random, operation: (u: FloatUnit) => void, operands: Operands, exact: (...values: Values) => Fraction): void {
  const [a, b] = operands, value = exact(valueOf(a.signExp, a.significand), valueOf(b.signExp, b.significand));
  // Zeros are among the special operands.
  if (value.num === 0n) return;
  const denormal = operands.some(({ signExp, significand }) => (signExp & 0x7fff) === 0 && significand !== 0n) ? DE : 0;
  for (const rounding of ROUNDINGS) {
    const u = unitWith(controlWord(rounding, random.pick(PRECISIONS)), a, b), wanted = rounded(value, rounding);
    operation(u);
    expect(outcomeText(resultOf(u)), `${text(a)} ${text(b)} ${rounding}`).to.equal(outcomeText({ ...wanted, flags: wanted.flags | denormal }));
  }
}

const randomSignificand = (random: Random): bigint => INTEGER_BIT | (BigInt(random.u32()) << 31n) | (BigInt(random.u32()) >> 1n);

/** A number with an exponent within low … high; sometimes few bits, or near a power of two. */
function numberBetween(random: Random, low: number, high: number, sign = random.below(2)): Number80 {
  const signExp = (sign << 15) | (BIAS + random.between(low, high)), significand = randomSignificand(random);
  return { signExp, significand: random.weighted<bigint>([
    [6, significand],
    [1, INTEGER_BIT + BigInt(random.below(4))],
    [1, (1n << 64n) - 1n - BigInt(random.below(4))],
    [1, INTEGER_BIT | (BigInt(random.below(256)) << 55n)],
  ]) };
}

const anyNumber = (random: Random): Number80 => numberBetween(random, 1 - BIAS, BIAS);
const denormal = (random: Random): Number80 => ({ signExp: random.below(2) << 15, significand: randomSignificand(random) >> BigInt(random.between(1, 63)) });

/** The number nearest to a positive fraction, `steps` further on the line of numbers. */
function near(value: Fraction, steps: number): Number80 {
  const { signExp, significand } = rounded(value, "nearest"), place = (BigInt(signExp) << 63n) + (significand - INTEGER_BIT) + BigInt(steps);
  return { signExp: Number(place >> 63n), significand: INTEGER_BIT | (place & (INTEGER_BIT - 1n)) };
}

/** Times a number a little below or above 1. */
const slightly = (value: Fraction, side: 1n | -1n): Fraction => times(value, plus(ONE, times(fraction(side), powerOfTwo(-300))));

function isPowerOfTwo(x: Fraction): boolean {
  const unit = powerOfTwo(exponentOf(x));
  return x.num * unit.den === unit.num * x.den;
}

function floorOf({ num, den }: Fraction): bigint {
  const quotient = num / den;
  return quotient * den > num ? quotient - 1n : quotient;
}

function rounds(count: number, run: (i: number) => void): void {
  for (let i = 0; i < count; i++) run(i);
}

describe(`the transcendental functions, seed ${seed}`, () => {
  const random = new Random(seed);
  const { fixed, fractionOf, LN2, PI } = functions, ln2 = fractionOf(LN2), pi = fractionOf(PI);
  const log2 = (x: Fraction): Fraction => (isPowerOfTwo(x) ? fraction(BigInt(exponentOf(x))) : fractionOf(functions.log2(fixed(x))));

  describe("F2XM1", () => {
    const check1 = (a: Number80, exact: (a: Fraction) => Fraction): void => check(random, exp2Minus1, [a, a], exact);

    it("is correctly rounded", () => rounds(100, () =>
      check1(numberBetween(random, random.bool() ? -4 : -66, -1), (a) => fractionOf(functions.exp2Minus1(fixed(a))))));

    it("is x ln 2 for the smallest numbers", () => {
      rounds(30, () => check1(numberBetween(random, 1 - BIAS, -700), (a) => times(a, ln2)));
      rounds(15, () => check1(denormal(random), (a) => times(a, ln2)));
    });

    it("is exact at -1 and 1", () => {
      check1({ signExp: BIAS, significand: INTEGER_BIT }, () => ONE);
      check1({ signExp: 0x8000 | BIAS, significand: INTEGER_BIT }, () => fraction(-1n, 2n));
    });
  });

  describe("FYL2X", () => {
    const check2 = (a: Number80, b: Number80, exact: (a: Fraction) => Fraction): void =>
      check(random, yLog2X, [a, b], (x, y) => times(exact(x), y));

    it("is correctly rounded", () => rounds(80, () => check2(numberBetween(random, -18, 18, 0), numberBetween(random, -40, 40), log2)));

    it("keeps its precision near 1", () => rounds(40, () => {
      const distance = times(fraction(random.bool() ? 1n : -1n, BigInt(random.u32()) + 1n), powerOfTwo(-random.between(1, 31)));
      check2(near(plus(ONE, distance), 0), numberBetween(random, -4, 4), log2);
    }));

    it("overflows and underflows", () => rounds(40, () => {
      const y = random.bool() ? numberBetween(random, BIAS - 4, BIAS) : numberBetween(random, 1 - BIAS, 4 - BIAS);
      check2(numberBetween(random, random.bool() ? -18 : -1, 0, 0), y, log2);
    }));

    it("takes logarithms from the whole range", () => rounds(30, () => {
      const a = random.chance(0.7) ? { ...anyNumber(random), signExp: random.between(1, 0x7ffe) } : { ...denormal(random), signExp: 0 };
      const exp = Math.max(a.signExp, 1) - BIAS;
      check2(a, numberBetween(random, -4, 4), (x) => plus(fraction(BigInt(exp)), log2(times(x, powerOfTwo(-exp)))));
    }));

    it("is exact for powers of two", () => rounds(40, () => {
      const exp = random.pick([-1, 1, 2, random.between(1 - BIAS, -1), random.between(1, BIAS)]);
      check2({ signExp: BIAS + exp, significand: INTEGER_BIT }, numberBetween(random, -4, 4), () => fraction(BigInt(exp)));
    }));
  });

  describe("FYL2XP1", () => {
    const check2 = (a: Number80, b: Number80, exact: (a: Fraction) => Fraction): void =>
      check(random, yLog2XPlus1, [a, b], (x, y) => times(exact(x), y));

    it("is correctly rounded", () => rounds(80, () =>
      check2(numberBetween(random, random.bool() ? -5 : -80, -2), numberBetween(random, -40, 40), (a) => log2(plus(ONE, a)))));

    it("is y x / ln 2 for the smallest numbers", () => {
      rounds(30, () => check2(numberBetween(random, 1 - BIAS, -700), anyNumber(random), (a) => over(a, ln2)));
      rounds(15, () => check2(denormal(random), anyNumber(random), (a) => over(a, ln2)));
    });

    it("goes on beyond its range", () => rounds(30, () =>
      check2(numberBetween(random, -1, 18, 0), numberBetween(random, -4, 4), (a) => log2(plus(ONE, a)))));
  });

  describe("FPATAN", () => {
    /** The angle of a point by the quadrant it is in. */
    function angle(x: Fraction, y: Fraction): Fraction {
      if (y.num < 0n) return negated(angle(x, negated(y)));
      if (x.num < 0n) return plus(pi, negated(angle(negated(x), y)));
      return fractionOf(functions.arctangent(y.num * x.den, x.num * y.den));
    }

    it("is correctly rounded in all quadrants", () => rounds(80, () => {
      const range = random.pick([2, 10, 60]);
      check(random, atan2, [numberBetween(random, -range, range), numberBetween(random, -range, range)], angle);
    }));

    it("is correctly rounded where its tables meet", () => rounds(40, () => {
      const a = numberBetween(random, 0, 0), ratio = fraction(BigInt(random.between(1, 16)), 16n);
      const b = near(times(valueOf(a.signExp & 0x7fff, a.significand), ratio), random.between(-2, 2));
      check(random, atan2, random.bool() ? [a, b] : [b, a], angle);
    }));

    it("is the quotient where that is small, and multiples of pi/2 where it is large", () => rounds(60, () => {
      const a = anyNumber(random), exp = (a.signExp & 0x7fff) - BIAS, isDenormal = random.chance(0.2);
      const b = isDenormal ? denormal(random) : numberBetween(random, 1 - BIAS, Math.max(exp - 200, 1 - BIAS));
      if (exp < -BIAS + 300) return;
      const beside = (multiple: Fraction, y: Fraction, side: 1n | -1n): Fraction => (y.num < 0n ? negated(slightly(multiple, side)) : slightly(multiple, side));
      check(random, atan2, [a, b], (x, y) => (x.num < 0n ? beside(pi, y, -1n) : slightly(over(y, x), -1n)));
      check(random, atan2, [b, a], (x, y) => beside(times(pi, fraction(1n, 2n)), y, x.num < 0n ? 1n : -1n));
    }));
  });

  describe("FSIN, FCOS and FPTAN", () => {
    const quarterTurn = times(PI_66, fraction(1n, 2n));
    /** The quarter turn nearest to x, modulo 4, and what is left. */
    function reduced(x: Fraction): [quadrant: number, rest: bigint] {
      const turns = over(x, quarterTurn), nearest = floorOf(plus(turns, fraction(1n, 2n)));
      return [Number(BigInt.asUintN(2, nearest)), fixed(plus(x, negated(times(quarterTurn, fraction(nearest)))))];
    }
    const { sine, cosine } = functions;
    const exactSine = (x: Fraction, further = 0): Fraction => {
      const [quadrant, rest] = reduced(x), value = [sine(rest), cosine(rest), -sine(rest), -cosine(rest)][(quadrant + further) & 3];
      return fractionOf(value);
    };
    const exactCosine = (x: Fraction): Fraction => exactSine(x, 1);
    /** FPTAN's result is its operand b. */
    const tangent = (u: FloatUnit): void => {
      tan(u);
      u.set(u.bSe, u.bHi, u.bLo);
    };

    function checkAll(a: Number80): void {
      check(random, sin, [a, a], (x) => exactSine(x));
      check(random, cos, [a, a], exactCosine);
      check(random, tangent, [a, a], (x) => over(exactSine(x), exactCosine(x)));
    }

    it("are correctly rounded", () => rounds(60, () => checkAll(numberBetween(random, -8, 3))));
    it("are correctly rounded for small numbers", () => rounds(40, () => checkAll(numberBetween(random, -66, -8))));
    it("are those of the rest by the 66-bit pi, up to 2^63", () => rounds(60, () => checkAll(numberBetween(random, 0, 62))));

    it("are correctly rounded near multiples of pi/2", () => rounds(40, () => {
      const multiple = random.pick([1, 2, 3, 4, random.between(1, 1000), random.u32()]);
      checkAll(near(times(PI_66, fraction(BigInt(multiple), 2n)), random.between(-3, 3)));
    }));

    it("differ from x, 1 and x in the direction of rounding only, for the smallest numbers", () => rounds(40, () => {
      const a = random.bool() ? numberBetween(random, 1 - BIAS, -63) : denormal(random);
      check(random, sin, [a, a], (x) => slightly(x, -1n));
      check(random, cos, [a, a], () => slightly(ONE, -1n));
      check(random, tangent, [a, a], (x) => slightly(x, 1n));
    }));

    it("leave numbers of 2^63 and more alone", () => {
      for (const operation of [sin, cos, sinCos, tan]) {
        for (const signExp of [BIAS + 63, 0x8000 | (BIAS + 63), 0x7ffe]) {
          const u = unitWith(controlWord("nearest"), { signExp, significand: INTEGER_BIT });
          expect(operation(u)).to.equal(false);
          expect(u.flags).to.equal(0);
        }
      }
    });

    it("are the same in FSINCOS", () => rounds(30, () => {
      const a = random.chance(0.1) ? denormal(random) : numberBetween(random, -66, 62), together = unitWith(controlWord("nearest"), a);
      sinCos(together);
      const sine = unitWith(controlWord("nearest"), a), cosine = unitWith(controlWord("nearest"), a);
      sin(sine);
      cos(cosine);
      expect([together.bSe, together.bHi, together.bLo]).to.deep.equal([sine.se, sine.hi, sine.lo]);
      expect([together.se, together.hi, together.lo]).to.deep.equal([cosine.se, cosine.hi, cosine.lo]);
    }));
  });

  // ---- special operands: what a processor did, which agrees with the tables of SDM 2A where those say something

  const NUMBERS: Readonly<Record<string, Number80>> = {
    "+0": { signExp: 0, significand: 0n }, "-0": { signExp: 0x8000, significand: 0n },
    "+inf": { signExp: 0x7fff, significand: INTEGER_BIT }, "-inf": { signExp: 0xffff, significand: INTEGER_BIT },
    "1": { signExp: BIAS, significand: INTEGER_BIT }, "-1": { signExp: 0x8000 | BIAS, significand: INTEGER_BIT },
    "0.5": { signExp: BIAS - 1, significand: INTEGER_BIT }, "-0.5": { signExp: 0x8000 | (BIAS - 1), significand: INTEGER_BIT },
    "1.5": { signExp: BIAS, significand: 3n << 62n }, "-1.5": { signExp: 0x8000 | BIAS, significand: 3n << 62n },
    "min": { signExp: 0, significand: 0x1000n }, "-min": { signExp: 0x8000, significand: 0x1000n },
    "qnan": { signExp: 0x7fff, significand: (3n << 62n) | 5n }, "snan": { signExp: 0xffff, significand: INTEGER_BIT | 7n }, "snan'": { signExp: 0xffff, significand: (3n << 62n) | 7n },
    "unnormal": { signExp: BIAS, significand: 1n << 62n }, "default": { signExp: 0xffff, significand: 3n << 62n },
    "pi": near(pi, 0), "pi/2": near(times(pi, fraction(1n, 2n)), 0), "pi/4": near(times(pi, fraction(1n, 4n)), 0), "3pi/4": near(times(pi, fraction(3n, 4n)), 0),
  };
  const FLAGS: Readonly<Record<string, number>> = { I: IE, D: DE, Z: ZE, P: PE, C: 0x200 };

  /** Checks lines of `st0 [st1] -> result [flags]`. */
  function checkTable(operation: (u: FloatUnit) => void, table: string): void {
    for (const line of table.trim().split("\n")) {
      const [operands, outcome] = line.split("->").map((half) => half.trim().split(/ +/)), [result, flags = ""] = outcome;
      const u = unitWith(controlWord("nearest"), NUMBERS[operands[0]], NUMBERS[operands.at(-1) ?? ""]);
      operation(u);
      const wanted = { ...NUMBERS[result], flags: [...flags].reduce((sum, letter) => sum | FLAGS[letter], 0) };
      expect(outcomeText(resultOf(u)), line).to.equal(outcomeText(wanted));
    }
  }

  describe("special operands", () => {
    it("of F2XM1", () => checkTable(exp2Minus1, `
      +0 -> +0
      -0 -> -0
      +inf -> +inf
      -inf -> -1
      1.5 -> 1.5 P
      -1.5 -> -1.5 P
      qnan -> qnan
      snan -> snan' I
      unnormal -> default I`));

    it("of FYL2X", () => checkTable(yLog2X, `
      +0 +0 -> default I
      -0 -0 -> default I
      +0 1 -> -inf Z
      -0 -1 -> +inf Z
      +0 min -> -inf Z
      +0 +inf -> -inf
      -0 -inf -> +inf
      -1 1 -> default I
      -min 1 -> default I
      -inf +inf -> default I
      1 +0 -> +0
      1 -1.5 -> -0
      1 min -> +0 D
      1 +inf -> default I
      0.5 +0 -> -0
      0.5 -0 -> +0
      0.5 +inf -> -inf
      0.5 1 -> -1
      1.5 -0 -> -0
      1.5 -inf -> -inf
      min +0 -> -0 D
      min +inf -> -inf D
      +inf +0 -> default I
      +inf -1 -> -inf
      +inf min -> +inf D
      +inf +inf -> +inf
      snan qnan -> qnan I
      -1 qnan -> qnan
      qnan unnormal -> default I`));

    it("of FYL2XP1", () => checkTable(yLog2XPlus1, `
      +0 -0 -> -0
      -0 1 -> -0
      +0 min -> +0 D
      +0 +inf -> default I
      min +inf -> +inf D
      -0.5 +inf -> -inf
      -0.5 +0 -> -0
      1 1 -> 1
      -1 1 -> -1 P
      -1.5 min -> -1.5 DP
      +inf +0 -> default I
      +inf -min -> -inf D
      -inf 1 -> default I
      1 snan -> snan' I`));

    it("of FPATAN", () => checkTable(atan2, `
      +0 +0 -> +0
      +0 -0 -> -0
      -0 +0 -> pi PC
      1 +0 -> +0
      min +0 -> +0 D
      +0 1 -> pi/2 PC
      -0 min -> pi/2 PCD
      1 1 -> pi/4 PC
      -1 1 -> 3pi/4 PC
      +inf 1 -> +0
      +inf -0 -> -0
      +inf min -> +0 D
      -inf 1 -> pi PC
      1 +inf -> pi/2 PC
      +inf +inf -> pi/4 PC
      -inf +inf -> 3pi/4 PC
      qnan 1 -> qnan
      unnormal 1 -> default I`));

    it("of FSIN and FCOS", () => {
      checkTable(sin, `
        -0 -> -0
        +inf -> default I
        snan -> snan' I
        unnormal -> default I`);
      checkTable(cos, `
        -0 -> 1
        min -> 1 DPC
        -inf -> default I
        qnan -> qnan`);
    });

    it("of FPTAN and FSINCOS, in both results", () => {
      const second = (operation: (u: FloatUnit) => boolean) => (u: FloatUnit): void => {
        operation(u);
        u.set(u.bSe, u.bHi, u.bLo);
      };
      const refused = `
        +inf -> default I
        snan -> snan' I`;
      for (const operation of [sinCos, tan]) {
        checkTable(operation, `-0 -> 1${refused}`);
        checkTable(second(operation), `-0 -> -0${refused}`);
      }
    });
  });
});
