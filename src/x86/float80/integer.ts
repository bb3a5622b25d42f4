/** Conversions from and to integers and packed decimals, and rounding to an integral value. */
import { deliverNanA, isInfinity, isUnsupported, isZero, leadingZeros, normalizeA, shiftedHigh, shiftedLow } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, C1, IE, INTEGER_BIT, PE, RC_ZERO, roundsUp, shiftRightJam, SIGN } from "./unit.ts";

/** Sets operand b to an int32. */
export function loadInt32(u: FloatUnit, value: number): void {
  if (value === 0) return u.setB(0, 0, 0);
  const magnitude = value < 0 ? -value | 0 : value, shift = Math.clz32(magnitude);
  u.setB((value < 0 ? SIGN : 0) | (BIAS + 31 - shift), magnitude << shift, 0);
}

/** Sets operand b to the int64 hi:lo. */
export function loadInt64(u: FloatUnit, lo: number, hi: number): void {
  if ((hi | lo) === 0) return u.setB(0, 0, 0);
  let sign = 0;
  if (hi < 0) {
    sign = SIGN;
    hi = lo === 0 ? -hi | 0 : ~hi;
    lo = -lo | 0;
  }
  const shift = leadingZeros(hi, lo);
  u.setB(sign | (BIAS + 63 - shift), shiftedHigh(hi, lo, shift), shiftedLow(lo, shift));
}

/**
 * Rounds |a| to an integer, into hi:lo of the unit. False, with an invalid-operation exception, if it has more than 64
 * bits or a is no number.
 */
function magnitude(u: FloatUnit, rounding: number): boolean {
  const { aSe, aHi, aLo } = u, exp = aSe & 0x7fff;
  if (exp > BIAS + 63 || isUnsupported(aSe, aHi)) return refuse(u);
  u.set(aSe, aHi, aLo);
  u.ext = 0;
  shiftRightJam(u, BIAS + 63 - exp);
  if (u.ext === 0) return true;
  u.flags |= PE;
  if (!roundsUp(rounding, aSe & SIGN, u.ext, u.lo & 1)) return true;
  u.flags |= C1;
  // No carry out: with something to round there are at most 63 bits.
  u.lo = (u.lo + 1) | 0;
  if (u.lo === 0) u.hi = (u.hi + 1) | 0;
  return true;
}

function refuse(u: FloatUnit): false {
  u.flags = IE;
  return false;
}

/** a as an integer of `bits` (16, 32), sign extended; the integer indefinite if it does not fit. */
export function toInt(u: FloatUnit, bits: number, rounding: number): number {
  const indefinite = -(2 ** (bits - 1));
  if (!magnitude(u, rounding)) return indefinite;
  const isNegative = (u.aSe & SIGN) !== 0, value = u.lo >>> 0;
  if (u.hi !== 0 || value > (isNegative ? -indefinite : -indefinite - 1)) {
    refuse(u);
    return indefinite;
  }
  return isNegative ? -value | 0 : value | 0;
}

/** a as an int64, into hi:lo of the unit. */
export function toInt64(u: FloatUnit, rounding: number): void {
  const isNegative = (u.aSe & SIGN) !== 0;
  if (!magnitude(u, rounding) || (u.hi < 0 && !(isNegative && u.hi === INTEGER_BIT && u.lo === 0))) {
    refuse(u);
    return u.set(0, INTEGER_BIT, 0);
  }
  if (!isNegative) return;
  u.hi = u.lo === 0 ? -u.hi | 0 : ~u.hi;
  u.lo = -u.lo | 0;
}

/** Truncates (FISTTP). */
export const TRUNCATE = RC_ZERO;

/** a rounded to an integral value. */
export function roundToIntegral(u: FloatUnit): void {
  if (deliverNanA(u)) return;
  const { aSe } = u, sign = aSe & SIGN;
  if (isInfinity(aSe) || isZero(aSe, u.aHi, u.aLo)) return u.set(aSe, u.aHi, u.aLo);
  const exp = normalizeA(u);
  if (exp >= BIAS + 63) return u.set(aSe, u.aHi, u.aLo);
  u.setA(sign | Math.max(exp, 1), u.aHi, u.aLo);
  magnitude(u, u.rounding);
  if ((u.hi | u.lo) === 0) return u.zero(sign);
  const shift = leadingZeros(u.hi, u.lo);
  u.set(sign | (BIAS + 63 - shift), shiftedHigh(u.hi, u.lo, shift), shiftedLow(u.lo, shift));
}

const DIGITS = 18, BCD_LIMIT = 10n ** 18n;

/** Sets operand b to a packed decimal of three words, `top` the uppermost 16 bits: 18 digits and a sign (SDM 1 §4.7). */
export function loadDecimal(u: FloatUnit, lo: number, hi: number, top: number): void {
  const digits = (BigInt(top & 0xff) << 64n) | (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  let value = 0n;
  for (let i = DIGITS - 1; i >= 0; i--) value = value * 10n + ((digits >> BigInt(4 * i)) & 15n);
  loadInt64(u, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  u.bSe |= top & SIGN;
}

/** a as a packed decimal: sign and upper digits in `se`, the others in hi:lo of the unit. */
export function toDecimal(u: FloatUnit): void {
  const fits = magnitude(u, u.rounding), value = (BigInt(u.hi >>> 0) << 32n) | BigInt(u.lo >>> 0);
  if (!fits || value >= BCD_LIMIT) {
    refuse(u);
    return u.set(0xffff, 0xc0000000 | 0, 0);
  }
  const digits = BigInt(`0x${value}`);
  u.set((u.aSe & SIGN) | Number(digits >> 64n), Number(BigInt.asIntN(32, digits >> 32n)), Number(BigInt.asIntN(32, digits)));
}

