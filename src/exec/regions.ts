/**
 * The regions of one CPU: when to look for hot code, making regions of it, and keeping them true. A region stands on its
 * blocks: it goes when one of them does.
 */
import type { Cpu } from "../x86/cpu.ts";
import type { Insn } from "../x86/isa/insn.ts";
import type { Emission } from "./emission.ts";
import type { InsnStore } from "./insn-store.ts";
import type { EngineOptions } from "./options.ts";
import { Look, profileLoop } from "./profile.ts";
import type { RegionPage } from "./region.ts";
import { REHEARSAL, Region } from "./region.ts";
import { selectRegion } from "./select.ts";
import type { Statistics } from "./statistics.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** Retired insns between two looks at hot code, and blocks looked at. */
const LOOK_INTERVAL = 30_000, LOOK_BLOCKS = 400;
/** Where blocks take less than one part in so many of the time, the next look comes twice as late, up to a limit. */
const SETTLED_PART = 8, MAX_LOOK_INTERVAL = 960_000;
/** Where most of what runs is no block yet, one part in so many, there is not much to be seen, and the next comes later as well. */
const COLD_PART = 2;
/** A threshold up to this means regions as soon as there are blocks: looking all the time, at a few blocks each. */
const HASTY_THRESHOLD = 16, HASTY_BLOCKS = 12;
/** How often a block that is in a region must run outside of it, in one look, to make another. */
const OUTSIDE_TIMES = 40;
/** A block that runs once in more insns of regions than this is not worth one more: to leave one and come back takes as long as some 50. */
const SELDOM_INSNS = 64;
/** To run a block takes as long as so many insns in a region. Where blocks take one part in so many of the time, even those that run seldom are worth one. */
const BLOCK_INSNS = 32, LARGE_PART = 4;
const MAX_REGION_BLOCKS = 64;
/** Regions one block may be in; past that it makes no new one. */
const MAX_MEMBERSHIPS = 4;

/**
 * A new region's first calls get little of the budget each. V8 optimises a function for what it has seen of it: one long call
 * would have it compiled in the middle of a loop (on-stack replacement), without feedback for all that comes behind.
 */
const YOUNG_CALLS = 1500, YOUNG_INSNS = 2000;
/** So many of them, while V8 begins to note what a function does, are rehearsed. */
const REHEARSED_CALLS = 32;

/** What regions need from the translator. */
export interface RegionHost {
  readonly cpu: Cpu;
  readonly insns: InsnStore;
  /** What blocks return that may have changed the mode. */
  readonly anewBlock: TranslationBlock;
  emission(): Emission;
  /** The insns of a block; null if they are not what they were. */
  insnsOf(tb: TranslationBlock): readonly Insn[] | null;
  /** A block has become a way into a region, or is none any more. */
  entered(tb: TranslationBlock): void;
  left(tb: TranslationBlock): void;
}

export class Regions {
  private readonly host: RegionHost;
  private readonly options: EngineOptions;
  private readonly stats: Statistics;
  private readonly all = new Set<Region>();
  private readonly isOn: boolean;
  private nextLook = 0;
  private lookInterval = LOOK_INTERVAL;
  /** The look that is under way. */
  private lookNow: Look | null = null;
  private serial = 0;

  constructor(host: RegionHost, options: EngineOptions, stats: Statistics) {
    this.host = host;
    this.options = options;
    this.stats = stats;
    this.isOn = options.regionThreshold > 0 && options.observer?.watchesBlocks !== true;
  }

  /** True if it is time to see where code goes, that which is in no region yet. */
  isDue(retired: number): boolean {
    return retired >= this.nextLook && this.isOn;
  }

  /** Runs blocks as the dispatch loop does, and makes a region if they are hot. */
  look(start: TranslationBlock, n: number, state: { left: number }, retired: number): TranslationBlock {
    const { anewBlock } = this.host, isHasty = this.options.regionThreshold <= HASTY_THRESHOLD;
    const look = this.lookNow ?? new Look(isHasty ? HASTY_BLOCKS : LOOK_BLOCKS, retired);
    this.lookNow = look;
    try {
      return profileLoop(start, n, look, anewBlock, state);
    } finally {
      if (isHasty || look.rest <= 0) this.conclude(look, isHasty, retired);
    }
  }

  /** Makes a region of the hottest that has been seen, if it is hot enough, and says when to look again. */
  private conclude({ seen, insns, began }: Look, isHasty: boolean, retired: number): void {
    const regionInsns = insnsOfRegions(seen, insns), blockInsns = runsOf(seen) * BLOCK_INSNS, all = blockInsns + regionInsns;
    const isSettled = blockInsns * SETTLED_PART < all, isCold = insns * COLD_PART < retired - began;
    this.lookInterval = isSettled || isCold ? Math.min(2 * this.lookInterval, MAX_LOOK_INTERVAL) : LOOK_INTERVAL;
    this.nextLook = isHasty ? 0 : retired + this.lookInterval;
    this.lookNow = null;
    const seed = this.chooseSeed(seen, isHasty || blockInsns * LARGE_PART > all ? 0 : regionInsns);
    if (seed !== null) this.make(seed);
  }

  /** The hottest of the blocks that ran beside so many insns in regions that count, if it is hot enough; one that is in a region must have run often outside of it just now. */
  private chooseSeed(seen: ReadonlyMap<TranslationBlock, number>, regionInsns: number): TranslationBlock | null {
    const { regionThreshold } = this.options, { space } = this.host.insns;
    let hottest: TranslationBlock | null = null;
    for (const [tb, times] of seen) {
      if (!tb.isValid || tb.space !== space || tb.count < regionThreshold << tb.memberOf.length) continue;
      if (times * SELDOM_INSNS < regionInsns) continue;
      if (tb.memberOf.length > 0 && times < Math.min(OUTSIDE_TIMES, regionThreshold)) continue;
      if (hottest === null || tb.count > hottest.count) hottest = tb;
    }
    return hottest;
  }

  private make(seed: TranslationBlock): void {
    const { now, maxRegionInsns } = this.options, began = now(), { stats } = this;
    const members = selectRegion(seed, { maxBlocks: MAX_REGION_BLOCKS, maxInsns: maxRegionInsns });
    seed.count = 0;
    for (const { tb } of members) tb.count = 0;
    if (members.length === 0 || seed.memberOf.length >= MAX_MEMBERSHIPS) return;
    const insns: (readonly Insn[])[] = [];
    for (const { tb, size } of members) {
      const list = this.host.insnsOf(tb);
      if (list === null) return;
      insns.push(list.slice(0, size));
    }
    const { space } = this.host.insns, tbs = members.map(({ tb }) => tb);
    const region = new Region(++this.serial, space, members, this.pagesOf(tbs), seed.run);
    this.host.emission().compileRegion(region, members, insns);
    this.all.add(region);
    for (const tb of tbs) tb.memberOf.push(region);
    if (region.wasmBytes > 0) region.youngCalls = YOUNG_CALLS;
    region.enter(region.wasmBytes > 0 ? region.run : this.enterYoung);
    for (const tb of region.entries) this.host.entered(tb);
    stats.regionsMade++;
    stats.regionBlocks += members.length;
    for (const { size } of members) stats.regionInsns += size;
    stats.regionChars += region.text.length;
    stats.regionWasmBytes += region.wasmBytes;
    stats.regionMs += now() - began;
    this.options.observer?.regionTranslated(region);
  }

  /** The pages to be watched: under paging, if there is more than one. */
  private pagesOf(members: readonly TranslationBlock[]): RegionPage[] {
    const { space } = this.host.insns;
    if (!space.mode.paging) return [];
    const pages = new Map<number, number>();
    for (const tb of members) pages.set((space.csBase + tb.eip) & ~4095, tb.phys & ~4095);
    return pages.size === 1 ? [] : [...pages].map(([linear, phys]) => ({ linear, phys }));
  }

  /** Translations of pages have changed: regions of several pages are looked at before they are entered again. */
  translationsChanged(): void {
    for (const region of this.all) if (region.pages.length > 0) region.enter(this.enterChecked);
  }

  private readonly enterYoung = ((regions: this) => function young(this: TranslationBlock, left: number): TranslationBlock {
    const { region, reach } = this, few = reach + YOUNG_INSNS;
    if (region === null) return this.plain(left);
    if (++region.youngCalls >= YOUNG_CALLS) region.enter(region.run);
    if (region.youngCalls <= REHEARSED_CALLS) region.run.call(this, REHEARSAL);
    if (left <= few) return region.run.call(this, left);
    // For the time of the call its budget ends earlier.
    const { host: { cpu } } = regions;
    cpu.budgetEnd -= left - few;
    const next = region.run.call(this, few);
    cpu.budgetEnd += left - few;
    return next;
  })(this);

  private readonly enterChecked = ((regions: this) => function checked(this: TranslationBlock, left: number): TranslationBlock {
    const { region } = this;
    if (region === null || !regions.isInPlace(region)) return this.plain(left);
    region.enter(region.youngCalls < YOUNG_CALLS ? regions.enterYoung : region.run);
    return this.run(left);
  })(this);

  /** True if all pages are known to be where they were. Pages nobody has executed from since are not looked up: that shows. */
  private isInPlace({ space, pages }: Region): boolean {
    return pages.every(({ linear, phys }) => space.knownPage(linear)?.phys === phys);
  }

  /** A block is no more. */
  blockDropped(tb: TranslationBlock): void {
    for (const region of [...tb.memberOf]) this.drop(region);
  }

  private drop(region: Region): void {
    this.stats.regionsDropped++;
    this.all.delete(region);
    for (const tb of region.entries) {
      if (tb.region !== region) continue;
      tb.region = null;
      tb.run = tb.plain;
      this.host.left(tb);
    }
    for (const tb of region.members) tb.memberOf = tb.memberOf.filter((r) => r !== region);
  }

  clear(): void {
    this.all.clear();
    this.lookNow = null;
  }

  /** All regions, for the inspector. */
  list(): readonly Region[] {
    return [...this.all];
  }
}

/** How often any of the blocks ran. */
function runsOf(seen: ReadonlyMap<TranslationBlock, number>): number {
  let runs = 0;
  for (const times of seen.values()) runs += times;
  return runs;
}

/** How many of so many insns did not retire in the blocks that ran. */
function insnsOfRegions(seen: ReadonlyMap<TranslationBlock, number>, insns: number): number {
  let rest = insns;
  for (const [tb, times] of seen) rest -= times * tb.size;
  return rest;
}
