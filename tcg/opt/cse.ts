/**
 * Common subexpressions: an op that computes what an earlier one has computed is that value. Pure ops and calls of pure
 * helpers always; reads of guest state (`get`, `field`, `env_ld*`) as long as nothing was written in between.
 * Guest loads are never merged: they may reach a device.
 *
 * A hash table per block with chains through the op numbers; ops are entered when all other passes of the walk are done
 * with them, so that entries never change.
 */
import type { Op } from "../ir/block.ts";
import { helperOf, isConst } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Report } from "./report.ts";

const { field: FIELD, param: PARAM, call: CALL } = OPS;

const BUCKETS = 64;

export class CommonSubexpressions {
  readonly #report: Report | undefined;
  /** The op entered last in each bucket, and by op number the one entered before it in the same bucket. */
  readonly #heads: (Op | null)[] = [];
  readonly #next: (Op | null)[] = [];
  /** By op number of a state read: the count of state writes before it. */
  readonly #readAt: number[] = [];
  #writes = 0;

  constructor(report: Report | undefined) {
    this.#report = report;
    for (let i = 0; i < BUCKETS; i++) this.#heads.push(null);
  }

  /** An earlier op with the same value, or the op itself, which later ones may then be equal to. */
  visit(op: Op): Op {
    const { def } = op;
    const isRead = def.effect === "read";
    if (!isRead && def.effect !== "pure" && !(def === CALL && helperOf(op).pure)) {
      if (def.effect === "write" || def === CALL) this.#writes++;
      return op;
    }
    const bucket = hash(op) & (BUCKETS - 1);
    for (let other = this.#heads[bucket]; other !== null; other = this.#next[other.id]) {
      if (other.def === def && equal(op, other) && (!isRead || this.#isCurrent(other))) {
        this.#report?.("cse", op, "computed before");
        return other;
      }
    }
    this.#next[op.id] = this.#heads[bucket];
    this.#heads[bucket] = op;
    if (isRead) this.#readAt[op.id] = this.#writes;
    return op;
  }

  /** True if no write can have changed what the read gave. */
  #isCurrent(read: Op): boolean {
    return read.def === FIELD || read.def === PARAM || this.#readAt[read.id] === this.#writes;
  }
}

/** Equal for ops that `equal` finds equal; two operands may stand in either order. */
function hash(op: Op): number {
  let h = op.def.code + Math.imul(op.imm, 7) + Math.imul(op.imm2, 13);
  const { args } = op;
  for (let i = 0; i < args.length; i++) {
    const a = args[i];
    h += isConst(a) ? Math.imul(a.imm, 31) : Math.imul(a.id, 5) + 1;
  }
  return h ^ h >>> 6 ^ h >>> 12;
}

function equal(a: Op, b: Op): boolean {
  if (a.imm !== b.imm || a.imm2 !== b.imm2 || a.ref !== b.ref || a.args.length !== b.args.length) return false;
  const x = a.args;
  const y = b.args;
  if (a.def.commutes && sameValue(x[0], y[1]) && sameValue(x[1], y[0])) return true;
  for (let i = 0; i < x.length; i++) if (!sameValue(x[i], y[i])) return false;
  return true;
}

/** True if two operands are one value. */
export function sameValue(x: Op, y: Op): boolean {
  return x === y || (isConst(x) && isConst(y) && x.imm === y.imm);
}
