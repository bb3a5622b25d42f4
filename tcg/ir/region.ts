/**
 * A region: translated blocks of hot code that become one function. Edges between its blocks stay inside; all other ways out
 * of a block leave the region. Block 0 is the root: the others are reached from it.
 */
import type { Block } from "./block.ts";

/** A target that a block with an indirect jump is compared with. */
export interface IndirectTarget {
  /** Guest pc. */
  readonly pc: number;
  /** Number of the block there. */
  readonly to: number;
}

/** A block of a region, and where it leads. */
export interface RegionBlock {
  readonly block: Block;
  /** Guest insns in it. */
  readonly insnCount: number;
  /** Numbers of the blocks its direct exits lead to (`goto_tb` 0 and 1), or -1 where they leave the region. */
  readonly next: number;
  readonly taken: number;
  /** For `lookup_and_goto_ptr`: the targets inside, likeliest first. */
  readonly indirect: readonly IndirectTarget[];
  /** How often blocks have been seen to follow, by number; nothing for never. */
  readonly heat: ReadonlyMap<number, number>;
}

/** Blocks that become one function. It is entered at the first, and at the heads of its loops. */
export interface Region {
  readonly blocks: readonly RegionBlock[];
}

/** Numbers of the blocks that a block of a region may lead to, each once. */
export function successorsOf({ next, taken, indirect }: RegionBlock): number[] {
  return [...new Set([next, taken, ...indirect.map((t) => t.to)].filter((n) => n >= 0))];
}
