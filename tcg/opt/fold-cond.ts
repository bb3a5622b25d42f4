/**
 * Folding of comparison and choice: `setcond`, `movcond`, and the ops that act on a condition (`fault_if`, `retry_if`,
 * `goto_tb_if`). A condition of the guest that was stored as 0 or 1 and is tested again becomes the comparison itself.
 */
import type { Op } from "../ir/block.ts";
import { isConst } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import { OPS } from "../ir/ops.ts";
import type { Cond } from "../ir/types.ts";
import { CONDS, invert } from "../ir/types.ts";
import { sameValue } from "./cse.ts";
import type { Fold, Folder } from "./folder.ts";
import { isConstant } from "./folder.ts";
import { SIGN } from "./known-bits.ts";

const { setcond: SETCOND, movcond: MOVCOND, add: ADD, sub: SUB, xor: XOR, neg: NEG, not: NOT, shl: SHL, sextract: SEXTRACT } = OPS;

const cond = (name: Cond): number => CONDS.indexOf(name);
const EQ = cond("eq");
const NE = cond("ne");
const LT = cond("lt");
const GE = cond("ge");
const LE = cond("le");
const GT = cond("gt");
const LTU = cond("ltu");
const GEU = cond("geu");
const LEU = cond("leu");
const GTU = cond("gtu");
const TSTEQ = cond("tsteq");
const TSTNE = cond("tstne");

/** By condition, the one that holds for (y, x) when this one holds for (x, y). */
const SWAPPED: readonly number[] = [EQ, NE, GT, LE, GE, LT, GTU, LEU, GEU, LTU, TSTEQ, TSTNE];

const UNKNOWN = -1;

/** 1 or 0 if known bits decide the comparison, else UNKNOWN. */
function decide(c: number, x: Op, y: Op, f: Folder): number {
  // One condition of each pair and direction is decided, and the others by way of it.
  if (c === NE || c === GE || c === GT || c === GEU || c === GTU || c === TSTNE) {
    const opposite = decide(invert(c), x, y, f);
    return opposite === UNKNOWN ? UNKNOWN : 1 - opposite;
  }
  switch (c) {
    case EQ:
      if (sameValue(x, y)) return 1;
      return (f.zeros(x) & f.ones(y) | f.ones(x) & f.zeros(y)) !== 0 ? 0 : UNKNOWN;
    case LT:
      return x === y || f.smin(x) >= f.smax(y) ? 0 : f.smax(x) < f.smin(y) ? 1 : UNKNOWN;
    case LE:
      return x === y || f.smax(x) <= f.smin(y) ? 1 : f.smin(x) > f.smax(y) ? 0 : UNKNOWN;
    case LTU:
      return x === y || f.umin(x) >= f.umax(y) ? 0 : f.umax(x) < f.umin(y) ? 1 : UNKNOWN;
    case LEU:
      return x === y || f.umax(x) <= f.umin(y) ? 1 : f.umin(x) > f.umax(y) ? 0 : UNKNOWN;
    default:
      if ((f.ones(x) & f.ones(y)) !== 0) return 0;
      return (~f.zeros(x) & ~f.zeros(y)) === 0 ? 1 : UNKNOWN;
  }
}

/**
 * Brings the comparison in operands 0 and 1 of a `setcond` or `movcond` to its simplest form.
 * @returns true if it changed, so that it is worth another look
 */
function simplifyComparison(op: Op, f: Folder): boolean {
  const { args } = op;
  if (isConst(args[0]) && !isConst(args[1])) return compare(op, f, SWAPPED[op.imm], args[1], args[0], "constant on the right");
  const [x, y] = args;
  const c = op.imm;
  if (c === TSTEQ || c === TSTNE) return simplifyTest(op, f);
  if (c >= LTU && c <= GTU && f.zeros(x) < 0 && f.zeros(y) < 0) {
    return compare(op, f, c - LTU + LT, x, y, "neither is negative");
  }
  if (!isConst(y)) return false;
  switch (c) {
    case LTU:
    case GEU:
      return y.imm === 1 && compare(op, f, c === LTU ? EQ : NE, x, constant(0), "unsigned against 1");
    case LEU:
    case GTU:
      return y.imm === 0 && compare(op, f, c === LEU ? EQ : NE, x, y, "unsigned against 0");
    case LE:
    case GT:
      return y.imm === -1 && compare(op, f, c === LE ? LT : GE, x, constant(0), "against -1");
    case LT:
    case GE:
      return y.imm === 0 && simplifySign(op, f);
    case EQ:
    case NE:
      return simplifyEquality(op, f, x, y.imm);
    default:
      return false;
  }
}

/** `x == n` where x was computed by an op that can be undone. */
function simplifyEquality(op: Op, f: Folder, x: Op, n: number): boolean {
  const c = op.imm;
  const [a, b] = x.args;
  switch (x.def) {
    case ADD:
      return isConst(b) && compare(op, f, c, a, constant(n - b.imm), "x + a == b");
    case XOR:
      return isConst(b) && compare(op, f, c, a, constant(n ^ b.imm), "x ^ a == b");
    case SUB:
      return isConst(a) && compare(op, f, c, b, constant(a.imm - n), "a - x == b");
    case NEG:
      return compare(op, f, c, a, constant(-n), "-x == a");
    case NOT:
      return compare(op, f, c, a, constant(~n), "~x == a");
    default:
      return false;
  }
}

/** `x < 0` where the sign of x is a bit of something else. */
function simplifySign(op: Op, f: Folder): boolean {
  f.narrow(op, 0, SIGN);
  const [x] = op.args;
  const { imm: c } = op;
  const [a, b] = x.args;
  const test = c === LT ? TSTNE : TSTEQ;
  switch (x.def) {
    case NOT:
      return compare(op, f, invert(c), a, constant(0), "the sign of ~x");
    case SHL:
      return isConst(b) && compare(op, f, test, a, constant(SIGN >>> (b.imm & 31)), "the sign of x << a");
    case SEXTRACT:
      return compare(op, f, test, a, constant(1 << (x.imm + x.imm2 - 1)), "the sign of a field");
    default:
      return false;
  }
}

function simplifyTest(op: Op, f: Folder): boolean {
  const [x, y] = op.args;
  const c = op.imm === TSTEQ ? EQ : NE;
  if (x === y) return compare(op, f, c, x, constant(0), "x & x");
  if (isConst(y)) {
    if (y.imm === SIGN) return compare(op, f, op.imm === TSTEQ ? GE : LT, x, constant(0), "a test of the sign");
    f.narrow(op, 0, y.imm);
  }
  const a = op.args[0];
  if ((~f.zeros(a) & ~f.ones(y)) === 0) return compare(op, f, c, a, constant(0), "the mask covers all bits of x");
  if ((~f.zeros(y) & ~f.ones(a)) === 0) return compare(op, f, c, y, constant(0), "the mask covers all bits of x");
  return false;
}

/** Changes the comparison of a `setcond` or `movcond`; true. */
function compare(op: Op, f: Folder, c: number, x: Op, y: Op, reason: string): boolean {
  f.note(op, reason);
  op.imm = c;
  op.args[0] = x;
  op.args[1] = y;
  return true;
}

/** Is `x cond y` true exactly when x, a boolean, is 1 (1), is 0 (0), or neither (UNKNOWN)? */
function asksBoolean(c: number, x: Op, y: Op, f: Folder): number {
  if ((c !== EQ && c !== NE) || !isConst(y) || (y.imm !== 0 && y.imm !== 1) || !f.isBoolean(x)) return UNKNOWN;
  return (c === EQ) === (y.imm === 1) ? 1 : 0;
}

/** The simplest value that is 0 exactly when x is. */
function truth(op: Op, f: Folder): void {
  let x = op.args[0];
  while ((x.def === SETCOND && x.imm === NE && isConstant(x.args[1], 0)) || x.def === NEG) x = x.args[0];
  if (x === op.args[0]) return;
  f.note(op, "only whether it is 0 matters");
  op.args[0] = x;
}

/** Folds `fault_if`, `retry_if` and `leave_if`, which do nothing when their operand is 0. */
const foldLeaveIf: Fold = (op, f) => {
  truth(op, f);
  return f.zeros(op.args[0]) === -1 ? f.drop(op, "the condition never holds") : op;
};

/** Fold functions by op name, part of the table in `fold.ts`. */
export const FOLD_COND = {
  setcond(op, f) {
    while (simplifyComparison(op, f));
    const [x, y] = op.args;
    const known = decide(op.imm, x, y, f);
    if (known !== UNKNOWN) return f.constant(op, known, "known bits decide");
    const asked = asksBoolean(op.imm, x, y, f);
    if (asked === 1) return f.replace(op, x, "a boolean is its own truth");
    if (asked === 0) {
      if (x.def === SETCOND) return f.binary(op, "not a comparison", SETCOND, x.args[0], x.args[1], invert(x.imm));
      return f.binary(op, "not a boolean", XOR, x, constant(1));
    }
    return op;
  },

  movcond(op, f) {
    const [, , t, e] = op.args;
    if (sameValue(t, e)) return f.replace(op, t, "both choices are the same");
    while (simplifyComparison(op, f));
    const [x, y] = op.args;
    const c = op.imm;
    const known = decide(c, x, y, f);
    if (known !== UNKNOWN) return f.replace(op, known === 1 ? t : e, "known bits decide");
    const asked = asksBoolean(c, x, y, f);
    if (asked !== UNKNOWN && x.def === SETCOND) {
      const [a, b] = x.args;
      return f.quaternary(op, "condition is a comparison", MOVCOND, a, b, t, e, asked === 1 ? x.imm : invert(x.imm));
    }
    if (isConstant(t, 1) && isConstant(e, 0)) return f.binary(op, "1 if so, else 0", SETCOND, x, y, c);
    if (isConstant(t, 0) && isConstant(e, 1)) return f.binary(op, "0 if so, else 1", SETCOND, x, y, invert(c));
    if (c === EQ || c === NE) {
      if ((sameValue(t, x) && sameValue(e, y)) || (sameValue(t, y) && sameValue(e, x))) {
        return f.replace(op, c === EQ ? e : t, "equal either way");
      }
    }
    return op;
  },

  setcond_f64(op, f) {
    const [x, y] = op.args;
    return op.imm === NE && x === y && f.floats.isNumber(x) ? f.constant(op, 0, "it is no NaN") : op;
  },

  fault_if: foldLeaveIf,
  retry_if: foldLeaveIf,
  leave_if: foldLeaveIf,

  goto_tb_if(op, f) {
    truth(op, f);
    const [x] = op.args;
    const target = f.zeros(x) === -1 ? 0 : f.ones(x) !== 0 ? 1 : UNKNOWN;
    if (target === UNKNOWN) return op;
    f.note(op, "the condition is known");
    op.def = OPS.goto_tb;
    op.args = [];
    op.imm = target;
    return op;
  },
} satisfies Record<string, Fold>;
