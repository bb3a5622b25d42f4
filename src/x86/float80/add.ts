/** Addition and subtraction. */
import { deliverNan, isInfinity, isZero, noteDenormals, normalizeA, normalizeB } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { MAX_EXP, RC_DOWN, SIGN } from "./unit.ts";

/** a + b. */
export function add(u: FloatUnit): void {
  const { aSe, aHi, bSe, bHi } = u, aExp = aSe & MAX_EXP, bExp = bSe & MAX_EXP;
  if ((aHi & bHi) >= 0 || aExp === 0 || bExp === 0 || aExp === MAX_EXP || bExp === MAX_EXP) return addSlow(u, 0);
  if (((aSe ^ bSe) & SIGN) === 0) addMagnitudes(u, aSe & SIGN, aExp, aHi, u.aLo, bExp, bHi, u.bLo);
  else subMagnitudes(u, aSe & SIGN, aExp, aHi, u.aLo, bExp, bHi, u.bLo);
}

/** a - b. */
export function sub(u: FloatUnit): void {
  const { aSe, aHi, bSe, bHi } = u, aExp = aSe & MAX_EXP, bExp = bSe & MAX_EXP;
  if ((aHi & bHi) >= 0 || aExp === 0 || bExp === 0 || aExp === MAX_EXP || bExp === MAX_EXP) return addSlow(u, SIGN);
  if (((aSe ^ bSe) & SIGN) !== 0) addMagnitudes(u, aSe & SIGN, aExp, aHi, u.aLo, bExp, bHi, u.bLo);
  else subMagnitudes(u, aSe & SIGN, aExp, aHi, u.aLo, bExp, bHi, u.bLo);
}

/** a + b, or a - b where `flip` is the sign bit: special operands, and denormals. */
function addSlow(u: FloatUnit, flip: number): void {
  if (deliverNan(u)) return;
  const { aSe } = u, bSe = u.bSe ^ flip, aSign = aSe & SIGN, bSign = bSe & SIGN;
  if (isInfinity(aSe) || isInfinity(bSe)) {
    if (isInfinity(aSe) && isInfinity(bSe) && aSign !== bSign) return u.invalid();
    noteDenormals(u);
    return u.infinity(isInfinity(aSe) ? aSign : bSign);
  }
  const aIsZero = isZero(aSe, u.aHi, u.aLo), bIsZero = isZero(bSe, u.bHi, u.bLo);
  if (aIsZero && bIsZero) return u.zero(aSign === bSign ? aSign : zeroSign(u));
  if (bIsZero) {
    const exp = normalizeA(u);
    return u.round(aSign, exp, u.aHi, u.aLo, 0);
  }
  const bExp = normalizeB(u);
  if (aIsZero) return u.round(bSign, bExp, u.bHi, u.bLo, 0);
  const aExp = normalizeA(u);
  if (aSign === bSign) addMagnitudes(u, aSign, aExp, u.aHi, u.aLo, bExp, u.bHi, u.bLo);
  else subMagnitudes(u, aSign, aExp, u.aHi, u.aLo, bExp, u.bHi, u.bLo);
}

/** Sign of an exact zero that is a difference. */
function zeroSign(u: FloatUnit): number {
  return u.rounding === RC_DOWN ? SIGN : 0;
}

/** |a| + |b|, both normalized, with the sign given. */
function addMagnitudes(u: FloatUnit, sign: number, aExp: number, aHi: number, aLo: number, bExp: number, bHi: number, bLo: number): void {
  let d = aExp - bExp;
  if (d < 0) {
    let t = aHi;
    aHi = bHi;
    bHi = t;
    t = aLo;
    aLo = bLo;
    bLo = t;
    aExp = bExp;
    d = -d;
  }
  let ext = 0;
  if (d !== 0) {
    if (d < 32) {
      ext = bLo << (32 - d);
      bLo = (bLo >>> d) | (bHi << (32 - d));
      bHi >>>= d;
    } else {
      ext = farExt(bHi, bLo, d);
      bLo = d < 64 ? bHi >>> (d - 32) : 0;
      bHi = 0;
    }
  }
  let lo = (aLo + bLo) | 0;
  const carry = ((aLo & bLo) | ((aLo | bLo) & ~lo)) >>> 31;
  let hi = (aHi + bHi + carry) | 0;
  // a has its top bit: without a carry out, the sum has too.
  if (hi >= 0 || ((aHi & bHi) < 0)) {
    ext = (ext >>> 1) | (ext & 1) | (lo << 31);
    lo = (lo >>> 1) | (hi << 31);
    hi = (hi >>> 1) | 0x80000000;
    aExp++;
  }
  u.round(sign, aExp, hi | 0, lo, ext);
}

/** What is shifted out of hi:lo by 32 or more places, sticky. */
function farExt(hi: number, lo: number, d: number): number {
  if (d === 32) return lo;
  if (d < 64) return (hi << (64 - d)) | (lo >>> (d - 32)) | ((lo << (64 - d)) !== 0 ? 1 : 0);
  if (d === 64) return hi | (lo !== 0 ? 1 : 0);
  // Under a power of two a difference moves up one place, and then this says on which side of one half it is.
  if (d === 65) return (hi >>> 1) | (((hi & 1) | lo) !== 0 ? 1 : 0);
  return 1;
}

/** |a| - |b|, both normalized, with the sign of a; a negative difference turns it. */
function subMagnitudes(u: FloatUnit, sign: number, aExp: number, aHi: number, aLo: number, bExp: number, bHi: number, bLo: number): void {
  let d = aExp - bExp;
  if (d < 0 || (d === 0 && (aHi !== bHi ? aHi >>> 0 < bHi >>> 0 : aLo >>> 0 < bLo >>> 0))) {
    let t = aHi;
    aHi = bHi;
    bHi = t;
    t = aLo;
    aLo = bLo;
    bLo = t;
    aExp = bExp;
    d = -d;
    sign ^= SIGN;
  }
  let ext = 0;
  if (d !== 0) {
    if (d < 32) {
      ext = bLo << (32 - d);
      bLo = (bLo >>> d) | (bHi << (32 - d));
      bHi >>>= d;
    } else {
      ext = farExt(bHi, bLo, d);
      bLo = d < 64 ? bHi >>> (d - 32) : 0;
      bHi = 0;
    }
  }
  // (a:0) - (b:ext), three words; the sticky bit of ext is below everything that matters.
  const borrow0 = ext !== 0 ? 1 : 0;
  ext = -ext | 0;
  let lo = (aLo - bLo - borrow0) | 0;
  const borrow1 = ((~aLo & bLo) | ((~aLo | bLo) & lo)) >>> 31;
  let hi = (aHi - bHi - borrow1) | 0;
  if (hi >= 0) {
    if ((hi | lo) === 0) {
      if (ext === 0) return u.zero(zeroSign(u));
      hi = lo;
      lo = ext;
      ext = 0;
      aExp -= 32;
    }
    if (hi === 0) {
      hi = lo;
      lo = ext;
      ext = 0;
      aExp -= 32;
    }
    const shift = Math.clz32(hi);
    if (shift !== 0) {
      hi = (hi << shift) | (lo >>> (32 - shift));
      lo = (lo << shift) | (ext >>> (32 - shift));
      ext <<= shift;
      aExp -= shift;
    }
  }
  u.round(sign, aExp, hi, lo, ext);
}
