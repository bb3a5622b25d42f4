/**
 * The decoded insns of one CPU: finds them by offset in CS, decodes them when they first run, links them, and knows the mode
 * and code segment they are found in. What an insn's handler is, is up to `Emission`.
 */
import { InternalError } from "../../tcg/support/errors.ts";
import type { Cpu } from "../x86/cpu.ts";
import { GP } from "../x86/fault.ts";
import { X86_OPCODES } from "../x86/insns/table.ts";
import type { CodeWindow } from "../x86/isa/decode.ts";
import { Decoder, MAX_INSN_BYTES } from "../x86/isa/decode.ts";
import type { Handler } from "../x86/isa/insn.ts";
import { Insn } from "../x86/isa/insn.ts";
import { classesOf, modeKey, modeOfKey } from "../x86/isa/mode.ts";
import { EXECUTE } from "../x86/mmu/page-walk.ts";
import { CS, EIP, SEG_BASE, SEG_LIMIT } from "../x86/state.ts";
import type { CodePages } from "./code-pages.ts";
import type { CodeSpaceHost, InsnPage } from "./code-space.ts";
import { CodeSpace } from "./code-space.ts";
import { NoCode } from "./exits.ts";
import type { InsnRecords } from "./insn-records.ts";
import type { Statistics } from "./statistics.ts";

/** Decoded insns kept before everything is dropped; bounds memory under guests that make code for ever. */
const MAX_INSNS = 400_000;
/** Heat of a link into another page: over every threshold, so that the engine looks up what is there. */
const HEAT_ELSEWHERE = 0x40000000;
/** Heat of a block start that cannot be translated: under every other. */
export const HEAT_NEVER = -0x40000000;
/** A power of two. */
const RECENT_SPACES = 4;

/** What the store works with. */
export interface InsnStoreParts {
  readonly stats: Statistics;
  readonly codePages: CodePages;
  readonly exitInsn: Insn;
  readonly handlerOf: (insn: Insn) => Handler;
  /** See `EngineOptions`. */
  readonly threshold: number;
}

export class InsnStore implements CodeSpaceHost {
  /** What handlers return to leave for the engine. */
  readonly exitInsn: Insn;
  /** Where insns are found now. */
  space: CodeSpace;
  isPageGlobal = false;
  private readonly cpu: Cpu;
  private readonly stats: Statistics;
  private readonly codePages: CodePages;
  private readonly handlerOf: (insn: Insn) => Handler;
  private readonly decoder: Decoder;
  private readonly threshold: number;
  private readonly window: CodeWindow = { bytes: new Uint8Array(MAX_INSN_BYTES), available: 0 };
  private readonly spaces = new Map<string, CodeSpace>();
  /** Some of them, entered lately. */
  private readonly recent: CodeSpace[] = [];
  private nextRecent = 0;
  private decodedInsns = 0;
  private solo: Insn | null = null;
  private unfinished = 0;
  private lastEpoch = 0;
  /** The insns' records for threaded code; null if there is none. */
  private records: InsnRecords | null = null;

  constructor(cpu: Cpu, { stats, codePages, exitInsn, handlerOf, threshold }: InsnStoreParts) {
    this.threshold = threshold;
    this.cpu = cpu;
    this.stats = stats;
    this.codePages = codePages;
    this.exitInsn = exitInsn;
    this.handlerOf = handlerOf;
    this.decoder = new Decoder(X86_OPCODES, (feature) => cpu.cpuid.has(feature));
    this.space = this.newSpace(0, 0, 0);
  }

  // ---- spaces

  /** Looks at the CPU's mode and code segment; to be called after anything that may have changed them. */
  enterSpace(): void {
    const { cpu } = this;
    cpu.updateWatches();
    cpu.segmentClasses = classesOf(cpu.R);
    this.followState();
  }

  /** The same where debug registers have not changed, or only come to guard less, and helpers have loaded what segments there are. */
  followState(): void {
    const { R } = this.cpu, { space, recent } = this;
    const key = modeKey(R, this.cpu.a20, this.cpu.watches, this.cpu.segmentClasses), base = R[SEG_BASE + CS], limit = R[SEG_LIMIT + CS];
    this.solo = null;
    if (isSpaceOf(space, key, base, limit)) return;
    // A program and the kernel it calls: two or three spaces take turns.
    for (let i = 0; i < recent.length; i++) {
      if (!isSpaceOf(recent[i], key, base, limit)) continue;
      this.enter(recent[i]);
      return;
    }
    const name = `${key} ${base} ${limit}`;
    let found = this.spaces.get(name);
    if (found === undefined) {
      found = this.newSpace(key, base, limit);
      this.spaces.set(name, found);
    }
    recent[this.nextRecent++ & (RECENT_SPACES - 1)] = found;
    this.enter(found);
  }

  private enter(space: CodeSpace): void {
    this.space = space;
    this.epochChanged(space);
  }

  /** See `CodeSpace.epoch`. */
  newEpoch(): number {
    return ++this.lastEpoch;
  }

  epochChanged(space: CodeSpace): void {
    if (space === this.space) this.records?.setEpochs(space.epoch, space.globalEpoch);
  }

  /** Has records written, from now on. */
  useRecords(records: InsnRecords): void {
    this.records = records;
    this.epochChanged(this.space);
  }

  private newSpace(key: number, csBase: number, csLimit: number): CodeSpace {
    return new CodeSpace(modeOfKey(key), csBase, csLimit, this);
  }

  /** Physical address of a linear address for execution, or null with the MMU holding the page fault. */
  translateCode(linear: number): number | null {
    const { cpu } = this;
    this.isPageGlobal = !cpu.mmu.isOn;
    if (this.isPageGlobal) return cpu.physical(linear, EXECUTE);
    if (!cpu.mmu.translate(linear, EXECUTE, cpu.cpl === 3, false)) return null;
    this.isPageGlobal = cpu.mmu.isGlobal;
    return cpu.mmu.physical;
  }

  insnPageOpened(page: InsnPage): void {
    this.codePages.addInsnPage(page);
  }

  /** Translations have changed: insns are looked up again by what lies where now. False if that concerns no code. */
  forgetTranslations(withGlobal: boolean): boolean {
    let isChanged = this.space.forgetTranslations(withGlobal);
    for (const space of this.spaces.values()) isChanged = space.forgetTranslations(withGlobal) || isChanged;
    return isChanged;
  }

  forgetPages(first: number, count: number): boolean {
    let isChanged = this.space.forgetPages(first, count);
    for (const space of this.spaces.values()) isChanged = space.forgetPages(first, count) || isChanged;
    return isChanged;
  }

  /** More insns are kept than should be. */
  get isFull(): boolean {
    return this.decodedInsns > MAX_INSNS || this.records?.isFull === true;
  }

  /** Drops everything decoded. */
  clear(): void {
    this.spaces.clear();
    this.recent.length = this.nextRecent = 0;
    this.decodedInsns = 0;
    this.records?.clear();
    this.space = this.newSpace(-1, 0, 0);
    this.enterSpace();
  }

  // ---- insns

  /** The insn at an offset in CS. */
  readonly find = (eip: number): Insn => this.space.find(eip);

  /** Handler of an insn that has not been decoded, or whose bytes have changed. */
  readonly undecoded: Handler = (insn) => {
    this.decode(insn);
    return insn.run(insn);
  };

  /** Handler of a solo insn: the engine executes it. */
  private readonly runSolo: Handler = (insn) => {
    this.cpu.R[EIP] = insn.eip;
    this.solo = insn;
    this.unfinished++;
    return this.exitInsn;
  };

  /** Handler of an insn whose page was not mapped when it was looked up: tries again, and faults. */
  readonly runUnmapped: Handler = (insn) => {
    if (this.space.page(insn.lin) === null) this.cpu.pageFault(insn.lin);
    const target = this.space.find(insn.eip);
    return target.run(target);
  };

  /** Handler of an insn that reaches into another page, under paging: its bytes are where they were only if that page is. */
  private readonly runAcrossPages: Handler = (insn) => {
    const { space } = this, tail = ((insn.lin | 4095) + 1) | 0;
    if (space.page(tail)?.phys !== insn.tailPhys) {
      this.codePages.forget(insn);
      return this.undecoded(insn);
    }
    this.records?.renewAcross(insn, space.epochOf(tail));
    return insn.solo ? this.runSolo(insn) : insn.exec(insn);
  };

  /** The handler that an insn may be done by without the engine, and for an insn in two pages, the epoch for which that holds; null if there is none. */
  howThreaded(insn: Insn): { readonly handler: Handler; readonly acrossUntil: number | null } | null {
    const { run } = insn, isCounting = insn.inBlock && !insn.ends;
    if (run === this.runAcrossPages) return insn.solo ? null : { handler: insn.exec, acrossUntil: this.space.epochOf((insn.lin | 4095) + 1) };
    if (run === this.runSolo) return isCounting ? { handler: insn.exec, acrossUntil: null } : null;
    return { handler: run, acrossUntil: null };
  }

  /** Handler of a link into another page. */
  private readonly runCrossing: Handler = (insn) => {
    const target = this.follow(insn);
    return target.run(target);
  };

  /** Where a link into another page leads now; any other insn is that itself. It must run next, since looking up a page shows. */
  readonly follow = (insn: Insn): Insn => {
    if (insn.heat !== HEAT_ELSEWHERE) return insn;
    const { space } = this;
    // Of a link `next` is where it leads in the epoch `imm`.
    if (space.isCurrent(insn.imm)) return insn.next;
    const target = space.find(insn.eip);
    if (target.run === this.runUnmapped) return target;
    insn.next = target;
    insn.imm = space.epochOf(target.lin);
    this.records?.writeLink(insn, target);
    return target;
  };

  /** Where a jump leads. A page that is not known is looked up when the insn runs: that shows, and it may not run. */
  readonly findTarget = (eip: number): Insn => this.space.findKnown(eip) ?? this.newCrossing(eip, (this.space.csBase + eip) | 0);

  /** The same as the address of a record. */
  readonly findRecord = (eip: number): number => {
    const { records } = this, known = this.space.findKnown(eip);
    if (records === null) throw new InternalError("a record is wanted where there are none");
    return known === null ? records.lostAt(this.newCrossing(eip, (this.space.csBase + eip) | 0)) : records.found(known, eip, this.space.epochOf(known.lin));
  };

  readonly again = (insn: Insn): Insn => {
    this.noteAgain();
    return insn;
  };

  readonly noteAgain = (): void => {
    this.unfinished++;
    this.cpu.budgetEnd--;
  };

  /** Executions since the last call that did not finish their insn. */
  takeUnfinished(): number {
    const n = this.unfinished;
    this.unfinished = 0;
    return n;
  }

  /** The solo insn that stopped the interpreter, if one did. */
  takeSolo(): Insn | null {
    const { solo } = this;
    this.solo = null;
    return solo;
  }

  /** Decodes an insn and links it to its successors. May raise a fault: the insn then stays undecoded. */
  decode(insn: Insn): void {
    // A repeated string insn that has written over itself is none any more.
    this.cpu.isRepeating = false;
    const fetched = this.fetchFirst(insn);
    if (fetched < 0) this.cpu.fault(GP, 0);
    if (fetched === 0) this.fetchFault(insn);
    if (this.decodeWindow(insn) || (this.fetchSecond(insn) && this.decodeWindow(insn))) this.link(insn);
    else this.fetchFault(insn);
  }

  /**
   * Decodes an insn that lies ahead of what runs and may never run: false if it cannot be decoded, or only by looking at
   * another page, whose accessed bit would tell.
   */
  decodeAhead(insn: Insn): boolean {
    if (this.fetchFirst(insn) <= 0) return false;
    if (!this.decodeWindow(insn) && (this.space.mode.paging || !this.fetchSecond(insn) || !this.decodeWindow(insn))) return false;
    this.link(insn);
    return true;
  }

  /** False if the window ends before the insn does. */
  private decodeWindow(insn: Insn): boolean {
    return this.decoder.decode(this.window, insn) === "ok";
  }

  /** Gives a decoded insn its handler and its links, and notes what it covers. */
  private link(insn: Insn): void {
    const { space } = this;
    this.stats.insnsDecoded++;
    this.decodedInsns++;
    const handler = this.handlerOf(insn);
    insn.next = this.linkInsn(insn, insn.neip, space);
    if (insn.form?.def.branch !== undefined) insn.tgt = this.linkInsn(insn, insn.teip, space);
    insn.run = handler;
    const page = space.page(insn.lin);
    if (page === null) throw new InternalError("an insn without a page was decoded");
    if (crossesPage(insn)) insn.tailPhys = this.translateCode((insn.lin | 4095) + 1) ?? 0;
    if (space.mode.paging && crossesPage(insn)) this.runBy(insn, this.runAcrossPages);
    else if (insn.solo) this.runBy(insn, this.runSolo);
    this.codePages.addInsn(insn, page.phys | (insn.lin & 4095), insn.tailPhys);
  }

  /** Has another handler run first, which calls the insn's own. */
  private runBy(insn: Insn, handler: Handler): void {
    insn.exec = insn.run;
    insn.run = handler;
  }

  /** Code bytes from an insn on that the limit of CS lets it have; not positive if it lies beyond. */
  private withinLimit(insn: Insn): number {
    return Math.min(MAX_INSN_BYTES, (this.space.csLimit >>> 0) - (insn.eip >>> 0) + 1);
  }

  /**
   * Fills the window with the bytes of an insn that lie in its first page; another page is not looked at before it is
   * known that it is needed. Returns how many there are: 0 if there is no memory or translation, -1 beyond the limit of CS.
   */
  private fetchFirst(insn: Insn): number {
    const { window } = this, wanted = this.withinLimit(insn);
    window.available = 0;
    if (wanted <= 0) return -1;
    this.fetch(insn.lin, Math.min(wanted, 4096 - (insn.lin & 4095)));
    return window.available;
  }

  /** Adds the bytes in the second page; false if there are none. */
  private fetchSecond(insn: Insn): boolean {
    const { window } = this, { available } = window, wanted = this.withinLimit(insn);
    if (available < 4096 - (insn.lin & 4095)) return false;
    if (available < wanted) this.fetch((insn.lin | 4095) + 1, wanted - available);
    return window.available > available;
  }

  /** Adds up to `count` bytes of one page to the window, as far as translation and memory let it. */
  private fetch(linear: number, count: number): void {
    const { window, cpu } = this, phys = this.translateCode(linear), region = phys === null ? null : cpu.memory.find(phys);
    if (phys === null || region === null) return;
    const at = (phys >>> 0) - region.base;
    for (let i = 0; i < count; i++) window.bytes[window.available++] = region.bytes[at + i];
  }

  /** The byte after the window is needed and cannot be fetched. */
  private fetchFault(insn: Insn): never {
    const { cpu } = this, next = (insn.lin + this.window.available) | 0;
    if ((insn.eip >>> 0) + this.window.available > this.space.csLimit >>> 0) cpu.fault(GP, 0);
    throw new NoCode(this.translateCode(next) ?? cpu.pageFault(next));
  }

  private linkInsn(from: Insn, eip: number, space: CodeSpace): Insn {
    const linear = (space.csBase + eip) | 0;
    if (linear >>> 12 === from.lin >>> 12) return space.find(eip);
    return this.newCrossing(eip, linear);
  }

  private newCrossing(eip: number, linear: number): Insn {
    const insn = new Insn(this.space.mode, eip, linear, this.runCrossing, this.exitInsn);
    insn.heat = HEAT_ELSEWHERE;
    insn.imm = -1;
    return insn;
  }

  /** An insn's bytes have been written over. What is there now has not run yet. */
  undecode(insn: Insn): void {
    insn.run = this.undecoded;
    insn.length = 0;
    if (insn.heat > 0) insn.heat = 0;
    this.records?.forget(insn);
  }

  /** Sets how often an insn has started a block. */
  setHeat(insn: Insn, heat: number): void {
    insn.heat = heat;
    this.records?.setRuns(insn, this.threshold - 1 - heat);
  }

  /** True for an insn of which threaded code thinks that it has started blocks so often that they are wanted. */
  isHot(insn: Insn): boolean {
    if (insn.heat === HEAT_ELSEWHERE) return false;
    insn.heat = Math.max(insn.heat, this.threshold - 1);
    return true;
  }
}

/** True if an insn's bytes reach into the next page. */
export function crossesPage(insn: Insn): boolean {
  return (insn.lin & 4095) + insn.length > 4096;
}

function isSpaceOf({ mode, csBase, csLimit }: CodeSpace, key: number, base: number, limit: number): boolean {
  return mode.key === key && csBase === base && csLimit === limit;
}
