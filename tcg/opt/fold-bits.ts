/**
 * Folding of bit fields: `extract`, `sextract`, `deposit`, and what shifts share with them. Partial guest registers
 * (`al`, `ah`, `ax`) come and go through these ops, so that most of a block's clutter disappears here.
 */
import type { Op } from "../ir/block.ts";
import { isConst, memOpOf } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import type { OpDef } from "../ir/ops.ts";
import { OPS } from "../ir/ops.ts";
import type { Fold, Folder } from "./folder.ts";
import { lowMask } from "./known-bits.ts";

const { and: AND, or: OR, shl: SHL, shr: SHR, sar: SAR, extract: EXTRACT, sextract: SEXTRACT, deposit: DEPOSIT } = OPS;

/**
 * Bits [pos, pos+len) of the op's operand, taken from where the operand has them from.
 * @param how  `extract` or `sextract`; the op itself may also be the shift that means the same
 * @returns the op as it was if the operand is not a field or shift that can be looked through
 */
export function throughField(op: Op, f: Folder, pos: number, len: number, how: OpDef): Op | null {
  const [x] = op.args;
  const isSigned = how === SEXTRACT;
  switch (x.def) {
    case EXTRACT:
      if (pos + len <= x.imm2) return f.unary(op, "part of a field", how, x.args[0], x.imm + pos, len);
      if (pos < x.imm2 && !isSigned) return f.unary(op, "rest of a field", how, x.args[0], x.imm + pos, x.imm2 - pos);
      return op;
    case SEXTRACT:
      if (pos + len <= x.imm2) return f.unary(op, "part of a field", how, x.args[0], x.imm + pos, len);
      if (pos < x.imm2 && isSigned) return f.unary(op, "rest of a field", how, x.args[0], x.imm + pos, x.imm2 - pos);
      return op;
    case SHR:
    case SAR: {
      if (!isConst(x.args[1])) return op;
      const from = pos + (x.args[1].imm & 31);
      if (from + len <= 32) return f.unary(op, "field of a shifted value", how, x.args[0], from, len);
      if (from < 32 && isSigned === (x.def === SAR)) return f.unary(op, "rest of a shifted value", how, x.args[0], from, 32 - from);
      return op;
    }
    case SHL: {
      if (!isConst(x.args[1])) return op;
      const from = pos - (x.args[1].imm & 31);
      return from >= 0 ? f.unary(op, "field of a shifted value", how, x.args[0], from, len) : op;
    }
    case DEPOSIT: {
      const from = pos - x.imm;
      if (from < 0 || from + len > x.imm2) return op;
      return f.unary(op, "field just deposited", how, x.args[1], from, len);
    }
    default:
      return op;
  }
}

/** Fold functions by op name, part of the table in `fold.ts`. */
export const FOLD_BITS = {
  extract(op, f) {
    const { imm: pos, imm2: len } = op;
    if (len === 32) return f.replace(op, op.args[0], "all bits");
    const mask = lowMask(len);
    f.narrow(op, 0, mask << pos);
    const [x] = op.args;
    if (pos === 0 && (~f.zeros(x) & ~mask) === 0) return f.replace(op, x, "the bits above are known to be 0");
    if (pos + len === 32) return f.binary(op, "bits up to the highest", SHR, x, constant(pos));
    return throughField(op, f, pos, len, EXTRACT);
  },

  sextract(op, f) {
    const { imm: pos, imm2: len } = op;
    if (len === 32) return f.replace(op, op.args[0], "all bits");
    if ((f.zeros(op.args[0]) >>> (pos + len - 1) & 1) !== 0) {
      return f.unary(op, "the sign is known to be 0", EXTRACT, op.args[0], pos, len);
    }
    f.narrow(op, 0, lowMask(len) << pos);
    const [x] = op.args;
    if (pos === 0 && f.signedWidth(x) <= len) return f.replace(op, x, "extended already");
    if (pos + len === 32) return f.binary(op, "bits up to the sign", SAR, x, constant(pos));
    return throughField(op, f, pos, len, SEXTRACT);
  },

  deposit(op, f) {
    const { imm: pos, imm2: len } = op;
    if (len === 32) return f.replace(op, op.args[1], "all bits");
    const low = lowMask(len);
    const field = low << pos;
    f.narrow(op, 0, ~field);
    f.narrow(op, 1, low);
    const [x, y] = op.args;
    if (isFieldOf(y, x, pos, len)) return f.replace(op, x, "the bits that are there");
    if (isConst(y)) {
      if ((y.imm & low) === 0) return f.binary(op, "deposit of zeros", AND, x, constant(~field));
      if ((y.imm & low) === low) return f.binary(op, "deposit of ones", OR, x, constant(field));
      if (x.def === DEPOSIT && isConst(x.args[1])) return mergeDeposits(op, x, y.imm, f);
    }
    if ((~f.zeros(x) & ~field) === 0) {
      if (pos === 0) return f.unary(op, "deposit into zeros", EXTRACT, y, 0, len);
      if (pos + len === 32 || (~f.zeros(y) & ~low) === 0) return f.binary(op, "deposit into zeros", SHL, y, constant(pos));
    }
    return op;
  },

  guest_st(op, f) {
    const { bits } = memOpOf(op);
    if (bits < 32) f.narrow(op, 1, lowMask(bits));
    return op;
  },
} satisfies Record<string, Fold>;

/** True if the low `len` bits of y are bits [pos, pos+len) of x. */
function isFieldOf(y: Op, x: Op, pos: number, len: number): boolean {
  if (y === x) return pos === 0;
  if (y.args[0] !== x) return false;
  if (y.def === EXTRACT || y.def === SEXTRACT) return y.imm === pos && y.imm2 >= len;
  return (y.def === SHR || y.def === SAR) && isConst(y.args[1]) && (y.args[1].imm & 31) === pos && pos + len <= 32;
}

/** Two constants deposited side by side are one. */
function mergeDeposits(op: Op, inner: Op, value: number, f: Folder): Op | null {
  const [x, below] = inner.args;
  const { imm: pos, imm2: len } = op;
  const { imm: innerPos, imm2: innerLen } = inner;
  const width = len + innerLen;
  if (innerPos + innerLen === pos) {
    const both = below.imm & lowMask(innerLen) | value << innerLen;
    return f.binary(op, "deposits side by side", DEPOSIT, x, constant(both & lowMask(width)), innerPos, width);
  }
  if (pos + len === innerPos) {
    const both = value & lowMask(len) | below.imm << len;
    return f.binary(op, "deposits side by side", DEPOSIT, x, constant(both & lowMask(width)), pos, width);
  }
  return op;
}
