/** Comparisons: FCOM FUCOM FCOMI FUCOMI FICOM FTST FXAM. */
import { compare, compareQuiet, EQUAL, GREATER, LESS, UNORDERED } from "../../float80/compare.ts";
import { isNan, isUnsupported } from "../../float80/classify.ts";
import { loadDouble, loadSingle } from "../../float80/formats.ts";
import { loadInt32 } from "../../float80/integer.ts";
import { C0, C1, C2, C3, MAX_EXP, SF } from "../../float80/unit.ts";
import { FPU_SIGN_EXP, FPU_SIGNIFICAND, FPU_STATUS, FPU_TOP } from "../../state.ts";
import { defFpuHelper } from "./define.ts";
import type { Fpu } from "./fpu.ts";

const CODES = C0 | C2 | C3;

/** Settles a comparison: condition codes also when an unmasked exception keeps the pops back. */
function finish(f: Fpu, codes: number, pops: number): void {
  const { R } = f;
  R[FPU_STATUS] = (R[FPU_STATUS] & ~CODES) | codes;
  if (!f.settle()) return;
  if (pops > 0) f.pop();
  if (pops > 1) f.pop();
}

const codesOf = (order: number): number => (order > 0 ? GREATER : order < 0 ? LESS : EQUAL);

/** Condition codes of ST(0) against ST(i) as pairs; null if they are not. */
function compareRegisters(f: Fpu, i: number): number | null {
  return f.pairs.canCompare(i) ? codesOf(f.pairs.order(i)) : null;
}

/** The same against the operand of `Fpu.pairs`. */
function compareOperand(f: Fpu): number | null {
  return f.pairs.canCompare(0) ? codesOf(f.pairs.orderOfOperand()) : null;
}

export const compareRegister = defFpuHelper("fcom", {
  params: 2,
  doc: "Compares ST(0) with ST(i) into C3 C2 C0, then pops 0 to 2 values (i, pops).",
  bind: (f) => (i, pops) => {
    const u = f.begin();
    finish(f, compareRegisters(f, i) ?? (f.loadA(0) && f.loadB(i) ? compare(u) : UNORDERED), pops);
  },
});

export const compareRegisterQuiet = defFpuHelper("fucom", {
  params: 2,
  doc: "The same, quiet NaNs allowed.",
  bind: (f) => (i, pops) => {
    const u = f.begin();
    finish(f, compareRegisters(f, i) ?? (f.loadA(0) && f.loadB(i) ? compareQuiet(u) : UNORDERED), pops);
  },
});

export const compareM32 = defFpuHelper("fcom_m32", {
  params: 2,
  doc: "Compares ST(0) with a single (bits, pops).",
  bind: (f) => (bits, pops) => {
    const u = f.begin();
    const codes = f.pairs.setSingle(bits) ? compareOperand(f) : null;
    if (codes !== null) return finish(f, codes, pops);
    if (!f.loadA(0)) return finish(f, UNORDERED, pops);
    loadSingle(u, bits);
    finish(f, compare(u), pops);
  },
});

export const compareM64 = defFpuHelper("fcom_m64", {
  params: 3,
  doc: "Compares ST(0) with a double (lo, hi, pops).",
  bind: (f) => (lo, hi, pops) => {
    const u = f.begin();
    const codes = f.pairs.setDouble(lo, hi) ? compareOperand(f) : null;
    if (codes !== null) return finish(f, codes, pops);
    if (!f.loadA(0)) return finish(f, UNORDERED, pops);
    loadDouble(u, lo, hi);
    finish(f, compare(u), pops);
  },
});

export const compareInteger = defFpuHelper("fcom_int", {
  params: 2,
  doc: "Compares ST(0) with an integer (value, pops); FTST with 0.",
  bind: (f) => (value, pops) => {
    const u = f.begin();
    f.pairs.setInteger(value);
    const codes = compareOperand(f);
    if (codes !== null) return finish(f, codes, pops);
    if (!f.loadA(0)) return finish(f, UNORDERED, pops);
    loadInt32(u, value);
    finish(f, compare(u), pops);
  },
});

/** CF, PF and ZF from condition codes (SDM 2A FCOMI). */
function eflagsOf(codes: number): number {
  return ((codes & C0) !== 0 ? 1 : 0) | ((codes & C2) !== 0 ? 4 : 0) | ((codes & C3) !== 0 ? 0x40 : 0);
}

/** Only a stack fault changes C1, whatever is unmasked. */
function finishFlags(f: Fpu, codes: number, pops: number): number {
  const { R, u } = f, c1 = (u.flags & SF) === 0 ? R[FPU_STATUS] & C1 : 0, delivers = f.settle();
  R[FPU_STATUS] |= c1;
  if (delivers && pops !== 0) f.pop();
  return eflagsOf(codes);
}

export const compareFlags = defFpuHelper("fcomi", {
  params: 2,
  result: "i32",
  doc: "Compares ST(0) with ST(i), then pops; CF, PF, ZF in their places (i, pops).",
  bind: (f) => (i, pops) => {
    const u = f.begin();
    return finishFlags(f, compareRegisters(f, i) ?? (f.loadA(0) && f.loadB(i) ? compare(u) : UNORDERED), pops);
  },
});

export const compareFlagsQuiet = defFpuHelper("fucomi", {
  params: 2,
  result: "i32",
  doc: "The same, quiet NaNs allowed.",
  bind: (f) => (i, pops) => {
    const u = f.begin();
    return finishFlags(f, compareRegisters(f, i) ?? (f.loadA(0) && f.loadB(i) ? compareQuiet(u) : UNORDERED), pops);
  },
});

/** Class of ST(0) as condition codes (SDM 2A table 3-42, FXAM). */
function classOf(f: Fpu, se: number, hi: number, lo: number): number {
  if (f.isEmpty(0)) return C3 | C0;
  const exp = se & MAX_EXP;
  if (isUnsupported(se, hi)) return 0;
  if (isNan(se, hi, lo)) return C0;
  if (exp === MAX_EXP) return C2 | C0;
  if (exp !== 0) return C2;
  return (hi | lo) === 0 ? C3 : C3 | C2;
}

export const examine = defFpuHelper("fxam", {
  doc: "Class of ST(0) into C3 C2 C0, its sign into C1.",
  bind: (f) => () => {
    const { R } = f, n = R[FPU_TOP];
    if (f.pairs.isPair(n)) f.pairs.toWords(n);
    const se = R[FPU_SIGN_EXP + n];
    const codes = classOf(f, se, R[FPU_SIGNIFICAND + 1 + 2 * n], R[FPU_SIGNIFICAND + 2 * n]);
    R[FPU_STATUS] = (R[FPU_STATUS] & ~(CODES | C1)) | codes | ((se & 0x8000) !== 0 ? C1 : 0);
  },
});
