// Transcendental functions to far more digits than the unit needs, by series and iterations that the unit does not use.
// Numbers are BigInt in units of 2^-BITS.

import type { Fraction } from "./reference.ts";

const BITS = 640;
const SHIFT = BigInt(BITS), ONE = 1n << SHIFT;

const product = (x: bigint, y: bigint): bigint => (x * y) >> SHIFT;
const quotient = (x: bigint, y: bigint): bigint => (x << SHIFT) / y;
export const fixed = ({ num, den }: Fraction): bigint => (num << SHIFT) / den;
export const fractionOf = (x: bigint): Fraction => ({ num: x, den: ONE });

/** Sum of terms until they vanish; `next` makes a term from the one before, n counts from 1. */
function series(first: bigint, next: (term: bigint, n: number) => bigint): bigint {
  let sum = first, term = first;
  for (let n = 1; term !== 0n && term !== -1n; n++) sum += term = next(term, n);
  return sum;
}

/** Machin's formula. */
const inverseTangent = (n: bigint): bigint => {
  let sum = 0n, power = ONE / n;
  for (let k = 0n; power !== 0n; k++, power /= n * n) sum += (k % 2n === 0n ? power : -power) / (2n * k + 1n);
  return sum;
};
export const PI = 16n * inverseTangent(5n) - 4n * inverseTangent(239n);

/** Sum of 1 / (k 2^k). */
export const LN2 = (() => {
  let sum = 0n;
  for (let k = 1n; k <= SHIFT; k++) sum += (ONE >> k) / k;
  return sum;
})();

/** e^x for |x| < 20: Taylor at x / 256, squared eight times. */
function exp(x: bigint): bigint {
  let y = series(ONE, (term, n) => product(term, x >> 8n) / BigInt(n));
  for (let i = 0; i < 8; i++) y = product(y, y);
  return y;
}

export const exp2Minus1 = (x: bigint): bigint => exp(product(x, LN2)) - ONE;

/** log2 x for 2^-20 < x < 2^20: Halley's iteration on e^y = x. */
export function log2(x: bigint): bigint {
  let y = fixed({ num: BigInt(Math.round(Math.log(Number(x >> (SHIFT - 100n)) / 2 ** 100) * 2 ** 60)), den: 1n << 60n });
  for (let i = 0; i < 3; i++) {
    const e = exp(y);
    y += 2n * quotient(x - e, x + e);
  }
  return quotient(y, LN2);
}

/** Sine and cosine for |x| < 1. */
export function sine(x: bigint): bigint {
  const square = product(x, x);
  return series(x, (term, n) => -product(term, square) / BigInt(2 * n * (2 * n + 1)));
}
export function cosine(x: bigint): bigint {
  const square = product(x, x);
  return series(ONE, (term, n) => -product(term, square) / BigInt(2 * n * (2 * n - 1)));
}
/** atan(num / den) for positive numbers: Euler's series at the smaller of t and 1 / t. */
export function arctangent(num: bigint, den: bigint): bigint {
  if (num > den) return PI / 2n - arctangent(den, num);
  const t = quotient(num, den), square = product(t, t), ratio = quotient(square, ONE + square);
  return series(quotient(t, ONE + square), (term, n) => product(term, ratio) * BigInt(2 * n) / BigInt(2 * n + 1));
}
