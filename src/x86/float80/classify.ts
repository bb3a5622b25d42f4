/**
 * Kinds of 80-bit numbers (SDM 1 table 8-3), and what all operations do with the ones that are not numbers: unsupported
 * encodings are invalid, NaNs propagate.
 */
import type { FloatUnit } from "./unit.ts";
import { DE, IE, MAX_EXP } from "./unit.ts";

/** Unnormals, pseudo-infinities, pseudo-NaNs: an integer bit of 0 with an exponent that demands 1. */
export function isUnsupported(se: number, hi: number): boolean {
  return hi >= 0 && (se & MAX_EXP) !== 0;
}

/** True for a NaN, given that the encoding is supported. */
export function isNan(se: number, hi: number, lo: number): boolean {
  return (se & MAX_EXP) === MAX_EXP && ((hi & 0x7fffffff) | lo) !== 0;
}

export function isSignaling(se: number, hi: number, lo: number): boolean {
  return isNan(se, hi, lo) && (hi & 0x40000000) === 0;
}

export function isZero(se: number, hi: number, lo: number): boolean {
  return (se & MAX_EXP) === 0 && (hi | lo) === 0;
}

/** Denormals and pseudo-denormals. */
function isDenormal(se: number, hi: number, lo: number): boolean {
  return (se & MAX_EXP) === 0 && (hi | lo) !== 0;
}

/** Delivers the result of a two-operand operation with an operand that is no number; false if both are. */
export function deliverNan(u: FloatUnit): boolean {
  const { aSe, aHi, aLo, bSe, bHi, bLo } = u;
  if (isUnsupported(aSe, aHi) || isUnsupported(bSe, bHi)) {
    u.flags = 0;
    u.invalid();
    return true;
  }
  const aIsNan = isNan(aSe, aHi, aLo), bIsNan = isNan(bSe, bHi, bLo);
  if (!aIsNan && !bIsNan) return false;
  const aSignals = isSignaling(aSe, aHi, aLo), bSignals = isSignaling(bSe, bHi, bLo);
  // A denormal that a memory operand was converted from does not count.
  u.flags = aSignals || bSignals ? IE : 0;
  let takeA: boolean;
  if (!bIsNan) takeA = true;
  else if (!aIsNan) takeA = false;
  else if (aSignals !== bSignals) takeA = bSignals;
  else takeA = isLarger(u);
  if (takeA) u.set(aSe, aHi | 0x40000000, aLo);
  else u.set(bSe, bHi | 0x40000000, bLo);
  return true;
}

/** Of two NaNs the larger significand wins, of equal ones the positive (SDM 1 table 4-7); quieted ones are compared. */
function isLarger({ aSe, aHi, aLo, bSe, bHi, bLo }: FloatUnit): boolean {
  const aTop = (aHi | 0x40000000) >>> 0, bTop = (bHi | 0x40000000) >>> 0;
  if (aTop !== bTop) return aTop > bTop;
  if (aLo !== bLo) return aLo >>> 0 > bLo >>> 0;
  return aSe < bSe;
}

/** The same for the operations with one operand, a. */
export function deliverNanA(u: FloatUnit): boolean {
  const { aSe, aHi, aLo } = u;
  if (isUnsupported(aSe, aHi)) {
    u.invalid();
    return true;
  }
  if (!isNan(aSe, aHi, aLo)) return false;
  if ((aHi & 0x40000000) === 0) u.flags |= IE;
  u.set(aSe, aHi | 0x40000000, aLo);
  return true;
}

export function isInfinity(se: number): boolean {
  return (se & MAX_EXP) === MAX_EXP;
}

/** Notes denormal operands. */
export function noteDenormals(u: FloatUnit): void {
  if (isDenormal(u.aSe, u.aHi, u.aLo) || isDenormal(u.bSe, u.bHi, u.bLo)) u.flags |= DE;
}

/**
 * Biased exponent of operand a with its significand normalized in place, noting a denormal; the exponent may be below 1.
 * For finite numbers other than zero.
 */
export function normalizeA(u: FloatUnit): number {
  const exp = u.aSe & MAX_EXP;
  if (exp !== 0) return exp;
  u.flags |= DE;
  const shift = leadingZeros(u.aHi, u.aLo), { aHi, aLo } = u;
  u.aHi = shiftedHigh(aHi, aLo, shift);
  u.aLo = shiftedLow(aLo, shift);
  return 1 - shift;
}

/** The same for operand b. */
export function normalizeB(u: FloatUnit): number {
  u.swap();
  const exp = normalizeA(u);
  u.swap();
  return exp;
}

/** Leading zeros of hi:lo, 0..64. */
export function leadingZeros(hi: number, lo: number): number {
  return hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo);
}

/** Upper half of hi:lo << shift, 0..63. */
export function shiftedHigh(hi: number, lo: number, shift: number): number {
  if (shift === 0) return hi;
  return shift < 32 ? (hi << shift) | (lo >>> (32 - shift)) : lo << (shift - 32);
}

/** Lower half of hi:lo << shift, 0..63. */
export function shiftedLow(lo: number, shift: number): number {
  return shift < 32 ? lo << shift : 0;
}
