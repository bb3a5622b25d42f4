/** PCLMULQDQ: product of polynomials over GF(2) (SDM 2B PCLMULQDQ). */
import type { AcrossFunction } from "./across.ts";

/** Bit 0 of the immediate chooses the quadword of x, bit 4 that of y. */
export const pclmulqdq: AcrossFunction = (r, x, y, _w, imm) => {
  const from = (imm & 1) << 1, by = (imm >> 3) & 2;
  const low = x.s32[from], high = x.s32[from + 1];
  r.s32.fill(0);
  for (let i = 0; i < 2; i++) {
    const factor = y.s32[by + i];
    for (let bit = 0; bit < 32; bit++) {
      if (((factor >>> bit) & 1) === 0) continue;
      // Words shifted by 32 - 0 would not vanish, so their upper part is shifted in two steps.
      r.s32[i] ^= low << bit;
      r.s32[i + 1] ^= (high << bit) | ((low >>> 1) >>> (31 - bit));
      r.s32[i + 2] ^= (high >>> 1) >>> (31 - bit);
    }
  }
};
