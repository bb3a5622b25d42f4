/**
 * Packed integer arithmetic of MMX, SSE2, SSSE3 and SSE4: one table, `name: opcode`, for MMX registers and, with 66h, XMM
 * registers. What a few IR ops per dword do is inline, the rest calls a helper.
 */
import type { AcrossFunction } from "../../helpers/sse/across.ts";
import { acrossHelper, minimumPosition } from "../../helpers/sse/across.ts";
import * as immediate from "../../helpers/sse/by-immediate.ts";
import type { VectorHelper } from "../../helpers/sse/vector-helper.ts";
import type { Double } from "../../floats.ts";
import type { Feature } from "../../features.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import type { Cond } from "../../../../tcg/ir/types.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { VectorOperand } from "../../vector-operands.ts";
import { fillExponent, known, vector, VectorRegister, vectorRegister } from "../../vector-operands.ts";
import { PACKED_ACROSS } from "./packed-across.ts";
import { BY_CONSTANT } from "./packed-immediate.ts";
import type { ByConstant } from "./packed-immediate.ts";
import type { Shift } from "./packed-shifts.ts";
import { byVector, SHIFTS_BY_COUNT } from "./packed-shifts.ts";
import { PACKED_WORDS, wordwise } from "./packed-words.ts";
import type { Inline } from "./packed-words.ts";
import { callVector, enterMmx, requireMmx, requireSse } from "./vector-lowering.ts";

const mask = (cond: Cond): Inline => wordwise((b, x, y) => b.neg(b.setcond(cond, x, y)));
const choose = (cond: Cond): Inline => wordwise((b, x, y) => b.movcond(cond, x, y, x, y));

export const AND = wordwise((b, x, y) => b.and(x, y)), ANDN = wordwise((b, x, y) => b.and(b.not(x), y));
export const OR = wordwise((b, x, y) => b.or(x, y)), XOR = wordwise((b, x, y) => b.xor(x, y));

const INLINE = {
  ...PACKED_WORDS, ...PACKED_ACROSS,
  pand: AND, pandn: ANDN, por: OR, pxor: XOR,
  paddd: wordwise((b, x, y) => b.add(x, y)), psubd: wordwise((b, x, y) => b.sub(x, y)), pmulld: wordwise((b, x, y) => b.mul(x, y)),
  pcmpeqd: mask("eq"), pcmpgtd: mask("gt"),
  pminsd: choose("lt"), pmaxsd: choose("gt"), pminud: choose("ltu"), pmaxud: choose("gtu"),
} satisfies Record<string, Inline>;

type Operation = keyof typeof INLINE | Shift | "phminposuw";

type Opcodes = Readonly<Partial<Record<Operation, string>>>;

/** `0f xx`: MMX, and SSE2 with 66h. */
const MMX: Opcodes = {
  punpcklbw: "60", punpcklwd: "61", packsswb: "63", pcmpgtb: "64", pcmpgtw: "65", pcmpgtd: "66", packuswb: "67",
  punpckhbw: "68", punpckhwd: "69", packssdw: "6b", pcmpeqb: "74", pcmpeqw: "75", pcmpeqd: "76",
  psrlw: "d1", psrld: "d2", psrlq: "d3", pmullw: "d5", psubusb: "d8", psubusw: "d9", pand: "db", paddusb: "dc", paddusw: "dd", pandn: "df",
  psraw: "e1", psrad: "e2", pmulhw: "e5", psubsb: "e8", psubsw: "e9", por: "eb", paddsb: "ec", paddsw: "ed", pxor: "ef",
  psllw: "f1", pslld: "f2", psllq: "f3", pmaddwd: "f5", psubb: "f8", psubw: "f9", psubd: "fa", paddb: "fc", paddw: "fd", paddd: "fe",
};
/** The same, but the forms for MMX registers came with SSE, or with SSE2. */
const MMX_OF_SSE: Opcodes = {
  pminub: "da", pmaxub: "de", pavgb: "e0", pavgw: "e3", pmulhuw: "e4", pminsw: "ea", pmaxsw: "ee", psadbw: "f6",
};
const MMX_OF_SSE2: Opcodes = { paddq: "d4", pmuludq: "f4", psubq: "fb" };
/** MMX forms whose memory operand is a dword. */
const DWORD_SOURCE: ReadonlySet<Operation> = new Set<Operation>(["punpcklbw", "punpcklwd"]);

/** `0f 38 xx`, MMX and XMM. */
const SSSE3: Opcodes = {
  pshufb: "00", phaddw: "01", phaddd: "02", phaddsw: "03", pmaddubsw: "04", phsubw: "05", phsubd: "06", phsubsw: "07",
  psignb: "08", psignw: "09", psignd: "0a", pmulhrsw: "0b", pabsb: "1c", pabsw: "1d", pabsd: "1e",
};

/** With 66h only: opcode, and the source operand where it is less than a register. */
const SSE41: Readonly<Partial<Record<Operation, readonly [opcode: string, source?: string]>>> = {
  pmovsxbw: ["0f 38 20", "Wq"], pmovsxbd: ["0f 38 21", "Wd"], pmovsxbq: ["0f 38 22", "Ww"],
  pmovsxwd: ["0f 38 23", "Wq"], pmovsxwq: ["0f 38 24", "Wd"], pmovsxdq: ["0f 38 25", "Wq"],
  pmovzxbw: ["0f 38 30", "Wq"], pmovzxbd: ["0f 38 31", "Wd"], pmovzxbq: ["0f 38 32", "Ww"],
  pmovzxwd: ["0f 38 33", "Wq"], pmovzxwq: ["0f 38 34", "Wd"], pmovzxdq: ["0f 38 35", "Wq"],
  pmuldq: ["0f 38 28"], pcmpeqq: ["0f 38 29"], packusdw: ["0f 38 2b"],
  pminsb: ["0f 38 38"], pminsd: ["0f 38 39"], pminuw: ["0f 38 3a"], pminud: ["0f 38 3b"],
  pmaxsb: ["0f 38 3c"], pmaxsd: ["0f 38 3d"], pmaxuw: ["0f 38 3e"], pmaxud: ["0f 38 3f"],
  pmulld: ["0f 38 40"], phminposuw: ["0f 38 41"],
};

/** A helper, and what stands for it where the immediate is known. */
interface ByImmediate {
  readonly helper: VectorHelper;
  readonly byConstant: ByConstant;
}

/** A function that writes IR, a helper, or one of the two. */
type Work = Inline | VectorHelper | ByImmediate;

function compute(b: Lowering, work: Work, to: VectorRegister, from: VectorOperand, imm: Val | undefined): void {
  if (typeof work === "function") {
    const y = from.load();
    to.store(work(b, to.load(), y));
    return;
  }
  if (!("byConstant" in work)) {
    callVector(b, work, to, from, imm);
    return;
  }
  const n = imm === undefined ? null : known(imm);
  if (n === null) callVector(b, work.helper, to, from, imm);
  else {
    const y = from.load();
    to.store(work.byConstant(b, to.load(), y, n));
  }
}

function workOf(name: Operation): Work {
  if (name === "phminposuw") return acrossHelper(name, minimumPosition, 4);
  return name in SHIFTS_BY_COUNT ? byVector(SHIFTS_BY_COUNT[name as Shift]) : INLINE[name as keyof typeof INLINE];
}

const isSame = (to: VectorRegister, from: VectorOperand): boolean => from instanceof VectorRegister && known(from.slot) === known(to.slot);

/** An insn on XMM registers: destination, source, and perhaps an immediate. */
export function xmmInsn(name: string, form: string, work: Work): InsnDef {
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, forms: [form],
    lower(b, [dst, src, imm]) {
      requireSse(b);
      const to = vectorRegister(dst), from = vector(src);
      if (work === XOR && b.speculates && isSame(to, from)) {
        const { elements } = b;
        if (elements === null) to.store(Array<Val>(4).fill(b.imm(0)));
        else to.storeFloats(elements, Array<Double>(4 / elements.words).fill(elements.zero));
      } else {
        compute(b, work, to, from, imm?.read());
      }
    },
  });
}

/** The same on MMX registers. */
function mmxInsn(name: string, form: string, work: Work): InsnDef {
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, forms: [form],
    lower(b, [dst, src, imm]) {
      requireMmx(b);
      const to = vectorRegister(dst), from = vector(src);
      compute(b, work, to, from, imm?.read());
      enterMmx(b);
      fillExponent(b, to);
    },
  });
}

const entries = <V>(table: Readonly<Partial<Record<Operation, V>>>): [Operation, V][] => Object.entries(table) as [Operation, V][];

/** Both forms of each insn of a table: `mmxFeature` has that for MMX registers. */
const forBoth = (mmxFeature: Feature, xmmFeature: Feature, opcodes: Opcodes, map: string): InsnDef[] => entries(opcodes).flatMap(([name, opcode]) => [
  ...ofFeature(mmxFeature, mmxInsn(name, `np ${map} ${opcode} /r  Pq,${DWORD_SOURCE.has(name) ? "Qd" : "Qq"}`, workOf(name))),
  ...ofFeature(xmmFeature, xmmInsn(name, `66 ${map} ${opcode} /r  Vx,Wx`, workOf(name))),
]);

const shifts = (name: Shift, opcode: string, digit: number): InsnDef[] => [
  ...ofFeature("mmx", shiftInsn(name, "np", `0f ${opcode} /${digit} ib  Nq,Ib`)),
  ...ofFeature("sse2", shiftInsn(name, "66", `0f ${opcode} /${digit} ib  Udq,Ib`)),
];

/** A shift of one register by an immediate. */
function shiftInsn(name: Shift, prefix: "np" | "66", form: string): InsnDef {
  const isMmx = prefix === "np";
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, forms: [`${prefix} ${form}`],
    lower(b, [operand, imm]) {
      (isMmx ? requireMmx : requireSse)(b);
      const register = vectorRegister(operand);
      register.store(SHIFTS_BY_COUNT[name](b, register.load(), imm.read()));
      if (!isMmx) return;
      enterMmx(b);
      fillExponent(b, register);
    },
  });
}

/** A move of one register by bytes. */
const byteShiftInsn = (name: "psrldq" | "pslldq", form: string): InsnDef => {
  const work = byImmediate(name, immediate[name], 4);
  return defInsn(name, {
    ref: `SDM 2 ${name.toUpperCase()}`, forms: [form],
    lower(b, [operand, imm]) {
      requireSse(b);
      const register = vectorRegister(operand);
      compute(b, work, register, register, imm.read());
    },
  });
};

const byImmediate = (name: keyof typeof BY_CONSTANT, helper: AcrossFunction, words: 2 | 4): ByImmediate =>
  ({ helper: acrossHelper(name, helper, words), byConstant: BY_CONSTANT[name] });

const helperInsn = (name: string, form: string, compute: AcrossFunction): InsnDef => xmmInsn(name, form, acrossHelper(name, compute, 4));

/** Those for XMM registers are permutations. */
const MMX_INTERLEAVES: readonly InsnDef[] = ofFeature("mmx",
  mmxInsn("punpckldq", "np 0f 62 /r  Pq,Qd", (_b, x, y) => [x[0], y[0]]),
  mmxInsn("punpckhdq", "np 0f 6a /r  Pq,Qq", (_b, x, y) => [x[1], y[1]]),
);

export const PACKED: readonly InsnDef[] = [
  ...MMX_INTERLEAVES,
  ...forBoth("mmx", "sse2", MMX, "0f"), ...forBoth("sse", "sse2", MMX_OF_SSE, "0f"), ...forBoth("sse2", "sse2", MMX_OF_SSE2, "0f"),
  ...forBoth("ssse3", "ssse3", SSSE3, "0f 38"),
  ...ofFeature("sse4.1", ...entries(SSE41).map(([name, [opcode, source = "Wx"]]) => xmmInsn(name, `66 ${opcode} /r  Vx,${source}`, workOf(name)))),
  ...ofFeature("sse4.2", xmmInsn("pcmpgtq", "66 0f 38 37 /r  Vx,Wx", workOf("pcmpgtq"))),

  ...shifts("psrlw", "71", 2), ...shifts("psraw", "71", 4), ...shifts("psllw", "71", 6),
  ...shifts("psrld", "72", 2), ...shifts("psrad", "72", 4), ...shifts("pslld", "72", 6),
  ...shifts("psrlq", "73", 2), ...shifts("psllq", "73", 6),

  ...ofFeature("sse",
    mmxInsn("pshufw", "np 0f 70 /r ib  Pq,Qq,Ib", byImmediate("pshufw", immediate.pshufw, 2)),
  ),
  ...ofFeature("sse2",
    byteShiftInsn("psrldq", "66 0f 73 /3 ib  Udq,Ib"),
    byteShiftInsn("pslldq", "66 0f 73 /7 ib  Udq,Ib"),
    xmmInsn("pshuflw", "f2 0f 70 /r ib  Vx,Wx,Ib", byImmediate("pshuflw", immediate.pshufw, 4)),
    xmmInsn("pshufhw", "f3 0f 70 /r ib  Vx,Wx,Ib", byImmediate("pshufhw", immediate.pshufhw, 4)),
  ),
  ...ofFeature("ssse3",
    mmxInsn("palignr", "np 0f 3a 0f /r ib  Pq,Qq,Ib", byImmediate("palignr", immediate.palignr, 2)),
    xmmInsn("palignr", "66 0f 3a 0f /r ib  Vx,Wx,Ib", byImmediate("palignr", immediate.palignr, 4)),
  ),
  ...ofFeature("sse4.1",
    xmmInsn("pblendw", "66 0f 3a 0e /r ib  Vx,Wx,Ib", byImmediate("pblendw", immediate.pblendw, 4)),
    helperInsn("mpsadbw", "66 0f 3a 42 /r ib  Vx,Wx,Ib", immediate.mpsadbw),
  ),
];
