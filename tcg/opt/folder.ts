/**
 * What fold functions have in their hands: known bits, and the three things they may do to an op (replace it by a
 * value, by a constant, or rewrite it in place), each of which is reported with its reason.
 */
import type { Op } from "../ir/block.ts";
import { isConst } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import type { OpDef } from "../ir/ops.ts";
import { OPS } from "../ir/ops.ts";
import { FloatFacts } from "./float-facts.ts";
import { KnownBits, lowMask, SIGN } from "./known-bits.ts";
import type { Report } from "./report.ts";

/**
 * Simplifies one op.
 * @returns the op itself (perhaps rewritten), the value that replaces it, or null if it has no effect left
 */
export type Fold = (op: Op, f: Folder) => Op | null;

export class Folder extends KnownBits {
  readonly floats = new FloatFacts();
  readonly #report: Report | undefined;
  readonly #table: readonly (Fold | null)[];

  /** @param table  fold functions by op code */
  constructor(table: readonly (Fold | null)[], report: Report | undefined) {
    super();
    this.#table = table;
    this.#report = report;
  }

  /** Simplifies the op as far as it goes, knowing only its operands. */
  fold(op: Op): Op | null {
    const { args, def } = op;
    if (args.length > 0 && isConst(args[0]) && def.evaluate !== null && allConstant(args)) {
      const value = def.evaluate(args[0].imm, args[1]?.imm ?? 0, args[2]?.imm ?? 0, args[3]?.imm ?? 0, op.imm, op.imm2);
      return this.constant(op, value, "all operands are constant");
    }
    const fold = this.#table[def.code];
    return fold === null ? op : fold(op, this);
  }

  /** The op is no more; `value` stands for it. */
  replace(op: Op, value: Op, reason: string): Op {
    this.#report?.("fold", op, reason);
    return value;
  }

  /** The op's value is known. */
  constant(op: Op, value: number, reason: string): Op {
    this.#report?.("fold", op, reason);
    return constant(value);
  }

  /** The op does nothing. */
  drop(op: Op, reason: string): null {
    this.#report?.("fold", op, reason);
    return null;
  }

  /** The op is about to be changed in place by the caller. */
  note(op: Op, reason: string): void {
    this.#report?.("fold", op, reason);
  }

  /** Rewrites the op to a unary one and simplifies that. Each rewrite must bring the op nearer to its final form. */
  unary(op: Op, reason: string, def: OpDef, x: Op, imm = 0, imm2 = 0): Op | null {
    this.#report?.("fold", op, reason);
    op.def = def;
    op.args = [x];
    op.imm = imm;
    op.imm2 = imm2;
    return this.fold(op);
  }

  /** Rewrites the op to a binary one and simplifies that. */
  binary(op: Op, reason: string, def: OpDef, x: Op, y: Op, imm = 0, imm2 = 0): Op | null {
    this.#report?.("fold", op, reason);
    op.def = def;
    op.args = [x, y];
    op.imm = imm;
    op.imm2 = imm2;
    return this.fold(op);
  }

  /** Rewrites the op to one with four operands and simplifies that. */
  quaternary(op: Op, reason: string, def: OpDef, x: Op, y: Op, t: Op, f: Op, imm: number): Op | null {
    this.#report?.("fold", op, reason);
    op.def = def;
    op.args = [x, y, t, f];
    op.imm = imm;
    op.imm2 = 0;
    return this.fold(op);
  }

  /** Lets operand `i` be any value that agrees with it on the bits of `mask`, the only ones the op looks at. */
  narrow(op: Op, i: number, mask: number): void {
    const given = op.args[i];
    const value = this.#agreeing(given, mask);
    if (value === given) return;
    this.#report?.("fold", op, "only bits that it does not look at were changed");
    op.args[i] = value;
  }

  /** Walks up through ops that change no bit of `mask`. */
  #agreeing(value: Op, mask: number): Op {
    for (let v = value; ; ) {
      const [x, y] = v.args;
      switch (v.def) {
        case AND:
          if ((mask & ~this.ones(y)) === 0) v = x;
          else if ((mask & ~this.ones(x)) === 0) v = y;
          else return v;
          break;
        case OR:
        case XOR:
          if ((mask & ~this.zeros(y)) === 0) v = x;
          else if ((mask & ~this.zeros(x)) === 0) v = y;
          else return v;
          break;
        case SAR:
          if (mask !== SIGN) return v;
          v = x;
          break;
        case EXTRACT:
        case SEXTRACT:
          if (v.imm !== 0 || (mask & ~lowMask(v.imm2)) !== 0) return v;
          v = x;
          break;
        case DEPOSIT: {
          const field = lowMask(v.imm2) << v.imm;
          if ((mask & field) === 0) v = x;
          else if (v.imm === 0 && (mask & ~field) === 0) v = y;
          else return v;
          break;
        }
        default:
          return v;
      }
      if (isConst(v)) return v;
    }
  }
}

const { and: AND, or: OR, xor: XOR, sar: SAR, extract: EXTRACT, sextract: SEXTRACT, deposit: DEPOSIT } = OPS;

function allConstant(args: readonly Op[]): boolean {
  for (let i = 0; i < args.length; i++) if (!isConst(args[i])) return false;
  return true;
}

/** True if the value is this constant. */
export function isConstant(value: Op, n: number): boolean {
  return isConst(value) && value.imm === n;
}
