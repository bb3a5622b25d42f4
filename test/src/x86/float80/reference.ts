// 80-bit arithmetic by definition: operands as exact fractions, one rounding at the end. Slow and plain, to check the
// float80 unit with; shares nothing with it.

/** num / den, den > 0. */
export interface Fraction {
  readonly num: bigint;
  readonly den: bigint;
}

export type Rounding = "nearest" | "down" | "up" | "zero";
/** In the order of the control word's field. */
export const ROUNDINGS: readonly Rounding[] = ["nearest", "down", "up", "zero"];

/** What is delivered with all exceptions masked: the 80 bits, and the status word's exception flags and C1. */
export interface Rounded {
  readonly signExp: number;
  readonly significand: bigint;
  readonly flags: number;
}

const OVERFLOW = 8, UNDERFLOW = 16, INEXACT = 32, ROUNDED_UP = 0x200;
const BIAS = 16383, MAX_EXP = 16383, MIN_EXP = -16382;

export function powerOfTwo(exp: number): Fraction {
  return exp < 0 ? { num: 1n, den: 1n << BigInt(-exp) } : { num: 1n << BigInt(exp), den: 1n };
}

export function fraction(num: bigint, den = 1n): Fraction {
  return den < 0n ? { num: -num, den: -den } : { num, den };
}

export const plus = (a: Fraction, b: Fraction): Fraction => fraction(a.num * b.den + b.num * a.den, a.den * b.den);
export const negated = (a: Fraction): Fraction => fraction(-a.num, a.den);
export const times = (a: Fraction, b: Fraction): Fraction => fraction(a.num * b.num, a.den * b.den);
export const over = (a: Fraction, b: Fraction): Fraction => fraction(a.num * b.den, a.den * b.num);

/** The value of a finite number; denormals and pseudo-denormals too. */
export function valueOf(signExp: number, significand: bigint): Fraction {
  const exp = Math.max(signExp & 0x7fff, 1) - BIAS - 63, magnitude = times(fraction(significand), powerOfTwo(exp));
  return (signExp & 0x8000) !== 0 ? negated(magnitude) : magnitude;
}

/** floor(log2 of a positive fraction). */
export function exponentOf({ num, den }: Fraction): number {
  const exp = num.toString(2).length - den.toString(2).length;
  return isBelow({ num, den }, powerOfTwo(exp)) ? exp - 1 : exp;
}

const isBelow = (a: Fraction, b: Fraction): boolean => a.num * b.den < b.num * a.den;

/** |value| / 2^quantum as an integer, rounded. */
function quantized(magnitude: Fraction, quantum: number, isNegative: boolean, rounding: Rounding): bigint {
  const { num, den } = over(magnitude, powerOfTwo(quantum)), floor = num / den, rest = num - floor * den;
  if (rest === 0n) return floor;
  const isTowardsInfinity = rounding === (isNegative ? "down" : "up");
  if (rounding !== "nearest") return isTowardsInfinity ? floor + 1n : floor;
  const isAbove = 2n * rest > den || (2n * rest === den && (floor & 1n) === 1n);
  return isAbove ? floor + 1n : floor;
}

/** Rounds a value other than zero to `bits` (24, 53, 64) with the exponent range of the registers (SDM 1 §4.8.4, §8.5). */
export function rounded(value: Fraction, rounding: Rounding, bits = 64): Rounded {
  const isNegative = value.num < 0n, sign = isNegative ? 0x8000 : 0, magnitude = isNegative ? negated(value) : value, exp = exponentOf(magnitude);
  const wide = quantized(magnitude, exp - (bits - 1), isNegative, rounding), wideExp = wide >> BigInt(bits) === 0n ? exp : exp + 1;
  if (wideExp > MAX_EXP) return overflowed(isNegative, rounding, bits);
  const quantum = Math.max(exp, MIN_EXP) - (bits - 1), kept = quantized(magnitude, quantum, isNegative, rounding);
  const result = times(fraction(kept), powerOfTwo(quantum)), isInexact = isBelow(result, magnitude) || isBelow(magnitude, result);
  let flags = isInexact ? INEXACT : 0;
  if (isBelow(magnitude, result)) flags |= ROUNDED_UP;
  if (isInexact && wideExp < MIN_EXP) flags |= UNDERFLOW;
  if (kept === 0n) return { signExp: sign, significand: 0n, flags };
  const top = Math.max(exponentOf(result), MIN_EXP), significand = over(result, powerOfTwo(top - 63)), digits = significand.num / significand.den;
  return { signExp: sign | (digits >> 63n === 0n ? 0 : top + BIAS), significand: digits, flags };
}

function overflowed(isNegative: boolean, rounding: Rounding, bits: number): Rounded {
  const sign = isNegative ? 0x8000 : 0, flags = OVERFLOW | INEXACT;
  if (rounding === "zero" || rounding === (isNegative ? "up" : "down")) {
    return { signExp: sign | 0x7ffe, significand: ((1n << BigInt(bits)) - 1n) << BigInt(64 - bits), flags };
  }
  return { signExp: sign | 0x7fff, significand: 1n << 63n, flags: flags | ROUNDED_UP };
}
