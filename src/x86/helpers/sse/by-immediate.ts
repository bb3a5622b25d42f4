/** Packed integer operations with an immediate or a count: shifts, alignment, word shuffles, blends, MPSADBW. */
import type { AcrossFunction } from "./across.ts";

/** Shift counts are the whole low quadword of the source: anything past 255 is as good as 255. */
type CountOf = (y: Parameters<AcrossFunction>[2], imm: number) => number;
const byVector: CountOf = (y) => (y.u32[1] !== 0 || y.u32[0] > 255 ? 255 : y.u32[0]);
const byImmediate: CountOf = (_y, imm) => imm;

const shiftWords = (countOf: CountOf, shift: (v: number, n: number) => number): AcrossFunction => (r, x, y, w, imm) => {
  const n = countOf(y, imm);
  for (let i = 0; i < 2 * w; i++) r.u16[i] = n > 15 ? 0 : shift(x.u16[i], n);
};
const shiftDwords = (countOf: CountOf, shift: (v: number, n: number) => number): AcrossFunction => (r, x, y, w, imm) => {
  const n = countOf(y, imm);
  for (let i = 0; i < w; i++) r.u32[i] = n > 31 ? 0 : shift(x.u32[i], n);
};
const shiftArithmeticWords = (countOf: CountOf): AcrossFunction => (r, x, y, w, imm) => {
  const n = Math.min(15, countOf(y, imm));
  for (let i = 0; i < 2 * w; i++) r.s16[i] = x.s16[i] >> n;
};
const shiftArithmeticDwords = (countOf: CountOf): AcrossFunction => (r, x, y, w, imm) => {
  const n = Math.min(31, countOf(y, imm));
  for (let i = 0; i < w; i++) r.s32[i] = x.s32[i] >> n;
};
const shiftQuadsRight = (countOf: CountOf): AcrossFunction => (r, x, y, w, imm) => {
  const n = countOf(y, imm);
  for (let i = 0; i < w; i += 2) {
    const low = x.u32[i], high = x.u32[i + 1];
    r.u32[i + 1] = n > 31 ? 0 : high >>> n;
    r.u32[i] = n > 63 ? 0 : n > 31 ? high >>> (n - 32) : n === 0 ? low : (low >>> n) | (high << (32 - n));
  }
};
const shiftQuadsLeft = (countOf: CountOf): AcrossFunction => (r, x, y, w, imm) => {
  const n = countOf(y, imm);
  for (let i = 0; i < w; i += 2) {
    const low = x.u32[i], high = x.u32[i + 1];
    r.u32[i] = n > 31 ? 0 : low << n;
    r.u32[i + 1] = n > 63 ? 0 : n > 31 ? low << (n - 32) : n === 0 ? high : (high << n) | (low >>> (32 - n));
  }
};

const left = (v: number, n: number): number => v << n, right = (v: number, n: number): number => v >>> n;
const shiftFamily = (countOf: CountOf) => ({
  psrlw: shiftWords(countOf, right), psrld: shiftDwords(countOf, right), psrlq: shiftQuadsRight(countOf),
  psraw: shiftArithmeticWords(countOf), psrad: shiftArithmeticDwords(countOf),
  psllw: shiftWords(countOf, left), pslld: shiftDwords(countOf, left), psllq: shiftQuadsLeft(countOf),
});
/** Shifts whose count is the source operand, and the same by an immediate. */
export const SHIFTS = shiftFamily(byVector), IMMEDIATE_SHIFTS = shiftFamily(byImmediate);
export type Shift = keyof typeof SHIFTS;

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
