// Runs operations of the float80 unit on numbers written as (sign and exponent, significand).

import { FloatUnit } from "../../../../src/x86/float80/unit.ts";
import type { Rounded, Rounding } from "./reference.ts";
import { ROUNDINGS } from "./reference.ts";

export interface Number80 {
  readonly signExp: number;
  readonly significand: bigint;
}

const low = (x: bigint): number => Number(BigInt.asIntN(32, x));
const high = (x: bigint): number => Number(BigInt.asIntN(32, x >> 32n));

const PRECISION_FIELD = { 24: 0, 53: 2, 64: 3 } as const;
export type PrecisionBits = keyof typeof PRECISION_FIELD;
export const PRECISIONS: readonly PrecisionBits[] = [24, 53, 64];

/** A control word with all exceptions masked. */
export const controlWord = (rounding: Rounding, bits: PrecisionBits = 64): number =>
  0x7f | (PRECISION_FIELD[bits] << 8) | (ROUNDINGS.indexOf(rounding) << 10);

/** A unit with its operands set. */
export function unitWith(control: number, a: Number80, b: Number80 = a): FloatUnit {
  const u = new FloatUnit();
  u.begin(control);
  u.setA(a.signExp, high(a.significand), low(a.significand));
  u.setB(b.signExp, high(b.significand), low(b.significand));
  return u;
}

const significandOf = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

/** Result and flags of a unit. */
export function resultOf(u: FloatUnit): Rounded {
  return { signExp: u.se, significand: significandOf(u.hi, u.lo), flags: u.flags };
}

/** For messages. */
export function text({ signExp, significand }: Number80): string {
  return `${signExp.toString(16).padStart(4, "0")}:${significand.toString(16).padStart(16, "0")}`;
}
export const outcomeText = (r: Rounded): string => `${text(r)} flags ${r.flags.toString(16)}`;
