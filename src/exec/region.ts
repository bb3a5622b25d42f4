/** A region: one function for the blocks of hot code, entered at some of them. */
import type { CodeSpace } from "./code-space.ts";
import type { Member } from "./members.ts";
import type { TbFunction, TranslationBlock } from "./translation-block.ts";

/** A page that a region's code lies in. */
export interface RegionPage {
  readonly linear: number;
  readonly phys: number;
}

/**
 * A budget with which a region only turns around: V8 compiles a call that has never been made to a deoptimisation, and with an
 * ordinary budget the one at the entrance is not made before the slice ends.
 */
export const REHEARSAL = -0x80000000;

export class Region {
  readonly serial: number;
  readonly space: CodeSpace;
  /** The first is the root. */
  readonly members: readonly TranslationBlock[];
  /** For members whose blocks end where another starts: that one; null for the others. */
  readonly followers: readonly (TranslationBlock | null)[];
  /** Blocks it is entered at. */
  entries: readonly TranslationBlock[] = [];
  /** Its pages where they may come to lie elsewhere, if it has more than one: blocks of one page are found by where that is. */
  readonly pages: readonly RegionPage[];
  run: TbFunction;
  /** How often it was left: by member times 4 plus link (or 2: the budget was spent in front of the member). */
  readonly exits: Uint32Array;
  sideExits = 0;
  /** Its first calls, as far as they are counted. */
  youngCalls = 0;
  text = "";
  /** Size of its module; 0 for a region that is JavaScript. */
  wasmBytes = 0;
  /** IR of its blocks as optimised; kept only when the engine is asked to. */
  optimizedIr: string | null = null;

  constructor(serial: number, space: CodeSpace, members: readonly Member[], pages: readonly RegionPage[], run: TbFunction) {
    this.serial = serial;
    this.space = space;
    this.members = members.map(({ tb }) => tb);
    this.followers = members.map(({ follower }) => (follower < 0 ? null : members[follower].tb));
    this.pages = pages;
    this.run = run;
    this.exits = new Uint32Array(members.length * 4);
  }

  /** Lets its entries lead into it. */
  enter(run: TbFunction): void {
    for (const tb of this.entries) if (tb.region === this) tb.run = run;
  }
}
