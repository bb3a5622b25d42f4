/** F2XM1 FYL2X FYL2XP1 FPATAN, and FSIN FCOS FSINCOS FPTAN, which refuse large operands and then set C2. */
import { atan2 } from "../../float80/atan.ts";
import { exp2Minus1 } from "../../float80/exp2.ts";
import { yLog2X, yLog2XPlus1 } from "../../float80/log2.ts";
import { cos, sin, sinCos, tan } from "../../float80/trig.ts";
import type { FloatUnit } from "../../float80/unit.ts";
import { C1, C2 } from "../../float80/unit.ts";
import { FPU_STATUS } from "../../state.ts";
import type { HelperDef } from "../define.ts";
import { defFpuHelper } from "./define.ts";
import { unary } from "./unary.ts";

/** ST(1) = f(ST(0), ST(1)), then pops. */
function binary(name: string, doc: string, operation: (u: FloatUnit) => void): HelperDef {
  return defFpuHelper(name, {
    doc,
    bind: (f) => () => {
      const u = f.begin();
      if (f.loadA(0) && f.loadB(1)) operation(u);
      f.deliver(1, 1);
    },
  });
}

/** ST(0) = f(ST(0)), where f is false if the operand is out of range. */
function circular(name: string, doc: string, operation: (u: FloatUnit) => boolean): HelperDef {
  return defFpuHelper(name, {
    doc,
    bind: (f) => () => {
      const { R } = f, u = f.begin();
      R[FPU_STATUS] &= ~C2;
      if (!f.loadA(0) || operation(u)) f.deliver(0, 0);
      else R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | C2;
    },
  });
}

/** The same with a second result, which is pushed: ST(0) = operand b of the unit, then pushes its result. */
function circularPushing(name: string, doc: string, operation: (u: FloatUnit) => boolean): HelperDef {
  return defFpuHelper(name, {
    doc,
    bind: (f) => () => {
      const { R } = f, u = f.begin();
      R[FPU_STATUS] &= ~C2;
      if (!f.loadForPush()) u.resultToB();
      else if (!operation(u)) {
        R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | C2;
        return;
      }
      f.deliverAndPush();
    },
  });
}

export const exponential = unary("f2xm1", "ST(0) = 2^ST(0) - 1.", exp2Minus1);
export const logarithm = binary("fyl2x", "ST(1) = ST(1) * log2(ST(0)), then pops.", yLog2X);
export const logarithmPlus1 = binary("fyl2xp1", "ST(1) = ST(1) * log2(ST(0) + 1), then pops.", yLog2XPlus1);
export const arctangent = binary("fpatan", "ST(1) = angle of the point (ST(0), ST(1)), then pops.", atan2);
export const sine = circular("fsin", "ST(0) = sine of ST(0).", sin);
export const cosine = circular("fcos", "ST(0) = cosine of ST(0).", cos);
export const sineCosine = circularPushing("fsincos", "ST(0) = sine of ST(0), then pushes its cosine.", sinCos);
export const tangent = circularPushing("fptan", "ST(0) = tangent of ST(0), then pushes 1.", tan);
