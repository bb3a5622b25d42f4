/**
 * x87's extended and integer formats in translated blocks: between memory and pairs of doubles (pairs-ir.ts). Called by
 * inline.ts for insns that may be done inline; what is not done here leaves.
 */
import { lowerWord, unsignedToDouble, upperWord, wordsToDouble } from "../../helpers/fpu/float-bits.ts";
import type { Double } from "../../floats.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import type { Pair } from "../../pairs-ir.ts";
import { G_FPU_CONTROL } from "../../state.ts";
import { load64, load80 } from "./lowering.ts";

/** Biases of exponents; those that pairs are made of (helpers/fpu/pairs.ts). */
const EXTENDED_BIAS = 16383, DOUBLE_BIAS = 1023, MAX_PAIR_EXP = 899;
/** Where a double's exponent is in its upper word. */
const DOUBLE_EXP_SHIFT = 20;
/** The integer bit of a significand, bits that a double has no room for, and the unit of the 64th place as a power of the first's. */
const INTEGER_BIT = 0x80000000 | 0, REST = 0x7ff, LAST_PLACE = -63;
/** Rounding control with the mask of PE: to nearest, truncation. */
const ROUNDING_AND_PM = 0xc20, NEAREST = 0x020, TRUNCATION = 0xc20;

const asDouble = (v: Val): Double => v as unknown as Double;
const asVal = (x: Double): Val => x as unknown as Val;

/** 2^exp with the sign that is bit 31 of `sign`. */
function signedPower(b: Lowering, exp: Val, sign: Val): Double {
  const upper = b.or(b.shl(b.add(exp, b.imm(DOUBLE_BIAS)), b.imm(DOUBLE_EXP_SHIFT)), b.and(sign, b.imm(INTEGER_BIT)));
  return asDouble(b.call(wordsToDouble, b.imm(0), upper));
}

/** An extended number in memory. */
export function loadExtendedPair(b: Lowering, m: Operand): Pair {
  const [lo, hi, se] = load80(b, m), biased = b.and(se, b.imm(0x7fff)), exp = b.sub(biased, b.imm(EXTENDED_BIAS)), { pairs } = b.x87;
  const isZero = b.setcond("eq", b.or(b.or(lo, hi), biased), b.imm(0));
  const isUsual = b.and(b.setcond("lt", hi, b.imm(0)), b.setcond("leu", b.add(exp, b.imm(MAX_PAIR_EXP)), b.imm(2 * MAX_PAIR_EXP)));
  b.leaveIf(b.setcond("eq", b.or(isZero, isUsual), b.imm(0)));
  // For zeros it is some number of the right sign.
  const place = signedPower(b, b.add(exp, b.imm(LAST_PLACE)), b.shl(se, b.imm(16)));
  const first = asDouble(b.call(unsignedToDouble, b.and(lo, b.imm(~REST)), hi)), rest = b.doubles.ofInt(b.and(lo, b.imm(REST)));
  return { h: pairs.mul2(first, place), l: pairs.mul2(rest, place) };
}

/** An int64 in memory. */
export function loadLongPair(b: Lowering, m: Operand): Pair {
  const [lo, hi] = load64(b, m), { pairs } = b.x87;
  const upper = pairs.mul2(b.doubles.ofInt(hi), pairs.power(32)), lower = asDouble(b.call(unsignedToDouble, lo, b.imm(0)));
  return pairs.add({ h: upper, l: null }, { h: lower, l: null }, 64).pair;
}

/** Stores words of 32 bits, the last perhaps of 16, all or none. */
function storeWords(b: Lowering, m: Operand, words: readonly Val[], lastBits: 16 | 32): void {
  const at = m.linear(4 * (words.length - 1) + lastBits / 8, true), widthOf = (i: number): 16 | 32 => (i === words.length - 1 ? lastBits : 32);
  const places = words.map((_, i) => b.add(at, b.imm(4 * i)));
  if (words.length === 1) return b.store(lastBits, at, words[0]);
  places.forEach((place, i) => b.load(widthOf(i), place, "write"));
  places.forEach((place, i) => { b.store(widthOf(i), place, words[i], "none"); });
}

/** The words of a pair. */
export function storeExtended(b: Lowering, m: Operand, { h, l }: Pair): void {
  const top = b.call(upperWord, asVal(h)), low = b.call(lowerWord, asVal(h)), exp = b.sub(b.extract(top, DOUBLE_EXP_SHIFT, 11), b.imm(DOUBLE_BIAS));
  const isNot0 = b.doubles.compare("ne", h, b.doubles.zero), lo = b.shl(low, b.imm(11));
  const hi = b.or(b.or(b.imm(INTEGER_BIT), b.shl(b.extract(top, 0, 20), b.imm(11))), b.shr(low, b.imm(21)));
  // In units of the last place.
  const rest = l === null ? b.imm(0) : b.doubles.whole(b.x87.pairs.mul2(l, signedPower(b, b.sub(b.imm(-LAST_PLACE), exp), top)));
  const borrow = b.and(b.setcond("lt", rest, b.imm(0)), b.setcond("eq", lo, b.imm(0)));
  // Just below a power of two the exponent is another.
  b.leaveIf(b.and(borrow, b.setcond("eq", hi, b.imm(INTEGER_BIT))));
  const se = b.or(b.and(b.shr(top, b.imm(16)), b.imm(0x8000)), b.select(isNot0, b.add(exp, b.imm(EXTENDED_BIAS)), b.imm(0)));
  storeWords(b, m, [b.add(lo, rest), b.select(isNot0, b.sub(hi, borrow), b.imm(0)), se], 16);
  b.x87.setC1();
}

/** A pair as an integer of so many bits, rounded as the control word says or truncated; leaves where it does not fit. */
export function storeInteger(b: Lowering, m: Operand, value: Pair, bits: 16 | 32 | 64, isTruncated: boolean): void {
  const { x87, doubles } = b, { pairs } = x87, control = b.and(b.get(G_FPU_CONTROL), b.imm(ROUNDING_AND_PM));
  const truncates = b.setcond("eq", control, b.imm(TRUNCATION)), truncation = truncated(b, value);
  b.leaveIf(b.setcond("eq", b.or(truncates, b.setcond("eq", control, b.imm(NEAREST))), b.imm(0)));
  const whole = isTruncated ? truncation : doubles.select("ne", doubles.ofInt(truncates), doubles.zero, truncation, nearest(b, value));
  // Of 64 bits only those are done that a double's arithmetic is good for.
  const end = pairs.power(bits === 64 ? 51 : bits - 1), result = pairs.asRounded(value, whole);
  const isInside = b.and(doubles.compare("ge", whole, pairs.sub2(doubles.zero, end)), doubles.compare("lt", whole, end));
  b.leaveIf(b.or(b.setcond("eq", isInside, b.imm(0)), x87.isNewPrecisionLoss(result)));
  const word = doubles.whole(whole);
  if (bits === 64) storeWords(b, m, [word, doubles.whole(doubles.floor(pairs.mul2(whole, pairs.power(-32))))], 32);
  else storeWords(b, m, [word], bits);
  x87.setC1(result);
}

/** Towards 0. Where h is whole the rest may lead below it. */
function truncated(b: Lowering, { h, l }: Pair): Double {
  const { doubles, x87: { pairs } } = b, { zero } = doubles, whole = doubles.truncation(h);
  if (l === null) return whole;
  const one = doubles.select("lt", h, zero, doubles.ofInt(b.imm(-1)), doubles.ofInt(b.imm(1)));
  const excess = doubles.select("lt", pairs.mul2(h, l), zero, one, zero);
  return pairs.sub2(whole, doubles.select("eq", whole, h, excess, zero));
}

/** To nearest, for magnitudes below 2^51. Where h is halfway between two integers the rest decides. */
function nearest(b: Lowering, { h, l }: Pair): Double {
  const { doubles, x87: { pairs } } = b, { zero } = doubles, whole = doubles.nearest(h);
  if (l === null) return whole;
  const distance = pairs.sub2(h, whole), half = pairs.power(-1), one = pairs.power(0);
  const up = doubles.select("gt", l, zero, one, zero), down = doubles.select("lt", l, zero, one, zero);
  const above = doubles.select("eq", distance, half, up, zero), below = doubles.select("eq", distance, pairs.sub2(zero, half), down, zero);
  return pairs.sub2(pairs.add2(whole, above), below);
}
