/** Division, two digits in base 2^32. */
import { muluh } from "../../../tcg/js/runtime.ts";
import { deliverNan, isInfinity, isZero, noteDenormals, normalizeA, normalizeB } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, MAX_EXP, SIGN, ZE } from "./unit.ts";

const TWO32 = 4294967296;

/** a / b. */
export function div(u: FloatUnit): void {
  const { aSe, aHi, bSe, bHi } = u, aExp = aSe & MAX_EXP, bExp = bSe & MAX_EXP;
  if ((aHi & bHi) >= 0 || aExp === 0 || bExp === 0 || aExp === MAX_EXP || bExp === MAX_EXP) return divSlow(u);
  divNormal(u, (aSe ^ bSe) & SIGN, aExp - bExp + BIAS, aHi, u.aLo, bHi, u.bLo);
}

/** b / a. */
export function divReversed(u: FloatUnit): void {
  u.swap();
  div(u);
}

function divSlow(u: FloatUnit): void {
  if (deliverNan(u)) return;
  const { aSe, bSe } = u, sign = (aSe ^ bSe) & SIGN;
  if (isInfinity(aSe)) {
    if (isInfinity(bSe)) return u.invalid();
    noteDenormals(u);
    return u.infinity(sign);
  }
  if (isInfinity(bSe)) {
    noteDenormals(u);
    return u.zero(sign);
  }
  const aIsZero = isZero(aSe, u.aHi, u.aLo);
  if (isZero(bSe, u.bHi, u.bLo)) {
    if (aIsZero) return u.invalid();
    // Comes before a denormal dividend, which then does not count (SDM 1 §4.9.2).
    u.flags = ZE;
    return u.infinity(sign);
  }
  if (aIsZero) {
    noteDenormals(u);
    return u.zero(sign);
  }
  const exp = normalizeA(u) - normalizeB(u) + BIAS;
  divNormal(u, sign, exp, u.aHi, u.aLo, u.bHi, u.bLo);
}

/** Quotient of normalized significands; `exp` is the exponent if a >= b. */
function divNormal(u: FloatUnit, sign: number, exp: number, aHi: number, aLo: number, bHi: number, bLo: number): void {
  // The dividend shall be below the divisor: then the quotient has its 64 bits behind the point.
  let next = 0;
  if (aHi === bHi ? aLo >>> 0 >= bLo >>> 0 : aHi >>> 0 >= bHi >>> 0) {
    next = aLo << 31;
    aLo = (aLo >>> 1) | (aHi << 31);
    aHi >>>= 1;
  } else {
    exp--;
  }
  const divisor = (bHi >>> 0) * TWO32 + (bLo >>> 0);
  u.hi = aHi;
  u.lo = aLo;
  const hi = digit(u, next, divisor, bHi, bLo);
  const lo = digit(u, 0, divisor, bHi, bLo);
  // No quotient of 64-bit numbers lies exactly between two others: the remainder only says on which side of the middle.
  const restHi = u.hi, restLo = u.lo;
  let ext = 0;
  if ((restHi | restLo) !== 0) {
    const twiceHi = (restHi << 1) | (restLo >>> 31), twiceLo = restLo << 1;
    const isAbove = restHi < 0 || (twiceHi === bHi ? twiceLo >>> 0 >= bLo >>> 0 : twiceHi >>> 0 > bHi >>> 0);
    ext = isAbove ? 0x80000001 | 0 : 1;
  }
  u.round(sign, exp, hi, lo, ext);
}

/** One digit of the quotient of (u.hi : u.lo : next) and the divisor bHi:bLo, normalized; leaves the remainder in u.hi:u.lo. */
function digit(u: FloatUnit, next: number, divisor: number, bHi: number, bLo: number): number {
  const rest = (u.hi >>> 0) * TWO32 + (u.lo >>> 0);
  // Off by one at the most.
  let q = Math.min(Math.floor((rest / divisor) * TWO32), 0xffffffff) | 0;
  // rest : next - q * b, the upper word as a small number.
  const p0 = Math.imul(q, bLo) >>> 0, p1 = (muluh(q, bLo) >>> 0) + (Math.imul(q, bHi) >>> 0);
  let r0 = (next >>> 0) - p0;
  let r1 = (u.lo >>> 0) - p1;
  let r2 = (u.hi >>> 0) - (muluh(q, bHi) >>> 0);
  const borrow = Math.floor(r0 / TWO32);
  r0 -= borrow * TWO32;
  r1 += borrow;
  const borrow1 = Math.floor(r1 / TWO32);
  r1 -= borrow1 * TWO32;
  r2 += borrow1;
  let lo = r0 | 0, hi = r1 | 0;
  if (r2 < 0) {
    q = (q - 1) | 0;
    const sum = (lo >>> 0) + (bLo >>> 0);
    lo = sum | 0;
    hi = (hi + bHi + (sum >= TWO32 ? 1 : 0)) | 0;
  } else if (r2 > 0 || (hi === bHi ? lo >>> 0 >= bLo >>> 0 : hi >>> 0 > bHi >>> 0)) {
    q = (q + 1) | 0;
    const isBorrowed = lo >>> 0 < bLo >>> 0;
    lo = (lo - bLo) | 0;
    hi = (hi - bHi - (isBorrowed ? 1 : 0)) | 0;
  }
  u.hi = hi;
  u.lo = lo;
  return q;
}
