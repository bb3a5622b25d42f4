// What generate.ts knows of a group: its name, its share of a mixed file and how to make one of its cases.

import type { Case } from "./case.ts";
import type { Random } from "./random.ts";

export interface Group {
  readonly name: string;
  /** Share of the vectors, relative to the other groups chosen. */
  readonly weight: number;
  readonly make: (random: Random) => Case;
}
