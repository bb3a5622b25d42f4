// Floating-point numbers as bytes: ordinary ones, and those where rules change.

import type { Random } from "../../oracle/random.ts";

const DOUBLES = [0, -0, 1, -1, 0.5, 3, 1e300, 1e-300, Infinity, -Infinity, NaN, Number.MIN_VALUE, Number.MAX_VALUE, 2.2250738585072014e-308, 2 ** 31, -(2 ** 31), 2 ** 53, 0.1];
const BYTES = 8;

/** A vector register or 16 bytes of memory: two doubles, four floats, or anything. */
export function vectorBytes(random: Random): number[] {
  const view = new DataView(new ArrayBuffer(2 * BYTES));
  const kind = random.weighted<"double" | "float" | "any">([[5, "double"], [2, "float"], [2, "any"]]);
  const number = (): number => (random.chance(0.4) ? random.pick(DOUBLES) : (random.u32() / 2 ** 20 - 2 ** 11) * random.pick([1, 1, 1, 1e-20, 1e30]));
  if (kind === "any") return random.bytes(2 * BYTES);
  for (let at = 0; at < 2 * BYTES; at += kind === "double" ? 8 : 4) {
    if (kind === "double") view.setFloat64(at, number(), true);
    else view.setFloat32(at, number(), true);
  }
  // A signalling NaN, an odd payload, an unnormal bit.
  if (random.chance(0.1)) view.setUint8(random.below(2 * BYTES), random.byte());
  return [...new Uint8Array(view.buffer)];
}
