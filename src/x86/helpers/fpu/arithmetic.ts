/**
 * FADD FMUL FSUB FDIV and their reversed and integer forms. One closure per operation and operand format, so that each call
 * site within them sees one function only.
 */
import { add, sub } from "../../float80/add.ts";
import { div } from "../../float80/div.ts";
import { loadDouble, loadSingle } from "../../float80/formats.ts";
import { loadInt32 } from "../../float80/integer.ts";
import { mul } from "../../float80/mul.ts";
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

interface Binders {
  readonly registers: (f: Fpu) => HelperFn;
  readonly single: (f: Fpu) => HelperFn;
  readonly double: (f: Fpu) => HelperFn;
  readonly integer: (f: Fpu) => HelperFn;
}

function define(name: string, doc: string, { registers, single, double, integer }: Binders): ArithmeticHelpers {
  return {
    registers: defFpuHelper(name, { params: 4, doc: `ST(dst) = ${doc} of ST(x) and ST(y), then pops (x, y, dst, pops).`, bind: registers }),
    single: defFpuHelper(`${name}_m32`, { params: 1, doc: `ST(0) = ${doc} of ST(0) and a single.`, bind: single }),
    double: defFpuHelper(`${name}_m64`, { params: 2, doc: `ST(0) = ${doc} of ST(0) and a double.`, bind: double }),
    integer: defFpuHelper(`${name}_int`, { params: 1, doc: `ST(0) = ${doc} of ST(0) and an integer.`, bind: integer }),
  };
}

export const FADD = define("fadd", "the sum", {
  registers: (f) => (x, y, dst, pops) => {
    const u = f.begin();
    if (f.loadA(x) && f.loadB(y)) add(u);
    f.deliver(dst, pops);
  },
  single: (f) => (bits) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadSingle(u, bits);
      add(u);
    }
    f.deliver(0, 0);
  },
  double: (f) => (lo, hi) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadDouble(u, lo, hi);
      add(u);
    }
    f.deliver(0, 0);
  },
  integer: (f) => (value) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadInt32(u, value);
      add(u);
    }
    f.deliver(0, 0);
  },
});

export const FMUL = define("fmul", "the product", {
  registers: (f) => (x, y, dst, pops) => {
    const u = f.begin();
    if (f.loadA(x) && f.loadB(y)) mul(u);
    f.deliver(dst, pops);
  },
  single: (f) => (bits) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadSingle(u, bits);
      mul(u);
    }
    f.deliver(0, 0);
  },
  double: (f) => (lo, hi) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadDouble(u, lo, hi);
      mul(u);
    }
    f.deliver(0, 0);
  },
  integer: (f) => (value) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadInt32(u, value);
      mul(u);
    }
    f.deliver(0, 0);
  },
});

export const FSUB = define("fsub", "the difference", {
  registers: (f) => (x, y, dst, pops) => {
    const u = f.begin();
    if (f.loadA(x) && f.loadB(y)) sub(u);
    f.deliver(dst, pops);
  },
  single: (f) => (bits) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadSingle(u, bits);
      sub(u);
    }
    f.deliver(0, 0);
  },
  double: (f) => (lo, hi) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadDouble(u, lo, hi);
      sub(u);
    }
    f.deliver(0, 0);
  },
  integer: (f) => (value) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadInt32(u, value);
      sub(u);
    }
    f.deliver(0, 0);
  },
});

export const FSUBR = define("fsubr", "the reversed difference", {
  registers: (f) => (x, y, dst, pops) => {
    const u = f.begin();
    if (f.loadA(y) && f.loadB(x)) sub(u);
    f.deliver(dst, pops);
  },
  single: (f) => (bits) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadSingle(u, bits);
      u.swap();
      sub(u);
    }
    f.deliver(0, 0);
  },
  double: (f) => (lo, hi) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadDouble(u, lo, hi);
      u.swap();
      sub(u);
    }
    f.deliver(0, 0);
  },
  integer: (f) => (value) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadInt32(u, value);
      u.swap();
      sub(u);
    }
    f.deliver(0, 0);
  },
});

export const FDIV = define("fdiv", "the quotient", {
  registers: (f) => (x, y, dst, pops) => {
    const u = f.begin();
    if (f.loadA(x) && f.loadB(y)) div(u);
    f.deliver(dst, pops);
  },
  single: (f) => (bits) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadSingle(u, bits);
      div(u);
    }
    f.deliver(0, 0);
  },
  double: (f) => (lo, hi) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadDouble(u, lo, hi);
      div(u);
    }
    f.deliver(0, 0);
  },
  integer: (f) => (value) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadInt32(u, value);
      div(u);
    }
    f.deliver(0, 0);
  },
});

export const FDIVR = define("fdivr", "the reversed quotient", {
  registers: (f) => (x, y, dst, pops) => {
    const u = f.begin();
    if (f.loadA(y) && f.loadB(x)) div(u);
    f.deliver(dst, pops);
  },
  single: (f) => (bits) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadSingle(u, bits);
      u.swap();
      div(u);
    }
    f.deliver(0, 0);
  },
  double: (f) => (lo, hi) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadDouble(u, lo, hi);
      u.swap();
      div(u);
    }
    f.deliver(0, 0);
  },
  integer: (f) => (value) => {
    const u = f.begin();
    if (f.loadA(0)) {
      loadInt32(u, value);
      u.swap();
      div(u);
    }
    f.deliver(0, 0);
  },
});
