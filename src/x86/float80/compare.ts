/** Comparison. */
import { isNan, isSignaling, isUnsupported, isZero, noteDenormals, normalizeA, normalizeB } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { C0, C2, C3, IE, SIGN } from "./unit.ts";

/** Condition codes of a comparison (SDM 1 table 8-6). */
export const GREATER = 0, LESS = C0, EQUAL = C3, UNORDERED = C0 | C2 | C3;

/** Compares a with b; any NaN is invalid (FCOM, FTST, FCOMI). */
export function compare(u: FloatUnit): number {
  return compareNumbers(u, false);
}

/** Compares a with b; only a signaling NaN is invalid (FUCOM, FUCOMI). */
export function compareQuiet(u: FloatUnit): number {
  return compareNumbers(u, true);
}

function compareNumbers(u: FloatUnit, isQuiet: boolean): number {
  const { aSe, aHi, aLo, bSe, bHi, bLo } = u;
  if (isUnsupported(aSe, aHi) || isUnsupported(bSe, bHi)) {
    u.flags = IE;
    return UNORDERED;
  }
  if (isNan(aSe, aHi, aLo) || isNan(bSe, bHi, bLo)) {
    u.flags = !isQuiet || isSignaling(aSe, aHi, aLo) || isSignaling(bSe, bHi, bLo) ? IE : 0;
    return UNORDERED;
  }
  noteDenormals(u);
  const aIsZero = isZero(aSe, aHi, aLo), bIsZero = isZero(bSe, bHi, bLo);
  if (aIsZero && bIsZero) return EQUAL;
  const isNegative = (aIsZero ? bSe ^ SIGN : aSe) & SIGN;
  if (aIsZero || bIsZero || ((aSe ^ bSe) & SIGN) !== 0) return isNegative !== 0 ? LESS : GREATER;
  // A pseudo-denormal equals a normal number: compare what both mean.
  const aExp = normalizeA(u), bExp = normalizeB(u);
  let order = aExp - bExp;
  if (order === 0) order = (u.aHi >>> 0) - (u.bHi >>> 0);
  if (order === 0) order = (u.aLo >>> 0) - (u.bLo >>> 0);
  if (order === 0) return EQUAL;
  return order < 0 === (isNegative === 0) ? LESS : GREATER;
}
