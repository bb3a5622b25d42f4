/**
 * What passes tell about their work, for the inspector and the tests. Nothing is formatted or allocated for it unless
 * somebody listens.
 */
import type { Op } from "../ir/block.ts";

/**
 * The passes by name, in the order in which an op meets them. The first three share one walk forwards over the block,
 * the others one walk backwards.
 */
export const PASSES = ["forward", "fold", "cse", "dead-state", "fuse", "dce"] as const;
/** The name of a pass. */
export type PassName = (typeof PASSES)[number];

/**
 * Hears of each op that a pass is about to remove, replace or rewrite: the op is still as it was, and its `id` is the
 * number it prints with (`printOp`). `reason` is a phrase such as `x + 0`.
 */
export type Report = (pass: PassName, op: Op, reason: string) => void;
