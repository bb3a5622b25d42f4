/** Single elements in and out of vector registers, blends by XMM0, PTEST. */
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import type { VectorRegister } from "../../vector-operands.ts";
import { XMM_WORDS } from "../../state.ts";
import { fillExponent, readSlot, vector, vectorRegister, writeSlot } from "../../vector-operands.ts";
import type { OnWord } from "./packed-words.ts";
import { choose, laneMask } from "./packed-words.ts";
import { enterMmx, requireMmx, requireSse } from "./vector-lowering.ts";

const ref = (name: string): string => `SDM 2 ${name.toUpperCase()}`;

type ElementBits = 8 | 16 | 32;

/** Slot of the word that holds element `index`, and the element's first bit in it. Higher bits of the index do not count. */
function locate(b: Lowering, register: VectorRegister, bits: ElementBits, index: Val): { slot: Val; shift: Val } {
  const perWord = 32 / bits, log = Math.log2(perWord);
  const word = b.and(b.shr(index, b.imm(log)), b.imm(register.words - 1));
  return { slot: b.add(register.slot, word), shift: b.mul(b.and(index, b.imm(perWord - 1)), b.imm(bits)) };
}

const ones = (bits: ElementBits): number => (bits === 32 ? -1 : (1 << bits) - 1);

function extract(b: Lowering, register: VectorRegister, bits: ElementBits, index: Val): Val {
  const { slot, shift } = locate(b, register, bits, index);
  return b.and(b.shr(readSlot(b, slot), shift), b.imm(ones(bits)));
}

function insert(b: Lowering, register: VectorRegister, bits: ElementBits, index: Val, v: Val): void {
  const { slot, shift } = locate(b, register, bits, index), mask = b.imm(ones(bits));
  writeSlot(b, slot, b.or(b.and(readSlot(b, slot), b.not(b.shl(mask, shift))), b.shl(b.and(v, mask), shift)));
}

/** `Ed` in the forms below is a whole register, but memory of the element's size. */
function inMemory(operand: Operand, b: Lowering, bits: ElementBits): Operand {
  return operand.isMemory ? operand.at(b.imm(0), bits) : operand;
}

const inserts = (name: string, form: string, bits: ElementBits, isMmx = false): InsnDef => defInsn(name, {
  ref: ref(name), forms: [form],
  lower(b, [dst, src, imm]) {
    (isMmx ? requireMmx : requireSse)(b);
    const to = vectorRegister(dst);
    insert(b, to, bits, imm.read(), inMemory(src, b, bits).read());
    if (!isMmx) return;
    enterMmx(b);
    fillExponent(b, to);
  },
});

const extracts = (name: string, form: string, bits: ElementBits, isMmx = false): InsnDef => defInsn(name, {
  ref: ref(name), forms: [form],
  lower(b, [dst, src, imm]) {
    (isMmx ? requireMmx : requireSse)(b);
    inMemory(dst, b, bits).write(extract(b, vectorRegister(src), bits, imm.read()));
    if (isMmx) enterMmx(b);
  },
});

/** Takes an element from the source where the top bit of XMM0's is set: `maskOf` gives ones for such, of a word and the one above it in its quadword. */
const blend = (name: string, form: string, maskOf: OnWord): InsnDef => defInsn(name, {
  ref: ref(name), forms: [form],
  lower(b, [dst, src]) {
    requireSse(b);
    const to = vectorRegister(dst), y = vector(src).load(), mask = XMM_WORDS.slice(0, 4).map((word) => b.get(word));
    to.store(to.load().map((x, i) => choose(b, maskOf(b, mask[i], mask[i | 1]), y[i], x)));
  },
});

export const SSE_ELEMENT: readonly InsnDef[] = ofFeature("sse4.1",
  ...ofFeature("sse", inserts("pinsrw", "np 0f c4 /r ib  Pq,Ed,Ib", 16, true), extracts("pextrw", "np 0f c5 /r ib  Gd,Nq,Ib", 16, true)),
  ...ofFeature("sse2", inserts("pinsrw", "66 0f c4 /r ib  Vdq,Ed,Ib", 16), extracts("pextrw", "66 0f c5 /r ib  Gd,Udq,Ib", 16)),
  extracts("pextrb", "66 0f 3a 14 /r ib  Ed,Vdq,Ib", 8), extracts("pextrw", "66 0f 3a 15 /r ib  Ed,Vdq,Ib", 16),
  extracts("pextrd", "66 0f 3a 16 /r ib  Ed,Vdq,Ib", 32), extracts("extractps", "66 0f 3a 17 /r ib  Ed,Vdq,Ib", 32),
  inserts("pinsrb", "66 0f 3a 20 /r ib  Vdq,Ed,Ib", 8), inserts("pinsrd", "66 0f 3a 22 /r ib  Vdq,Ed,Ib", 32),

  // From a register it is a permutation (permutations.ts). From memory there is one element: imm[7:6] does not count.
  defInsn("insertps", {
    ref: ref("insertps"), forms: ["66 0f 3a 21 /r mem ib  Vps,Wss,Ib"],
    lower(b, [dst, src, imm]) {
      requireSse(b);
      const to = vectorRegister(dst), index = imm.read(), [v] = vector(src).load();
      const chosen = b.and(b.shr(index, b.imm(4)), b.imm(3));
      to.store(to.load().map((word, i) => {
        const old = b.movcond("eq", chosen, b.imm(i), v, word);
        return b.and(old, b.sub(b.extract(index, i, 1), b.imm(1)));
      }));
    },
  }),

  blend("pblendvb", "66 0f 38 10 /r  Vx,Wx", laneMask(8)),
  blend("blendvps", "66 0f 38 14 /r  Vx,Wx", (b, word) => b.sar(word, b.imm(31))),
  blend("blendvpd", "66 0f 38 15 /r  Vx,Wx", (b, _word, upper) => b.sar(upper, b.imm(31))),

  // ZF: no bit in common; CF: no bit of the source outside the destination.
  defInsn("ptest", {
    ref: ref("ptest"), forms: ["66 0f 38 17 /r  Vx,Wx"],
    lower(b, [dst, src]) {
      requireSse(b);
      const y = vector(src).load(), x = vectorRegister(dst).load(), isNone = (words: readonly Val[]): Val => b.setcond("eq", words.reduce((any, v) => b.or(any, v)), b.imm(0));
      const zf = isNone(y.map((v, i) => b.and(v, x[i]))), cf = isNone(y.map((v, i) => b.and(v, b.not(x[i]))));
      b.flags.fromEflags(b.or(b.shl(zf, b.imm(6)), cf));
    },
  }),
);
