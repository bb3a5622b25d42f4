/**
 * The soft TLB that emitted code probes: a word per page, for reading and writing, by privilege.
 * `table[page] ^ address` is the index into the memory window, or negative where the page is not there.
 */

import type { Arena } from "../../mem/arena.ts";

/** Whose accesses a table is for: level 3's, those of the other levels, and those that SMAP lets at user pages besides (EFLAGS.AC). */
export const USER = 0, KERNEL = 1, KERNEL_AC = 2;
export type Accessor = 0 | 1 | 2;

const PAGE_COUNT = 1 << 20;
/** Entries filled before everything is flushed instead of being tracked further. */
const MAX_FILLED = 1 << 16;

/** The entry that makes `entry ^ address` negative for every address in the page. */
const absent = (page: number): number => (page < PAGE_COUNT / 2 ? 0x80000000 | 0 : 0);

export class SoftTlb {
  /** By number: bit 0 writing, then whose; as far as they have been asked for. */
  private readonly tables: Int32Array[] = [];
  /** What is filled: page number | table << 20 | global << 23. */
  private readonly filled = new Int32Array(MAX_FILLED);
  private filledCount = 0;
  private readonly arena: Arena;

  /** @param arena  where the tables are to lie */
  constructor(arena: Arena) {
    this.arena = arena;
  }

  table(writing: boolean, who: Accessor): Int32Array {
    const { tables } = this, t = (who << 1) | (writing ? 1 : 0);
    while (tables.length <= t) tables.push(this.arena.allocateWords(PAGE_COUNT).fill(0x80000000 | 0, 0, PAGE_COUNT / 2));
    return tables[t];
  }

  /** Enters a page: `index` is where it starts in the memory window. */
  fill(linear: number, index: number, writing: boolean, who: Accessor, isGlobal: boolean): void {
    if (this.filledCount === MAX_FILLED) this.flush(true);
    const page = linear >>> 12, t = (who << 1) | (writing ? 1 : 0);
    this.table(writing, who)[page] = index ^ (page << 12);
    this.filled[this.filledCount++] = page | (t << 20) | (isGlobal ? 1 << 23 : 0);
  }

  /** Empties the TLB; global entries stay unless asked. */
  flush(withGlobal: boolean): void {
    let kept = 0;
    for (let i = 0; i < this.filledCount; i++) {
      const e = this.filled[i], page = e & 0xfffff;
      if (!withGlobal && (e & (1 << 23)) !== 0) this.filled[kept++] = e;
      else this.tables[(e >> 20) & 7][page] = absent(page);
    }
    this.filledCount = kept;
  }

  /** Removes consecutive pages, by page number. */
  flushPages(first: number, count: number): void {
    for (const table of this.tables) table.fill(absent(first), first, first + count);
  }

  /** Removes what `keep` says no to: called with the window index of each page that is entered for writing. */
  removeWritable(isGone: (index: number) => boolean): void {
    for (let i = 0; i < this.filledCount; i++) {
      const e = this.filled[i];
      if ((e & (1 << 20)) === 0) continue;
      const page = e & 0xfffff, table = this.tables[(e >> 20) & 7], entry = table[page];
      if (entry !== absent(page) && isGone(entry ^ (page << 12))) table[page] = absent(page);
    }
  }
}
