/** Packed integer insns by a constant, as IR in translated blocks: moves by bytes, shuffles and blends of halfwords. */
import type { Lowering, Val } from "../../lowering.ts";

/** Result words from the operands' words and the immediate. */
export type ByConstant = (b: Lowering, x: readonly Val[], y: readonly Val[], imm: number) => Val[];

/** Bytes of the words from byte `from` on; what is beyond them is 0. */
function bytesFrom(b: Lowering, words: readonly Val[], from: number, count: number): Val[] {
  const at = (i: number): Val => (i >= 0 && i < words.length ? words[i] : b.imm(0)), first = from >> 2, shift = (from & 3) * 8;
  return Array.from({ length: count }, (_, i) =>
    shift === 0 ? at(first + i) : b.or(b.shr(at(first + i), b.imm(shift)), b.shl(at(first + i + 1), b.imm(32 - shift))));
}

/** Four halfwords of two words by two bits each. */
function shuffled(b: Lowering, words: readonly Val[], imm: number): Val[] {
  const half = (i: number): Val => b.extract(words[((imm >> (2 * i)) & 3) >> 1], ((imm >> (2 * i)) & 1) * 16, 16);
  return [0, 2].map((i) => b.deposit(half(i), half(i + 1), 16, 16));
}

export const BY_CONSTANT = {
  psrldq: (b, x, _y, n) => bytesFrom(b, x, Math.min(n, 16), 4), pslldq: (b, x, _y, n) => bytesFrom(b, x, -Math.min(n, 16), 4),
  palignr: (b, x, y, n) => bytesFrom(b, [...y, ...x], Math.min(n, 32), x.length),
  pblendw: (b, x, y, n) => x.map((word, i) => {
    const [low, high] = [2 * i, 2 * i + 1].map((bit) => (((n >> bit) & 1) !== 0 ? y[i] : word));
    return low === high ? low : b.deposit(low, b.shr(high, b.imm(16)), 16, 16);
  }),
  pshufw: (b, _x, y, n) => shuffled(b, y, n),
  pshuflw: (b, _x, y, n) => [...shuffled(b, y, n), y[2], y[3]], pshufhw: (b, _x, y, n) => [y[0], y[1], ...shuffled(b, y.slice(2), n)],
} satisfies Record<string, ByConstant>;
