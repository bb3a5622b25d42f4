// Page tables of a fuzz case: low memory where it is physically, and a second time from ALIAS on; with 4 KiB pages, large
// ones in places, and rights that chance takes away.

import type { Random } from "../../oracle/random.ts";
import type { Image } from "./image.ts";
import { ALIAS, CODE, CODE_OTHER_END, PAGING, STACK_BYTES, STACKS } from "./layout.ts";

/** Bits of entries. */
const P = 0x1, RW = 0x2, US = 0x4, PWT = 0x8, A = 0x20, D = 0x40, PS = 0x80, G = 0x100, AVAILABLE = 0xe00;
const NX_HIGH = 0x80000000;
const PAGE = 0x1000, PAGES = 1024;
/** Linear addresses that are mapped, from 0 and from ALIAS: low memory, devices, more memory, ROM and what follows it. */
const MAPPED_PAGES = 0x110;

export interface Paging {
  readonly isPae: boolean;
  readonly cr3: number;
  /** Physical addresses of page-table and directory entries that programs may change. */
  readonly entries: readonly number[];
}

/** Rights of one page: what they should be, and what chance makes of them. */
function bitsOf(random: Random, chaos: number, rights = RW | US): { low: number; high: number } {
  let low = P | rights, high = 0;
  if (random.chance(chaos * 0.5)) low ^= random.pick([RW, US, RW | US, P]);
  if (random.chance(0.2)) low |= G;
  if (random.chance(0.3)) low |= A | (random.bool() ? D : 0);
  if (random.chance(0.05)) low |= random.pick([PWT, AVAILABLE]);
  if (random.chance(chaos * 0.25)) high = NX_HIGH;
  if (random.chance(chaos * 0.02)) high |= 1 << random.below(31);
  return { low, high };
}

/**
 * A page of the first view of low memory. Tables, handlers and inner stacks are the system's, and stay what they are, or
 * nothing runs for long; so does, mostly, the program. Data is where chance has its way.
 */
function lowPage(random: Random, page: number, chaos: number, isUser: boolean): { low: number; high: number } {
  const at = page * PAGE, isSystem = at < CODE || (at >= STACKS && at < STACKS + 3 * STACK_BYTES), isCode = at >= CODE && at < CODE_OTHER_END;
  return bitsOf(random, isSystem ? chaos * 0.01 : isCode ? chaos * 0.05 : chaos, RW | (isUser && !isSystem ? US : 0));
}

/** True for pages whose entries programs may change. */
const isChangeable = (page: number): boolean => page * PAGE >= CODE && (page * PAGE < STACKS || page * PAGE >= STACKS + 5 * STACK_BYTES);

/**
 * Tables of 32-bit paging.
 * @param isUser  the program runs at level 3
 */
export function put32BitTables(image: Image, random: Random, chaos: number, isUser: boolean, hasLargePages: boolean): Paging {
  const directory = PAGING, tables = [PAGING + PAGE, PAGING + 2 * PAGE], entries: number[] = [];
  tables.forEach((table, t) => {
    for (let page = 0; page < MAPPED_PAGES; page++) {
      const { low } = t === 0 ? lowPage(random, page, chaos, isUser) : bitsOf(random, chaos);
      const target = t === 1 && random.chance(0.1) ? random.below(0x20) : page;
      image.put32(table + 4 * page, (target * PAGE) | low);
      if (isChangeable(page)) entries.push(table + 4 * page);
    }
    image.put32(directory + 4 * t, table | (bitsOf(random, t === 0 ? 0 : chaos * 0.3).low & ~(G | D)));
  });
  // Three more views of low memory: with 4 MiB pages, by the same table, and by nothing.
  const large = hasLargePages ? PS : 0;
  image.put32(directory + 4 * 2, large === 0 ? tables[0] | bitsOf(random, chaos).low & ~G : large | bitsOf(random, chaos).low);
  image.put32(directory + 4 * 3, tables[1] | P | random.pick([0, RW, US]));
  if (random.chance(0.2)) image.put32(directory + 4 * 1023, large | bitsOf(random, chaos).low | (random.chance(chaos) ? random.u32() & 0x3fe000 : 0));
  entries.push(directory + 4, directory + 8, directory + 12);
  return { isPae: false, cr3: directory | random.pick([0, 0, 0x18, PWT]), entries };
}

/** Tables of PAE paging. */
export function putPaeTables(image: Image, random: Random, chaos: number, isUser: boolean): Paging {
  // A page directory reaches 1 GiB, of which two tables, 2 MiB each, are low memory; ALIAS is the third and fourth table's.
  const pointers = PAGING, directory = PAGING + PAGE, tables = [PAGING + 2 * PAGE, PAGING + 3 * PAGE], entries: number[] = [];
  image.put32(pointers, directory | P);
  image.put32(pointers + 8, directory | P);
  image.put32(pointers + 24, random.pick([0, directory | P]));
  tables.forEach((table, t) => {
    for (let page = 0; page < Math.min(MAPPED_PAGES, PAGES / 2); page++) {
      const { low, high } = t === 0 ? lowPage(random, page, chaos, isUser) : bitsOf(random, chaos);
      const target = t === 1 && random.chance(0.1) ? random.below(0x20) : page;
      image.put32(table + 8 * page, (target * PAGE) | low);
      image.put32(table + 8 * page + 4, high);
      if (isChangeable(page)) entries.push(table + 8 * page);
    }
  });
  const entry = (n: number, target: number, chaosOf: number): void => {
    const { low, high } = bitsOf(random, chaosOf);
    image.put32(directory + 8 * n, target | (low & ~(G | D)));
    image.put32(directory + 8 * n + 4, high);
  };
  entry(0, tables[0], 0);
  entry(2, tables[1], chaos * 0.3);
  entry(3, PS | (random.chance(chaos * 0.2) ? 0x2000 : 0), chaos);
  entry(4, PS, chaos);
  entries.push(directory + 16, directory + 24, directory + 32);
  return { isPae: true, cr3: pointers | random.pick([0, 0, PWT]), entries };
}

/** The linear address that is another view of a physical one below 1 MiB. */
export const aliasOf = (physical: number): number => ALIAS + physical;
