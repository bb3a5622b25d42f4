/**
 * Guards of a region: ways out in front of insns whose conditions are of state that nothing in the region changes. They are
 * looked at once, where it is entered: it is not, while one of them would have it left.
 */
import type { Expression } from "estree";
import type { Block, Op } from "../ir/block.ts";
import { globalOf, isConst, isGet } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Global } from "../ir/types.ts";
import { int } from "./estree.ts";
import { removeUnused } from "./tame.ts";
import { comparison, instantiate, template, templateOf } from "./templates.ts";

/** Takes the guards out of a block and returns their conditions. */
export function takeGuards(block: Block, isConstant: (global: Global) => boolean): Op[] {
  const taken = new Set(block.ops.filter(({ def, args }) => (def === OPS.leave_if || def === OPS.fault_if) && isGuard(args[0], isConstant)));
  if (taken.size === 0) return [];
  block.ops.splice(0, block.ops.length, ...block.ops.filter((op) => !taken.has(op)));
  removeUnused(block);
  return [...taken].map(({ args }) => args[0]);
}

/** Of such state and constants only; what always holds is no guard, but a way out. */
function isGuard(condition: Op, isConstant: (global: Global) => boolean): boolean {
  const isFit = (op: Op): boolean => isConst(op) || (isGet(op) ? isConstant(globalOf(op)) : isOnWords(op) && op.args.every(isFit));
  return !isConst(condition) && isFit(condition);
}

/** Pure ops on int32 numbers, as far as guards have them. */
function isOnWords({ def }: Op): boolean {
  return def === OPS.setcond || (def.effect === "pure" && (def.attr === "none" || def.attr === "bits") && def.result === "i32" && def.params.every((type) => type === "i32"));
}

/** A guard's condition as an expression, true or not 0 where the region cannot be entered. @param names  gets the functions it calls */
export function guardExpression(condition: Op, slot: (global: Global) => Expression, names: Set<string>): Expression {
  const compare = ({ imm, args }: Op): Expression => instantiate(comparison(imm).expression, args.map(of));
  const of = (op: Op): Expression => {
    if (isConst(op)) return int(op.imm);
    if (isGet(op)) return slot(globalOf(op));
    if (op.def === OPS.setcond) return instantiate(template("$0 | 0").expression, [compare(op)]);
    const { expression, names: called } = templateOf(op.name, op.imm, op.imm2);
    for (const name of called) names.add(name);
    return instantiate(expression, op.args.map(of));
  };
  return condition.def === OPS.setcond ? compare(condition) : of(condition);
}
