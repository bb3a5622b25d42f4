// Floating-point operands as bytes: plain numbers, small integers, both ends of the exponent range, few significant bits
// (so that results are exact or ties), and the special encodings.

import { le } from "./bytes.ts";
import type { Random } from "./random.ts";

const SPECIAL_32 = [
  0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x7fffffff, 1, 0x80000001, 0x007fffff, 0x00800000,
  0x7f7fffff, 0xff7fffff, 0x3f800000, 0xbf800000, 0x4f000000, 0xcf000000, 0x4b000001, 0x3effffff,
];

/** The same for doubles, with the borders of the range of singles and of int32. */
const SPECIAL_64 = [
  0n, 0x8000000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000000000n, 0xfff8000000000005n, 0x7ff0000000000001n,
  1n, 0x8000000000000001n, 0x000fffffffffffffn, 0x0010000000000000n, 0x7fefffffffffffffn, 0x3ff0000000000000n, 0xbff0000000000000n,
  0x41e0000000000000n, 0xc1e0000000000000n, 0x47efffffe0000000n, 0x47effffff0000000n, 0x36a0000000000000n, 0x380fffffffffffffn,
  0x41dfffffffc00000n, 0xc1e0000000200000n,
];

interface Format {
  readonly bytes: number;
  readonly exponentBits: number;
  readonly special: readonly bigint[];
}
const SINGLE: Format = { bytes: 4, exponentBits: 8, special: SPECIAL_32.map(BigInt) };
const DOUBLE: Format = { bytes: 8, exponentBits: 11, special: SPECIAL_64 };

export function f32(random: Random): number[] {
  return encoded(random, SINGLE);
}

export function f64(random: Random): number[] {
  return encoded(random, DOUBLE);
}

function encoded(random: Random, format: Format): number[] {
  const { bytes, exponentBits } = format;
  const bias = 2 ** (exponentBits - 1) - 1;
  const fractionBits = bytes * 8 - 1 - exponentBits;
  const build = (exponent: number, fraction: bigint) => {
    const sign = BigInt(random.below(2)) << BigInt(bytes * 8 - 1);
    return le(sign | (BigInt(exponent) << BigInt(fractionBits)) | BigInt.asUintN(fractionBits, fraction), bytes);
  };
  const anyFraction = () => BigInt(random.u32()) | (BigInt(random.u32()) << 32n);
  const fewBits = () => BigInt(random.below(16)) << BigInt(fractionBits - 4 - random.below(3));
  return random.weighted<() => number[]>([
    [7, () => build(bias + random.between(-exponentBits * 3, exponentBits * 3), anyFraction())],
    [4, () => smallNumber(random, bytes)],
    [3, () => build(bias + random.between(-8, 24), fewBits())],
    [2, () => build(random.pick([0, 1, random.between(1, 30), 2 * bias, 2 * bias - random.below(30)]), anyFraction())],
    [5, () => le(random.pick(format.special), bytes)],
    [3, () => random.uniformBytes(bytes)],
  ])();
}

/** Integers up to 1000, and eighths of larger ones. */
function smallNumber(random: Random, bytes: number): number[] {
  const value = random.bool() ? random.between(-1000, 1000) : random.between(-1000000, 1000000) / 8;
  const view = new DataView(new ArrayBuffer(8));
  if (bytes === 4) view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return [...new Uint8Array(view.buffer, 0, bytes)];
}

const F80_BIAS = 16383, F80_MAX_EXPONENT = 0x7fff;
const INTEGER_BIT = 1n << 63n;

/** An extended value from its parts. */
export function makeF80(sign: number, exponent: number, significand: bigint): number[] {
  return [...le(significand, 8), ...le((sign << 15) | exponent, 2)];
}

/** A significand with the integer bit, and random bits behind it. */
export function significand(random: Random): bigint {
  return INTEGER_BIT | (BigInt(random.u32()) << 31n) | (BigInt(random.u32()) >> 1n);
}

/** With a sign and an exponent within `low` .. `high` - 1. */
export function f80Between(random: Random, low: number, high: number): number[] {
  return makeF80(random.below(2), F80_BIAS + random.between(low, high - 1), significand(random));
}

export function f80(random: Random): number[] {
  return random.weighted<() => number[]>([
    [10, () => makeF80(random.below(2), F80_BIAS + random.between(-30, 29), significand(random) & (random.bool() ? ~0x7ffn : ~0n))],
    [6, () => f80Integer(random)],
    [7, () => specialF80(random)],
    [2, () => makeF80(random.below(2), random.between(1, 0x7ffe), significand(random))],
    [1, () => unsupportedF80(random)],
  ])();
}

function f80Integer(random: Random): number[] {
  let value = BigInt(random.between(1, random.pick([10, 1000, 1000000])));
  let exponent = F80_BIAS + 63;
  for (; value < INTEGER_BIT; exponent--) value <<= 1n;
  return makeF80(random.below(2), exponent, value);
}

/** Zeros, infinities, NaNs, denormals, the ends of the ranges of the memory formats, values near the integers' limits. */
export function specialF80(random: Random): number[] {
  const sign = random.below(2);
  return random.pick([
    () => makeF80(sign, 0, 0n),
    () => makeF80(sign, F80_MAX_EXPONENT, INTEGER_BIT),
    () => makeF80(sign, F80_MAX_EXPONENT, 3n << 62n),
    () => makeF80(sign, F80_MAX_EXPONENT, (3n << 62n) | BigInt(random.u32())),
    () => makeF80(sign, F80_MAX_EXPONENT, INTEGER_BIT + 5n),
    () => makeF80(sign, 0, BigInt(random.u32()) + 1n),
    () => makeF80(sign, F80_MAX_EXPONENT - 1, 0xffffffffffffffffn),
    () => makeF80(sign, 1, INTEGER_BIT),
    () => makeF80(sign, F80_BIAS, INTEGER_BIT),
    () => makeF80(sign, F80_BIAS - 1, INTEGER_BIT),
    () => makeF80(sign, F80_BIAS + random.pick([14, 15, 30, 31, 62]), significand(random)),
    () => makeF80(sign, F80_BIAS + random.pick([15, 31, 63]), INTEGER_BIT + BigInt(random.below(3))),
    () => makeF80(sign, F80_BIAS - 1023, INTEGER_BIT + (BigInt(random.u32()) << 11n)),
    () => makeF80(sign, F80_BIAS + random.pick([-126, -127, -149, -150, 127, 128, -1022, -1023, -1074, -1075, 1023, 1024]), significand(random)),
  ])();
}

/** Encodings from before the 387 (SDM 1 table 8-3): pseudo-denormals count as denormals, the others are invalid. */
function unsupportedF80(random: Random): number[] {
  const sign = random.below(2);
  const withoutIntegerBit = significand(random) & ~INTEGER_BIT;
  return random.pick([
    () => makeF80(sign, 0, significand(random)),
    () => makeF80(sign, random.between(1, F80_MAX_EXPONENT - 1), withoutIntegerBit),
    () => makeF80(sign, F80_MAX_EXPONENT, withoutIntegerBit),
    () => makeF80(sign, F80_MAX_EXPONENT, 0n),
  ])();
}
