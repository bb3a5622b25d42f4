/**
 * Where hot code goes: now and then the engine runs a few hundred blocks one by one and counts the ways between them. That
 * costs nothing in between, and sees what is hot now.
 */
import type { TranslationBlock } from "./translation-block.ts";

/** What is seen in one look at hot code, which goes on where blocks leave for the engine. */
export class Look {
  /** Blocks outside of regions that ran, and how often. */
  readonly seen = new Map<TranslationBlock, number>();
  /** How many blocks and regions are still to be looked at. */
  rest: number;
  /** Insns that have retired meanwhile. */
  insns = 0;

  /** The count of retired insns as of when it began. */
  readonly began: number;

  constructor(rest: number, began: number) {
    this.rest = rest;
    this.began = began;
  }
}

/**
 * Runs blocks and regions until the look has seen enough, one returns the exit block or the next would exceed the budget. Of a
 * region that is entered only the way there is counted: its exits are counted elsewhere, and what follows them here.
 * @param barrier  a pseudo block that is no way from one block to another
 */
export function profileLoop(start: TranslationBlock, n: number, look: Look, barrier: TranslationBlock, state: { left: number }): TranslationBlock {
  const { seen } = look;
  let tb = start, left = n, from: TranslationBlock | null = null;
  try {
    // Stubs and the like do not know where they lead before they have run, and what a region returns gives insns back.
    while (look.rest > 0 || !tb.isBlock) {
      if (tb.isBlock) {
        look.rest--;
        if (from !== null) noteWay(from, tb);
        from = tb.region === null ? tb : null;
        if (from !== null) {
          tb.count++;
          seen.set(tb, (seen.get(tb) ?? 0) + 1);
        }
      } else if (tb === barrier) {
        from = null;
      }
      if (((left - tb.size) | 0) < 0) break;
      left = (left - tb.size) | 0;
      tb = tb.run(left);
    }
  } finally {
    state.left = left;
    look.insns += n - left;
  }
  return tb;
}

function noteWay(from: TranslationBlock, to: TranslationBlock): void {
  from.ways ??= new Map();
  from.ways.set(to, (from.ways.get(to) ?? 0) + 1);
}

/** Exits of a region are counted each time, ways between blocks seldom: so many of the one weigh as much as one of the other. */
const EXITS_PER_WAY = 64;

/** A block that has been seen to follow another, and how often. */
export interface Way {
  readonly to: TranslationBlock;
  readonly count: number;
}

/** Where a block has been seen to go. Hottest first. */
export function waysOf(tb: TranslationBlock): Way[] {
  const all = new Map(tb.ways ?? []);
  for (const { members, followers, exits } of tb.memberOf) {
    const number = members.indexOf(tb), at = number * 4;
    if (followers[number] !== null) continue;
    for (const [link, to] of [tb.next, tb.taken].entries()) {
      if (to.isBlock && exits[at + link] > 0) all.set(to, (all.get(to) ?? 0) + Math.ceil(exits[at + link] / EXITS_PER_WAY));
    }
  }
  return [...all].filter(([to]) => to.isValid).map(([to, count]) => ({ to, count })).sort((a, b) => b.count - a.count);
}
