/** Moves of XMM and MMX registers: whole, scalar, halves, between the register files, duplicating, non-temporal, masks. */
import { maskedStore } from "../../helpers/sse/masked-store.ts";
import type { ElementKind } from "../../element-kinds.ts";
import type { Double } from "../../floats.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Alignment, VectorOperand } from "../../vector-operands.ts";
import { fillExponent, vector, vectorRegister } from "../../vector-operands.ts";
import { AND, ANDN, OR, XOR, xmmInsn } from "./packed.ts";
import { wholeElements } from "./permutations.ts";
import { enterMmx, leaveMmx, requireMmx, requireSse } from "./vector-lowering.ts";

const ref = (name: string): string => `SDM 2 ${name.toUpperCase()}`;

type Rest = "zero" | "keep";

/**
 * Moves the first `words` of the source; what else a register destination has becomes 0 or stays.
 * @param kind  what they are if nothing tells
 */
function move(name: string, forms: readonly string[], words: 1 | 2 | 4, rest: Rest, kind: ElementKind = "word", alignment: Alignment = "aligned"): InsnDef {
  return defInsn(name, {
    ref: ref(name), forms, speculative: true, moves: kind, mixes: words < 4 && rest === "keep",
    lower(b, [dst, src]) {
      requireSse(b);
      const to = vector(dst), from = vector(src), { elements } = b, count = words / (elements?.words ?? 1);
      if (elements === null || count < 1) return moveWords(b, to, from, words, rest, alignment);
      const values = from.loadFloats(elements, count, alignment), all = 4 / elements.words;
      elements.assumeTame(values);
      to.storeFloats(elements, rest === "zero" && !to.isMemory ? [...values, ...Array<Double>(all - count).fill(elements.zero)] : values, alignment);
    },
  });
}

function moveWords(b: Lowering, to: VectorOperand, from: VectorOperand, words: number, rest: Rest, alignment: Alignment): void {
  const values = from.load(words, alignment);
  if (to.isMemory) to.store(values, alignment);
  else to.store(rest === "keep" ? values : padded(b, values));
}

const padded = (b: Lowering, values: readonly Val[]): Val[] => [...values, ...Array<Val>(4 - values.length).fill(b.imm(0))];

const whole = (name: string, prefix: string, load: string, store: string, kind: ElementKind, alignment: Alignment): InsnDef =>
  move(name, [`${prefix} 0f ${load} /r  Vx,Wx`, `${prefix} 0f ${store} /r  Wx,Vx`], 4, "keep", kind, alignment);

/** Scalars: from memory the rest of the register is cleared, from a register it stays. */
const MOVSS: readonly InsnDef[] = [
  move("movss", ["f3 0f 10 /r reg  Vss,Wss", "f3 0f 11 /r  Wss,Vss"], 1, "keep", "single"), move("movss", ["f3 0f 10 /r mem  Vss,Wss"], 1, "zero", "single"),
];
const MOVSD: readonly InsnDef[] = [
  move("movsd", ["f2 0f 10 /r reg  Vsd,Wsd", "f2 0f 11 /r  Wsd,Vsd"], 2, "keep", "double"), move("movsd", ["f2 0f 10 /r mem  Vsd,Wsd"], 2, "zero", "double"),
];

/** Moves words of the source to words of a register from `at` on. */
function place(name: string, form: string, from: readonly number[], at: number): InsnDef {
  return defInsn(name, {
    ref: ref(name), forms: [form], speculative: true, moves: name === "movddup" ? "double" : "single", mixes: from.length < 4,
    lower(b, [dst, src]) {
      requireSse(b);
      const to = vectorRegister(dst), source = vector(src), { elements } = b;
      const floats = elements === null ? null : wholeElements(from, elements.words);
      if (elements !== null && floats !== null) {
        const all = source.loadFloats(elements, (source.isMemory ? source.words : 4) / elements.words), values = floats.map((i) => all[i]);
        elements.assumeTame(values);
        to.storeFloats(elements, values, "aligned", at / elements.words);
        return;
      }
      const words = source.load(source.isMemory ? source.words : 4);
      from.map((i) => words[i]).forEach((v, i) => to.setWord(at + i, v));
    },
  });
}

/** Stores words of a register from `first` on. */
function storeHalf(name: string, form: string, first: 0 | 2): InsnDef {
  return defInsn(name, {
    ref: ref(name), forms: [form], speculative: true, moves: "single",
    lower(b, [dst, src]) {
      requireSse(b);
      const from = vectorRegister(src), { elements } = b;
      if (elements !== null) {
        const values = from.loadFloats(elements, 4 / elements.words).slice(first / elements.words, (first + 2) / elements.words);
        elements.assumeTame(values);
        vector(dst).storeFloats(elements, values, "unaligned");
        return;
      }
      vector(dst).store([from.word(first), from.word(first + 1)]);
    },
  });
}

const halves: readonly InsnDef[] = [
  ...([["ps", "np", "sse"], ["pd", "66", "sse2"]] as const).flatMap(([suffix, prefix, feature]) => ofFeature(feature,
    place(`movl${suffix}`, `${prefix} 0f 12 /r mem  Vq,Wq`, [0, 1], 0),
    place(`movh${suffix}`, `${prefix} 0f 16 /r mem  Vq,Wq`, [0, 1], 2),
    storeHalf(`movl${suffix}`, `${prefix} 0f 13 /r mem  Wq,Vq`, 0),
    storeHalf(`movh${suffix}`, `${prefix} 0f 17 /r mem  Wq,Vq`, 2),
  )),
  ...ofFeature("sse",
    place("movhlps", "np 0f 12 /r  Vq,Uq", [2, 3], 0),
    place("movlhps", "np 0f 16 /r  Vq,Uq", [0, 1], 2),
  ),
  ...ofFeature("sse3",
    place("movsldup", "f3 0f 12 /r  Vps,Wps", [0, 0, 2, 2], 0),
    place("movshdup", "f3 0f 16 /r  Vps,Wps", [1, 1, 3, 3], 0),
    place("movddup", "f2 0f 12 /r  Vq,Wq", [0, 1, 0, 1], 0),
  ),
];

/** An insn with an MMX register as destination: `lower` after the checks, then the transition to MMX state. */
function toMmx(name: string, forms: readonly string[], values: (b: Lowering, src: VectorOperand) => readonly Val[]): InsnDef {
  return defInsn(name, {
    ref: ref(name), forms,
    lower(b, [dst, src]) {
      requireMmx(b);
      const to = vectorRegister(dst);
      to.store(values(b, vector(src)));
      enterMmx(b);
      fillExponent(b, to);
    },
  });
}

const mmx: readonly InsnDef[] = ofFeature("mmx",
  toMmx("movq", ["np 0f 6f /r  Pq,Qq"], (_b, src) => src.load()),
  defInsn("movd", {
    ref: ref("movd"), forms: ["np 0f 6e /r  Pd,Ed"],
    lower(b, [dst, src]) {
      requireMmx(b);
      const to = vectorRegister(dst);
      to.store([src.read(), b.imm(0)]);
      enterMmx(b);
      fillExponent(b, to);
    },
  }),
  defInsn("movd", {
    ref: ref("movd"), forms: ["np 0f 7e /r  Ed,Pd"],
    lower(b, [dst, src]) {
      requireMmx(b);
      dst.write(src.read());
      enterMmx(b);
    },
  }),
  ...([["movq", "np 0f 7f /r  Qq,Pq", "mmx"], ["movntq", "np 0f e7 /r mem  Qq,Pq", "sse"]] as const).map(([name, form, feature]) => defInsn(name, {
    ref: ref(name), feature, forms: [form],
    lower(b, [dst, src]) {
      requireMmx(b);
      const to = vector(dst);
      to.store(vector(src).load());
      enterMmx(b);
      if (!to.isMemory) fillExponent(b, vectorRegister(dst));
    },
  })),
  defInsn("emms", {
    ref: "SDM 2A EMMS", forms: ["np 0f 77"],
    lower(b) {
      requireMmx(b);
      leaveMmx(b);
    },
  }),
  // They need what SSE needs and what MMX needs.
  defInsn("movq2dq", {
    ref: ref("movq2dq"), feature: "sse2", forms: ["f3 0f d6 /r  Vdq,Nq"],
    lower(b, [dst, src]) {
      requireSse(b);
      requireMmx(b);
      vectorRegister(dst).store(padded(b, vector(src).load()));
      enterMmx(b);
    },
  }),
  defInsn("movdq2q", {
    ref: ref("movdq2q"), feature: "sse2", forms: ["f2 0f d6 /r  Pq,Uq"],
    lower(b, [dst, src]) {
      requireSse(b);
      requireMmx(b);
      const to = vectorRegister(dst);
      to.store(vector(src).load(2));
      enterMmx(b);
      fillExponent(b, to);
    },
  }),
);

const general: readonly InsnDef[] = ofFeature("sse2",
  defInsn("movd", {
    ref: ref("movd"), forms: ["66 0f 6e /r  Vd,Ed"],
    lower(b, [dst, src]) {
      requireSse(b);
      vectorRegister(dst).store(padded(b, [src.read()]));
    },
  }),
  defInsn("movd", {
    ref: ref("movd"), forms: ["66 0f 7e /r  Ed,Vd"],
    lower(b, [dst, src]) {
      requireSse(b);
      dst.write(src.read());
    },
  }),
  // An integer insn: CR0 and CR4 do not matter.
  defInsn("movnti", { ref: ref("movnti"), forms: ["np 0f c3 /r  Md,Gd"], lower: (_b, [dst, src]) => dst.write(src.read()) }),
);

/** Gathers bits of the source's words into a general register. */
function signMask(name: string, form: string, isMmx: boolean, bitsOf: (b: Lowering, word: Val) => Val, bitsPerWord: number, every: 1 | 2): InsnDef {
  return defInsn(name, {
    ref: ref(name), forms: [form],
    lower(b, [dst, src]) {
      (isMmx ? requireMmx : requireSse)(b);
      let mask = b.imm(0);
      vector(src).load().filter((_, i) => (i + 1) % every === 0).forEach((word, i) => {
        mask = b.or(mask, b.shl(bitsOf(b, word), b.imm(bitsPerWord * i)));
      });
      dst.write(mask);
      if (isMmx) enterMmx(b);
    },
  });
}

const topBit = (b: Lowering, word: Val): Val => b.shr(word, b.imm(31));
/** The top bits of four bytes: the multiplication moves bits 0, 8, 16, 24 to 28 … 31. */
const topBitsOfBytes = (b: Lowering, word: Val): Val =>
  b.shr(b.mul(b.and(b.shr(word, b.imm(7)), b.imm(0x01010101)), b.imm(0x10204080)), b.imm(28));

const masks: readonly InsnDef[] = [
  ...ofFeature("sse",
    signMask("movmskps", "np 0f 50 /r  Gd,Ups", false, topBit, 1, 1),
    signMask("pmovmskb", "np 0f d7 /r  Gd,Nq", true, topBitsOfBytes, 4, 1),
  ),
  ...ofFeature("sse2",
    signMask("movmskpd", "66 0f 50 /r  Gd,Upd", false, topBit, 1, 2),
    signMask("pmovmskb", "66 0f d7 /r  Gd,Udq", false, topBitsOfBytes, 4, 1),
  ),
  // Alone in its block: it may write to code.
  ...([["maskmovq", "np 0f f7 /r  Pq,Nq,Kq", 8], ["maskmovdqu", "66 0f f7 /r  Vdq,Udq,Kdq", 16]] as const).map(([name, form, bytes]) => defInsn(name, {
    ref: ref(name), feature: bytes === 8 ? "sse" : "sse2", solo: true, forms: [form],
    lower(b, [data, mask, memory]) {
      (bytes === 8 ? requireMmx : requireSse)(b);
      const at = memory.linear(bytes, true);
      b.call(maskedStore, at, vectorRegister(data).slot, vectorRegister(mask).slot, b.imm(bytes));
      if (bytes === 8) enterMmx(b);
    },
  })),
];

/** `0f xx` of singles, the same with 66h of doubles: bits do not care. */
const LOGICAL = [
  ["and", "54", AND], ["andn", "55", ANDN], ["or", "56", OR], ["xor", "57", XOR],
] as const;

export const SSE_MOVE: readonly InsnDef[] = [
  ...ofFeature("sse",
    whole("movaps", "np", "28", "29", "word", "aligned"), whole("movups", "np", "10", "11", "word", "unaligned"),
    move("movntps", ["np 0f 2b /r mem  Wps,Vps"], 4, "keep"),
    ...MOVSS,
  ),
  ...ofFeature("sse2",
    whole("movapd", "66", "28", "29", "double", "aligned"), whole("movdqa", "66", "6f", "7f", "word", "aligned"),
    whole("movupd", "66", "10", "11", "double", "unaligned"), whole("movdqu", "f3", "6f", "7f", "word", "unaligned"),
    move("movntpd", ["66 0f 2b /r mem  Wpd,Vpd"], 4, "keep"), move("movntdq", ["66 0f e7 /r mem  Wx,Vx"], 4, "keep"),
    ...MOVSD,
    move("movq", ["f3 0f 7e /r  Vq,Wq", "66 0f d6 /r  Wq,Vq"], 2, "zero"),
  ),
  ...ofFeature("sse3", move("lddqu", ["f2 0f f0 /r mem  Vx,Wx"], 4, "keep", "word", "unaligned")),
  ...ofFeature("sse4.1", move("movntdqa", ["66 0f 38 2a /r mem  Vx,Wx"], 4, "keep")),
  ...halves, ...mmx, ...general, ...masks,
  ...LOGICAL.flatMap(([name, opcode, work]) => [
    ...ofFeature("sse", xmmInsn(`${name}ps`, `np 0f ${opcode} /r  Vps,Wps`, work)),
    ...ofFeature("sse2", xmmInsn(`${name}pd`, `66 0f ${opcode} /r  Vpd,Wpd`, work)),
  ]),
];
