/** What the parts of the bench have in common: each measures one thing, prints its table, and tells what became of its claims. */
import type { Claim } from "./claims.ts";
import type { Clock } from "./contender.ts";
import type { BenchGuest } from "./guests.ts";

/** What a part gets to work with. */
export interface SectionContext {
  /** The project's folder. */
  readonly root: string;
  /** All guests, or those chosen. */
  readonly guests: readonly BenchGuest[];
  /** Samples of each measurement. */
  readonly runs: number;
  /** Insns to run of each guest on machines of our own, where a part of the run will do. */
  readonly maxInsns: number;
  /** Where v86 is installed, or null to look in node_modules. */
  readonly v86: string | null;
  /** Which time contenders are compared by. */
  readonly clock: Clock;
  /** Takes text for stdout. */
  readonly out: (text: string) => void;
}

export interface SectionResult {
  /** Figures, as --json writes them. */
  readonly figures: object;
  /** Only those that what was measured can answer for. */
  readonly claims: readonly Claim[];
}

export interface Section {
  /** A heading. */
  readonly title: string;
  readonly run: (context: SectionContext) => Promise<SectionResult>;
}
