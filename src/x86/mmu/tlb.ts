/**
 * The soft TLB that emitted code probes: a word per page, for reading and writing, by privilege.
 * `table[page] ^ address` is the index into the memory window, or negative where the page is not there.
 */

/** Tables by number: bit 0 writing, bit 1 supervisor. */
const TABLE_COUNT = 4, PAGE_COUNT = 1 << 20;
/** Entries filled before everything is flushed instead of being tracked further. */
const MAX_FILLED = 1 << 16;

/** The entry that makes `entry ^ address` negative for every address in the page. */
const absent = (page: number): number => (page < PAGE_COUNT / 2 ? 0x80000000 | 0 : 0);

export class SoftTlb {
  private readonly tables: Int32Array[] = [];
  /** What is filled: page number | table << 20 | global << 22. */
  private readonly filled = new Int32Array(MAX_FILLED);
  private filledCount = 0;

  constructor() {
    for (let t = 0; t < TABLE_COUNT; t++) {
      this.tables.push(new Int32Array(PAGE_COUNT).fill(0x80000000 | 0, 0, PAGE_COUNT / 2));
    }
  }

  table(writing: boolean, supervisor: boolean): Int32Array {
    return this.tables[(writing ? 1 : 0) | (supervisor ? 2 : 0)];
  }

  /** Enters a page: `index` is where it starts in the memory window. */
  fill(linear: number, index: number, writing: boolean, supervisor: boolean, isGlobal: boolean): void {
    if (this.filledCount === MAX_FILLED) this.flush(true);
    const page = linear >>> 12, t = (writing ? 1 : 0) | (supervisor ? 2 : 0);
    this.tables[t][page] = index ^ (page << 12);
    this.filled[this.filledCount++] = page | (t << 20) | (isGlobal ? 1 << 22 : 0);
  }

  /** Empties the TLB; global entries stay unless asked. */
  flush(withGlobal: boolean): void {
    let kept = 0;
    for (let i = 0; i < this.filledCount; i++) {
      const e = this.filled[i], page = e & 0xfffff;
      if (!withGlobal && (e & (1 << 22)) !== 0) this.filled[kept++] = e;
      else this.tables[(e >> 20) & 3][page] = absent(page);
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
      const page = e & 0xfffff, table = this.tables[(e >> 20) & 3], entry = table[page];
      if (entry !== absent(page) && isGone(entry ^ (page << 12))) table[page] = absent(page);
    }
  }
}
