/**
 * AES rounds and key schedule (SDM 1 §12.13, FIPS 197): the state is the destination register, byte r + 4 c in row r and
 * column c; the round key is the source.
 */
import type { AcrossFunction, Vector } from "./across.ts";

/** Product with x in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function timesX(v: number): number {
  return ((v << 1) ^ ((v & 0x80) !== 0 ? 0x11b : 0)) & 0xff;
}

function product(v: number, w: number): number {
  let sum = 0;
  for (let bit = 1, term = v; bit <= w; bit <<= 1, term = timesX(term)) if ((w & bit) !== 0) sum ^= term;
  return sum;
}

const rotateByte = (v: number, n: number): number => ((v << n) | (v >> (8 - n))) & 0xff;

/** The S-box, inverse in the field and then affine, and its inverse (FIPS 197 §5.1.1). */
const S_BOX = new Uint8Array(256), INVERSE_S_BOX = new Uint8Array(256);
/** x + 1 generates the field: v runs through its powers, w through their inverses (x + 1 has the inverse f6h). */
for (let i = 0, v = 1, w = 1; i < 256; i++, v = timesX(v) ^ v, w = product(w, 0xf6)) {
  const inverse = i === 255 ? 0 : w, at = i === 255 ? 0 : v;
  S_BOX[at] = inverse ^ rotateByte(inverse, 1) ^ rotateByte(inverse, 2) ^ rotateByte(inverse, 3) ^ rotateByte(inverse, 4) ^ 0x63;
  INVERSE_S_BOX[S_BOX[at]] = at;
}

/** Rows shifted and bytes substituted; `step` is 1, or 3 (-1) for the inverse. */
function shiftAndSubstitute(r: Vector, x: Vector, box: Uint8Array, step: 1 | 3): void {
  for (let i = 0; i < 16; i++) r.u8[i] = box[x.u8[(i + 4 * step * (i & 3)) & 15]];
}

/** All four bytes of a column times x. */
const doubled = (column: number): number => ((column & 0x7f7f7f7f) << 1) ^ Math.imul((column >>> 7) & 0x01010101, 0x1b);

/** A column times 03 01 01 02 (FIPS 197 §5.1.3), bytes from the low end. */
function mixColumn(column: number): number {
  const twice = doubled(column);
  return twice ^ rotateRight(twice ^ column, 8) ^ rotateRight(column, 16) ^ rotateRight(column, 24);
}

/** The inverse: times 04 00 05 00 first, then mixed. */
function unmixColumn(column: number): number {
  return mixColumn(column ^ doubled(doubled(column ^ rotateRight(column, 16))));
}

const rotateRight = (v: number, n: number): number => (v >>> n) | (v << (32 - n));

function addKey(r: Vector, key: Vector): void {
  for (let i = 0; i < 4; i++) r.s32[i] ^= key.s32[i];
}

export const aesenc: AcrossFunction = (r, x, key) => {
  shiftAndSubstitute(r, x, S_BOX, 1);
  for (let i = 0; i < 4; i++) r.s32[i] = mixColumn(r.s32[i]);
  addKey(r, key);
};

export const aesenclast: AcrossFunction = (r, x, key) => {
  shiftAndSubstitute(r, x, S_BOX, 1);
  addKey(r, key);
};

export const aesdec: AcrossFunction = (r, x, key) => {
  shiftAndSubstitute(r, x, INVERSE_S_BOX, 3);
  for (let i = 0; i < 4; i++) r.s32[i] = unmixColumn(r.s32[i]);
  addKey(r, key);
};

export const aesdeclast: AcrossFunction = (r, x, key) => {
  shiftAndSubstitute(r, x, INVERSE_S_BOX, 3);
  addKey(r, key);
};

/** The round key for decryption. */
export const aesimc: AcrossFunction = (r, _x, y) => {
  for (let i = 0; i < 4; i++) r.s32[i] = unmixColumn(y.s32[i]);
};

/** Words 1 and 3 of the source, substituted; and the same rotated, with the round constant added. */
export const aeskeygenassist: AcrossFunction = (r, _x, y, _w, imm) => {
  for (let i = 0; i < 4; i += 2) {
    let word = 0;
    for (let byte = 3; byte >= 0; byte--) word = (word << 8) | S_BOX[y.u8[4 * (i + 1) + byte]];
    r.s32[i] = word;
    r.s32[i + 1] = rotateRight(word, 8) ^ imm;
  }
};
