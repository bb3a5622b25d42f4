/** F2XM1: powers of two, minus one. */
import { deliverNanA, isInfinity, isZero, normalizeA } from "./classify.ts";
import type { Approximation } from "./big-round.ts";
import { roundFunction, significandOf } from "./big-round.ts";
import type { Precision } from "./fixed-point.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, INTEGER_BIT, PE, SIGN } from "./unit.ts";

/** |x| = significand * 2^(exp - 63). */
interface Argument {
  readonly sign: number;
  readonly significand: bigint;
  readonly exp: number;
}

/** 2^a - 1 for -1 <= a <= 1. Beyond that the manual leaves the result open; processors deliver a itself as inexact. */
export function exp2Minus1(u: FloatUnit): void {
  if (deliverNanA(u)) return;
  const { aSe } = u, sign = aSe & SIGN;
  if (isZero(aSe, u.aHi, u.aLo)) return u.zero(sign);
  if (isInfinity(aSe)) {
    if (sign === 0) u.infinity(0);
    else u.set(SIGN | BIAS, INTEGER_BIT, 0);
    return;
  }
  const exp = normalizeA(u) - BIAS;
  if (exp >= 0) {
    u.set(aSe, u.aHi, u.aLo);
    if (u.aHi !== INTEGER_BIT || u.aLo !== 0 || exp > 0) u.flags |= PE;
    else if (sign !== 0) u.se--;
    return;
  }
  roundFunction<Argument>(u, { sign, significand: significandOf(u.aHi, u.aLo), exp }, approximate);
}

/** t = x ln 2; e^t - 1 = t (1 + t/2 + t^2/6 + …), so that small arguments keep their precision. */
function approximate({ sign, significand, exp }: Argument, p: Precision): Approximation {
  const product = significand * p.tables.ln2, t = product >> BigInt(63 - exp);
  const factor = p.sum(p.tables.exponential, sign === 0 ? t : -t);
  return { sign, magnitude: product * factor, exponent: exp - 63 - 2 * p.bits };
}
