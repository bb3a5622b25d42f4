/** Packed integers whose result lanes come of other lanes of the operands, as IR: horizontal sums, widening, shuffles of bytes. */
import { bytesOfTable } from "../../helpers/sse/byte-table.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Inline, OnWord } from "./packed-words.ts";
import { halfOf, halves, highHalf, pairsOf, signedHalves, spaced } from "./packed-words.ts";

/** Two words to one, for all neighbours of x, then of y. */
const horizontal = (f: OnWord): Inline => (b, x, y) => pairsOf([...x, ...y]).map(([first, second]) => f(b, first, second));
/** The same on halfwords: `f` combines those of each word. */
const horizontalHalves = (f: OnWord): Inline => horizontal((b, first, second) => {
  const within = (word: Val): Val => f(b, ...signedHalves(b, word));
  return halves(b, within(first), within(second));
});

const sum: OnWord = (b, x, y) => b.add(x, y), difference: OnWord = (b, x, y) => b.sub(x, y);
const saturated = (f: OnWord): OnWord => (b, x, y) => halfOf(b, f(b, x, y));

type Extension = "sext" | "zext";
/** Lane number i as a word. */
const widened = (b: Lowering, y: readonly Val[], i: number, extend: Extension, bits: 8 | 16 | 32): Val =>
  b[extend](bits, b.shr(y[(i * bits) >> 5], b.imm((i * bits) & 31)));
/** Low lanes of y, widened to words. */
const toWords = (extend: Extension, bits: 8 | 16): Inline => (b, _x, y) => [0, 1, 2, 3].map((i) => widened(b, y, i, extend, bits));
/** To quadwords. */
const toQuads = (extend: Extension, bits: 8 | 16 | 32): Inline => (b, _x, y) => [0, 1].flatMap((i) => {
  const low = widened(b, y, i, extend, bits);
  return [low, extend === "sext" ? b.sar(low, b.imm(31)) : b.imm(0)];
});
/** Bytes to halfwords; `spread` does two. */
const toHalves = (spread: (b: Lowering, pair: Val) => Val): Inline => (b, _x, y) =>
  [y[0], highHalf(b, y[0]), y[1], highHalf(b, y[1])].map((pair) => spread(b, pair));

/** Bytes of x by the low bits of y's; 0 where their top bit is set. */
const shuffleBytes: Inline = (b, x, y) => {
  const table = [x[0], x[1], x.at(2) ?? x[0], x.at(3) ?? x[1]];
  return y.map((indices) => b.call(bytesOfTable, ...table, indices));
};

export const PACKED_ACROSS = {
  phaddd: horizontal(sum), phsubd: horizontal(difference), phaddw: horizontalHalves(sum), phsubw: horizontalHalves(difference),
  phaddsw: horizontalHalves(saturated(sum)), phsubsw: horizontalHalves(saturated(difference)),
  pshufb: shuffleBytes,
  pmovsxbw: toHalves((b, pair) => halves(b, b.sext(8, pair), b.sext(8, b.shr(pair, b.imm(8))))), pmovzxbw: toHalves(spaced),
  pmovsxbd: toWords("sext", 8), pmovsxwd: toWords("sext", 16), pmovzxbd: toWords("zext", 8), pmovzxwd: toWords("zext", 16),
  pmovsxbq: toQuads("sext", 8), pmovsxwq: toQuads("sext", 16), pmovsxdq: toQuads("sext", 32),
  pmovzxbq: toQuads("zext", 8), pmovzxwq: toQuads("zext", 16), pmovzxdq: toQuads("zext", 32),
} satisfies Record<string, Inline>;
