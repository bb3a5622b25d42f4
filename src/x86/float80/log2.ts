/**
 * FYL2X and FYL2XP1: a logarithm to base 2, times a number. For f in [sqrt(1/2), sqrt 2] and s = (f - 1) / (f + 1),
 * ln f = 2 atanh s; numerator and denominator of s are exact integers, so that logarithms near 0 keep their precision.
 */
import type { Approximation } from "./big-round.ts";
import { bitLength, roundBig, roundFunction, significandOf } from "./big-round.ts";
import { deliverNan, isInfinity, isZero, noteDenormals, normalizeA, normalizeB } from "./classify.ts";
import type { Precision } from "./fixed-point.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, INTEGER_BIT, PE, SIGN, ZE } from "./unit.ts";

/** y * (whole + log2 f): f by its s = 2^scale * numerator / denominator, |y| = factor * 2^factorExp. */
interface Product {
  /** Sign of y. */
  readonly sign: number;
  readonly factor: bigint;
  readonly factorExp: number;
  readonly whole: number;
  readonly numerator: bigint;
  readonly denominator: bigint;
  /** 0, or if `whole` is 0 less than -256. */
  readonly scale: number;
}

/** b * log2(a). */
export function yLog2X(u: FloatUnit): void {
  if (deliverNan(u)) return;
  const { aSe, bSe } = u, bSign = bSe & SIGN, bIsZero = isZero(bSe, u.bHi, u.bLo);
  if (isZero(aSe, u.aHi, u.aLo)) {
    if (bIsZero) return u.invalid();
    if (!isInfinity(bSe)) u.flags |= ZE;
    return u.infinity(bSign ^ SIGN);
  }
  const isOne = aSe === BIAS && u.aHi === INTEGER_BIT && u.aLo === 0;
  if ((aSe & SIGN) !== 0 || (isInfinity(aSe) && bIsZero) || (isOne && isInfinity(bSe))) return u.invalid();
  noteDenormals(u);
  const sign = bSign ^ (aSe < BIAS ? SIGN : 0);
  if (isInfinity(aSe) || isInfinity(bSe)) return u.infinity(sign);
  if (isOne || bIsZero) return u.zero(sign);
  const exp = normalizeA(u) - BIAS;
  timesB(u, significandOf(u.aHi, u.aLo), exp - 63);
}

/**
 * b * log2(a + 1) for a between sqrt(1/2) - 1 and sqrt 2 - 1. Beyond that the manual leaves the result open; processors go
 * on in the same way, but deliver a itself as inexact for -1 and below.
 */
export function yLog2XPlus1(u: FloatUnit): void {
  if (deliverNan(u)) return;
  const { aSe, bSe } = u, aSign = aSe & SIGN, sign = aSign ^ (bSe & SIGN);
  const aIsZero = isZero(aSe, u.aHi, u.aLo), bIsZero = isZero(bSe, u.bHi, u.bLo);
  if (isInfinity(aSe) ? aSign !== 0 || bIsZero : aIsZero && isInfinity(bSe)) return u.invalid();
  noteDenormals(u);
  if (isInfinity(aSe) || isInfinity(bSe)) return u.infinity(sign);
  if (aIsZero || bIsZero) return u.zero(sign);
  const exp = normalizeA(u) - BIAS, magnitude = significandOf(u.aHi, u.aLo), significand = aSign === 0 ? magnitude : -magnitude;
  if (exp >= 0 && aSign !== 0) {
    u.flags |= PE;
    u.set(aSe, u.aHi, u.aLo);
  } else if (exp < -256) {
    deliver(u, 0, significand, 1n << 64n, exp);
  } else if (exp <= 128) {
    const unit = Math.min(exp - 63, 0);
    timesB(u, (1n << BigInt(-unit)) + (significand << BigInt(Math.max(exp - 63, 0))), unit);
  } else {
    // 1 does not show beside numbers of this size.
    timesB(u, magnitude, exp - 63);
  }
}

/** b * log2(value * 2^exp), for a positive value. */
function timesB(u: FloatUnit, value: bigint, exp: number): void {
  const length = bitLength(value), isLarge = (value * value) >> BigInt(2 * length - 1) !== 0n;
  const unitBit = isLarge ? length : length - 1, unit = 1n << BigInt(unitBit);
  deliver(u, exp + unitBit, value - unit, value + unit, 0);
}

function deliver(u: FloatUnit, whole: number, numerator: bigint, denominator: bigint, scale: number): void {
  const factorExp = normalizeB(u) - BIAS - 63, factor = significandOf(u.bHi, u.bLo), sign = u.bSe & SIGN;
  // Powers of two have logarithms that are integers; no others have rational ones.
  if (numerator === 0n) return roundBig(u, whole < 0 ? sign ^ SIGN : sign, factor * BigInt(Math.abs(whole)), factorExp);
  roundFunction<Product>(u, { sign, factor, factorExp, whole, numerator, denominator, scale }, approximate);
}

function approximate({ sign, factor, factorExp, whole, numerator, denominator, scale }: Product, p: Precision): Approximation {
  const s = scale === 0 ? (numerator << p.shift) / denominator : 0n;
  const atanhTimes = numerator * p.sum(p.tables.logarithm, p.times(s, s));
  // 2 atanh(s) / ln 2, in units of 2^(-2 bits).
  const fraction = (2n * atanhTimes * p.tables.log2e) / denominator, log = (BigInt(whole) << (2n * p.shift)) + fraction;
  const isNegative = log < 0n;
  return { sign: isNegative ? sign ^ SIGN : sign, magnitude: factor * (isNegative ? -log : log), exponent: factorExp + scale - 2 * p.bits };
}
