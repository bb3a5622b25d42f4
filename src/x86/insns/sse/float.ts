/** Floating-point instructions of SSE to SSE4.1: arithmetic, comparison, conversion, rounding. */
import type { ElementFunction, Shape } from "../../helpers/sse/arithmetic.ts";
import { approximationHelper, arithmeticHelper, DOT_PRODUCTS, elementwise, PAIRWISE, PD, PS, SD, SS } from "../../helpers/sse/arithmetic.ts";
import { COMPARE_SCALARS, comparePredicate } from "../../helpers/sse/compare.ts";
import { CONVERSIONS, roundElement, SCALAR_TO_INTEGER } from "../../helpers/sse/convert.ts";
import type { VectorHelper } from "../../helpers/sse/vector-helper.ts";
import type { DoubleCond } from "../../../../tcg/ir/types.ts";
import type { ElementKind } from "../../element-kinds.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import type { Double, FloatArithmetic, Floats, RoundingMode } from "../../floats.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { VectorOperand, VectorRegister } from "../../vector-operands.ts";
import { fillExponent, known, vector, vectorRegister } from "../../vector-operands.ts";
import { xmmInsn } from "./packed.ts";
import { callVector, enterMmx, requireMmx, requireSse } from "./vector-lowering.ts";

const ref = (name: string): string => `SDM 2 ${name.toUpperCase()}`;

/** Mandatory prefix of each shape. */
const PREFIX = { ps: "np", pd: "66", ss: "f3", sd: "f2" } as const;
const SHAPES: readonly Shape[] = [PS, PD, SS, SD];
/** SSE has singles, SSE2 doubles and integers. */
const FEATURE = { ps: "sse", ss: "sse", pd: "sse2", sd: "sse2" } as const;

const floatsOf = (b: Lowering, isSingle: boolean): Floats => (isSingle ? b.singles : b.doubles);
const elementsOf = (isSingle: boolean): ElementKind => (isSingle ? "single" : "double");

/** What a block does for the usual case of an insn with an XMM destination; `n` is its immediate, 0 if it has none. */
type UsualCase = (b: Lowering, to: VectorRegister, from: VectorOperand, n: number) => void;

/** An insn with an XMM destination: in blocks JavaScript's arithmetic, where that is all there is to it; else the helper's. */
function floatInsn(name: string, form: string, elements: NonNullable<InsnDef["elements"]>, helper: VectorHelper, usualCase: UsualCase): InsnDef {
  return defInsn(name, {
    ref: ref(name), forms: [form], speculative: true, elements,
    lower(b, [dst, src, imm]) {
      requireSse(b);
      const to = vectorRegister(dst), from = vector(src), n = imm === undefined ? 0 : known(imm.read());
      if (b.speculates && n !== null) usualCase(b, to, from, n);
      else callVector(b, helper, to, from, imm?.read());
    },
  });
}

function arithmeticInsn(name: FloatArithmetic | "min" | "max", form: string, shape: Shape): InsnDef {
  const { suffix, isSingle, elements } = shape;
  return floatInsn(`${name}${suffix}`, form, elementsOf(isSingle), arithmeticHelper(name, shape), (b, to, from) => {
    const floats = floatsOf(b, isSingle), ys = from.loadFloats(floats, elements), xs = name === "sqrt" ? ys : to.loadFloats(floats, elements);
    if (name === "min" || name === "max") return to.storeFloats(floats, floats.extreme(name, xs, ys));
    floats.assumeUsualControl();
    to.storeFloats(floats, floats.arithmetic(name, xs, ys));
  });
}

const arithmetic: readonly InsnDef[] = ([["sqrt", "51"], ["add", "58"], ["mul", "59"], ["sub", "5c"], ["min", "5d"], ["div", "5e"], ["max", "5f"]] as const)
  .flatMap(([name, opcode]) => SHAPES.flatMap((shape) => {
    const { suffix } = shape, form = `${PREFIX[suffix]} 0f ${opcode} /r  V${suffix},W${suffix}`;
    return ofFeature(FEATURE[suffix], arithmeticInsn(name, form, shape));
  }));

const approximations: readonly InsnDef[] = ([["rsqrt", "52"], ["rcp", "53"]] as const).flatMap(([name, opcode]) => [PS, SS].flatMap((shape) => {
  const { suffix } = shape;
  return ofFeature("sse", xmmInsn(`${name}${suffix}`, `${PREFIX[suffix]} 0f ${opcode} /r  V${suffix},W${suffix}`, approximationHelper(name, shape)));
}));

const predicate = ({ isSingle }: { isSingle: boolean }): ElementFunction => (unit, x, y, out, imm) => comparePredicate(unit, x, y, out, imm, isSingle);
/** Predicates 0 to 7 of numbers: the last bit of the three that matter negates; UNORD and ORD are never and always. */
const PREDICATES: readonly (DoubleCond | boolean)[] = ["eq", "lt", "le", false, "ne", "ge", "gt", true];

const compares: readonly InsnDef[] = SHAPES.flatMap((shape) => {
  const { suffix, isSingle, elements } = shape, form = `${PREFIX[suffix]} 0f c2 /r ib  V${suffix},W${suffix},Ib`;
  return ofFeature(FEATURE[suffix], floatInsn(`cmp${suffix}`, form, ["word", elementsOf(isSingle)], elementwise("cmp", shape, predicate), (b, to, from, n) => {
    const floats = floatsOf(b, isSingle), ys = from.loadFloats(floats, elements), xs = to.loadFloats(floats, elements), cond = PREDICATES[n & 7];
    floats.assumeTame([...xs, ...ys]);
    to.store(xs.flatMap((x, i) => {
      const mask = typeof cond === "boolean" ? b.imm(cond ? -1 : 0) : b.neg(floats.compare(cond, x, ys[i]));
      return isSingle ? [mask] : [mask, mask];
    }));
  }));
});

/** COMIS and UCOMIS: ZF, PF and CF as of an unsigned comparison, the other flags 0. */
const flagCompares: readonly InsnDef[] = ([
  ["ucomiss", "np 0f 2e /r  Vss,Wss"], ["ucomisd", "66 0f 2e /r  Vsd,Wsd"], ["comiss", "np 0f 2f /r  Vss,Wss"], ["comisd", "66 0f 2f /r  Vsd,Wsd"],
] as const).map(([name, form]) => defInsn(name, {
  ref: ref(name), feature: name.endsWith("ss") ? "sse" : "sse2", forms: [form], speculative: true, elements: elementsOf(name.endsWith("ss")),
  lower(b, [x, y]) {
    requireSse(b);
    if (b.speculates) {
      const floats = floatsOf(b, name.endsWith("ss")), [left] = vectorRegister(x).loadFloats(floats, 1), [right] = vector(y).loadFloats(floats, 1);
      floats.assumeTame([left, right]);
      return b.flags.unsignedOrder(floats.compare("lt", left, right), floats.compare("eq", left, right));
    }
    b.flags.fromEflags(callVector(b, COMPARE_SCALARS[name], vectorRegister(x), vector(y)));
  },
}));

const PAIRWISE_FORMS = [
  ["haddps", "f2 0f 7c"], ["haddpd", "66 0f 7c"], ["hsubps", "f2 0f 7d"], ["hsubpd", "66 0f 7d"], ["addsubps", "f2 0f d0"], ["addsubpd", "66 0f d0"],
] as const;

/** To XMM registers, from XMM registers or memory: which elements to which, and how many. A packed one clears the rest. */
const XMM_CONVERSIONS = [
  ["cvtps2pd", "np 0f 5a", "Wq", "single", "double", 2], ["cvtpd2ps", "66 0f 5a", "Wpd", "double", "single", 2],
  ["cvtss2sd", "f3 0f 5a", "Wss", "single", "double", 1], ["cvtsd2ss", "f2 0f 5a", "Wsd", "double", "single", 1],
  ["cvtdq2ps", "np 0f 5b", "Wdq", "word", "single", 4], ["cvtps2dq", "66 0f 5b", "Wps", "single", "word", 4], ["cvttps2dq", "f3 0f 5b", "Wps", "single", "word", 4],
  ["cvttpd2dq", "66 0f e6", "Wpd", "double", "word", 2], ["cvtdq2pd", "f3 0f e6", "Wq", "word", "double", 2], ["cvtpd2dq", "f2 0f e6", "Wpd", "double", "word", 2],
] as const;

function xmmConversion([name, opcode, source, sourceKind, kind, count]: (typeof XMM_CONVERSIONS)[number]): InsnDef {
  return floatInsn(name, `${opcode} /r  Vx,${source}`, [kind, sourceKind], CONVERSIONS[name], (b, to, from) => {
    const floats = floatsOf(b, kind === "single" || sourceKind === "single");
    if (kind !== "double") floats.assumeUsualControl();
    if (kind === "word") {
      const ints = floats.toInts(from.loadFloats(floats, count), name.startsWith("cvtt"));
      to.store([...ints, ...Array<Val>(4 - count).fill(b.imm(0))]);
      return;
    }
    const results = floatsOf(b, kind === "single"), numbers = sourceKind === "word" ? from.load(count).map((v) => results.ofInt(v))
      : results.convert(from.loadFloats(floatsOf(b, sourceKind === "single"), count), floatsOf(b, sourceKind === "single"));
    to.storeFloats(results, name === "cvtpd2ps" ? [...numbers, results.zero, results.zero] : numbers);
  });
}

/** The conversions between singles and integers of a general or MMX register are SSE; all others are SSE2. */
const ofSse = (name: string, types: string): { feature?: "sse" } => (name.endsWith(types) ? { feature: "sse" } : {});

/** To MMX registers. */
const MMX_CONVERSIONS = [
  ["cvttps2pi", "np 0f 2c", "Wq"], ["cvtps2pi", "np 0f 2d", "Wq"], ["cvttpd2pi", "66 0f 2c", "Wpd"], ["cvtpd2pi", "66 0f 2d", "Wpd"],
] as const;

const conversions: readonly InsnDef[] = ofFeature("sse2",
  ...XMM_CONVERSIONS.map((row) => xmmConversion(row)),
  ...MMX_CONVERSIONS.map(([name, opcode, source]) => defInsn(name, {
    ref: ref(name), ...ofSse(name, "ps2pi"), forms: [`${opcode} /r  Pq,${source}`],
    lower(b, [dst, src]) {
      requireSse(b);
      requireMmx(b);
      const to = vectorRegister(dst);
      callVector(b, CONVERSIONS[name], to, vector(src));
      enterMmx(b);
      fillExponent(b, to);
    },
  })),
  // From memory they leave the x87 unit alone (SDM 2A CVTPI2PD); so does CVTPI2PS on CPUs.
  ...([["cvtpi2ps", "np 0f 2a /r  Vps,Qq"], ["cvtpi2pd", "66 0f 2a /r  Vpd,Qq"]] as const).map(([name, form]) => defInsn(name, {
    ref: ref(name), ...ofSse(name, "pi2ps"), forms: [form],
    lower(b, [dst, src]) {
      requireSse(b);
      if (!src.isMemory) requireMmx(b);
      callVector(b, CONVERSIONS[name], vectorRegister(dst), vector(src));
      if (!src.isMemory) enterMmx(b);
    },
  })),
  ...([["cvtsi2ss", "f3 0f 2a /r  Vss,Ed"], ["cvtsi2sd", "f2 0f 2a /r  Vsd,Ed"]] as const).map(([name, form]) => defInsn(name, {
    ref: ref(name), ...ofSse(name, "si2ss"), forms: [form], speculative: true, elements: elementsOf(name === "cvtsi2ss"),
    lower(b, [dst, src]) {
      requireSse(b);
      if (b.speculates) {
        const floats = floatsOf(b, name === "cvtsi2ss");
        if (floats.isSingle) floats.assumeUsualControl();
        return vectorRegister(dst).storeFloats(floats, [floats.ofInt(src.read())]);
      }
      b.call(CONVERSIONS[name].fromMemory[1], vectorRegister(dst).slot, b.imm(0), src.read());
    },
  })),
  ...([
    ["cvttss2si", "f3 0f 2c /r  Gd,Wss"], ["cvttsd2si", "f2 0f 2c /r  Gd,Wsd"], ["cvtss2si", "f3 0f 2d /r  Gd,Wss"], ["cvtsd2si", "f2 0f 2d /r  Gd,Wsd"],
  ] as const).map(([name, form]) => defInsn(name, {
    ref: ref(name), ...ofSse(name, "ss2si"), forms: [form], speculative: true, elements: elementsOf(name.endsWith("ss2si")),
    lower(b, [dst, src]) {
      requireSse(b);
      if (b.speculates) {
        const floats = floatsOf(b, name.endsWith("ss2si"));
        floats.assumeUsualControl();
        return dst.write(floats.toInts(vector(src).loadFloats(floats, 1), name.startsWith("cvtt"))[0]);
      }
      dst.write(callSource(b, SCALAR_TO_INTEGER[name], vector(src)));
    },
  })),
);

/** Calls a helper that has no vector destination: its source stands in for one. */
function callSource(b: Lowering, helper: VectorHelper, src: VectorOperand): Val {
  if (!src.isMemory) return callVector(b, helper, vectorRegister(src), src);
  const words = src.load();
  return b.call(helper.fromMemory[words.length as 1 | 2 | 4], b.imm(0), b.imm(0), ...words);
}

const rounding = ({ isSingle }: { isSingle: boolean }): ElementFunction => (unit, _x, y, out, imm) => roundElement(unit, y, out, imm, isSingle);
/** Immediates of ROUNDPS: where the mode comes from MXCSR, and where PE stays as it is. */
const BY_MXCSR = 4, IS_QUIET = 8;

const roundings: readonly InsnDef[] = ([[PS, "08"], [PD, "09"], [SS, "0a"], [SD, "0b"]] as const).map(([shape, opcode]) => {
  const { suffix, isSingle, elements } = shape, form = `66 0f 3a ${opcode} /r ib  V${suffix},W${suffix},Ib`;
  return floatInsn(`round${suffix}`, form, elementsOf(isSingle), elementwise("round", shape, rounding), (b, to, from, n) => {
    const floats = floatsOf(b, isSingle), ys = from.loadFloats(floats, elements), isByMxcsr = (n & BY_MXCSR) !== 0, isQuiet = (n & IS_QUIET) !== 0;
    if (isByMxcsr || !isQuiet) floats.assumeUsualControl();
    to.storeFloats(floats, floats.integral(ys, isByMxcsr ? 0 : (n & 3) as RoundingMode, isQuiet));
  });
});

const pairwise: readonly InsnDef[] = PAIRWISE_FORMS.map(([name, opcode]) => {
  const isSingle = name.endsWith("ps"), { helper, pairs } = PAIRWISE[name];
  return floatInsn(name, `${opcode} /r  Vx,Wx`, elementsOf(isSingle), helper, (b, to, from) => {
    const floats = floatsOf(b, isSingle), count = isSingle ? 4 : 2, ys = from.loadFloats(floats, count), all = [...to.loadFloats(floats, count), ...ys];
    floats.assumeUsualControl();
    to.storeFloats(floats, pairs.map(([operation, x, y]) => floats.arithmetic(operation, [all[x]], [all[y]])[0]));
  });
});

const dotProducts: readonly InsnDef[] = ([["dpps", "40"], ["dppd", "41"]] as const).map(([name, opcode]) => {
  const isSingle = name === "dpps";
  return floatInsn(name, `66 0f 3a ${opcode} /r ib  Vx,Wx,Ib`, elementsOf(isSingle), DOT_PRODUCTS[name], (b, to, from, n) => {
    const floats = floatsOf(b, isSingle), count = isSingle ? 4 : 2, ys = from.loadFloats(floats, count), xs = to.loadFloats(floats, count);
    floats.assumeUsualControl();
    const products = xs.map((x, i) => (((n >> (4 + i)) & 1) !== 0 ? floats.arithmetic("mul", [x], [ys[i]])[0] : floats.zero));
    const sum = (x: Double, y: Double): Double => floats.arithmetic("add", [x], [y])[0];
    const pairs = products.filter((_, i) => i % 2 === 0).map((product, i) => sum(product, products[2 * i + 1]));
    const all = isSingle ? sum(pairs[0], pairs[1]) : pairs[0];
    to.storeFloats(floats, xs.map((_, i) => (((n >> i) & 1) !== 0 ? all : floats.zero)));
  });
});

export const SSE_FLOAT: readonly InsnDef[] = [
  ...arithmetic, ...approximations, ...compares, ...flagCompares, ...conversions,
  ...ofFeature("sse3", ...pairwise), ...ofFeature("sse4.1", ...roundings, ...dotProducts),
];
