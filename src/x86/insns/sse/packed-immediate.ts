/** Packed integer insns by a constant, as IR in translated blocks: shifts, moves by bytes, shuffles of halfwords. */
import type { Lowering, Val } from "../../lowering.ts";

/** Result words from the operands' words and the immediate. */
export type ByConstant = (b: Lowering, x: readonly Val[], y: readonly Val[], imm: number) => Val[];

const each = (f: (b: Lowering, x: Val, n: number) => Val): ByConstant => (b, x, _y, n) => x.map((word) => f(b, word, n));
const twice = (half: number): number => (half << 16) | half;

/** Bytes of the words from byte `from` on; what is beyond them is 0. */
function bytesFrom(b: Lowering, words: readonly Val[], from: number, count: number): Val[] {
  const at = (i: number): Val => (i >= 0 && i < words.length ? words[i] : b.imm(0)), first = from >> 2, shift = (from & 3) * 8;
  return Array.from({ length: count }, (_, i) =>
    shift === 0 ? at(first + i) : b.or(b.shr(at(first + i), b.imm(shift)), b.shl(at(first + i + 1), b.imm(32 - shift))));
}

/** Quadwords shifted right by n, or left by -n. */
const quads = (direction: 1 | -1): ByConstant => (b, x, _y, n) => Array.from({ length: x.length / 2 }, (_, i) => {
  const [low, high] = [x[2 * i], x[2 * i + 1]], by = b.imm(n & 31), back = b.imm(32 - (n & 31)), zero = b.imm(0);
  if (n > 63) return [zero, zero];
  if (direction === 1) {
    if (n > 31) return [b.shr(high, by), zero];
    return n === 0 ? [low, high] : [b.or(b.shr(low, by), b.shl(high, back)), b.shr(high, by)];
  }
  if (n > 31) return [zero, b.shl(low, by)];
  return n === 0 ? [low, high] : [b.shl(low, by), b.or(b.shl(high, by), b.shr(low, back))];
}).flat();

/** Four halfwords of two words by two bits each. */
function shuffled(b: Lowering, words: readonly Val[], imm: number): Val[] {
  const half = (i: number): Val => b.extract(words[((imm >> (2 * i)) & 3) >> 1], ((imm >> (2 * i)) & 1) * 16, 16);
  return [0, 2].map((i) => b.deposit(half(i), half(i + 1), 16, 16));
}

export const BY_CONSTANT = {
  psrlw: each((b, x, n) => (n > 15 ? b.imm(0) : b.and(b.shr(x, b.imm(n)), b.imm(twice(0xffff >>> n))))),
  psllw: each((b, x, n) => (n > 15 ? b.imm(0) : b.and(b.shl(x, b.imm(n)), b.imm(twice((0xffff << n) & 0xffff))))),
  psraw: each((b, x, n) => b.deposit(b.sar(b.sext(16, x), b.imm(Math.min(n, 15))), b.sar(x, b.imm(16 + Math.min(n, 15))), 16, 16)),
  psrld: each((b, x, n) => (n > 31 ? b.imm(0) : b.shr(x, b.imm(n)))), pslld: each((b, x, n) => (n > 31 ? b.imm(0) : b.shl(x, b.imm(n)))),
  psrad: each((b, x, n) => b.sar(x, b.imm(Math.min(n, 31)))),
  psrlq: quads(1), psllq: quads(-1),
  psrldq: (b, x, _y, n) => bytesFrom(b, x, Math.min(n, 16), 4), pslldq: (b, x, _y, n) => bytesFrom(b, x, -Math.min(n, 16), 4),
  palignr: (b, x, y, n) => bytesFrom(b, [...y, ...x], Math.min(n, 32), x.length),
  pshufw: (b, _x, y, n) => shuffled(b, y, n),
  pshuflw: (b, _x, y, n) => [...shuffled(b, y, n), y[2], y[3]], pshufhw: (b, _x, y, n) => [y[0], y[1], ...shuffled(b, y.slice(2), n)],
} satisfies Record<string, ByConstant>;
