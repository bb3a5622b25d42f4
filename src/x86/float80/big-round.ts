/**
 * Rounds results of any length to 64 bits, also those that are only known approximately: a transcendental function is
 * evaluated in the narrow precision first, and again in the wide one if its error leaves open how to round. Results are
 * therefore correctly rounded in all rounding modes; precision control does not apply (SDM 1 §8.1.5.2).
 */
import type { Precision } from "./fixed-point.ts";
import { NARROW, WIDE } from "./fixed-point.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS } from "./unit.ts";

/** An approximation of a function's value: magnitude * 2^exponent with `sign` 0 or 0x8000; the magnitude is positive. */
export interface Approximation {
  readonly sign: number;
  readonly magnitude: bigint;
  readonly exponent: number;
}

/** Of a precision's bits these many may be wrong: what truncations in the evaluation add up to, and a wide margin. */
const LOST_BITS = 12;

/** Delivers a value that has no finite expansion, from its approximations. */
export function roundFunction<Operands>(u: FloatUnit, operands: Operands, approximate: (operands: Operands, p: Precision) => Approximation): void {
  const narrow = approximate(operands, NARROW);
  const result = isDecided(narrow.magnitude, NARROW) ? narrow : approximate(operands, WIDE);
  roundBig(u, result.sign, result.magnitude, result.exponent);
}

/** True if all numbers within the error of the magnitude lie strictly between the same two of 65 bits. */
function isDecided(magnitude: bigint, { bits }: Precision): boolean {
  const tailBits = BigInt(bitLength(magnitude) - 65), error = magnitude >> BigInt(bits - LOST_BITS);
  const tail = magnitude & ((1n << tailBits) - 1n);
  return tail > error && tail + error < 1n << tailBits;
}

/** Delivers magnitude * 2^exponent, exact; the magnitude is positive. */
export function roundBig(u: FloatUnit, sign: number, magnitude: bigint, exponent: number): void {
  const length = bitLength(magnitude);
  // 64 bits, 31 more, and one for all below.
  const drop = BigInt(length - 95), kept = magnitude >> drop, isSticky = kept << drop !== magnitude;
  const top = kept >> 31n, ext = (Number(kept & 0x7fffffffn) << 1) | (isSticky ? 1 : 0);
  u.roundFull(sign, exponent + length - 1 + BIAS, wordOf(top >> 32n), wordOf(top), ext);
}

function wordOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

/** Number of bits of a positive number below 2^1000. */
export function bitLength(value: bigint): number {
  // The double may have been rounded up to the next power of two, and its logarithm either way.
  let length = Math.floor(Math.log2(Number(value))) + 1;
  if (value >> BigInt(length - 1) === 0n) length--;
  else if (value >> BigInt(length) !== 0n) length++;
  return length;
}

/** A significand as a number of 64 bits. */
export function significandOf(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
