/**
 * Constant folding and algebraic simplification, with known bits: one fold function per op, in tables keyed by op name.
 * Here are arithmetic, logic, shifts and what takes values without computing one; bit fields are in `fold-bits.ts`,
 * comparison and choice in `fold-cond.ts`.
 *
 * A fold function sees operands that are final. It makes no new ops: it replaces its op by an existing value or a
 * constant, or rewrites it in place, always to fewer ops on the way from the operands or to the canonical form, which is:
 * constants on the right; no `sub` of a constant, no `and` with a mask of low bits (`extract`), no `extract` up to bit
 * 31 (`shr`), no `mul` or division by a power of two (shifts).
 */
import type { Op } from "../ir/block.ts";
import { isConst } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import type { OpName } from "../ir/ops.ts";
import { OPS } from "../ir/ops.ts";
import { FOLD_BITS, throughField } from "./fold-bits.ts";
import { FOLD_COND } from "./fold-cond.ts";
import type { Fold, Folder } from "./folder.ts";
import { isConstant } from "./folder.ts";
import { SIGN } from "./known-bits.ts";

/** log2 of a power of two, as unsigned number; -1 for others. */
function log2(x: number): number {
  return x !== 0 && (x & (x - 1)) === 0 ? 31 - Math.clz32(x) : -1;
}

/** Moves a constant to the right of a commuting op, so that the rules need to look in one place only. */
function constantRight(op: Op): void {
  const { args } = op;
  if (!isConst(args[0]) || isConst(args[1])) return;
  const x = args[0];
  args[0] = args[1];
  args[1] = x;
}

/** The constant on the right of `inner`, if `inner` is an `op` with one. */
function rightConstant(inner: Op, def: Op["def"]): Op | null {
  return inner.def === def && isConst(inner.args[1]) ? inner.args[1] : null;
}

const FOLD: { readonly [K in OpName]?: Fold } = {
  ...FOLD_BITS,
  ...FOLD_COND,

  add(op, f) {
    constantRight(op);
    const [x, y] = op.args;
    if (isConst(y)) {
      if (y.imm === 0) return f.replace(op, x, "x + 0");
      const inner = rightConstant(x, OPS.add);
      if (inner !== null) return f.binary(op, "(x + a) + b", OPS.add, x.args[0], constant(inner.imm + y.imm));
      if (x.def === OPS.sub && isConst(x.args[0])) return f.binary(op, "(a - x) + b", OPS.sub, constant(x.args[0].imm + y.imm), x.args[1]);
      return op;
    }
    if (y.def === OPS.neg) return f.binary(op, "x + -y", OPS.sub, x, y.args[0]);
    if (x.def === OPS.neg) return f.binary(op, "-x + y", OPS.sub, y, x.args[0]);
    if (x.def === OPS.sub && x.args[1] === y) return f.replace(op, x.args[0], "(x - y) + y");
    if (y.def === OPS.sub && y.args[1] === x) return f.replace(op, y.args[0], "x + (y - x)");
    return op;
  },

  sub(op, f) {
    const [x, y] = op.args;
    if (x === y) return f.constant(op, 0, "x - x");
    if (isConst(y)) return f.binary(op, "x - constant", OPS.add, x, constant(-y.imm));
    if (isConst(x)) {
      if (x.imm === 0) return f.unary(op, "0 - x", OPS.neg, y);
      const inner = rightConstant(y, OPS.add);
      if (inner !== null) return f.binary(op, "a - (x + b)", OPS.sub, constant(x.imm - inner.imm), y.args[0]);
      return op;
    }
    if (y.def === OPS.neg) return f.binary(op, "x - -y", OPS.add, x, y.args[0]);
    if (x.def === OPS.add) {
      if (x.args[1] === y) return f.replace(op, x.args[0], "(x + y) - y");
      if (x.args[0] === y) return f.replace(op, x.args[1], "(x + y) - x");
    }
    if (y.def === OPS.add && y.args[0] === x) return f.unary(op, "x - (x + y)", OPS.neg, y.args[1]);
    if (x.def === OPS.sub && x.args[0] === y) return f.unary(op, "(x - y) - x", OPS.neg, x.args[1]);
    if (y.def === OPS.sub && y.args[0] === x) return f.replace(op, y.args[1], "x - (x - y)");
    return op;
  },

  neg(op, f) {
    const [x] = op.args;
    if (x.def === OPS.neg) return f.replace(op, x.args[0], "-(-x)");
    if (x.def === OPS.sub) return f.binary(op, "-(x - y)", OPS.sub, x.args[1], x.args[0]);
    return op;
  },

  mul(op, f) {
    constantRight(op);
    const [x, y] = op.args;
    if (!isConst(y)) return op;
    if (y.imm === 0) return f.constant(op, 0, "x * 0");
    if (y.imm === -1) return f.unary(op, "x * -1", OPS.neg, x);
    const k = log2(y.imm);
    if (k === 0) return f.replace(op, x, "x * 1");
    if (k > 0) return f.binary(op, "x * 2^k", OPS.shl, x, constant(k));
    const inner = rightConstant(x, OPS.mul);
    if (inner !== null) return f.binary(op, "(x * a) * b", OPS.mul, x.args[0], constant(Math.imul(inner.imm, y.imm)));
    return op;
  },

  muluh(op, f) {
    constantRight(op);
    const [x, y] = op.args;
    if (f.umax(x) * f.umax(y) < 4294967296) return f.constant(op, 0, "the product fits in 32 bits");
    const k = isConst(y) ? log2(y.imm) : -1;
    if (k > 0) return f.binary(op, "high half of x * 2^k", OPS.shr, x, constant(32 - k));
    return op;
  },

  mulsh(op, f) {
    constantRight(op);
    const [x, y] = op.args;
    if (isConstant(y, 0)) return f.constant(op, 0, "high half of x * 0");
    if (isConstant(y, 1)) return f.binary(op, "high half of x * 1", OPS.sar, x, constant(31));
    return op;
  },

  mulso(op, f) {
    constantRight(op);
    const [x, y] = op.args;
    return f.signedWidth(x) + f.signedWidth(y) <= 32 ? f.constant(op, 0, "the product fits in 32 bits") : op;
  },

  not(op, f) {
    const [x] = op.args;
    if (x.def === OPS.not) return f.replace(op, x.args[0], "~~x");
    const inner = rightConstant(x, OPS.xor);
    if (inner !== null) return f.binary(op, "~(x ^ a)", OPS.xor, x.args[0], constant(~inner.imm));
    return op;
  },

  and(op, f) {
    if (f.floats.isFalse(op)) return f.constant(op, 0, "the question has been answered");
    constantRight(op);
    const y = op.args[1];
    if (isConst(y)) f.narrow(op, 0, y.imm);
    const a = op.args[0];
    if (a === y) return f.replace(op, a, "x & x");
    if ((~f.zeros(a) & ~f.ones(y)) === 0) return f.replace(op, a, "x & m, m covers all bits of x");
    if ((~f.zeros(y) & ~f.ones(a)) === 0) return f.replace(op, y, "m & x, m covers all bits of x");
    if (!isConst(y)) return op;
    const inner = rightConstant(a, OPS.and);
    if (inner !== null) return f.binary(op, "(x & a) & b", OPS.and, a.args[0], constant(inner.imm & y.imm));
    if ((y.imm & (y.imm + 1)) === 0) return f.unary(op, "x & low bits", OPS.extract, a, 0, 32 - Math.clz32(y.imm));
    return op;
  },

  or(op, f) {
    constantRight(op);
    const y = op.args[1];
    if (isConst(y)) {
      if (y.imm === -1) return f.constant(op, -1, "x | -1");
      f.narrow(op, 0, ~y.imm);
    }
    const a = op.args[0];
    if (a === y) return f.replace(op, a, "x | x");
    if ((~f.zeros(y) & ~f.ones(a)) === 0) return f.replace(op, a, "x | y, y's bits are set in x");
    if ((~f.zeros(a) & ~f.ones(y)) === 0) return f.replace(op, y, "y | x, y's bits are set in x");
    if (!isConst(y)) return op;
    const inner = rightConstant(a, OPS.or);
    if (inner !== null) return f.binary(op, "(x | a) | b", OPS.or, a.args[0], constant(inner.imm | y.imm));
    return op;
  },

  xor(op, f) {
    constantRight(op);
    const [x, y] = op.args;
    if (x === y) return f.constant(op, 0, "x ^ x");
    if (f.zeros(y) === -1) return f.replace(op, x, "x ^ 0");
    if (!isConst(y)) return op;
    if (y.imm === -1) return f.unary(op, "x ^ -1", OPS.not, x);
    if (y.imm === 1 && x.def === OPS.setcond) {
      return f.binary(op, "1 ^ setcond", OPS.setcond, x.args[0], x.args[1], x.imm ^ 1);
    }
    if (x.def === OPS.not) return f.binary(op, "~x ^ a", OPS.xor, x.args[0], constant(~y.imm));
    const inner = rightConstant(x, OPS.xor);
    if (inner !== null) return f.binary(op, "(x ^ a) ^ b", OPS.xor, x.args[0], constant(inner.imm ^ y.imm));
    return op;
  },

  shl(op, f) {
    const n = shiftCount(op, f);
    if (n < 0) return op;
    if (n === 0) return f.replace(op, op.args[0], "x << 0");
    f.narrow(op, 0, -1 >>> n);
    const [x] = op.args;
    const inner = rightConstant(x, OPS.shl);
    if (inner !== null) {
      const sum = (inner.imm & 31) + n;
      if (sum > 31) return f.constant(op, 0, "all bits shifted out");
      return f.binary(op, "(x << a) << b", OPS.shl, x.args[0], constant(sum));
    }
    const back = rightConstant(x, OPS.shr) ?? rightConstant(x, OPS.sar);
    if (back !== null && (back.imm & 31) === n) return f.binary(op, "(x >> a) << a", OPS.and, x.args[0], constant(-1 << n));
    return op;
  },

  shr(op, f) {
    const n = shiftCount(op, f);
    if (n < 0) return op;
    if (n === 0) return f.replace(op, op.args[0], "x >>> 0");
    f.narrow(op, 0, -1 << n);
    return throughField(op, f, n, 32 - n, OPS.extract);
  },

  sar(op, f) {
    const n = shiftCount(op, f);
    if (n < 0) return op;
    const [x] = op.args;
    if (n === 0) return f.replace(op, x, "x >> 0");
    if ((f.zeros(x) & SIGN) !== 0) return f.binary(op, "the sign is known to be 0", OPS.shr, x, constant(n));
    if (f.signedWidth(x) === 1) return f.replace(op, x, "all bits are the sign");
    f.narrow(op, 0, -1 << n);
    const inner = rightConstant(op.args[0], OPS.sar);
    if (inner !== null && (inner.imm & 31) + n > 31) {
      return f.binary(op, "only the sign is left", OPS.sar, op.args[0].args[0], constant(31));
    }
    return throughField(op, f, n, 32 - n, OPS.sextract);
  },

  rotl(op, f) {
    const n = shiftCount(op, f);
    return n === 0 ? f.replace(op, op.args[0], "x rotated by 0") : op;
  },

  rotr(op, f) {
    const n = shiftCount(op, f);
    return n === 0 ? f.replace(op, op.args[0], "x rotated by 0") : op;
  },

  bswap(op, f) {
    const [x] = op.args;
    return x.def === OPS.bswap ? f.replace(op, x.args[0], "bswap of bswap") : op;
  },

  divu(op, f) {
    const [x, y] = op.args;
    const k = isConst(y) ? log2(y.imm) : -1;
    if (k >= 0) return f.binary(op, "x / 2^k", OPS.shr, x, constant(k));
    return op;
  },

  remu(op, f) {
    const [x, y] = op.args;
    const k = isConst(y) ? log2(y.imm) : -1;
    if (k >= 0) return f.binary(op, "x % 2^k", OPS.and, x, constant(y.imm - 1));
    return op;
  },

  divs(op, f) {
    const [x, y] = op.args;
    return isConstant(y, 1) ? f.replace(op, x, "x / 1") : op;
  },

  rems(op, f) {
    return isConstant(op.args[1], 1) ? f.constant(op, 0, "x % 1") : op;
  },

  divu2(op, f) {
    const [lo, hi, d] = op.args;
    return f.zeros(hi) === -1 ? f.binary(op, "the high half is 0", OPS.divu, lo, d) : op;
  },

  remu2(op, f) {
    const [lo, hi, d] = op.args;
    return f.zeros(hi) === -1 ? f.binary(op, "the high half is 0", OPS.remu, lo, d) : op;
  },

  divs2(op, f) {
    const [lo, hi, d] = op.args;
    return isSignOf(hi, lo) ? f.binary(op, "the high half is the sign", OPS.divs, lo, d) : op;
  },

  rems2(op, f) {
    const [lo, hi, d] = op.args;
    return isSignOf(hi, lo) ? f.binary(op, "the high half is the sign", OPS.rems, lo, d) : op;
  },

  // ---- ops that take a value without computing one

  env_st8(op, f) {
    f.narrow(op, 1, 0xff);
    return op;
  },

  env_st16(op, f) {
    f.narrow(op, 1, 0xffff);
    return op;
  },
};

/** The table by op code. */
export const FOLD_BY_CODE: readonly (Fold | null)[] = Object.values(OPS).map((def) => FOLD[def.name] ?? null);

/** The count of a shift if it is known, 0 to 31, else -1. Only its low five bits matter. */
function shiftCount(op: Op, f: Folder): number {
  f.narrow(op, 1, 31);
  const y = op.args[1];
  return isConst(y) ? y.imm & 31 : -1;
}

/** True if `hi` is nothing but the sign of `lo`. */
function isSignOf(hi: Op, lo: Op): boolean {
  if (isConst(hi) && isConst(lo)) return hi.imm === lo.imm >> 31;
  return hi.def === OPS.sar && hi.args[0] === lo && isConst(hi.args[1]) && (hi.args[1].imm & 31) === 31;
}
