/**
 * Exact binary floating point on BigInt: what the fast paths of `float-unit.ts` fall back to wherever a result is not
 * plainly a normal number rounded to nearest. Slow and simple; one rounding for every operation, format and mode.
 */

/** IEEE 754 binary32 or binary64. Exponents are those of the leading bit. */
export interface Format {
  readonly precision: number;
  readonly minExponent: number;
  readonly maxExponent: number;
}
export const SINGLE: Format = { precision: 24, minExponent: -126, maxExponent: 127 };
export const DOUBLE: Format = { precision: 53, minExponent: -1022, maxExponent: 1023 };

/** Rounding modes as MXCSR.RC and ROUNDPS number them. */
export const ROUND_NEAREST = 0, ROUND_DOWN = 1, ROUND_UP = 2, ROUND_ZERO = 3;

/** (-1)^sign * significand * 2^exponent; `sticky`: the magnitude is a little more than that. Significand 0 is zero. */
export interface Exact {
  readonly sign: 0 | 1;
  readonly significand: bigint;
  readonly exponent: number;
  readonly sticky: boolean;
}

/** A rounded number: its encoding but for the sign, and what happened. */
export interface Rounded {
  readonly magnitude: bigint;
  readonly isInexact: boolean;
  readonly isOverflow: boolean;
  /** Below the normal range after rounding with unbounded exponent (SDM 1 §4.9.1.5). */
  readonly isTiny: boolean;
  /** The significand is not what it was, whatever the exponent. */
  readonly isRounded: boolean;
}

export function bitLength(n: bigint): number {
  return n.toString(2).length;
}

export function exact(sign: 0 | 1, significand: bigint, exponent: number, sticky = false): Exact {
  return { sign, significand, exponent, sticky };
}

/** Sum of two numbers; its sign is that of `x` where it is zero. */
export function addExact(x: Exact, y: Exact): Exact {
  const exponent = Math.min(x.exponent, y.exponent);
  const signed = (v: Exact): bigint => (v.sign === 1 ? -v.significand : v.significand) << BigInt(v.exponent - exponent);
  const sum = signed(x) + signed(y);
  return exact(sum < 0n ? 1 : sum > 0n ? 0 : x.sign, sum < 0n ? -sum : sum, exponent);
}

export function multiplyExact(x: Exact, y: Exact): Exact {
  return exact((x.sign ^ y.sign) as 0 | 1, x.significand * y.significand, x.exponent + y.exponent);
}

/** Bits beyond any format's precision that a quotient or root is computed to before the sticky bit. */
const EXTRA_BITS = 60;

export function divideExact(x: Exact, y: Exact): Exact {
  const shift = Math.max(0, bitLength(y.significand) - bitLength(x.significand)) + 2 * EXTRA_BITS;
  const dividend = x.significand << BigInt(shift);
  const sticky = dividend % y.significand !== 0n;
  return exact((x.sign ^ y.sign) as 0 | 1, dividend / y.significand, x.exponent - y.exponent - shift, sticky);
}

export function squareRootExact(x: Exact): Exact {
  const shift = 4 * EXTRA_BITS + ((x.exponent - 4 * EXTRA_BITS) & 1);
  const square = x.significand << BigInt(shift), root = floorSquareRoot(square);
  return exact(0, root, (x.exponent - shift) / 2, root * root !== square);
}

function floorSquareRoot(n: bigint): bigint {
  let x = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** Significand shifted right by `shift` (left if negative) and rounded. */
function shiftRounded(v: Exact, shift: number, mode: number): { significand: bigint; isInexact: boolean } {
  if (shift <= 0) return { significand: v.significand << BigInt(-shift), isInexact: v.sticky };
  const by = BigInt(shift), quotient = v.significand >> by, rest = v.significand - (quotient << by), half = 1n << (by - 1n);
  const isInexact = rest !== 0n || v.sticky;
  let up = false;
  if (mode === ROUND_NEAREST) up = rest > half || (rest === half && (v.sticky || (quotient & 1n) === 1n));
  else if (mode !== ROUND_ZERO) up = isInexact && (mode === ROUND_DOWN) === (v.sign === 1);
  return { significand: up ? quotient + 1n : quotient, isInexact };
}

/** Rounds a number that is not zero. A quotient or root with `sticky` has more bits than the format. */
export function roundExact(v: Exact, format: Format, mode: number): Rounded {
  const { precision, minExponent, maxExponent } = format;
  const top = v.exponent + bitLength(v.significand) - 1;
  const unbounded = shiftRounded(v, top - precision + 1 - v.exponent, mode);
  const roundedTop = bitLength(unbounded.significand) > precision ? top + 1 : top;
  const isTiny = roundedTop < minExponent;
  const { significand, isInexact } = top < minExponent ? shiftRounded(v, minExponent - precision + 1 - v.exponent, mode) : unbounded;
  const fractionBits = BigInt(precision - 1), infinity = BigInt(2 * maxExponent + 1) << fractionBits;
  if (roundedTop > maxExponent) {
    const toInfinity = mode === ROUND_NEAREST || (mode !== ROUND_ZERO && (mode === ROUND_DOWN) === (v.sign === 1));
    return { magnitude: toInfinity ? infinity : infinity - 1n, isInexact: true, isOverflow: true, isTiny: false, isRounded: unbounded.isInexact };
  }
  // The leading bit of a normal number adds 1 to the exponent field; a carry out of the fraction does the same.
  const field = top < minExponent ? 0n : BigInt(top - minExponent) << fractionBits;
  return { magnitude: field + significand, isInexact, isOverflow: false, isTiny, isRounded: unbounded.isInexact };
}
