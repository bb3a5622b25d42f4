/**
 * Packed integer operations whose result lanes depend on other lanes: widening, narrowing, interleaving, horizontal sums,
 * 64-bit lanes, shuffles by variable (SDM 2B). Each reads both operands, makes the result in a scratch array, and writes
 * it whole, because source and destination may be one register. `w` is 2 for MMX, 4 for XMM.
 */
import type { Cpu } from "../../cpu.ts";
import { toS16, toS8, toU16 } from "./lanes.ts";
import type { VectorHelper } from "./vector-helper.ts";
import { defVectorHelper } from "./vector-helper.ts";

/** A 16-byte vector in every division. */
export class Vector {
  readonly u32 = new Uint32Array(4);
  readonly s32 = new Int32Array(this.u32.buffer);
  readonly u16 = new Uint16Array(this.u32.buffer);
  readonly s16 = new Int16Array(this.u32.buffer);
  readonly u8 = new Uint8Array(this.u32.buffer);
  readonly s8 = new Int8Array(this.u32.buffer);
}

/** Computes `r` from destination `x`, source `y` and the immediate; `w` is the number of words. */
export type AcrossFunction = (r: Vector, x: Vector, y: Vector, w: 2 | 4, imm: number) => void;

/** `words` are those of the destination; a body sees sources in memory of any size, zero extended. */
export function acrossHelper(name: string, compute: AcrossFunction, words: 2 | 4): VectorHelper {
  return defVectorHelper(`${name}_${words * 32}`, {
    doc: `${name.toUpperCase()} on ${words * 32} bits.`,
    bind: (cpu) => bindAcross(cpu, compute, words),
  });
}

function bindAcross(cpu: Cpu, compute: AcrossFunction, words: 2 | 4): (dst: number, src: number, imm: number) => void {
  const { R } = cpu, r = new Vector(), x = new Vector(), y = new Vector();
  return (dst, src, imm) => {
    for (let i = 0; i < words; i++) {
      x.s32[i] = R[dst + i];
      y.s32[i] = R[src + i];
    }
    compute(r, x, y, words, imm);
    for (let i = 0; i < words; i++) R[dst + i] = r.s32[i];
  };
}

type View = "u8" | "s8" | "u16" | "s16" | "u32" | "s32";
const LANES_PER_WORD: Readonly<Record<View, number>> = { u8: 4, s8: 4, u16: 2, s16: 2, u32: 1, s32: 1 };

/** The lanes of x, then those of y, each made half as wide by `saturate`. */
const pack = (from: "s16" | "s32", to: View, saturate: (v: number) => number): AcrossFunction => (r, x, y, w) => {
  const n = LANES_PER_WORD[from] * w;
  for (let i = 0; i < n; i++) {
    r[to][i] = saturate(x[from][i]);
    r[to][n + i] = saturate(y[from][i]);
  }
};

/** Neighbouring lanes of x, then of y, combined. */
const horizontal = (view: "s16" | "s32", combine: (a: number, b: number) => number): AcrossFunction => (r, x, y, w) => {
  const n = (LANES_PER_WORD[view] * w) / 2;
  for (let i = 0; i < n; i++) {
    r[view][i] = combine(x[view][2 * i], x[view][2 * i + 1]);
    r[view][n + i] = combine(y[view][2 * i], y[view][2 * i + 1]);
  }
};

/** Low lanes of y, widened. */
const extend = (from: View, to: View): AcrossFunction => (r, _x, y) => {
  const n = LANES_PER_WORD[to] * 4;
  for (let i = 0; i < n; i++) r[to][i] = y[from][i];
};
/** The same to 64 bits. */
const extendToQuad = (from: View): AcrossFunction => (r, _x, y) => {
  for (let i = 0; i < 2; i++) setQuad(r, i, y[from][i], from.startsWith("s") ? y[from][i] >> 31 : 0);
};

function setQuad(r: Vector, i: number, low: number, high: number): void {
  r.s32[2 * i] = low;
  r.s32[2 * i + 1] = high;
}

const quadwords = (compute: (xl: number, xh: number, yl: number, yh: number) => number, computeHigh: (xl: number, xh: number, yl: number, yh: number) => number): AcrossFunction =>
  (r, x, y, w) => {
    for (let i = 0; i < w; i += 2) {
      const xl = x.s32[i], xh = x.s32[i + 1], yl = y.s32[i], yh = y.s32[i + 1];
      r.s32[i] = compute(xl, xh, yl, yh);
      r.s32[i + 1] = computeHigh(xl, xh, yl, yh);
    }
  };
const isGreaterQuad = (xl: number, xh: number, yl: number, yh: number): number => (xh > yh || (xh === yh && xl >>> 0 > yl >>> 0) ? -1 : 0);
const isEqualQuad = (xl: number, xh: number, yl: number, yh: number): number => (xl === yl && xh === yh ? -1 : 0);

/** Even signed doublewords multiplied to quadwords. */
const multiplyEven: AcrossFunction = (r, x, y, w) => {
  for (let i = 0; i < w; i += 2) {
    const low = Math.imul(x.s32[i], y.s32[i]);
    const high = highOfProduct(x.u32[i], y.u32[i]);
    r.s32[i] = low;
    r.s32[i + 1] = high - ((x.s32[i] < 0 ? y.s32[i] : 0) + (y.s32[i] < 0 ? x.s32[i] : 0));
  }
};

function highOfProduct(x: number, y: number): number {
  const low = Math.imul(x, y) >>> 0;
  return Math.round((x * y - low) / 4294967296);
}

/** x unsigned, y signed. */
const multiplyAddBytes: AcrossFunction = (r, x, y, w) => {
  for (let i = 0; i < 2 * w; i++) r.s16[i] = toS16(x.u8[2 * i] * y.s8[2 * i] + x.u8[2 * i + 1] * y.s8[2 * i + 1]);
};

const shuffleBytes: AcrossFunction = (r, x, y, w) => {
  for (let i = 0; i < 4 * w; i++) r.u8[i] = y.s8[i] < 0 ? 0 : x.u8[y.u8[i] & (4 * w - 1)];
};

const minimumPosition: AcrossFunction = (r, _x, y) => {
  let at = 0;
  for (let i = 1; i < 8; i++) if (y.u16[i] < y.u16[at]) at = i;
  r.u32.fill(0);
  r.u16[0] = y.u16[at];
  r.u16[1] = at;
};

export const ACROSS_OPERATIONS = {
  packsswb: pack("s16", "s8", toS8), packusdw: pack("s32", "u16", toU16),
  pcmpeqq: quadwords(isEqualQuad, isEqualQuad), pcmpgtq: quadwords(isGreaterQuad, isGreaterQuad),
  pmuldq: multiplyEven, pmaddubsw: multiplyAddBytes,
  phaddw: horizontal("s16", (a, b) => a + b), phaddd: horizontal("s32", (a, b) => a + b), phaddsw: horizontal("s16", (a, b) => toS16(a + b)),
  phsubw: horizontal("s16", (a, b) => a - b), phsubd: horizontal("s32", (a, b) => a - b), phsubsw: horizontal("s16", (a, b) => toS16(a - b)),
  pshufb: shuffleBytes, phminposuw: minimumPosition,
  pmovsxbw: extend("s8", "s16"), pmovsxbd: extend("s8", "s32"), pmovsxwd: extend("s16", "s32"),
  pmovsxbq: extendToQuad("s8"), pmovsxwq: extendToQuad("s16"), pmovsxdq: extendToQuad("s32"),
  pmovzxbw: extend("u8", "u16"), pmovzxbd: extend("u8", "u32"), pmovzxwd: extend("u16", "u32"),
  pmovzxbq: extendToQuad("u8"), pmovzxwq: extendToQuad("u16"), pmovzxdq: extendToQuad("u32"),
} satisfies Record<string, AcrossFunction>;

export type AcrossOperation = keyof typeof ACROSS_OPERATIONS;
