/** Floating-point instructions of SSE to SSE4.1: arithmetic, comparison, conversion, rounding. */
import type { ElementFunction, Shape } from "../../helpers/sse/arithmetic.ts";
import { approximationHelper, arithmeticHelper, DOT_PRODUCTS, elementwise, PAIRWISE, PD, PS, SD, SS } from "../../helpers/sse/arithmetic.ts";
import { COMPARE_SCALARS, comparePredicate } from "../../helpers/sse/compare.ts";
import { CONVERSIONS, roundElement, SCALAR_TO_INTEGER } from "../../helpers/sse/convert.ts";
import type { VectorHelper } from "../../helpers/sse/vector-helper.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import type { DoubleArithmetic } from "../../doubles.ts";
import type { Lowering, Val } from "../../lowering.ts";
import { fillExponent, vector, vectorRegister } from "../../vector-operands.ts";
import { xmmInsn } from "./packed.ts";
import { callVector, enterMmx, requireMmx, requireSse } from "./vector-lowering.ts";

const ref = (name: string): string => `SDM 2 ${name.toUpperCase()}`;

/** Mandatory prefix of each shape. */
const PREFIX = { ps: "np", pd: "66", ss: "f3", sd: "f2" } as const;
const SHAPES: readonly Shape[] = [PS, PD, SS, SD];
/** SSE has singles, SSE2 doubles and integers. */
const FEATURE = { ps: "sse", ss: "sse", pd: "sse2", sd: "sse2" } as const;

/** Arithmetic on doubles: JavaScript's, in blocks and where that is all there is to it; else the helper's. */
function doubleInsn(name: DoubleArithmetic, form: string, shape: Shape): InsnDef {
  const helper = arithmeticHelper(name, shape), count = shape.elements as 1 | 2;
  return defInsn(`${name}${shape.suffix}`, {
    ref: ref(name), forms: [form], speculative: true,
    lower(b, [dst, src]) {
      requireSse(b);
      const to = vectorRegister(dst), from = vector(src);
      if (!b.speculates) {
        callVector(b, helper, to, from);
        return;
      }
      b.doubles.assumeUsualControl();
      const ys = from.loadDoubles(count), xs = name === "sqrt" ? ys : to.loadDoubles(count);
      to.storeDoubles(xs.map((x, i) => b.doubles.arithmetic(name, x, ys[i])));
    },
  });
}

const isDoubleArithmetic = (name: string): name is DoubleArithmetic => name !== "min" && name !== "max";

const arithmetic: readonly InsnDef[] = ([["sqrt", "51"], ["add", "58"], ["mul", "59"], ["sub", "5c"], ["min", "5d"], ["div", "5e"], ["max", "5f"]] as const)
  .flatMap(([name, opcode]) => SHAPES.flatMap((shape) => {
    const { suffix } = shape, form = `${PREFIX[suffix]} 0f ${opcode} /r  V${suffix},W${suffix}`;
    if (!shape.isSingle && isDoubleArithmetic(name)) return ofFeature("sse2", doubleInsn(name, form, shape));
    return ofFeature(FEATURE[suffix], xmmInsn(`${name}${suffix}`, form, arithmeticHelper(name, shape)));
  }));

const approximations: readonly InsnDef[] = ([["rsqrt", "52"], ["rcp", "53"]] as const).flatMap(([name, opcode]) => [PS, SS].flatMap((shape) => {
  const { suffix } = shape;
  return ofFeature("sse", xmmInsn(`${name}${suffix}`, `${PREFIX[suffix]} 0f ${opcode} /r  V${suffix},W${suffix}`, approximationHelper(name, shape)));
}));

const predicate = ({ isSingle }: { isSingle: boolean }): ElementFunction => (unit, x, y, out, imm) => comparePredicate(unit, x, y, out, imm, isSingle);
const compares: readonly InsnDef[] = SHAPES.flatMap((shape) => {
  const { suffix } = shape;
  return ofFeature(FEATURE[suffix], xmmInsn(`cmp${suffix}`, `${PREFIX[suffix]} 0f c2 /r ib  V${suffix},W${suffix},Ib`, elementwise("cmp", shape, predicate)));
});

/** COMIS and UCOMIS: ZF, PF and CF as of an unsigned comparison, the other flags 0. */
const flagCompares: readonly InsnDef[] = ([
  ["ucomiss", "np 0f 2e /r  Vss,Wss"], ["ucomisd", "66 0f 2e /r  Vsd,Wsd"], ["comiss", "np 0f 2f /r  Vss,Wss"], ["comisd", "66 0f 2f /r  Vsd,Wsd"],
] as const).map(([name, form]) => defInsn(name, {
  ref: ref(name), feature: name.endsWith("ss") ? "sse" : "sse2", forms: [form], speculative: name.endsWith("sd"),
  lower(b, [x, y]) {
    requireSse(b);
    if (name.endsWith("sd") && b.speculates) {
      const [left] = vectorRegister(x).loadDoubles(1), [right] = vector(y).loadDoubles(1);
      b.doubles.assumePlain(left);
      b.doubles.assumePlain(right);
      return b.flags.unsignedOrder(b.doubles.compare("lt", left, right), b.doubles.compare("eq", left, right));
    }
    b.flags.fromEflags(callVector(b, COMPARE_SCALARS[name], vectorRegister(x), vector(y)));
  },
}));

const PAIRWISE_FORMS = [
  ["haddps", "f2 0f 7c"], ["haddpd", "66 0f 7c"], ["hsubps", "f2 0f 7d"], ["hsubpd", "66 0f 7d"], ["addsubps", "f2 0f d0"], ["addsubpd", "66 0f d0"],
] as const;

/** To XMM registers, from XMM registers or memory. */
const XMM_CONVERSIONS = [
  ["cvtps2pd", "np 0f 5a", "Wq"], ["cvtpd2ps", "66 0f 5a", "Wpd"], ["cvtss2sd", "f3 0f 5a", "Wss"], ["cvtsd2ss", "f2 0f 5a", "Wsd"],
  ["cvtdq2ps", "np 0f 5b", "Wdq"], ["cvtps2dq", "66 0f 5b", "Wps"], ["cvttps2dq", "f3 0f 5b", "Wps"],
  ["cvttpd2dq", "66 0f e6", "Wpd"], ["cvtdq2pd", "f3 0f e6", "Wq"], ["cvtpd2dq", "f2 0f e6", "Wpd"],
] as const;

/** The conversions between singles and integers of a general or MMX register are SSE; all others are SSE2. */
const ofSse = (name: string, types: string): { feature?: "sse" } => (name.endsWith(types) ? { feature: "sse" } : {});

/** To MMX registers. */
const MMX_CONVERSIONS = [
  ["cvttps2pi", "np 0f 2c", "Wq"], ["cvtps2pi", "np 0f 2d", "Wq"], ["cvttpd2pi", "66 0f 2c", "Wpd"], ["cvtpd2pi", "66 0f 2d", "Wpd"],
] as const;

const conversions: readonly InsnDef[] = ofFeature("sse2",
  ...XMM_CONVERSIONS.map(([name, opcode, source]) => xmmInsn(name, `${opcode} /r  Vx,${source}`, CONVERSIONS[name])),
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
    ref: ref(name), ...ofSse(name, "si2ss"), forms: [form], speculative: name === "cvtsi2sd",
    lower(b, [dst, src]) {
      requireSse(b);
      if (name === "cvtsi2sd" && b.speculates) return vectorRegister(dst).storeDoubles([b.doubles.ofInt(src.read())]);
      b.call(CONVERSIONS[name].fromMemory[1], vectorRegister(dst).slot, b.imm(0), src.read());
    },
  })),
  ...([
    ["cvttss2si", "f3 0f 2c /r  Gd,Wss"], ["cvttsd2si", "f2 0f 2c /r  Gd,Wsd"], ["cvtss2si", "f3 0f 2d /r  Gd,Wss"], ["cvtsd2si", "f2 0f 2d /r  Gd,Wsd"],
  ] as const).map(([name, form]) => defInsn(name, {
    ref: ref(name), ...ofSse(name, "ss2si"), forms: [form], speculative: name === "cvttsd2si",
    lower(b, [dst, src]) {
      requireSse(b);
      if (name === "cvttsd2si" && b.speculates) {
        b.doubles.assumeUsualControl();
        return dst.write(b.doubles.truncate(vector(src).loadDoubles(1)[0]));
      }
      dst.write(callSource(b, SCALAR_TO_INTEGER[name], vector(src)));
    },
  })),
);

/** Calls a helper that has no vector destination: its source stands in for one. */
function callSource(b: Lowering, helper: VectorHelper, src: ReturnType<typeof vector>): Val {
  if (!src.isMemory) return callVector(b, helper, vectorRegister(src), src);
  const words = src.load();
  return b.call(helper.fromMemory[words.length as 1 | 2 | 4], b.imm(0), b.imm(0), ...words);
}

const rounding = ({ isSingle }: { isSingle: boolean }): ElementFunction => (unit, _x, y, out, imm) => roundElement(unit, y, out, imm, isSingle);
const roundings: readonly InsnDef[] = ([[PS, "08"], [PD, "09"], [SS, "0a"], [SD, "0b"]] as const).map(([shape, opcode]) => {
  const { suffix } = shape;
  return xmmInsn(`round${suffix}`, `66 0f 3a ${opcode} /r ib  V${suffix},W${suffix},Ib`, elementwise("round", shape, rounding));
});

export const SSE_FLOAT: readonly InsnDef[] = [
  ...arithmetic, ...approximations, ...compares, ...flagCompares, ...conversions,
  ...ofFeature("sse3", ...PAIRWISE_FORMS.map(([name, opcode]) => xmmInsn(name, `${opcode} /r  Vx,Wx`, PAIRWISE[name]))),
  ...ofFeature("sse4.1",
    ...roundings,
    xmmInsn("dpps", "66 0f 3a 40 /r ib  Vps,Wps,Ib", DOT_PRODUCTS.dpps),
    xmmInsn("dppd", "66 0f 3a 41 /r ib  Vpd,Wpd,Ib", DOT_PRODUCTS.dppd),
  ),
];
