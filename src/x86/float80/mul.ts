/** Multiplication. */
import { muluh } from "../../../tcg/js/runtime.ts";
import { deliverNan, isInfinity, isZero, noteDenormals, normalizeA, normalizeB } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, MAX_EXP, SIGN } from "./unit.ts";

const TWO32 = 4294967296;

/** a * b. */
export function mul(u: FloatUnit): void {
  const { aSe, aHi, bSe, bHi } = u, aExp = aSe & MAX_EXP, bExp = bSe & MAX_EXP;
  if ((aHi & bHi) >= 0 || aExp === 0 || bExp === 0 || aExp === MAX_EXP || bExp === MAX_EXP) return mulSlow(u);
  mulNormal(u, (aSe ^ bSe) & SIGN, aExp + bExp - (BIAS - 1), aHi, u.aLo, bHi, u.bLo);
}

function mulSlow(u: FloatUnit): void {
  if (deliverNan(u)) return;
  const { aSe, bSe } = u, sign = (aSe ^ bSe) & SIGN;
  const aIsZero = isZero(aSe, u.aHi, u.aLo), bIsZero = isZero(bSe, u.bHi, u.bLo);
  if (isInfinity(aSe) || isInfinity(bSe)) {
    if (aIsZero || bIsZero) return u.invalid();
    noteDenormals(u);
    return u.infinity(sign);
  }
  if (aIsZero || bIsZero) {
    noteDenormals(u);
    return u.zero(sign);
  }
  const exp = normalizeA(u) + normalizeB(u) - (BIAS - 1);
  mulNormal(u, sign, exp, u.aHi, u.aLo, u.bHi, u.bLo);
}

/** Product of normalized significands; `exp` is the exponent of a product of 2 or more. */
function mulNormal(u: FloatUnit, sign: number, exp: number, aHi: number, aLo: number, bHi: number, bLo: number): void {
  let hi = muluh(aHi, bHi), lo = Math.imul(aHi, bHi), ext = 0;
  if ((aLo | bLo) !== 0) {
    // The middle words, and their carries into the upper half; the lowest word only counts as sticky.
    const low = Math.imul(aLo, bLo);
    const middle = (muluh(aLo, bLo) >>> 0) + (Math.imul(aHi, bLo) >>> 0) + (Math.imul(aLo, bHi) >>> 0);
    const upper = (lo >>> 0) + (muluh(aHi, bLo) >>> 0) + (muluh(aLo, bHi) >>> 0) + Math.floor(middle / TWO32);
    ext = middle | 0;
    lo = upper | 0;
    hi = (hi + Math.floor(upper / TWO32)) | 0;
    if (low !== 0) ext |= 1;
    if (hi >= 0) {
      // The sticky bit may have to give way to the bit below.
      hi = (hi << 1) | (lo >>> 31);
      lo = (lo << 1) | (ext >>> 31);
      ext = (ext << 1) | (ext & 1);
      exp--;
    }
  } else if (hi >= 0) {
    hi = (hi << 1) | (lo >>> 31);
    lo <<= 1;
    exp--;
  }
  u.round(sign, exp, hi, lo, ext);
}
