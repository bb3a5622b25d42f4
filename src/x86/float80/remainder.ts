/** FPREM and FPREM1: exact remainders, in steps where the exponents are far apart. */
import { deliverNan, isInfinity, isZero, leadingZeros, noteDenormals, normalizeA, normalizeB, shiftedHigh, shiftedLow } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { C0, C1, C2, C3, SIGN } from "./unit.ts";

/** a - b * trunc(a / b); returns the condition codes, -1 for none. */
export function remainder(u: FloatUnit): number {
  return partialRemainder(u, false);
}

/** a - b * (a / b to nearest); returns the condition codes, -1 for none. */
export function remainderNearest(u: FloatUnit): number {
  return partialRemainder(u, true);
}

/** C0, C3, C1 hold the quotient's bits 2, 1, 0. */
function quotientCodes(q: number): number {
  return ((q & 4) !== 0 ? C0 : 0) | ((q & 2) !== 0 ? C3 : 0) | ((q & 1) !== 0 ? C1 : 0);
}

function partialRemainder(u: FloatUnit, toNearest: boolean): number {
  if (deliverNan(u)) return -1;
  const { aSe, bSe } = u;
  if (isInfinity(aSe) || isZero(bSe, u.bHi, u.bLo)) {
    u.invalid();
    return -1;
  }
  noteDenormals(u);
  if (isZero(aSe, u.aHi, u.aLo)) {
    u.zero(aSe);
    return 0;
  }
  if (isInfinity(bSe) && u.aHi >= 0) {
    // A denormal stays, and is no underflow, even an unmasked one.
    u.set(aSe, u.aHi, u.aLo);
    return 0;
  }
  const sign = aSe & SIGN, aExp = normalizeA(u);
  if (isInfinity(bSe)) {
    u.roundFull(sign, aExp, u.aHi, u.aLo, 0);
    return 0;
  }
  const bExp = normalizeB(u), distance = aExp - bExp;
  if (distance >= 64) {
    // As many bits as leave a multiple of 32 to go.
    const bits = (distance & 31) | 32;
    reduce(u, bits);
    deliver(u, sign, aExp - bits, 0);
    return C2;
  }
  if (distance < -1) {
    u.roundFull(sign, aExp, u.aHi, u.aLo, 0);
    return 0;
  }
  let quotient = 0, half = 0;
  if (distance < 0) {
    half = u.aLo << 31;
    u.aLo = (u.aLo >>> 1) | (u.aHi << 31);
    u.aHi >>>= 1;
  } else {
    quotient = reduce(u, distance);
  }
  if (toNearest && isPastHalf(u, half, quotient)) {
    // Take one more b: what is left is b - a, of the other sign.
    quotient++;
    const borrow = half !== 0 ? 1 : 0, lo = (u.bLo - u.aLo - borrow) | 0;
    const isBorrowed = (u.bLo >>> 0) - (u.aLo >>> 0) - borrow < 0;
    u.aHi = (u.bHi - u.aHi - (isBorrowed ? 1 : 0)) | 0;
    u.aLo = lo;
    deliver(u, sign ^ SIGN, bExp, half);
  } else {
    deliver(u, sign, bExp, half);
  }
  return quotientCodes(quotient);
}

/** a = a * 2^bits mod b, for normalized a and b; returns the low bits of the quotient. */
function reduce(u: FloatUnit, bits: number): number {
  const { bHi, bLo } = u;
  let { aHi, aLo } = u, quotient = 0, carry = 0;
  for (let i = bits; ; i--) {
    quotient <<= 1;
    if (carry !== 0 || (aHi === bHi ? aLo >>> 0 >= bLo >>> 0 : aHi >>> 0 > bHi >>> 0)) {
      quotient |= 1;
      const isBorrowed = aLo >>> 0 < bLo >>> 0;
      aLo = (aLo - bLo) | 0;
      aHi = (aHi - bHi - (isBorrowed ? 1 : 0)) | 0;
    }
    if (i === 0) break;
    carry = aHi >>> 31;
    aHi = (aHi << 1) | (aLo >>> 31);
    aLo <<= 1;
  }
  u.aHi = aHi;
  u.aLo = aLo;
  return quotient;
}

/** Whether a : half is more than half of b, or exactly that with an odd quotient. */
function isPastHalf(u: FloatUnit, half: number, quotient: number): boolean {
  const { aHi, aLo, bHi, bLo } = u;
  if (aHi < 0) return true;
  const twiceHi = (aHi << 1) | (aLo >>> 31), twiceLo = (aLo << 1) | (half >>> 31);
  if (twiceHi !== bHi) return twiceHi >>> 0 > bHi >>> 0;
  if (twiceLo !== bLo) return twiceLo >>> 0 > bLo >>> 0;
  return (quotient & 1) !== 0;
}

/** Normalizes the remainder a : half and delivers it. */
function deliver(u: FloatUnit, sign: number, exp: number, half: number): void {
  const { aHi, aLo } = u;
  if ((aHi | aLo | half) === 0) return u.zero(sign);
  const shift = leadingZeros(aHi, aLo);
  if (shift === 64) return u.roundFull(sign, exp - 64, half, 0, 0);
  let lo = shiftedLow(aLo, shift);
  if (half !== 0 && shift > 0) lo |= 1 << (shift - 1);
  u.roundFull(sign, exp - shift, shiftedHigh(aHi, aLo, shift), lo, shift > 0 ? 0 : half);
}

