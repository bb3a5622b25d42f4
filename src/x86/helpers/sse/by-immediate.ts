/** Packed integer operations with an immediate: moves by bytes, alignment, word shuffles, blends, MPSADBW. */
import type { AcrossFunction } from "./across.ts";

/** The whole register by bytes. */
export const psrldq: AcrossFunction = (r, x, _y, _w, imm) => {
  for (let i = 0; i < 16; i++) r.u8[i] = i + imm < 16 ? x.u8[i + imm] : 0;
};
export const pslldq: AcrossFunction = (r, x, _y, _w, imm) => {
  for (let i = 0; i < 16; i++) r.u8[i] = i >= imm ? x.u8[i - imm] : 0;
};

/** Bytes from `imm` of x above y. */
export const palignr: AcrossFunction = (r, x, y, w, imm) => {
  const n = 4 * w;
  for (let i = 0; i < n; i++) {
    const from = i + imm;
    r.u8[i] = from < n ? y.u8[from] : from < 2 * n ? x.u8[from - n] : 0;
  }
};

/** PSHUFW, and PSHUFLW and PSHUFHW on one half of an XMM register. */
const shuffleWords = (first: 0 | 4): AcrossFunction => (r, _x, y, _w, imm) => {
  r.u32.set(y.u32);
  for (let i = 0; i < 4; i++) r.u16[first + i] = y.u16[first + ((imm >> (2 * i)) & 3)];
};
export const pshufw = shuffleWords(0), pshufhw = shuffleWords(4);

export const pblendw: AcrossFunction = (r, x, y, _w, imm) => {
  for (let i = 0; i < 8; i++) r.u16[i] = ((imm >> i) & 1) !== 0 ? y.u16[i] : x.u16[i];
};

/** Eight sums of absolute differences between four bytes of y and four of x at a sliding place (SDM 2B MPSADBW). */
export const mpsadbw: AcrossFunction = (r, x, y, _w, imm) => {
  const xFrom = imm & 4, yFrom = (imm & 3) * 4;
  for (let i = 0; i < 8; i++) {
    let sum = 0;
    for (let j = 0; j < 4; j++) sum += Math.abs(x.u8[xFrom + i + j] - y.u8[yFrom + j]);
    r.u16[i] = sum;
  }
};
