/**
 * In a region, floats that are known to be tame (`Global.isTame`) need not be asked about it. A slot's float is when the
 * region is entered only while it is, and nothing in it writes the slot in another way.
 */
import type { Block, Op } from "../ir/block.ts";
import { countUses, globalOf, hasEffect, isConst, isGet, renumber } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import { OPS } from "../ir/ops.ts";
import { CONDS } from "../ir/types.ts";
import type { Global } from "../ir/types.ts";

const NE = CONDS.indexOf("ne");

/** Removes the questions about floats in these slots from a block, and what was only there for them. */
export function trustTame(block: Block, tame: ReadonlySet<Global>): void {
  const known = new Map<Op, Op>(), zero = constant(0);
  const kept: Op[] = [];
  for (const op of block.ops) {
    op.args.forEach((arg, i) => { op.args[i] = known.get(arg) ?? arg; });
    if (op.def === OPS.and && isQuestion(op, tame)) known.set(op, zero);
    else if (op.def === OPS.or && op.args.some(isZero)) known.set(op, op.args.find((arg) => !isZero(arg)) ?? zero);
    else if (op.def !== OPS.leave_if || !isZero(op.args[0])) kept.push(op);
  }
  if (known.size === 0) return;
  block.ops.splice(0, block.ops.length, ...kept);
  removeUnused(block);
}

/** "Tiny and not 0", of such a float. */
function isQuestion({ args: [tiny, isNot0] }: Op, tame: ReadonlySet<Global>): boolean {
  if (tiny.def !== OPS.tiny_f32 && tiny.def !== OPS.tiny_f64) return false;
  const [x] = tiny.args;
  return isGet(x) && tame.has(globalOf(x)) && isNot0.def === OPS.setcond_f64 && isNot0.imm === NE && isNot0.args[0] === x;
}

const isZero = (op: Op): boolean => isConst(op) && op.imm === 0;

/** Removes ops that nobody uses any more. */
export function removeUnused(block: Block): void {
  countUses(block);
  const { ops } = block, kept: Op[] = [];
  for (const op of ops.toReversed()) {
    if (op.uses > 0 || hasEffect(op)) kept.push(op);
    else for (const arg of op.args) arg.uses--;
  }
  ops.splice(0, ops.length, ...kept.toReversed());
  renumber(block);
}
