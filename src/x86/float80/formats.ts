/** Conversions from and to single and double precision. */
import { isInfinity, isNan, isUnsupported, isZero, leadingZeros, shiftedHigh, shiftedLow } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, C1, DE, IE, INTEGER_BIT, MAX_EXP, OE, PE, RC_DOWN, RC_UP, RC_ZERO, shiftRightJam, SIGN, UE } from "./unit.ts";

/** Sets operand b to a single; a denormal is noted. */
export function loadSingle(u: FloatUnit, bits: number): void {
  const sign = (bits >>> 16) & SIGN, exp = (bits >>> 23) & 0xff, fraction = bits << 8;
  if (exp !== 0 && exp !== 0xff) return u.setB(sign | (exp + (BIAS - 127)), fraction | INTEGER_BIT, 0);
  if (exp !== 0) return u.setB(sign | MAX_EXP, fraction | INTEGER_BIT, 0);
  if ((bits & 0x7fffff) === 0) return u.setB(sign, 0, 0);
  u.flags |= DE;
  const shift = Math.clz32(fraction);
  u.setB(sign | (BIAS - 126 - shift), fraction << shift, 0);
}

/** Sets operand b to the double hi:lo; a denormal is noted. */
export function loadDouble(u: FloatUnit, lo: number, hi: number): void {
  const sign = (hi >>> 16) & SIGN, exp = (hi >>> 20) & 0x7ff;
  const fractionHi = ((hi & 0xfffff) << 11) | (lo >>> 21), fractionLo = lo << 11;
  if (exp !== 0 && exp !== 0x7ff) return u.setB(sign | (exp + (BIAS - 1023)), fractionHi | INTEGER_BIT, fractionLo);
  if (exp !== 0) return u.setB(sign | MAX_EXP, fractionHi | INTEGER_BIT, fractionLo);
  if ((fractionHi | fractionLo) === 0) return u.setB(sign, 0, 0);
  u.flags |= DE;
  const shift = leadingZeros(fractionHi, fractionLo);
  u.setB(sign | (BIAS - 1022 - shift), shiftedHigh(fractionHi, fractionLo, shift), shiftedLow(fractionLo, shift));
}

/** A memory format: `precision` as the precision control encodes it, range of the unbiased exponent of normal numbers. */
interface Format {
  readonly precision: 0 | 2;
  readonly minExp: number;
  readonly maxExp: number;
}
const SINGLE: Format = { precision: 0, minExp: -126, maxExp: 127 };
const DOUBLE: Format = { precision: 2, minExp: -1022, maxExp: 1023 };

/** a as a single. */
export function toSingle(u: FloatUnit): number {
  const { aSe, aHi } = u, sign = (aSe & SIGN) << 16, exp = (aSe & MAX_EXP) - (BIAS - 127);
  if (exp > 0 && exp < 254 && aHi < 0 && (u.aLo | (aHi & 0xff)) === 0) return sign | (exp << 23) | ((aHi >>> 8) & 0x7fffff);
  const biased = convert(u, SINGLE);
  return (u.se & SIGN) << 16 | (biased << 23) | ((u.hi >>> 8) & 0x7fffff);
}

/** a as a double, into hi:lo of the unit. */
export function toDouble(u: FloatUnit): void {
  const { aSe, aHi, aLo } = u, exp = (aSe & MAX_EXP) - (BIAS - 1023);
  let biased = exp, sign = aSe & SIGN;
  // To nearest, well within the range.
  if (exp > 0 && exp < 2046 && aHi < 0 && (u.control & 0xc00) === 0) {
    const rest = aLo & 0x7ff;
    u.hi = aHi;
    u.lo = aLo & ~0x7ff;
    if (rest !== 0) {
      u.flags |= PE;
      if (rest > 0x400 || (rest === 0x400 && (aLo & 0x800) !== 0)) {
        u.flags |= C1;
        u.lo = (u.lo + 0x800) | 0;
        if (u.lo === 0) {
          u.hi = (u.hi + 1) | 0;
          if (u.hi === 0) biased++;
        }
      }
    }
  } else {
    biased = convert(u, DOUBLE);
    sign = u.se & SIGN;
  }
  const { hi, lo } = u;
  u.hi = (sign << 16) | (biased << 20) | ((hi >>> 11) & 0xfffff);
  u.lo = (hi << 21) | (lo >>> 11);
}

/** Rounds a to a format: the significand into hi:lo, with room below; returns the biased exponent. */
function convert(u: FloatUnit, format: Format): number {
  const { aSe, aHi, aLo } = u, { precision, minExp, maxExp } = format, bias = maxExp, specialExp = 2 * bias + 1;
  if (isUnsupported(aSe, aHi)) {
    u.invalid();
    return specialExp;
  }
  if (isInfinity(aSe)) {
    const isANan = isNan(aSe, aHi, aLo);
    if (isANan && (aHi & 0x40000000) === 0) u.flags |= IE;
    u.set(aSe, isANan ? aHi | 0x40000000 : 0, isANan ? aLo : 0);
    return specialExp;
  }
  if (isZero(aSe, aHi, aLo)) {
    u.set(aSe, 0, 0);
    return 0;
  }
  const sign = aSe & SIGN, shift = leadingZeros(aHi, aLo), exp = Math.max(aSe & MAX_EXP, 1) - shift - BIAS;
  const hi = shiftedHigh(aHi, aLo, shift), lo = shiftedLow(aLo, shift);
  u.set(aSe, hi, lo);
  u.ext = 0;
  u.cut(precision);
  const rounded = u.increment(precision, sign) ? exp + 1 : exp;
  if (rounded > maxExp) return overflow(u, format, sign);
  if (exp < minExp) {
    const isTiny = rounded < minExp;
    if (isTiny && !u.isMasked(UE)) {
      u.flags |= UE;
      return 0;
    }
    u.set(aSe, hi, lo);
    u.ext = 0;
    shiftRightJam(u, minExp - exp);
    u.cut(precision);
    u.increment(precision, sign);
    if (u.ext !== 0 && isTiny) u.flags |= UE;
    u.reportRounding();
    return u.hi < 0 ? 1 : 0;
  }
  u.reportRounding();
  return rounded + bias;
}

/** Delivers the format's infinity or largest number; unmasked, only the flag matters. */
function overflow(u: FloatUnit, { precision, maxExp }: Format, sign: number): number {
  u.flags |= OE;
  if (!u.isMasked(OE)) return 0;
  const { rounding } = u;
  u.flags |= PE;
  if (rounding === RC_ZERO || rounding === (sign !== 0 ? RC_UP : RC_DOWN)) {
    u.set(sign, precision === 0 ? ~0xff : -1, precision === 0 ? 0 : ~0x7ff);
    return 2 * maxExp;
  }
  u.flags |= C1;
  u.set(sign, INTEGER_BIT, 0);
  return 2 * maxExp + 1;
}
