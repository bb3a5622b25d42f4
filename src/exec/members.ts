/**
 * The blocks of a region, as parts of its graph. Where one starts in the middle of another, the other ends there: what both
 * have is in the region once, and a loop that is entered in the middle of a block has one head.
 */
import type { Way } from "./profile.ts";
import type { TranslationBlock } from "./translation-block.ts";

export interface Member {
  readonly tb: TranslationBlock;
  /** Insns of the block, up to where another member starts. */
  readonly size: number;
  /** Number of that member; -1 if the block is whole. */
  readonly follower: number;
  /** Members that have been seen to follow, by number, and how often. */
  readonly ways: ReadonlyMap<number, number>;
}

/** @param waysOf  where a block has been seen to go */
export function membersOf(tbs: readonly TranslationBlock[], waysOf: (tb: TranslationBlock) => readonly Way[]): Member[] {
  const numbers = new Map(tbs.map((tb, n) => [tb.eip, n]));
  const members = tbs.map((tb) => {
    const size = sizeWithin(tb, numbers);
    return { tb, size, follower: size < tb.size ? numbers.get(tb.eips[size]) ?? -1 : -1, ways: new Map<number, number>() };
  });
  for (const [n, tb] of tbs.entries()) {
    const ways = waysOf(tb), times = Math.max(1, ways.reduce((sum, { count }) => sum + count, 0));
    let last = members[n];
    for (; last.follower >= 0; last = members[last.follower]) add(last.ways, last.follower, times);
    for (const { to, count } of ways) {
      const number = numbers.get(to.eip);
      if (number !== undefined && tbs[number] === to) add(last.ways, number, count);
    }
  }
  return members;
}

function sizeWithin(tb: TranslationBlock, starts: ReadonlyMap<number, number>): number {
  const at = tb.eips.findIndex((eip, i) => i > 0 && starts.has(eip));
  return at < 0 ? tb.size : at;
}

function add(ways: Map<number, number>, to: number, count: number): void {
  ways.set(to, (ways.get(to) ?? 0) + count);
}
