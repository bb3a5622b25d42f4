/** Insns whose result is words of their operands in another order, most of them by an immediate: shuffles, blends, interleaving. */
import type { ElementKind } from "../../element-kinds.ts";
import type { Double } from "../../floats.ts";
import { acrossHelper } from "../../helpers/sse/across.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn } from "../../isa/define.ts";
import { known, vector, vectorRegister } from "../../vector-operands.ts";
import { callVector, requireSse } from "./vector-lowering.ts";

/** Words of the result by number: 0 to 3 of the destination, 4 to 7 of the source, 8 for 0. */
export type Permutation = (imm: number) => readonly number[];

const ZERO = 8;

const byPairs = (first: Permutation): Permutation => (imm) => first(imm).flatMap((half) => [2 * half, 2 * half + 1]);
const always = (...words: readonly number[]): Permutation => () => words;
const field = (imm: number, i: number): number => (imm >> (2 * i)) & 3;
const bit = (imm: number, i: number): number => (imm >> i) & 1;

/** With the manual's names; `kind` is what the elements are where nothing around the insn tells. */
const PERMUTATIONS: readonly (readonly [name: string, feature: "sse" | "sse2" | "sse4.1", form: string, kind: ElementKind, permutation: Permutation])[] = [
  ["unpcklps", "sse", "np 0f 14 /r  Vps,Wps", "single", always(0, 4, 1, 5)], ["unpckhps", "sse", "np 0f 15 /r  Vps,Wps", "single", always(2, 6, 3, 7)],
  ["unpcklpd", "sse2", "66 0f 14 /r  Vpd,Wpd", "double", always(0, 1, 4, 5)], ["unpckhpd", "sse2", "66 0f 15 /r  Vpd,Wpd", "double", always(2, 3, 6, 7)],
  ["punpckldq", "sse2", "66 0f 62 /r  Vx,Wx", "word", always(0, 4, 1, 5)], ["punpckhdq", "sse2", "66 0f 6a /r  Vx,Wx", "word", always(2, 6, 3, 7)],
  ["punpcklqdq", "sse2", "66 0f 6c /r  Vx,Wx", "word", always(0, 1, 4, 5)], ["punpckhqdq", "sse2", "66 0f 6d /r  Vx,Wx", "word", always(2, 3, 6, 7)],
  ["pshufd", "sse2", "66 0f 70 /r ib  Vx,Wx,Ib", "word", (imm) => [0, 1, 2, 3].map((i) => 4 + field(imm, i))],
  ["shufps", "sse", "np 0f c6 /r ib  Vps,Wps,Ib", "single", (imm) => [0, 1, 2, 3].map((i) => (i < 2 ? 0 : 4) + field(imm, i))],
  ["shufpd", "sse2", "66 0f c6 /r ib  Vpd,Wpd,Ib", "double", byPairs((imm) => [bit(imm, 0), 2 + bit(imm, 1)])],
  ["blendps", "sse4.1", "66 0f 3a 0c /r ib  Vps,Wps,Ib", "single", (imm) => [0, 1, 2, 3].map((i) => 4 * bit(imm, i) + i)],
  ["blendpd", "sse4.1", "66 0f 3a 0d /r ib  Vpd,Wpd,Ib", "double", byPairs((imm) => [0, 1].map((i) => 2 * bit(imm, i) + i))],
  // Source element, destination element, elements to clear.
  ["insertps", "sse4.1", "66 0f 3a 21 /r reg ib  Vps,Wps,Ib", "single",
    (imm) => [0, 1, 2, 3].map((i) => (bit(imm, i) !== 0 ? ZERO : i === field(imm, 2) ? 4 + field(imm, 3) : i))],
];

function permutationInsn(name: string, form: string, kind: ElementKind, permutation: Permutation): InsnDef {
  const byImmediate = new Map<number, readonly number[]>();
  const orderOf = (imm: number): readonly number[] => {
    const order = byImmediate.get(imm) ?? permutation(imm);
    byImmediate.set(imm, order);
    return order;
  };
  const helper = acrossHelper(name, (r, x, y, _w, imm) => {
    const order = orderOf(imm);
    for (let i = 0; i < 4; i++) r.s32[i] = order[i] === ZERO ? 0 : order[i] < 4 ? x.s32[order[i]] : y.s32[order[i] - 4];
  }, 4);
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, forms: [form], speculative: true, moves: kind, mixes: name !== "pshufd",
    lower(b, [dst, src, imm]) {
      requireSse(b);
      const to = vectorRegister(dst), from = vector(src), n = imm === undefined ? 0 : known(imm.read());
      if (n === null) {
        callVector(b, helper, to, from, imm.read());
        return;
      }
      const order = orderOf(n), { elements } = b, floats = elements === null ? null : wholeElements(order, elements.words);
      if (elements !== null && floats !== null) {
        const count = 4 / elements.words, all: readonly Double[] = [...to.loadFloats(elements, count), ...from.loadFloats(elements, count), elements.zero];
        const values = floats.map((i) => all[i]);
        elements.assumeTame(values);
        return to.storeFloats(elements, values);
      }
      const y = from.load(), all = [...to.load(), ...y, b.imm(0)];
      to.store(order.map((i) => all[i]));
    },
  });
}

/** Numbers of the elements that these words are, if they are whole ones. */
export function wholeElements(words: readonly number[], wordsEach: 1 | 2): readonly number[] | null {
  if (wordsEach === 1) return words;
  const firsts = words.filter((_, i) => i % 2 === 0);
  return firsts.every((first, i) => first % 2 === 0 && words[2 * i + 1] === first + 1) ? firsts.map((first) => first / 2) : null;
}

export const SSE_PERMUTATIONS: readonly InsnDef[] = PERMUTATIONS.map(([name, feature, form, kind, permutation]) => ({
  ...permutationInsn(name, form, kind, permutation), feature,
}));
