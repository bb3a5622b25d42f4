/** FSCALE and FXTRACT: exponents by themselves. */
import { deliverNan, deliverNanA, isInfinity, isZero, noteDenormals, normalizeA, normalizeB } from "./classify.ts";
import { loadInt32 } from "./integer.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, INTEGER_BIT, MAX_EXP, SIGN, ZE } from "./unit.ts";

/** Larger than any difference of exponents, adjusted ones too. */
const FAR = 0x10000;

/** a * 2^trunc(b). */
export function scale(u: FloatUnit): void {
  if (deliverNan(u)) return;
  const { aSe, bSe } = u, sign = aSe & SIGN, bIsNegative = (bSe & SIGN) !== 0, aIsZero = isZero(aSe, u.aHi, u.aLo);
  if (isInfinity(aSe)) {
    if (isInfinity(bSe) && bIsNegative) return u.invalid();
    noteDenormals(u);
    return u.infinity(sign);
  }
  if (isInfinity(bSe)) {
    if (aIsZero && !bIsNegative) return u.invalid();
    noteDenormals(u);
    if (bIsNegative) return u.zero(sign);
    return aIsZero ? u.zero(sign) : u.infinity(sign);
  }
  noteDenormals(u);
  if (aIsZero) return u.zero(sign);
  const scalesBy0 = isZero(bSe, u.bHi, u.bLo);
  // A denormal stays, and is no underflow, even an unmasked one.
  if (scalesBy0 && u.aHi >= 0) return u.set(aSe, u.aHi, u.aLo);
  const exp = normalizeA(u);
  if (scalesBy0) return u.roundFull(sign, exp, u.aHi, u.aLo, 0);
  const bExp = normalizeB(u) - BIAS;
  const distance = bExp < 0 ? 0 : bExp > 15 ? FAR : u.bHi >>> (31 - bExp);
  u.roundFull(sign, exp + (bIsNegative ? -distance : distance), u.aHi, u.aLo, 0);
}

/** Splits a: the significand, as a number of a's sign in [1, 2), is the result; the exponent, as a number, is operand b. */
export function extract(u: FloatUnit): void {
  if (deliverNanA(u)) return u.setB(u.se, u.hi, u.lo);
  const { aSe } = u, sign = aSe & SIGN;
  if (isInfinity(aSe)) {
    u.setB(MAX_EXP, INTEGER_BIT, 0);
    return u.infinity(sign);
  }
  if (isZero(aSe, u.aHi, u.aLo)) {
    u.flags |= ZE;
    u.setB(SIGN | MAX_EXP, INTEGER_BIT, 0);
    return u.zero(sign);
  }
  loadInt32(u, normalizeA(u) - BIAS);
  u.set(sign | BIAS, u.aHi, u.aLo);
}
