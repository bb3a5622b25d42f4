/**
 * FADD FMUL FSUB FDIV and their reversed and integer forms. Each tries pairs first, then does it in words. One closure per
 * operation and kind of operand, so that each call site within them sees one function only.
 */
import { add, sub } from "../../float80/add.ts";
import { div, divReversed } from "../../float80/div.ts";
import { loadDouble, loadSingle } from "../../float80/formats.ts";
import { mul } from "../../float80/mul.ts";
import type { FloatUnit } from "../../float80/unit.ts";
import type { HelperDef, HelperFn } from "../define.ts";
import { defFpuHelper } from "./define.ts";
import type { Fpu } from "./fpu.ts";

/** The helpers of one operation. The result goes to ST(0), but for `registers`. */
export interface ArithmeticHelpers {
  /** (x, y, dst, pops): ST(dst) = ST(x) op ST(y), then pops. */
  readonly registers: HelperDef;
  /** (bits): a single. */
  readonly single: HelperDef;
  /** (lo, hi): a double. */
  readonly double: HelperDef;
  /** (value): an integer. */
  readonly integer: HelperDef;
}

interface Operation {
  readonly name: string;
  /** The result in words. */
  readonly exact: (u: FloatUnit) => void;
  readonly registers: (f: Fpu) => HelperFn;
  /** On ST(0) and the operand of `Fpu.pairs`. */
  readonly operand: (f: Fpu) => () => void;
}

function define(doc: string, { name, exact, registers, operand }: Operation): ArithmeticHelpers {
  return {
    registers: defFpuHelper(name, { params: 4, doc: `ST(dst) = ${doc} of ST(x) and ST(y), then pops (x, y, dst, pops).`, bind: registers }),
    single: defFpuHelper(`${name}_m32`, {
      params: 1,
      doc: `ST(0) = ${doc} of ST(0) and a single.`,
      bind: (f) => {
        const run = operand(f);
        return (bits) => {
          if (f.pairs.setSingle(bits)) return run();
          const u = f.begin();
          if (f.loadA(0)) {
            loadSingle(u, bits);
            exact(u);
          }
          f.deliver(0, 0);
        };
      },
    }),
    double: defFpuHelper(`${name}_m64`, {
      params: 2,
      doc: `ST(0) = ${doc} of ST(0) and a double (lo, hi).`,
      bind: (f) => {
        const run = operand(f);
        return (lo, hi) => {
          if (f.pairs.setDouble(lo, hi)) return run();
          const u = f.begin();
          if (f.loadA(0)) {
            loadDouble(u, lo, hi);
            exact(u);
          }
          f.deliver(0, 0);
        };
      },
    }),
    integer: defFpuHelper(`${name}_int`, {
      params: 1,
      doc: `ST(0) = ${doc} of ST(0) and an integer.`,
      bind: (f) => {
        const run = operand(f);
        return (value) => {
          f.pairs.setInteger(value);
          run();
        };
      },
    }),
  };
}

const subReversed = (u: FloatUnit): void => {
  u.swap();
  sub(u);
};

export const FADD = define("the sum", {
  name: "fadd",
  exact: add,
  registers: (f) => (x, y, dst, pops) => {
    if (!f.pairs.add(x, y, 1, dst, pops)) f.operate(add, x, y, dst, pops);
  },
  operand: (f) => () => {
    if (!f.pairs.addOperand(1)) f.operateOnOperand(add);
  },
});

export const FMUL = define("the product", {
  name: "fmul",
  exact: mul,
  registers: (f) => (x, y, dst, pops) => {
    if (!f.pairs.mul(x, y, dst, pops)) f.operate(mul, x, y, dst, pops);
  },
  operand: (f) => () => {
    if (!f.pairs.mulOperand()) f.operateOnOperand(mul);
  },
});

export const FSUB = define("the difference", {
  name: "fsub",
  exact: sub,
  registers: (f) => (x, y, dst, pops) => {
    if (!f.pairs.add(x, y, -1, dst, pops)) f.operate(sub, x, y, dst, pops);
  },
  operand: (f) => () => {
    if (!f.pairs.addOperand(-1)) f.operateOnOperand(sub);
  },
});

export const FSUBR = define("the reversed difference", {
  name: "fsubr",
  exact: subReversed,
  registers: (f) => (x, y, dst, pops) => {
    if (!f.pairs.add(y, x, -1, dst, pops)) f.operate(sub, y, x, dst, pops);
  },
  operand: (f) => () => {
    if (!f.pairs.subFromOperand()) f.operateOnOperand(subReversed);
  },
});

export const FDIV = define("the quotient", {
  name: "fdiv",
  exact: div,
  registers: (f) => (x, y, dst, pops) => {
    if (!f.pairs.div(x, y, dst, pops)) f.operate(div, x, y, dst, pops);
  },
  operand: (f) => () => {
    if (!f.pairs.divByOperand()) f.operateOnOperand(div);
  },
});

export const FDIVR = define("the reversed quotient", {
  name: "fdivr",
  exact: divReversed,
  registers: (f) => (x, y, dst, pops) => {
    if (!f.pairs.div(y, x, dst, pops)) f.operate(div, y, x, dst, pops);
  },
  operand: (f) => () => {
    if (!f.pairs.divOperand()) f.operateOnOperand(divReversed);
  },
});
