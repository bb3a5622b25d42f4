/**
 * Packed integers as IR: lanes of bytes or halfwords within 32-bit words, several at a time. A lane's top bit is kept from
 * carrying into the next; comparisons give these top bits, which `spread` makes whole lanes of.
 */
import type { Lowering, Val } from "../../lowering.ts";

/** Result words from the operands' words; there are 2 or 4. */
export type Inline = (b: Lowering, x: readonly Val[], y: readonly Val[]) => Val[];
export type OnWord = (b: Lowering, x: Val, y: Val) => Val;

export const wordwise = (f: OnWord): Inline => (b, x, y) => x.map((xi, i) => f(b, xi, y[i]));

/** Lanes of 8 or 16 bits: their top bits. */
type LaneBits = 8 | 16;
const TOP: Readonly<Record<LaneBits, number>> = { 8: 0x80808080 | 0, 16: 0x80008000 | 0 };

const add = (bits: LaneBits): OnWord => (b, x, y) => {
  const top = b.imm(TOP[bits]), rest = b.imm(~TOP[bits]);
  return b.xor(b.add(b.and(x, rest), b.and(y, rest)), b.and(b.xor(x, y), top));
};
const sub = (bits: LaneBits): OnWord => (b, x, y) => {
  const top = b.imm(TOP[bits]), rest = b.imm(~TOP[bits]);
  return b.xor(b.sub(b.or(x, top), b.and(y, rest)), b.and(b.xor(x, b.not(y)), top));
};

/** All bits of the lanes whose top bit is set in `m`, which has no others. */
const spread = (bits: LaneBits, b: Lowering, m: Val): Val => b.sub(b.shl(m, b.imm(1)), b.shr(m, b.imm(bits - 1)));
/** The same of words that have other bits. */
export const laneMask = (bits: LaneBits) => (b: Lowering, x: Val): Val => spread(bits, b, b.and(x, b.imm(TOP[bits])));
export const choose = (b: Lowering, mask: Val, x: Val, y: Val): Val => b.or(b.and(x, mask), b.and(y, b.not(mask)));

/** Lanes where x > y: y - x borrows, from unsigned numbers; from signed ones where the signs count the other way. */
const greater = (bits: LaneBits, isSigned: boolean): OnWord => (b, x, y) => {
  const difference = sub(bits)(b, y, x), bySign = isSigned ? b.and(y, b.not(x)) : b.and(x, b.not(y));
  return spread(bits, b, b.and(b.or(bySign, b.and(b.not(b.xor(x, y)), difference)), b.imm(TOP[bits])));
};
const equal = (bits: LaneBits): OnWord => (b, x, y) => {
  const z = b.xor(x, y), rest = b.imm(~TOP[bits]);
  return spread(bits, b, b.and(b.not(b.or(b.add(b.and(z, rest), rest), z)), b.imm(TOP[bits])));
};
const extreme = (bits: LaneBits, isSigned: boolean, isMax: boolean): OnWord => (b, x, y) => {
  const mask = greater(bits, isSigned)(b, x, y);
  return isMax ? choose(b, mask, x, y) : choose(b, mask, y, x);
};

const addUnsigned = (bits: LaneBits): OnWord => (b, x, y) => {
  const sum = add(bits)(b, x, y), carries = b.or(b.and(x, y), b.and(b.or(x, y), b.not(sum)));
  return b.or(sum, spread(bits, b, b.and(carries, b.imm(TOP[bits]))));
};
const subUnsigned = (bits: LaneBits): OnWord => (b, x, y) => b.and(sub(bits)(b, x, y), b.not(greater(bits, false)(b, y, x)));

/** A signed sum or difference, or where that overflows the end of the range on x's side. */
const saturated = (bits: LaneBits, isSum: boolean): OnWord => (b, x, y) => {
  const result = (isSum ? add : sub)(bits)(b, x, y), signs = isSum ? b.not(b.xor(x, y)) : b.xor(x, y), top = b.imm(TOP[bits]);
  const overflows = spread(bits, b, b.and(b.and(signs, b.xor(x, result)), top));
  const end = b.add(b.shr(b.and(x, top), b.imm(bits - 1)), b.imm(~TOP[bits]));
  return choose(b, overflows, end, result);
};

/** (x + y + 1) / 2, unsigned. */
const average = (bits: LaneBits): OnWord => (b, x, y) =>
  b.sub(b.or(x, y), b.and(b.shr(b.xor(x, y), b.imm(1)), b.imm(~TOP[bits])));

const lowHalf = (b: Lowering, x: Val): Val => b.zext(16, x);
export const highHalf = (b: Lowering, x: Val): Val => b.shr(x, b.imm(16));
export const halves = (b: Lowering, low: Val, high: Val): Val => b.deposit(low, high, 16, 16);

/** The two halfwords of a word as numbers: low, high. */
export const signedHalves = (b: Lowering, x: Val): [Val, Val] => [b.sext(16, x), b.sar(x, b.imm(16))];
const unsignedHalves = (b: Lowering, x: Val): [Val, Val] => [lowHalf(b, x), highHalf(b, x)];

const multiplyHigh = (numbers: typeof signedHalves): OnWord => (b, x, y) => {
  const [x0, x1] = numbers(b, x), [y0, y1] = numbers(b, y);
  return b.or(highHalf(b, b.mul(x0, y0)), b.and(b.mul(x1, y1), b.imm(0xffff0000 | 0)));
};
const multiplyAdd: OnWord = (b, x, y) => {
  const [x0, x1] = signedHalves(b, x), [y0, y1] = signedHalves(b, y);
  return b.add(b.mul(x0, y0), b.mul(x1, y1));
};

/** Sum of the four bytes of |x - y|. */
const sumOfDifferences: OnWord = (b, x, y) => {
  const difference = b.or(subUnsigned(8)(b, x, y), subUnsigned(8)(b, y, x)), even = b.imm(0x00ff00ff);
  const pairs = b.add(b.and(difference, even), b.and(b.shr(difference, b.imm(8)), even));
  return b.zext(16, b.add(pairs, highHalf(b, pairs)));
};

/** Two bytes with a byte of room behind each. */
export const spaced = (b: Lowering, x: Val): Val => b.or(b.zext(8, x), b.shl(b.extract(x, 8, 8), b.imm(16)));
const interleaveBytes = (b: Lowering, x: Val, y: Val): Val[] =>
  [[x, y], [highHalf(b, x), highHalf(b, y)]].map(([p, q]) => b.or(spaced(b, p), b.shl(spaced(b, q), b.imm(8))));
const interleaveHalves = (b: Lowering, x: Val, y: Val): Val[] => [halves(b, x, y), halves(b, highHalf(b, x), highHalf(b, y))];
const interleave = (f: (b: Lowering, x: Val, y: Val) => Val[], isHigh: boolean): Inline => (b, x, y) => {
  const count = x.length / 2, from = isHigh ? count : 0;
  return Array.from({ length: count }, (_, i) => f(b, x[from + i], y[from + i])).flat();
};

/** Two signed halfwords as unsigned bytes with saturation, in the low half. */
function bytesOf(b: Lowering, x: Val): Val {
  const positive = b.and(x, b.not(spread(16, b, b.and(x, b.imm(TOP[16])))));
  const excess = b.and(b.add(b.and(b.shr(positive, b.imm(8)), b.imm(0x007f007f)), b.imm(0x007f007f)), b.imm(0x00800080));
  const bytes = b.and(b.or(positive, b.sub(b.shl(excess, b.imm(1)), b.shr(excess, b.imm(7)))), b.imm(0x00ff00ff));
  return b.or(bytes, b.shr(bytes, b.imm(8)));
}
/** A word as a signed halfword with saturation. */
export function halfOf(b: Lowering, x: Val): Val {
  const low = b.imm(-32768), high = b.imm(32767), least = b.movcond("lt", x, low, low, x);
  return b.movcond("gt", x, high, high, least);
}
export const pairsOf = (words: readonly Val[]): [Val, Val][] => Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i], words[2 * i + 1]]);
const pack = (f: (b: Lowering, x: Val) => Val): Inline => (b, x, y) => pairsOf([...x, ...y]).map(([low, high]) => halves(b, f(b, low), f(b, high)));

/** On each quadword, as two words. */
const onQuads = (f: (b: Lowering, x: [Val, Val], y: [Val, Val]) => Val[]): Inline => (b, x, y) => {
  const ys = pairsOf(y);
  return pairsOf(x).flatMap((pair, i) => f(b, pair, ys[i]));
};

/** -x in the lanes that are all ones in `mask`. */
const negatedWhere = (bits: LaneBits, b: Lowering, x: Val, mask: Val): Val => sub(bits)(b, b.xor(x, mask), mask);
const absolute = (bits: LaneBits): OnWord => (b, _x, y) => negatedWhere(bits, b, y, laneMask(bits)(b, y));
/** x with the sign of y, which may be 0. */
const signed = (bits: LaneBits): OnWord => (b, x, y) =>
  b.and(negatedWhere(bits, b, x, laneMask(bits)(b, y)), b.not(equal(bits)(b, y, b.imm(0))));

/** Bits 30:15 of each product, rounded. */
const multiplyRounded: OnWord = (b, x, y) => {
  const [x0, x1] = signedHalves(b, x), [y0, y1] = signedHalves(b, y);
  const rounded = (p: Val): Val => b.sar(b.add(b.sar(p, b.imm(14)), b.imm(1)), b.imm(1));
  return halves(b, rounded(b.mul(x0, y0)), rounded(b.mul(x1, y1)));
};

/** Unsigned bytes of x times signed ones of y, neighbours summed to halfwords with saturation. */
const multiplyAddBytes: OnWord = (b, x, y) => {
  const product = (i: number): Val => b.mul(b.extract(x, 8 * i, 8), b.sext(8, b.shr(y, b.imm(8 * i))));
  return halves(b, halfOf(b, b.add(product(0), product(1))), halfOf(b, b.add(product(2), product(3))));
};

/** Halfwords as signed bytes with saturation, in the low half. */
function signedBytesOf(b: Lowering, x: Val): Val {
  const clamped = extreme(16, true, true)(b, extreme(16, true, false)(b, x, b.imm(0x007f007f)), b.imm(0xff80ff80 | 0));
  return b.or(b.zext(8, clamped), b.and(b.shr(clamped, b.imm(8)), b.imm(0xff00)));
}
/** A signed word as an unsigned halfword with saturation. */
function unsignedHalfOf(b: Lowering, x: Val): Val {
  const least = b.movcond("lt", x, b.imm(0), b.imm(0), x);
  return b.movcond("gt", least, b.imm(0xffff), b.imm(0xffff), least);
}

const both = (v: Val): Val[] => [v, v];

export const PACKED_WORDS = {
  paddb: wordwise(add(8)), paddw: wordwise(add(16)), psubb: wordwise(sub(8)), psubw: wordwise(sub(16)),
  paddsb: wordwise(saturated(8, true)), paddsw: wordwise(saturated(16, true)), psubsb: wordwise(saturated(8, false)), psubsw: wordwise(saturated(16, false)),
  paddusb: wordwise(addUnsigned(8)), paddusw: wordwise(addUnsigned(16)), psubusb: wordwise(subUnsigned(8)), psubusw: wordwise(subUnsigned(16)),
  pminub: wordwise(extreme(8, false, false)), pmaxub: wordwise(extreme(8, false, true)), pminsw: wordwise(extreme(16, true, false)), pmaxsw: wordwise(extreme(16, true, true)),
  pminsb: wordwise(extreme(8, true, false)), pmaxsb: wordwise(extreme(8, true, true)), pminuw: wordwise(extreme(16, false, false)), pmaxuw: wordwise(extreme(16, false, true)),
  pavgb: wordwise(average(8)), pavgw: wordwise(average(16)),
  pcmpeqb: wordwise(equal(8)), pcmpeqw: wordwise(equal(16)), pcmpgtb: wordwise(greater(8, true)), pcmpgtw: wordwise(greater(16, true)),
  pmullw: wordwise((b, x, y) => halves(b, b.mul(x, y), b.mul(highHalf(b, x), highHalf(b, y)))),
  pmulhw: wordwise(multiplyHigh(signedHalves)), pmulhuw: wordwise(multiplyHigh(unsignedHalves)),
  pmaddwd: wordwise(multiplyAdd),
  psadbw: onQuads((b, [x0, x1], [y0, y1]) => [b.add(sumOfDifferences(b, x0, y0), sumOfDifferences(b, x1, y1)), b.imm(0)]),
  punpcklbw: interleave(interleaveBytes, false), punpckhbw: interleave(interleaveBytes, true),
  punpcklwd: interleave(interleaveHalves, false), punpckhwd: interleave(interleaveHalves, true),
  pabsb: wordwise(absolute(8)), pabsw: wordwise(absolute(16)), pabsd: wordwise((b, _x, y) => b.movcond("lt", y, b.imm(0), b.neg(y), y)),
  psignb: wordwise(signed(8)), psignw: wordwise(signed(16)),
  psignd: wordwise((b, x, y) => b.movcond("lt", y, b.imm(0), b.neg(x), b.movcond("eq", y, b.imm(0), y, x))),
  pmulhrsw: wordwise(multiplyRounded), pmaddubsw: wordwise(multiplyAddBytes),
  packuswb: pack(bytesOf), packsswb: pack(signedBytesOf), packssdw: pack((b, x) => lowHalf(b, halfOf(b, x))), packusdw: pack(unsignedHalfOf),
  paddq: onQuads((b, [x0, x1], [y0, y1]) => {
    const low = b.add(x0, y0);
    return [low, b.add(b.add(x1, y1), b.setcond("ltu", low, x0))];
  }),
  psubq: onQuads((b, [x0, x1], [y0, y1]) => [b.sub(x0, y0), b.sub(b.sub(x1, y1), b.setcond("ltu", x0, y0))]),
  pmuludq: onQuads((b, [x0], [y0]) => [b.mul(x0, y0), b.muluh(x0, y0)]), pmuldq: onQuads((b, [x0], [y0]) => [b.mul(x0, y0), b.mulsh(x0, y0)]),
  pcmpeqq: onQuads((b, [x0, x1], [y0, y1]) => both(b.neg(b.setcond("eq", b.or(b.xor(x0, y0), b.xor(x1, y1)), b.imm(0))))),
  pcmpgtq: onQuads((b, [x0, x1], [y0, y1]) =>
    both(b.neg(b.or(b.setcond("gt", x1, y1), b.and(b.setcond("eq", x1, y1), b.setcond("gtu", x0, y0)))))),
} satisfies Record<string, Inline>;
