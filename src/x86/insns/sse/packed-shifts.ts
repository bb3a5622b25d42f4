/** Packed shifts as IR, by the low quadword of a register or by an immediate. */
import type { Lowering, Val } from "../../lowering.ts";
import type { Inline } from "./packed-words.ts";
import { halves, pairsOf } from "./packed-words.ts";

/** Result words, all of them shifted by `n`, unsigned. */
export type ByCount = (b: Lowering, x: readonly Val[], n: Val) => Val[];

const each = (f: (b: Lowering, x: Val, n: Val) => Val): ByCount => (b, x, n) => x.map((word) => f(b, word, n));
/** 0 where the lanes of so many bits are shifted out. */
const within = (b: Lowering, n: Val, bits: number, v: Val): Val => b.movcond("gtu", n, b.imm(bits - 1), b.imm(0), v);
const atMost = (b: Lowering, n: Val, most: number): Val => b.movcond("gtu", n, b.imm(most), b.imm(most), n);
/** A halfword twice. */
const twice = (b: Lowering, half: Val): Val => b.mul(half, b.imm(0x10001));

const quads = (f: (b: Lowering, low: Val, high: Val, n: Val) => [Val, Val]): ByCount => (b, x, n) => pairsOf(x).flatMap(([low, high]) => f(b, low, high, n));
/** A word that bits come into from a neighbour which is shifted the other way by 32 - n; n from 0 to 31. */
const joined = (b: Lowering, shifted: Val, n: Val, carried: Val): Val => b.or(shifted, b.movcond("eq", n, b.imm(0), b.imm(0), carried));

const SHIFTS = {
  psrlw: each((b, x, n) => within(b, n, 16, b.and(b.shr(x, n), twice(b, b.shr(b.imm(0xffff), n))))),
  psllw: each((b, x, n) => within(b, n, 16, b.and(b.shl(x, n), twice(b, b.zext(16, b.shl(b.imm(0xffff), n)))))),
  psraw: each((b, x, n) => {
    const by = atMost(b, n, 15);
    return halves(b, b.sar(b.sext(16, x), by), b.sar(x, b.add(by, b.imm(16))));
  }),
  psrld: each((b, x, n) => within(b, n, 32, b.shr(x, n))), pslld: each((b, x, n) => within(b, n, 32, b.shl(x, n))),
  psrad: each((b, x, n) => b.sar(x, atMost(b, n, 31))),
  psrlq: quads((b, low, high, n) => {
    const isFar = b.setcond("gtu", n, b.imm(31)), far = within(b, n, 64, b.shr(high, n)), near = joined(b, b.shr(low, n), n, b.shl(high, b.neg(n)));
    return [b.select(isFar, far, near), b.select(isFar, b.imm(0), b.shr(high, n))];
  }),
  psllq: quads((b, low, high, n) => {
    const isFar = b.setcond("gtu", n, b.imm(31)), far = within(b, n, 64, b.shl(low, n)), near = joined(b, b.shl(high, n), n, b.shr(low, b.neg(n)));
    return [b.select(isFar, b.imm(0), b.shl(low, n)), b.select(isFar, far, near)];
  }),
} satisfies Record<string, ByCount>;

export type Shift = keyof typeof SHIFTS;
export const SHIFTS_BY_COUNT: Readonly<Record<Shift, ByCount>> = SHIFTS;

/** Counts are the whole low quadword: anything past a word is as good as the largest one. */
export const byVector = (shift: ByCount): Inline => (b, x, y) => shift(b, x, b.movcond("ne", y[1], b.imm(0), b.imm(-1), y[0]));
