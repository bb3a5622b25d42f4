/**
 * Chooses the blocks of a region: from a hot block along the ways that are taken, the hottest first, as far as the size
 * allows; of these, what lies on a way back to it. A loop too long for one region becomes a trace instead.
 */
import type { Graph } from "../../tcg/ir/reduce.ts";
import { findCuts } from "../../tcg/ir/reduce.ts";
import type { Member } from "./members.ts";
import { membersOf } from "./members.ts";
import type { Way } from "./profile.ts";
import { waysOf } from "./profile.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** An insn is 100 to 170 characters; x87 insns are up to 900, and V8's time to compile a function grows faster than the function. */
const CHARS_PER_INSN = 150;
/** Blocks with a longer text stay by themselves: a chained jump is little against what they do, and V8 allots registers worse in a region. */
const MAX_CHARS = 16_000;

/** Roots that are tried for a region, the rarest first. */
const MAX_CANDIDATES = 6;

export interface RegionLimits {
  readonly maxBlocks: number;
  readonly maxInsns: number;
}

/** The members, the root first; none if the seed has to stay by itself. */
export function selectRegion(seed: TranslationBlock, limits: RegionLimits): Member[] {
  if (isLong(seed)) return [];
  const known = new Map<TranslationBlock, readonly Way[]>();
  const ways: WaysOf = (tb) => {
    const list = known.get(tb) ?? waysOf(tb);
    known.set(tb, list);
    return list;
  };
  const near = expand(seed, limits, ways), cycle = onCycle(seed, near, ways), isLoop = cycle.size > 0;
  const root = isLoop ? rootOf(seed, membersOf([...cycle], ways)) : seed;
  return membersOf([root, ...[...(isLoop ? cycle : near)].filter((tb) => tb !== root)], ways);
}

type WaysOf = (tb: TranslationBlock) => readonly Way[];

const isLong = ({ text }: TranslationBlock): boolean => text.length > MAX_CHARS;

/** The insns of a block, or as many as its text would be of. */
function weightOf({ size, text }: TranslationBlock): number {
  return Math.max(size, Math.round(text.length / CHARS_PER_INSN));
}

/** Blocks near the seed, the likeliest first. */
function expand(seed: TranslationBlock, { maxBlocks, maxInsns }: RegionLimits, waysOf: WaysOf): Set<TranslationBlock> {
  const found = new Set<TranslationBlock>(), open = new Map([[seed, Infinity]]);
  let insns = 0;
  while (open.size > 0 && found.size < maxBlocks) {
    let best = seed, most = -1;
    for (const [tb, count] of open) {
      if (count > most) {
        best = tb;
        most = count;
      }
    }
    open.delete(best);
    const weight = weightOf(best);
    if (insns + weight > maxInsns && found.size > 0) continue;
    found.add(best);
    insns += weight;
    for (const { to, count } of waysOf(best)) {
      if (!found.has(to) && to.space === seed.space && !isLong(to)) open.set(to, Math.max(count, open.get(to) ?? 0));
    }
  }
  return found;
}

/** Those of `among` that lie on a way from the seed back to it: all of them are reached from it. */
function onCycle(seed: TranslationBlock, among: ReadonlySet<TranslationBlock>, waysOf: WaysOf): Set<TranslationBlock> {
  const predecessors = new Map<TranslationBlock, TranslationBlock[]>();
  for (const tb of among) {
    for (const { to } of waysOf(tb)) {
      if (!among.has(to)) continue;
      const list = predecessors.get(to);
      if (list === undefined) predecessors.set(to, [tb]);
      else list.push(tb);
    }
  }
  const found = new Set<TranslationBlock>(), open = [...(predecessors.get(seed) ?? [])];
  for (let tb = open.pop(); tb !== undefined; tb = open.pop()) {
    if (found.has(tb)) continue;
    found.add(tb);
    open.push(...(predecessors.get(tb) ?? []));
  }
  return found;
}

/**
 * The head of the outermost loop: of the blocks that others further on jump back to, one that leaves the hottest loops whole;
 * of these, the one that runs least often.
 */
function rootOf(seed: TranslationBlock, members: readonly Member[]): TranslationBlock {
  const numbers = new Map(members.map(({ tb }, n) => [tb.eip, n])), ways = members.map((m) => mayLeadTo(m, numbers));
  const graph: Graph = { successors: ways.map((w) => [...w.keys()]), heatOf: (from, to) => ways[from].get(to) ?? 0 };
  const eipOf = (n: number): number => members[n].tb.eip >>> 0;
  const candidates = new Set(members.flatMap((_, from) => graph.successors[from].filter((to) => eipOf(to) <= eipOf(from))));
  let root = seed, lost = Infinity;
  for (const candidate of [...candidates].sort((a, b) => members[a].tb.count - members[b].tb.count).slice(0, MAX_CANDIDATES)) {
    const { heat } = findCuts(graph, candidate);
    if (heat >= lost) continue;
    root = members[candidate].tb;
    lost = heat;
    if (lost === 0) break;
  }
  return root;
}

/** Members that may follow one, by number, and how often they have; what has not been seen yet counts as once. */
function mayLeadTo({ tb, follower, ways }: Member, numbers: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  if (follower >= 0) return ways;
  const found = new Map<number, number>();
  // Behind an indirect jump no stub is used; the one edge too many weighs little.
  for (const stub of [tb.nextStub, tb.takenStub]) {
    const to = stub === null ? undefined : numbers.get(stub.eip);
    if (to !== undefined) found.set(to, 1);
  }
  for (const [to, count] of ways) found.set(to, count);
  return found;
}
