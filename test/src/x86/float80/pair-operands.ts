// Pairs of doubles, as exact numbers and at random.

import { expect } from "chai";
import type { Random } from "../../../oracle/random.ts";
import { plus, rounded, valueOf } from "./reference.ts";
import type { Number80 } from "./unit-runner.ts";

const BIAS = 16383, SIGN = 0x8000, INTEGER_BIT = 1n << 63n;

/** A double as an exact number of 80 bits. */
function ofDouble(x: number): Number80 {
  const sign = x < 0 || Object.is(x, -0) ? SIGN : 0, words = new DataView(new ArrayBuffer(8));
  if (x === 0) return { signExp: sign, significand: 0n };
  words.setFloat64(0, x);
  const bits = words.getBigUint64(0);
  return { signExp: sign | (Number((bits >> 52n) & 0x7ffn) - 1023 + BIAS), significand: INTEGER_BIT | ((bits & ((1n << 52n) - 1n)) << 11n) };
}

/** The sum of a pair, which 64 bits hold. */
export function ofPair(h: number, l: number): Number80 {
  if (l === 0) return ofDouble(h);
  const a = ofDouble(h), b = ofDouble(l), sum = rounded(plus(valueOf(a.signExp, a.significand), valueOf(b.signExp, b.significand)), "nearest");
  expect(sum.flags, `${h} + ${l} has more than 64 bits`).to.equal(0);
  return sum;
}

/** A pair of this value, for normal numbers of the range; the first part nearest to the value, or cut off. */
export function pairOf({ signExp, significand }: Number80, isCut: boolean): [number, number] {
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

export function operand(random: Random, exp: number): Number80 {
  const sign = random.below(2) * SIGN;
  return random.below(40) === 0 ? { signExp: sign, significand: 0n } : { signExp: sign | (BIAS + exp), significand: significand(random) };
}

/** Two operands: of like magnitude, far apart, or near the ends of the range. */
export function operands(random: Random): [Number80, Number80] {
  const near = random.between(-60, 60), far = random.between(-899, 899), other = random.weighted([[6, near + random.between(-3, 3)], [4, near + random.between(-70, 70)], [1, far]]);
  const a = operand(random, random.below(10) === 0 ? far : near), b = operand(random, other);
  if (random.below(8) !== 0) return [a, b];
  // Neighbours: sums that vanish but for a few bits.
  const neighbour = { signExp: a.signExp ^ (random.below(2) * SIGN), significand: a.significand ^ BigInt(random.below(16) << random.below(8)) };
  return [a, a.significand === 0n ? b : neighbour];
}
