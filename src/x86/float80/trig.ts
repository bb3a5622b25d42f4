/**
 * FSIN, FCOS, FSINCOS and FPTAN. A multiple of pi/2 is taken off the argument exactly, for which the architecture has a pi of
 * 66 bits (SDM 1 §8.3.8); functions of the rest are correctly rounded. Near multiples of pi/2 and for large arguments
 * results are therefore far from the mathematical ones, and equal to those of real processors, up to the end of the range.
 */
import type { Approximation } from "./big-round.ts";
import { roundBig, roundFunction, significandOf } from "./big-round.ts";
import { deliverNanA, isInfinity, isNan, isZero, normalizeA } from "./classify.ts";
import type { Precision } from "./fixed-point.ts";
import type { FloatUnit } from "./unit.ts";
import { BIAS, INTEGER_BIT, SIGN } from "./unit.ts";

/** Half of the 66-bit pi, in units of 2^-65. */
const HALF_PI = 0x3243f6a8885a308d3n, HALF_PI_BITS = 65;
/** Arguments below this exponent are in the first quadrant as they are. */
const QUARTER_PI_EXP = -1;
/** Arguments of 2^63 and more are out of range. */
const RANGE_EXP = 63;
/** Arguments below 2^-62, by the place of their last bit: series would not show how sine, cosine and tangent differ from x, 1, x. */
const TINY_BITS = 63 + 62;
/** Bits behind a significand, to say that it is a little too small or too large. */
const NUDGE_BITS = 64;

/** |x| = quadrant * pi/2 + rest * 2^-bits; the rest is not 0 and within pi/4 of it. */
interface Angle {
  readonly sign: number;
  /** Modulo 4. */
  readonly quadrant: number;
  readonly rest: bigint;
  readonly bits: number;
}

/** Operand a, a finite number other than zero; null if it is out of range. */
function reduce(u: FloatUnit): Angle | null {
  const sign = u.aSe & SIGN, exp = normalizeA(u) - BIAS, significand = significandOf(u.aHi, u.aLo);
  if (exp >= RANGE_EXP) return null;
  if (exp < QUARTER_PI_EXP) return { sign, quadrant: 0, rest: significand, bits: 63 - exp };
  // Never a multiple: HALF_PI is odd and has more bits than a significand.
  const x = significand << BigInt(exp - 63 + HALF_PI_BITS), turns = (2n * x + HALF_PI) / (2n * HALF_PI);
  return { sign, quadrant: Number(turns & 3n), rest: x - turns * HALF_PI, bits: HALF_PI_BITS };
}

/** Special operands, then `deliver`; false if a is out of range. */
function evaluate(u: FloatUnit, atZero: (u: FloatUnit, sign: number) => void, deliver: (u: FloatUnit, x: Angle) => void): boolean {
  if (deliverNanA(u)) return true;
  const { aSe } = u;
  if (isInfinity(aSe)) {
    u.invalid();
  } else if (isZero(aSe, u.aHi, u.aLo)) {
    atZero(u, aSe);
  } else {
    const angle = reduce(u);
    if (angle === null) return false;
    deliver(u, angle);
  }
  return true;
}

const zero = (u: FloatUnit, sign: number): void => u.zero(sign);
const one = (u: FloatUnit): void => u.set(BIAS, INTEGER_BIT, 0);

/** Sine of a; false if a is out of range. */
export function sin(u: FloatUnit): boolean {
  return evaluate(u, zero, deliverSine);
}

/** Cosine of a; false if a is out of range. */
export function cos(u: FloatUnit): boolean {
  return evaluate(u, one, deliverCosine);
}

/** Cosine of a as the result, sine as operand b; false if a is out of range. */
export function sinCos(u: FloatUnit): boolean {
  const { aSe, aHi, aLo } = u;
  if (!sin(u)) return false;
  u.resultToB();
  u.setA(aSe, aHi, aLo);
  return cos(u);
}

/** Tangent of a as operand b, one as the result, unless both are a NaN; false if a is out of range. */
export function tan(u: FloatUnit): boolean {
  if (!evaluate(u, zero, deliverTangent)) return false;
  u.resultToB();
  if (!isNan(u.se, u.hi, u.lo)) one(u);
  return true;
}

function deliverSine(u: FloatUnit, x: Angle): void {
  if (x.bits > TINY_BITS) return roundBig(u, x.sign, (x.rest << BigInt(NUDGE_BITS)) - 1n, -x.bits - NUDGE_BITS);
  roundFunction(u, x, approximateSine);
}

function deliverCosine(u: FloatUnit, x: Angle): void {
  if (x.bits > TINY_BITS) return roundBig(u, 0, (1n << BigInt(2 * NUDGE_BITS)) - 1n, -2 * NUDGE_BITS);
  // The sine, a quarter further.
  roundFunction(u, { ...x, sign: 0, quadrant: x.quadrant + 1 }, approximateSine);
}

function deliverTangent(u: FloatUnit, x: Angle): void {
  if (x.bits > TINY_BITS) return roundBig(u, x.sign, (x.rest << BigInt(NUDGE_BITS)) + 1n, -x.bits - NUDGE_BITS);
  roundFunction(u, x, approximateTangent);
}

/** The negated square of the rest, which the series are in. */
function seriesArgument({ rest, bits }: Angle, p: Precision): bigint {
  return -((rest * rest) >> BigInt(2 * bits - p.bits));
}

function approximateSine(x: Angle, p: Precision): Approximation {
  const { sign, quadrant, rest, bits } = x, z = seriesArgument(x, p), half = (quadrant & 2) !== 0 ? sign ^ SIGN : sign;
  if ((quadrant & 1) !== 0) return { sign: half, magnitude: p.sum(p.tables.cosine, z), exponent: -p.bits };
  return {
    sign: rest < 0n ? half ^ SIGN : half,
    magnitude: (rest < 0n ? -rest : rest) * p.sum(p.tables.sine, z),
    exponent: -bits - p.bits,
  };
}

function approximateTangent(x: Angle, p: Precision): Approximation {
  const { quadrant, rest, bits } = x, z = seriesArgument(x, p), cosine = p.sum(p.tables.cosine, z);
  const sine = (rest < 0n ? -rest : rest) * p.sum(p.tables.sine, z), sign = rest < 0n ? x.sign ^ SIGN : x.sign;
  if ((quadrant & 1) !== 0) return { sign: sign ^ SIGN, magnitude: (cosine << BigInt(p.bits + bits)) / sine, exponent: -p.bits };
  return { sign, magnitude: (sine << p.shift) / cosine, exponent: -bits - p.bits };
}
