/** Operations on ST(0), and with ST(1): FCHS FABS FSQRT FRNDINT FSCALE FXTRACT FPREM FPREM1; the stack pointer's. */
import { roundToIntegral } from "../../float80/integer.ts";
import { remainder, remainderNearest } from "../../float80/remainder.ts";
import { extract, scale } from "../../float80/scale.ts";
import { sqrt } from "../../float80/sqrt.ts";
import type { FloatUnit } from "../../float80/unit.ts";
import { C0, C1, C2, C3, SIGN } from "../../float80/unit.ts";
import { FPU_STATUS, FPU_TAGS, FPU_TOP } from "../../state.ts";
import type { HelperDef } from "../define.ts";
import { defFpuHelper } from "./define.ts";
import type { PairRegisters } from "./pairs.ts";

/** ST(0) = f(ST(0)). */
export function unary(name: string, doc: string, operation: (u: FloatUnit) => void): HelperDef {
  return defFpuHelper(name, {
    doc,
    bind: (f) => () => {
      const u = f.begin();
      if (f.loadA(0)) operation(u);
      f.deliver(0, 0);
    },
  });
}

/** The same, tried on pairs first. */
function unaryOfPairs(name: string, doc: string, onPairs: (pairs: PairRegisters) => boolean, operation: (u: FloatUnit) => void): HelperDef {
  return defFpuHelper(name, {
    doc,
    bind: (f) => () => {
      if (onPairs(f.pairs)) return;
      const u = f.begin();
      if (f.loadA(0)) operation(u);
      f.deliver(0, 0);
    },
  });
}

export const changeSign = unaryOfPairs("fchs", "ST(0) = -ST(0).", (pairs) => pairs.negate(false), (u) => u.set(u.aSe ^ SIGN, u.aHi, u.aLo));
export const absolute = unaryOfPairs("fabs", "ST(0) = |ST(0)|.", (pairs) => pairs.negate(true), (u) => u.set(u.aSe & ~SIGN, u.aHi, u.aLo));
export const squareRoot = unaryOfPairs("fsqrt", "ST(0) = square root of ST(0).", (pairs) => pairs.sqrt(), sqrt);
export const roundInteger = unary("frndint", "ST(0) rounded to an integer.", roundToIntegral);

export const scaleByPower = defFpuHelper("fscale", {
  doc: "ST(0) = ST(0) * 2^trunc(ST(1)).",
  bind: (f) => () => {
    const u = f.begin();
    if (f.loadA(0) && f.loadB(1)) scale(u);
    f.deliver(0, 0);
  },
});

export const extractParts = defFpuHelper("fxtract", {
  doc: "ST(0) = exponent of ST(0), then pushes its significand.",
  bind: (f) => () => {
    const u = f.begin();
    if (f.loadForPush()) extract(u);
    else u.resultToB();
    f.deliverAndPush();
  },
});

/** ST(0) = remainder of ST(0) by ST(1), quotient bits into the condition codes. */
function remainderHelper(name: string, doc: string, operation: (u: FloatUnit) => number): HelperDef {
  return defFpuHelper(name, {
    doc,
    bind: (f) => () => {
      const { R } = f, u = f.begin();
      const codes = f.loadA(0) && f.loadB(1) ? operation(u) : -1;
      // What is no number, and an unmasked exception, leave C0 and C3 as they were.
      R[FPU_STATUS] &= ~C2;
      if (!f.settle()) return;
      f.write(0);
      if (codes >= 0) R[FPU_STATUS] = (R[FPU_STATUS] & ~(C0 | C1 | C3)) | codes;
    },
  });
}

export const partialRemainder = remainderHelper("fprem", "ST(0) = ST(0) - ST(1) * trunc(ST(0) / ST(1)), perhaps partial.", remainder);
export const partialRemainder1 = remainderHelper("fprem1", "The same with the quotient to nearest.", remainderNearest);

export const rotateTop = defFpuHelper("fpu_rotate", {
  params: 1,
  doc: "TOP += delta (FINCSTP, FDECSTP).",
  bind: (f) => (delta) => {
    f.R[FPU_TOP] = (f.R[FPU_TOP] + delta) & 7;
    f.clearC1();
  },
});

export const free = defFpuHelper("ffree", {
  params: 2,
  doc: "Marks ST(i) empty; FFREEP then moves TOP on (i, pops).",
  bind: (f) => (i, pops) => {
    const { R } = f;
    R[FPU_TAGS] &= ~(1 << ((R[FPU_TOP] + i) & 7));
    f.clearC1();
    if (pops !== 0) f.pop();
  },
});
