/**
 * FPATAN: the angle of a point. With t the smaller coordinate over the larger and k the nearest integer to 8 t,
 * atan t = atan(k/8) + atan s for s = (t - k/8) / (1 + t k/8), whose numerator and denominator are exact integers.
 */
import type { Approximation } from "./big-round.ts";
import { roundBig, roundFunction, significandOf } from "./big-round.ts";
import { deliverNan, isInfinity, isZero, noteDenormals, normalizeA, normalizeB } from "./classify.ts";
import type { Precision } from "./fixed-point.ts";
import { ARCTANGENT_STEPS } from "./fixed-point.ts";
import type { FloatUnit } from "./unit.ts";
import { SIGN } from "./unit.ts";

/** quarters * pi/4 + atan(numerator / denominator), the quotient from -1 to 1. */
interface Angle {
  readonly sign: number;
  readonly quarters: number;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Quotients below 2^-128 do not show beside pi/4, nor do their squares beside 1. */
const TINY_EXP = -128;
/** Fraction bits beyond those of the precision, for quotients as small as that. */
const EXTRA_BITS = 64 - TINY_EXP;

/** Angle of the point with the coordinates a (x) and b (y), -pi to pi. */
export function atan2(u: FloatUnit): void {
  if (deliverNan(u)) return;
  noteDenormals(u);
  const { aSe, bSe } = u, sign = bSe & SIGN, isLeft = (aSe & SIGN) !== 0, xIsInfinite = isInfinity(aSe), yIsInfinite = isInfinity(bSe);
  if (xIsInfinite && yIsInfinite) return deliverQuarters(u, sign, isLeft ? 3 : 1);
  if (isZero(bSe, u.bHi, u.bLo) || xIsInfinite) return isLeft ? deliverQuarters(u, sign, 4) : u.zero(sign);
  if (isZero(aSe, u.aHi, u.aLo) || yIsInfinite) return deliverQuarters(u, sign, 2);
  const distance = normalizeB(u) - normalizeA(u), x = significandOf(u.aHi, u.aLo), y = significandOf(u.bHi, u.bLo);
  const isSteep = distance > 0 || (distance === 0 && y > x), quotientExp = -Math.abs(distance);
  const quarters = isSteep ? 2 : isLeft ? 4 : 0;
  const least = isSteep ? x : y, most = isSteep ? y : x;
  if (quotientExp >= TINY_EXP) {
    const numerator = isLeft === isSteep ? least : -least;
    roundFunction(u, { sign, quarters, numerator, denominator: most << BigInt(-quotientExp) }, approximate);
  } else if (quarters !== 0) {
    deliverQuarters(u, sign, quarters);
  } else {
    // A little less than the quotient.
    const quotient = (least << BigInt(EXTRA_BITS)) / most, isExact = quotient * most === least << BigInt(EXTRA_BITS);
    roundBig(u, sign, 2n * quotient + (isExact ? -1n : 1n), quotientExp - EXTRA_BITS - 1);
  }
}

/** A multiple of pi/4. */
function deliverQuarters(u: FloatUnit, sign: number, quarters: number): void {
  roundFunction(u, { sign, quarters, numerator: 0n, denominator: 1n }, approximate);
}

function approximate({ sign, quarters, numerator, denominator }: Angle, p: Precision): Approximation {
  const isNegative = numerator < 0n, t = isNegative ? -numerator : numerator, steps = BigInt(ARCTANGENT_STEPS);
  const k = (2n * steps * t + denominator) / (2n * denominator);
  const num = steps * t - k * denominator, den = steps * denominator + k * t, s = (num << p.shift) / den;
  const fraction = ((num * p.sum(p.tables.arctangent, -p.times(s, s))) << BigInt(EXTRA_BITS)) / den;
  // All in units of 2^-(bits + EXTRA_BITS).
  const angle = (p.tables.arctangents[Number(k)] << BigInt(EXTRA_BITS)) + fraction, base = (BigInt(quarters) * p.tables.pi) << BigInt(EXTRA_BITS - 2);
  return { sign, magnitude: isNegative ? base - angle : base + angle, exponent: -p.bits - EXTRA_BITS };
}
