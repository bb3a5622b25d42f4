/**
 * RCPPS and RSQRTPS: approximations to within 1.5 * 2^-12, of which every vendor has its own; ours is the rounded result
 * cut to 12 bits. They raise no exceptions and treat denormals as zeros (SDM 2B RCPPS).
 */
import type { FloatUnit } from "./float-unit.ts";
import { DENORMAL, INFINITE, QUIET, ZERO } from "./float-unit.ts";

/** A positive normal number to its approximation. */
type Approximation = (v: number) => number;

export const reciprocal: Approximation = (v) => 1 / v;
export const reciprocalRoot: Approximation = (v) => 1 / Math.sqrt(v);

const FRACTION_KEPT = ~0x7ff, MIN_NORMAL_32 = 2 ** -126;

export function approximate(unit: FloatUnit, compute: Approximation, y: number, out: number): void {
  const c = unit.class32(y), sign = unit.signOf(y, true), isRoot = compute === reciprocalRoot;
  if (c >= QUIET) return unit.putQuieted(out, y, true);
  if (c === ZERO || c === DENORMAL) return unit.putInfinity(out, sign, true);
  if (isRoot && sign === 1) return unit.putDefaultNaN(out, true);
  if (c === INFINITE) return unit.putZero(out, sign, true);
  const v = Math.fround(compute(Math.abs(unit.valueOf(y, true))));
  if (v < MIN_NORMAL_32) return unit.putZero(out, sign, true);
  unit.putSingle(out, sign === 1 ? -v : v);
  unit.R[out] = (unit.R[out] + 0x400) & FRACTION_KEPT;
}
