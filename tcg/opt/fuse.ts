/**
 * Fusing: a comparison of a difference with 0 becomes a comparison of its operands when that is the difference's only
 * use, and likewise `x ^ y` with 0; `x & y` with 0 and a field with 0 become tests. Not done by `fold.ts`, since with
 * other uses around it would save nothing and keep x and y alive for longer.
 *
 * Runs backwards, after dead state is gone: an op's uses are all known when the walk reaches it.
 */
import type { Op } from "../ir/block.ts";
import { isConst } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import { OPS } from "../ir/ops.ts";
import { CONDS } from "../ir/types.ts";
import { lowMask } from "./known-bits.ts";
import type { Report } from "./report.ts";

const { setcond: SETCOND, movcond: MOVCOND, sub: SUB, xor: XOR, and: AND, extract: EXTRACT } = OPS;
const EQ = CONDS.indexOf("eq");
const NE = CONDS.indexOf("ne");
const TSTEQ = CONDS.indexOf("tsteq");
const TSTNE = CONDS.indexOf("tstne");

export class Fuse {
  readonly #report: Report | undefined;
  /** By value number: a comparison of the value with 0. */
  readonly #comparison: (Op | undefined)[] = [];

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  /** Notes comparisons, and rewrites the one that is the only user of `op`; the op is then without use. */
  visit(op: Op): void {
    const { def } = op;
    if (def === SETCOND || def === MOVCOND) {
      const [x, y] = op.args;
      if (op.uses > 0 && (op.imm === EQ || op.imm === NE) && isConst(y) && y.imm === 0 && !isConst(x)) this.#comparison[x.id] = op;
    } else if (op.uses === 1 && (def === SUB || def === XOR || def === AND || def === EXTRACT)) {
      const comparison = this.#comparison[op.id];
      if (comparison !== undefined && comparison.args[0] === op) this.#fuse(comparison, op);
    }
  }

  #fuse(comparison: Op, operation: Op): void {
    this.#report?.("fuse", comparison, `compares the operands of ${operation.name}`);
    const { def, imm: pos, imm2: len } = operation;
    if (def === AND || def === EXTRACT) comparison.imm = comparison.imm === EQ ? TSTEQ : TSTNE;
    const [x, y = constant(lowMask(len) << pos)] = operation.args;
    const swap = isConst(x);   // constants stand on the right; these comparisons are symmetric
    comparison.args[0] = swap ? y : x;
    comparison.args[1] = swap ? x : y;
    x.uses++;
    y.uses++;
    operation.uses = 0;
  }
}
