/**
 * The optimiser: all passes over one block, in two linear walks. Called by the translator for each block, before
 * emission; by filetests and the inspector with options.
 *
 * Forwards, each op in turn meets state forwarding, folding and common subexpressions, with its operands already final;
 * that finds more than the passes one after the other and costs one walk. Backwards, each op meets dead state, fusing
 * and dead code, with its uses already final. Nothing is iterated: what a second round would find is not worth it.
 *
 * Blocks are straight lines, those of a region too: between them values live in globals only, so no pass sees a join.
 */
import type { Block, Op } from "../ir/block.ts";
import { countUses, renumber } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import { OPS } from "../ir/ops.ts";
import { CommonSubexpressions } from "./cse.ts";
import { isUnused } from "./dce.ts";
import { DeadState } from "./dead-state.ts";
import { FOLD_BY_CODE } from "./fold.ts";
import { Folder } from "./folder.ts";
import { StateForwarding } from "./forward.ts";
import { Fuse } from "./fuse.ts";
import type { PassName, Report } from "./report.ts";
import { PASSES } from "./report.ts";

/** What `optimize` does, and who watches. */
export interface OptOptions {
  /** The passes to run; all of them when absent. Their order is always that of PASSES. */
  readonly passes?: readonly PassName[];
  /** Hears of every op that is removed, replaced or rewritten. */
  readonly report?: Report;
  /** Sees the block before and after each step: the name of a pass, or of those that share a walk joined by `+`. */
  readonly observe?: (step: string, when: "before" | "after", block: Block) => void;
  /** Gives each pass a walk of its own, so that `observe` sees the block between any two. Finds slightly less. */
  readonly isStepwise?: boolean;
  /** Called with the block after each step, and before the first: `verify` of `tcg/verify`, in tests. */
  readonly check?: (block: Block) => void;
}

const NO_OPTIONS: OptOptions = {};
const FORWARD_PASSES: readonly PassName[] = ["forward", "fold", "cse"];
const BACKWARD_PASSES: readonly PassName[] = ["dead-state", "fuse", "dce"];

/** Optimises the block in place. On return its ops are numbered and their uses counted. */
export function optimize(block: Block, options: OptOptions = NO_OPTIONS): void {
  const { passes = PASSES, observe, check, isStepwise = false, report } = options;
  check?.(block);
  const step = (names: readonly PassName[], walk: typeof walkForwards): void => {
    if (names.length === 0) return;
    observe?.(names.join("+"), "before", block);
    walk(block, names, report);
    observe?.(names.join("+"), "after", block);
    check?.(block);
  };
  const forwards = select(FORWARD_PASSES, passes);
  const backwards = select(BACKWARD_PASSES, passes);
  renumber(block);
  if (forwards.length === 0) countUses(block);
  if (isStepwise) {
    for (const name of forwards) step([name], walkForwards);
    for (const name of backwards) step([name], walkBackwards);
  } else {
    step(forwards, walkForwards);
    step(backwards, walkBackwards);
  }
}

function select(from: readonly PassName[], passes: readonly PassName[]): readonly PassName[] {
  return passes === PASSES ? from : from.filter((name) => passes.includes(name));
}

const { or: OR, fault_if: FAULT_IF, retry_if: RETRY_IF, leave_if: LEAVE_IF } = OPS;

/** Takes a numbered block; leaves it numbered and its uses counted. */
function walkForwards(block: Block, passes: readonly PassName[], report: Report | undefined): void {
  const state = passes.includes("forward") ? new StateForwarding(report) : null;
  const folder = passes.includes("fold") ? new Folder(FOLD_BY_CODE, report) : null;
  const expressions = passes.includes("cse") ? new CommonSubexpressions(report) : null;
  const { ops } = block;
  /** By value number: the value to be used in its place. */
  const stead: (Op | undefined)[] = [];
  let kept = 0;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i];
    op.uses = 0;
    for (let k = 0; k < op.args.length; k++) {
      const { id } = op.args[k];
      if (id >= 0) op.args[k] = stead[id] ?? op.args[k];
    }

    let result: Op | null = op;
    if (folder !== null) result = folder.fold(op);
    if (result === op && state !== null) result = state.visit(op);
    if (result === op && folder !== null && folder.compute(op)) result = folder.constant(op, folder.o, "all bits are known");
    if (result === op && expressions !== null) result = expressions.visit(op);

    if (result === op) {
      ops[kept++] = op;
      const { args } = op;
      for (let k = 0; k < args.length; k++) args[k].uses++;
      if (op.id >= 0) {
        folder?.keep(op);
      } else if (folder !== null && (op.def === FAULT_IF || op.def === RETRY_IF || op.def === LEAVE_IF)) {
        learnFalse(args[0], stead, folder);
      }
    } else if (result !== null) {
      stead[op.id] = result.id >= 0 ? (stead[result.id] ?? result) : result;
    }
  }
  ops.length = kept;
  renumber(block);
}

/** Going on means that the value is 0, and if it is made of several by "or", so is each of these. */
function learnFalse(value: Op, stead: (Op | undefined)[], folder: Folder): void {
  if (value.id >= 0) stead[value.id] = constant(0);
  folder.floats.learnFalse(value);
  if (value.def === OR) for (const part of value.args) learnFalse(part, stead, folder);
}

/** Takes a block numbered and with its uses counted, and leaves it so. */
function walkBackwards(block: Block, passes: readonly PassName[], report: Report | undefined): void {
  const deadState = passes.includes("dead-state") ? new DeadState(report) : null;
  const fuse = passes.includes("fuse") ? new Fuse(report) : null;
  const removesUnused = passes.includes("dce");
  const { ops } = block;
  let kept = ops.length;
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i];
    fuse?.visit(op);
    if ((removesUnused && isUnused(op, report)) || (deadState !== null && deadState.isDead(op))) {
      for (let k = 0; k < op.args.length; k++) op.args[k].uses--;
    } else {
      ops[--kept] = op;
    }
  }
  ops.splice(0, kept);
  renumber(block);
}
