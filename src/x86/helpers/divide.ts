/** The overflow check of the 64-by-32-bit signed division, which has no short form on 32-bit halves. */
import { defHelper } from "./define.ts";

const TWO32 = 4294967296;

/** 1 if hi:lo divided by d has no 32-bit signed quotient; d = 0 has none. */
export function idivOverflows(lo: number, hi: number, d: number): number {
  // A sign-extended dword, which is what CDQ leaves: only -2^31 / -1 is too large.
  if (hi === lo >> 31) return d === 0 || (d === -1 && lo === -0x80000000) ? 1 : 0;
  // |hi:lo| as an exact pair: below 2^63, so that its high half is a double without rounding.
  let low = lo >>> 0, high = hi;
  if (hi < 0) {
    high = -hi - (low !== 0 ? 1 : 0);
    low = low === 0 ? 0 : TWO32 - low;
  }
  const divisor = Math.abs(d);
  // The quotient has to stay below 2^31, or 2^31 + 1 where it is negative: compare with that multiple of |d|.
  let boundHigh = divisor >>> 1, boundLow = (divisor & 1) * 0x80000000 + ((hi ^ d) < 0 ? divisor : 0);
  if (boundLow >= TWO32) {
    boundLow -= TWO32;
    boundHigh++;
  }
  return high > boundHigh || (high === boundHigh && low >= boundLow) ? 1 : 0;
}

export const idivOverflow = defHelper("idiv_overflow", {
  params: 3,
  result: "i32",
  pure: true,
  doc: "1 if the signed quotient of hi:lo (operands lo, hi, divisor) does not fit into 32 bits or the divisor is 0, else 0.",
  bind: () => idivOverflows,
});
