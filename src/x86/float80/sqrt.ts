/** Square root, two digits in base 2^32. */
import { muluh } from "../../../tcg/js/runtime.ts";
import { deliverNanA, isInfinity, isZero, normalizeA } from "./classify.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, SIGN } from "./unit.ts";

const TWO32 = 4294967296;

/** Square root of a. */
export function sqrt(u: FloatUnit): void {
  if (deliverNanA(u)) return;
  const { aSe } = u;
  if (isZero(aSe, u.aHi, u.aLo)) return u.zero(aSe);
  if ((aSe & SIGN) !== 0) return u.invalid();
  if (isInfinity(aSe)) return u.infinity(0);
  const exp = normalizeA(u) - BIAS, { aHi, aLo } = u;
  // The radicand as 128 bits: a * 2^64 for odd exponents, else half of it, so that the root has 64 bits.
  const isOdd = (exp & 1) !== 0;
  const w3 = isOdd ? aHi : aHi >>> 1, w2 = isOdd ? aLo : (aLo >>> 1) | (aHi << 31), w1 = isOdd ? 0 : aLo << 31;
  const top = (w3 >>> 0) * TWO32 + (w2 >>> 0);
  let r1 = Math.min(Math.floor(Math.sqrt(top)), 0xffffffff);
  let rest = restOf(w3, w2, r1);
  if (rest < 0) rest = restOf(w3, w2, --r1);
  else if (rest > 2 * r1) rest = restOf(w3, w2, ++r1);
  // rest = w3:w2 - r1^2 <= 2 * r1; the next digit is at most rest:w1 / (2 * r1), by less than two.
  let r0 = Math.min(Math.floor((rest * TWO32 + (w1 >>> 0)) / (2 * r1)) + 1, 0xffffffff);
  secondRest(u, rest, w1, r1, r0);
  while (u.restTop < 0) secondRest(u, rest, w1, r1, --r0);
  const hi = r1 | 0, lo = r0 | 0;
  // Above the middle if the remainder is larger than the root; it is never in the middle.
  let ext = 0;
  if (u.restTop !== 0 || (u.hi | u.lo) !== 0) {
    const isAbove = u.restTop > 0 || (u.hi === hi ? u.lo >>> 0 > lo >>> 0 : u.hi >>> 0 > hi >>> 0);
    ext = isAbove ? 0x80000001 | 0 : 1;
  }
  u.round(0, (exp >> 1) + BIAS, hi, lo, ext);
}

/** hi:lo - r^2 for r below 2^32, where that is a small number. */
function restOf(hi: number, lo: number, r: number): number {
  const root = r | 0;
  return ((hi >>> 0) - (muluh(root, root) >>> 0)) * TWO32 + ((lo >>> 0) - (Math.imul(root, root) >>> 0));
}

/** rest : w1 : 0 - (2 * r1 : r0) * r0, into u.restTop : u.hi : u.lo. */
function secondRest(u: FloatUnit, rest: number, w1: number, r1: number, r0: number): void {
  const a = r1 | 0, b = r0 | 0;
  const t0 = Math.imul(b, b) >>> 0, t1 = (muluh(b, b) >>> 0) + 2 * (Math.imul(a, b) >>> 0), t2 = 2 * (muluh(a, b) >>> 0);
  const c0 = -t0, carry0 = Math.floor(c0 / TWO32), c1 = (w1 >>> 0) - t1 + carry0, carry1 = Math.floor(c1 / TWO32);
  u.lo = (c0 - carry0 * TWO32) | 0;
  u.hi = (c1 - carry1 * TWO32) | 0;
  u.restTop = rest - t2 + carry1;
}
