/**
 * The translated blocks of one CPU: finds, translates, chains, invalidates and flushes them, and says how they leave and
 * whether the slice goes on behind them. What events there are, and what follows from an exit, the engine knows.
 */
import { WAY_ANEW, WAY_ASIDE, WAY_JUMP, WAY_SELF } from "../../tcg/js/region-emitter.ts";
import { InternalError } from "../../tcg/support/errors.ts";
import type { MemoryListener } from "../mem/physical-memory.ts";
import type { Cpu } from "../x86/cpu.ts";
import { TOO_LONG_FORM, UNDEFINED_FORM } from "../x86/isa/decode.ts";
import { Insn } from "../x86/isa/insn.ts";
import { modeOfKey } from "../x86/isa/mode.ts";
import type { TranslationListener } from "../x86/mmu/mmu.ts";
import { unitStateOf } from "../x86/register-stack.ts";
import { EIP, LEFT, SHADOW } from "../x86/state.ts";
import type { Invalidator } from "./code-pages.ts";
import { CodePages } from "./code-pages.ts";
import type { WantedBlock } from "./code-space.ts";
import type { NewBlock } from "./emission.ts";
import { Emission } from "./emission.ts";
import type { Callbacks } from "./environment.ts";
import { crossesPage, HEAT_NEVER, InsnStore } from "./insn-store.ts";
import { membersOf } from "./members.ts";
import { InsnRecords } from "./insn-records.ts";
import type { EngineOptions } from "./options.ts";
import type { Statistics } from "./statistics.ts";
import { REHEARSAL, Region } from "./region.ts";
import { Regions } from "./regions.ts";
import type { HandlerCompiler } from "./threaded-code.ts";
import { ThreadedCode } from "./threaded-code.ts";
import { isLinked, link, TranslationBlock, unlink, unrunnable } from "./translation-block.ts";

/** Size of the pseudo block that ends the dispatch loop: more than any budget. */
const EXIT_SIZE = 0x7fffffff;
const JUMP_CACHE_SIZE = 4096;
/** Blocks that are translated together; a block that has run for this part of the threshold more (a shift) waits no longer. */
const BATCH_BLOCKS = 16, PATIENCE_SHIFT = 2;
/** Up to this threshold nothing waits. */
const HASTY_THRESHOLD = 16;
/**
 * How often a block that has been dropped runs until its runs count again: twice as often each time, up to this many times as
 * often, and so many runs.
 */
const FEW_RUNS = 4, MAX_BACKOFF = 8, MAX_RUNS = 2 ** 24;
/** An insn that is left for this often, and more often than once in so many retired insns, is not trusted any more. */
const LEAVES = 64, INSNS_PER_LEAVE = 1000;

export class Translator implements MemoryListener, TranslationListener, Invalidator {
  /** What handlers return to leave for the engine. */
  readonly exitInsn: Insn;
  /** What blocks return to leave for the engine. */
  readonly exitBlock: TranslationBlock;
  /** Goes on in the mode and at the address that the insn before has left. */
  readonly anewBlock: TranslationBlock;
  readonly insns: InsnStore;
  readonly codePages: CodePages;
  /** Set when a block has left in front of one of its insns; R[LEFT] says how many did not retire. */
  sideExitTaken = false;
  /** Behind an STI whose next insn has not retired: the count of retired insns as of then. */
  shadowEnd = -1;
  private sliceInsns = 0;
  private isExact = true;
  /** Set where the rest of the slice's insns is left to the next. */
  isSliceOver = false;
  /** True while nothing keeps blocks from going on; asked where an insn may have made the processor accept an interrupt. */
  private readonly mayGoOn: () => boolean;
  private readonly cpu: Cpu;
  private readonly options: EngineOptions;
  private readonly stats: Statistics;
  private readonly jumpCache: TranslationBlock[];
  private readonly blocks = new Set<TranslationBlock>();
  private blockSerial = 0;
  private emission: Emission;
  /** Null where there is none. */
  threaded: ThreadedCode | null;
  private records: InsnRecords | null = null;
  readonly regions: Regions;
  /** Stands for the target of the last jump that the jump cache did not have. */
  private readonly jumpStub: TranslationBlock;
  /** What a region returns to have more insns counted. */
  private readonly after: TranslationBlock;

  constructor(cpu: Cpu, options: EngineOptions, stats: Statistics, mayGoOn: () => boolean) {
    this.cpu = cpu;
    this.mayGoOn = mayGoOn;
    this.options = options;
    this.stats = stats;
    this.exitInsn = new Insn(modeOfKey(0), 0, 0, (i) => i, null);
    this.exitBlock = new TranslationBlock(function exit() { return this; }, EXIT_SIZE, 0, null);
    const goOn = (eip: number, left: number): TranslationBlock => this.goOn(eip, left);
    this.jumpStub = new TranslationBlock(function jumpStub(left) { return goOn(this.eip, left); }, 0, 0, null);
    const goAnew = (left: number): TranslationBlock => this.goAnew(left);
    this.anewBlock = new TranslationBlock(function anew(left) { return goAnew(left); }, 0, 0, null);
    this.after = new TranslationBlock(function after() { return this.next; }, 0, 0, null);
    this.jumpCache = new Array<TranslationBlock>(JUMP_CACHE_SIZE).fill(this.exitBlock);
    this.codePages = new CodePages(cpu.memory, this);
    this.insns = new InsnStore(cpu, { stats, codePages: this.codePages, exitInsn: this.exitInsn, handlerOf: (insn) => this.emission.handlerOf(insn), threshold: options.threshold });
    this.emission = this.newEmission();
    this.threaded = this.newThreadedCode();
    this.regions = new Regions({ cpu, insns: this.insns, anewBlock: this.anewBlock, emission: () => this.emission, insnsOf: (tb) => this.insnsOf(tb),
      entered: (tb) => this.threaded?.suspendBlock(tb), left: (tb) => this.threaded?.resumeBlock(tb) }, options, stats);
    cpu.memory.addListener(this);
    cpu.mmu.listener = this;
    this.rehearseLeaving();
  }

  /** V8 takes `leave` and `short` into every region, compiled for the ways it has seen so far: these are nearly all. */
  private rehearseLeaving(): void {
    const { exitBlock, stats, after, cpu: { R } } = this, eip = R[EIP], region = new Region(0, this.insns.space, membersOf([exitBlock], () => []), [], exitBlock.run);
    after.next = exitBlock;
    for (const way of [WAY_ASIDE, WAY_ANEW, 0, 1, WAY_SELF]) this.leave(region, way, eip, way);
    for (const isExact of [false, true]) {
      this.isExact = isExact;
      this.short(after, -1);
    }
    this.short(after, REHEARSAL);
    R[EIP] = eip;
    R[LEFT] = 0;
    this.takeSideExit();
    stats.sideExits = 0;
  }

  private newEmission(): Emission {
    const { insns, side, leave, short, jump, anewBlock, exitInsn } = this;
    const callbacks: Callbacks = { side, leave, short, jump, find: insns.findTarget, again: insns.again, findRecord: insns.findRecord, noteAgain: insns.noteAgain, anewBlock, exitInsn };
    return new Emission(this.cpu, this.options, callbacks);
  }

  private newThreadedCode(): ThreadedCode | null {
    const { emission, insns, cpu, stats, options, options: { engine, threshold, threadThreshold } } = this, { wasmMemory: memory } = emission;
    if (engine === "interp" || memory === null || threshold === 1 || threadThreshold === 0) return null;
    this.records ??= InsnRecords.in(cpu.memory.arena, { exitInsn: this.exitInsn, state: cpu.R.byteOffset });
    if (this.records === null) return null;
    insns.useRecords(this.records);
    const compiler: HandlerCompiler = {
      sourceOf: (handler) => emission.sourceOf(handler), unit: (layout, table) => emission.newHandlerUnit(layout, table, memory),
    };
    return ThreadedCode.make({ leaving: { aside: this.asideThreaded, anew: this.anewThreaded, rest: () => cpu.R[LEFT] }, insns, records: this.records, compiler, memory, stats, options });
  }

  private readonly asideThreaded = (tb: TranslationBlock, at: number, left: number): Insn => {
    tb.sideExits++;
    this.stats.sideExits++;
    const insn = this.insns.find(tb.eips[at]);
    this.noteLeave(insn, this.cpu.budgetEnd - left);
    return insn;
  };

  private readonly anewThreaded = (left: number): Insn => {
    const { insns, cpu } = this;
    insns.followState();
    if (this.mayContinue(left, cpu.budgetEnd - left)) return insns.find(cpu.R[EIP]);
    this.isSliceOver = true;
    return this.exitInsn;
  };

  /** Translations have changed: blocks are looked up again by what lies where now. */
  translationsFlushed(withGlobal: boolean): void {
    if (this.insns.forgetTranslations(withGlobal)) this.regions.translationsChanged();
  }

  pagesFlushed(first: number, count: number): void {
    if (this.insns.forgetPages(first, count)) this.regions.translationsChanged();
  }

  // ---- blocks

  /** The block at an offset in CS, or null. */
  lookup(eip: number): TranslationBlock | null {
    const cached = this.cached(eip);
    if (cached !== null) return cached;
    const { space } = this.insns, tb = space.findBlock(eip);
    if (tb === null) return null;
    tb.epoch = space.epoch;
    this.jumpCache[jumpCacheIndex(eip)] = tb;
    return tb;
  }

  /** The block at an offset in CS if the jump cache has it and it still lies there. */
  private cached(eip: number): TranslationBlock | null {
    const { space } = this.insns, tb = this.jumpCache[jumpCacheIndex(eip)];
    return tb.eip === eip && tb.space === space && tb.epoch === space.epoch ? tb : null;
  }

  /** Where a block goes whose target is known only at run time. */
  readonly jump = (eip: number): TranslationBlock => {
    const cached = this.cached(eip);
    if (cached !== null) return cached;
    this.stats.jumpCacheMisses++;
    this.jumpStub.eip = eip;
    return this.jumpStub;
  };

  /** Goes on at an offset in CS that is looked up; but not if nothing may run there now, since looking up a page shows. */
  private goOn(eip: number, left: number): TranslationBlock {
    const { R } = this.cpu;
    // Should the lookup leave for a device, for page tables may lie there, then all before has retired.
    R[EIP] = eip;
    R[LEFT] = 0;
    return (left > 0 ? this.lookup(eip) : null) ?? this.exitBlock;
  }

  /** Goes on where CPU state says, which may have changed in any way; or leaves for the engine, if it has to look first. */
  private goAnew(left: number): TranslationBlock {
    const { insns, cpu } = this;
    insns.followState();
    cpu.R[LEFT] = 0;
    if (this.mayContinue(left, cpu.budgetEnd - left)) return this.lookup(cpu.R[EIP]) ?? this.exitBlock;
    this.isSliceOver = true;
    return this.exitBlock;
  }

  /**
   * True if the slice, of which so many insns are left, may go on behind an insn after which events may be accepted.
   * @param retired  the count of retired insns
   */
  mayContinue(left: number, retired: number): boolean {
    const { R } = this.cpu;
    if (left <= 0 || !this.mayGoOn()) return false;
    if (R[SHADOW] !== 0) {
      // Nobody waits for the end of the shadow that STI throws: it is enough to know where it ends.
      R[SHADOW] = 0;
      this.shadowEnd = retired;
    }
    return true;
  }

  readonly side = (tb: TranslationBlock, at: number): TranslationBlock => {
    const { R } = this.cpu;
    R[EIP] = tb.eips[at];
    R[LEFT] = tb.size - at;
    tb.sideExits++;
    this.stats.sideExits++;
    this.sideExitTaken = true;
    return this.exitBlock;
  };

  /** Before blocks are run: how many insns there are for that, and whether it may not be fewer. */
  beginSlice(insns: number, isExact: boolean): void {
    this.sliceInsns = insns;
    this.isExact = isExact;
    this.isSliceOver = false;
  }

  /** What a region does that needs more than is `left`: if fewer will do it ends the slice, in front of a block that has been counted. */
  readonly short = (tb: TranslationBlock, left: number): TranslationBlock => {
    if (left === REHEARSAL) return this.exitBlock;
    if (this.isExact || left + tb.size >= this.sliceInsns) return tb.plain(left);
    const { after } = this;
    this.cpu.R[EIP] = tb.eip;
    this.isSliceOver = true;
    after.size = -tb.size;
    after.next = this.exitBlock;
    return after;
  };

  /** See `tcg/js/region-emitter.ts` for the ways. What has retired is taken from the budget by way of a pseudo block. */
  readonly leave = (region: Region, way: number, eip: number, rest: number): TranslationBlock => {
    const { after } = this;
    if (way === WAY_ASIDE) {
      const { R } = this.cpu;
      R[EIP] = eip;
      R[LEFT] = rest;
      region.sideExits++;
      this.stats.sideExits++;
      this.sideExitTaken = true;
      return this.exitBlock;
    }
    after.size = -rest | 0;
    if (way >= 0) {
      const tb = region.members[way >> 2], follower = region.followers[way >> 2], link = way & 3;
      region.exits[way]++;
      after.next = link === WAY_SELF ? tb : follower !== null ? follower : link === 0 ? tb.next : tb.taken;
    } else {
      after.next = way === WAY_JUMP ? this.jump(eip) : this.anewBlock;
    }
    return after;
  };

  /** True if the last block left by a side exit; forgets it. */
  takeSideExit(): boolean {
    const taken = this.sideExitTaken;
    this.sideExitTaken = false;
    return taken;
  }

  /**
   * A block has left in front of an insn. If that is because the case it was translated for is not what happens there, its
   * blocks are made anew without the assumption. `retired` is the count of retired insns.
   */
  noteLeave(insn: Insn, retired: number): void {
    if (!insn.isTrusted || (insn.form?.def.speculative !== true && !insn.mode.paging)) return;
    if (insn.leaves === 0) insn.leavesSince = retired | 0;
    if (++insn.leaves < LEAVES) return;
    insn.leaves = 0;
    if (((retired - insn.leavesSince) | 0) >= LEAVES * INSNS_PER_LEAVE) return;
    insn.isTrusted = false;
    const { space } = this.insns;
    for (const tb of this.blocks) if (tb.space === space && tb.eips.includes(insn.eip)) this.drop(tb, FEW_RUNS);
  }

  /**
   * `run` of a link stub: finds the target, chains it, and goes there. A stub that may not be chained remembers the target,
   * which holds as long as no page is known to have moved.
   */
  private readonly followLink = (stub: TranslationBlock, left: number): TranslationBlock => {
    const last = stub.next;
    if (last.isValid && last.epoch === last.space?.epoch) return last;
    const { owner } = stub, tb = this.goOn(stub.eip, left);
    this.stats.linkMisses++;
    if (tb !== this.exitBlock && owner !== null && owner.isValid && this.options.chaining) {
      if (this.mayChain(owner, tb)) {
        link(owner, stub.slot, tb);
        this.stats.linksChained++;
      } else {
        stub.next = tb;
      }
    }
    return tb;
  };

  /** Under paging only blocks of one page are chained: where another page lies may change (invariant E2). */
  private mayChain(from: TranslationBlock, to: TranslationBlock): boolean {
    const { csBase: base, mode } = this.insns.space;
    return !mode.paging || (base + from.eip) >>> 12 === (base + to.eip) >>> 12;
  }

  /** A block has run often enough to be translated: at once, or with others, or when it has gone on for a while. Says whether it is. */
  warm(start: Insn): boolean {
    const { threshold, maxBlocks } = this.options, { space } = this.insns, { wanted } = space, block = { start, unitState: unitStateOf(this.cpu.R) };
    const isWaiting = this.emission.isForBatches && threshold > HASTY_THRESHOLD && !wanted.some((one) => one.start === start);
    if (isWaiting && wanted.push(block) < Math.min(BATCH_BLOCKS, maxBlocks)) {
      this.insns.setHeat(start, start.heat - (threshold >> PATIENCE_SHIFT));
      return false;
    }
    const others = wanted.filter((one) => one.start !== start && this.isStillWanted(one));
    wanted.length = 0;
    return this.translate([block, ...others]);
  }

  /** Somebody wants to hear of every block, or count its runs. */
  private get isWatched(): boolean {
    const { inspect, observer } = this.options;
    return inspect || observer !== null;
  }

  private isStillWanted({ start }: WantedBlock): boolean {
    const page = this.insns.space.knownPage(start.lin), place = page?.index[start.lin & 4095] ?? 0;
    return page !== null && page.list[place] === start && page.blocks[place] === null;
  }

  /** Translates blocks; says whether the first could be, or starts with an insn that cannot be in a block. */
  private translate(wanted: readonly WantedBlock[]): boolean {
    const { stats, options: { now, maxBlocks, observer } } = this, began = now();
    if (this.blocks.size + wanted.length > maxBlocks) this.flushBlocks();
    const batch: NewBlock[] = [];
    for (const { start, unitState } of wanted) {
      const insns = start.mode.watching ? [] : this.collect(start), last = insns.at(-1);
      if (last === undefined) this.insns.setHeat(start, HEAT_NEVER);
      else batch.push({ tb: this.newBlock(start, insns, last), insns, unitState });
    }
    this.emission.compileBlocks(batch);
    for (const { tb, insns } of batch) {
      if (!this.isWatched) this.threaded?.addBlock(tb, insns[0], insns[insns.length - 1]);
      if (tb.page !== null) tb.page.blocks[tb.place] = tb;
      this.blocks.add(tb);
      this.codePages.addBlock(tb);
      stats.blocksTranslated++;
      stats.insnsTranslated += insns.length;
      stats.bytesTranslated += tb.length;
      stats.charsEmitted += tb.text.length;
      stats.wasmBytes += tb.wasmBytes;
    }
    stats.handlersMade = this.emission.handlerCount;
    stats.translationMs += now() - began;
    for (const { tb } of batch) observer?.blockTranslated(tb);
    return wanted[0].start.heat !== HEAT_NEVER;
  }

  /** The insns of a block: to the end of the page, the first transfer of control, or the first that must run alone. */
  private collect(start: Insn): Insn[] {
    const insns: Insn[] = [], { space } = this.insns;
    for (let insn = start; ;) {
      if (insn.length === 0 && !this.insns.decodeAhead(insn)) break;
      if (!insn.inBlock || insn.form === UNDEFINED_FORM || insn.form === TOO_LONG_FORM) break;
      if (space.mode.paging && crossesPage(insn)) break;
      insns.push(insn);
      const next = (insn.lin + insn.length) | 0;
      if (insn.ends || insns.length >= this.options.maxBlockInsns || next >>> 12 !== start.lin >>> 12) break;
      insn = space.find(insn.neip);
    }
    return insns;
  }

  /** The insns of a block again; null if they have changed, or nobody knows where their page lies now: looking that up shows. */
  private insnsOf(tb: TranslationBlock): readonly Insn[] | null {
    const start = this.insns.space.findKnown(tb.eip), insns = start === null ? [] : this.collect(start).slice(0, tb.size);
    return insns.length === tb.size && insns.every((insn, i) => insn.eip === tb.eips[i]) ? insns : null;
  }

  private newBlock(start: Insn, insns: readonly Insn[], last: Insn): TranslationBlock {
    const { space } = this.insns, tb = new TranslationBlock(unrunnable, insns.length, start.eip, space);
    tb.nextStub = this.newStub(tb, 0, last.neip);
    tb.takenStub = this.newStub(tb, 1, last.teip);
    tb.next = tb.nextStub;
    tb.taken = tb.takenStub;
    const page = space.page(start.lin);
    if (page === null) throw new InternalError("a block without a page was translated");
    tb.page = page;
    tb.place = page.index[start.lin & 4095];
    tb.phys = page.phys | (start.lin & 4095);
    tb.tailPhys = last.tailPhys;
    tb.length = last.lin + last.length - start.lin;
    tb.eips = insns.map((i) => i.eip);
    tb.serial = ++this.blockSerial;
    return tb;
  }

  private newStub(owner: TranslationBlock, slot: 0 | 1, eip: number): TranslationBlock {
    const { followLink } = this;
    const stub = new TranslationBlock(function stub(left) { return followLink(this, left); }, 0, eip, this.insns.space);
    stub.owner = owner;
    stub.slot = slot;
    stub.next = this.exitBlock;
    return stub;
  }

  // ---- invalidation

  undecode(insn: Insn): void {
    this.insns.undecode(insn);
  }

  codeWritten(phys: number, size: number): void {
    this.codePages.written(phys, size);
  }

  layoutChanged(): void {
    this.emission = this.newEmission();
    this.flushAll();
    this.threaded = this.newThreadedCode();
  }

  /** A block's code has been written over: that may go on, so it has to run the longer the oftener that was. */
  invalidate(tb: TranslationBlock): void {
    this.drop(tb, Math.max(FEW_RUNS, this.options.threshold));
  }

  /** Drops a block, to be translated again after so many runs more than the threshold, and twice as many each time. */
  private drop(tb: TranslationBlock, runs: number): void {
    if (!tb.isValid) return;
    tb.isValid = false;
    this.stats.invalidations++;
    this.threaded?.dropBlock(tb);
    unlink(tb);
    this.regions.blockDropped(tb);
    const { page, place } = tb;
    if (page !== null) {
      page.blocks[place] = null;
      const start = page.list[place];
      this.insns.setHeat(start, -Math.min(runs * 2 ** Math.min(start.invalidations++, MAX_BACKOFF), MAX_RUNS));
    }
    this.blocks.delete(tb);
    this.codePages.removeBlock(tb);
    const at = jumpCacheIndex(tb.eip);
    if (this.jumpCache[at] === tb) this.jumpCache[at] = this.exitBlock;
  }

  /** Drops all translated blocks, as TCG does when its cache is full. */
  flushBlocks(): void {
    this.stats.flushes++;
    for (const tb of this.blocks) {
      tb.isValid = false;
      this.threaded?.dropBlock(tb);
      if (tb.page !== null) tb.page.blocks[tb.place] = null;
      this.codePages.removeBlock(tb);
    }
    this.blocks.clear();
    this.regions.clear();
    this.jumpCache.fill(this.exitBlock);
  }

  /** Drops everything decoded and translated. */
  flushAll(): void {
    this.flushBlocks();
    this.codePages.clear();
    this.insns.clear();
  }

  /** Keeps the store within its bounds; called between runs of code. */
  trim(): void {
    if (this.insns.isFull) this.flushAll();
  }

  /** All valid blocks, for the inspector. */
  allBlocks(): readonly TranslationBlock[] {
    return [...this.blocks];
  }

  /** True if a link of a block is chained; for the inspector. */
  isChained(tb: TranslationBlock, slot: 0 | 1): boolean {
    return isLinked(tb, slot);
  }
}

function jumpCacheIndex(eip: number): number {
  return (eip ^ (eip >>> 12)) & (JUMP_CACHE_SIZE - 1);
}
