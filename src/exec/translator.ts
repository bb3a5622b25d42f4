/**
 * The engine's store of decoded insns and translated blocks: finds, decodes, translates, chains, invalidates.
 * Knows nothing of budgets, interrupts or exits.
 */
import { emitBlock } from "../../tcg/js/block-emitter.ts";
import type { Environment } from "../../tcg/js/compile.ts";
import { compile } from "../../tcg/js/compile.ts";
import type { EmitTarget } from "../../tcg/js/target.ts";
import { optimize } from "../../tcg/opt/pipeline.ts";
import { printBlock } from "../../tcg/text/print.ts";
import { InternalError } from "../../tcg/support/errors.ts";
import { verify } from "../../tcg/verify/verify.ts";
import type { MemoryListener } from "../mem/physical-memory.ts";
import type { Cpu } from "../x86/cpu.ts";
import { GP, GuestFault } from "../x86/fault.ts";
import { X86_OPCODES } from "../x86/insns/table.ts";
import { bindHelpers } from "../x86/helpers/define.ts";
import { HandlerFactory } from "../x86/interpret.ts";
import type { CodeWindow } from "../x86/isa/decode.ts";
import { Decoder, MAX_INSN_BYTES, TOO_LONG_FORM, UNDEFINED_FORM } from "../x86/isa/decode.ts";
import type { Handler } from "../x86/isa/insn.ts";
import { Insn } from "../x86/isa/insn.ts";
import type { Mode } from "../x86/isa/mode.ts";
import { modeKey, modeOfKey } from "../x86/isa/mode.ts";
import { CS, DR, EIP, LEFT, SEG_BASE, SEG_LIMIT } from "../x86/state.ts";
import type { TranslationListener } from "../x86/mmu/mmu.ts";
import { EXECUTE } from "../x86/mmu/page-walk.ts";
import { watchesData } from "../x86/watchpoints.ts";
import { lowerBlock } from "../x86/translate.ts";
import type { Invalidator } from "./code-pages.ts";
import { CodePages } from "./code-pages.ts";
import type { CodeSpaceHost, InsnPage } from "./code-space.ts";
import { CodeSpace } from "./code-space.ts";
import type { Callbacks } from "./environment.ts";
import { environmentOf, targetOf } from "./environment.ts";
import { NoCode } from "./exits.ts";
import type { EngineOptions } from "./options.ts";
import type { Statistics } from "./statistics.ts";
import { isLinked, link, TranslationBlock, unlink } from "./translation-block.ts";

/** Size of the pseudo block that ends the dispatch loop: more than any budget. */
const EXIT_SIZE = 0x7fffffff;
const JUMP_CACHE_SIZE = 4096;
/** Decoded insns kept before everything is dropped; bounds memory under guests that make code for ever. */
const MAX_INSNS = 400_000;
/** Heat of a block start that cannot be translated. */
const HEAT_NEVER = -0x40000000;
/** After each invalidation a block start must run twice as often before it is translated again: up to 4 << 8 times. */
const MAX_BACKOFF = 8;

/** Numbers VMs, because every emitted text must be unique in the process (see tcg/js/compile.ts). */
const vmNumbers = { next: 1 };

export class Translator implements MemoryListener, TranslationListener, Invalidator, Callbacks, CodeSpaceHost {
  /** What handlers return to leave for the engine. */
  readonly exitInsn: Insn;
  /** What blocks return to leave for the engine. */
  readonly exitBlock: TranslationBlock;
  /** Set when a block has left in front of one of its insns; R[LEFT] says how many did not retire. */
  sideExitTaken = false;
  readonly codePages: CodePages;
  private readonly cpu: Cpu;
  private readonly options: EngineOptions;
  private readonly stats: Statistics;
  private readonly decoder = new Decoder(X86_OPCODES);
  private readonly window: CodeWindow = { bytes: new Uint8Array(MAX_INSN_BYTES), available: 0 };
  private readonly urlPrefix = `tcgjs/vm${vmNumbers.next++}`;
  private readonly spaces = new Map<string, CodeSpace>();
  private space: CodeSpace;
  private readonly jumpCache: TranslationBlock[];
  private readonly blocks = new Set<TranslationBlock>();
  private blockSerial = 0;
  private decodedInsns = 0;
  private solo: Insn | null = null;
  private unfinished = 0;
  private environment: Environment;
  private flatTarget: EmitTarget;
  private handlers: HandlerFactory;

  constructor(cpu: Cpu, options: EngineOptions, stats: Statistics) {
    this.cpu = cpu;
    this.options = options;
    this.stats = stats;
    this.codePages = new CodePages(cpu.memory, this);
    const exitInsn = new Insn(modeOfKey(0), 0, 0, (i) => i, null);
    this.exitInsn = exitInsn;
    this.exitBlock = new TranslationBlock(function exit() { return this; }, EXIT_SIZE, 0, null);
    this.jumpCache = new Array<TranslationBlock>(JUMP_CACHE_SIZE).fill(this.exitBlock);
    this.flatTarget = targetOf(cpu);
    this.environment = environmentOf(cpu, this);
    this.handlers = this.newHandlers();
    this.space = this.newSpace(0, 0, 0);
    cpu.memory.addListener(this);
    cpu.mmu.listener = this;
  }

  // ---- spaces

  /** Looks at the CPU's mode and code segment; to be called after anything that may have changed them. */
  enterSpace(): void {
    const { R } = this.cpu, { space } = this;
    this.cpu.watches = (R[DR + 7] & 0xff) !== 0 && watchesData(R);
    const key = modeKey(R, this.cpu.a20), base = R[SEG_BASE + CS], limit = R[SEG_LIMIT + CS];
    this.solo = null;
    if (space.mode.key === key && space.csBase === base && space.csLimit === limit) return;
    const name = `${key} ${base} ${limit}`;
    let found = this.spaces.get(name);
    if (found === undefined) {
      found = this.newSpace(key, base, limit);
      this.spaces.set(name, found);
    }
    this.space = found;
  }

  private newSpace(key: number, csBase: number, csLimit: number): CodeSpace {
    return new CodeSpace(modeOfKey(key), csBase, csLimit, this);
  }

  /** Physical address of a linear address for execution, or null with the MMU holding the page fault. */
  translateCode(linear: number): number | null {
    const { cpu } = this;
    if (!cpu.mmu.isOn) return cpu.physical(linear, EXECUTE);
    return cpu.mmu.translate(linear, EXECUTE, cpu.cpl === 3, false) ? cpu.mmu.physical : null;
  }

  insnPageOpened(page: InsnPage): void {
    this.codePages.addInsnPage(page);
  }

  /** Translations have changed: insns and blocks are looked up again by what lies where now. */
  translationsFlushed(): void {
    for (const space of this.spaces.values()) space.forgetTranslations();
    this.space.forgetTranslations();
    this.jumpCache.fill(this.exitBlock);
  }

  translationFlushed(linear: number): void {
    for (const space of this.spaces.values()) space.forgetTranslation(linear);
    this.space.forgetTranslation(linear);
    this.jumpCache.fill(this.exitBlock);
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
    if (this.translateCode((insn.lin | 4095) + 1) !== insn.tailPhys) {
      this.codePages.forget(insn);
      return this.undecoded(insn);
    }
    return insn.solo ? this.runSolo(insn) : insn.exec(insn);
  };

  /** Handler of a link into another page: what is there is looked up each time. */
  private readonly runCrossing: Handler = (insn) => {
    const target = this.space.find(insn.eip);
    return target.run(target);
  };

  readonly again = (insn: Insn): Insn => {
    this.unfinished++;
    return insn;
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
  private decode(insn: Insn): void {
    const { space } = this;
    this.fetch(insn);
    if (this.decoder.decode(this.window, insn) === "short") this.fetchFault(insn);
    this.stats.insnsDecoded++;
    this.decodedInsns++;
    const handler = this.handlers.handlerOf(insn);
    this.stats.handlersMade = this.handlers.count;
    insn.exec = handler;
    insn.next = this.linkInsn(insn, insn.neip, space);
    if (insn.form?.def.branch !== undefined) insn.tgt = this.linkInsn(insn, insn.teip, space);
    insn.run = insn.solo ? this.runSolo : handler;
    const page = space.page(insn.lin);
    if (page === null) throw new InternalError("an insn without a page was decoded");
    if (crossesPage(insn)) {
      insn.tailPhys = this.translateCode((insn.lin | 4095) + 1) ?? 0;
      if (space.mode.paging) insn.run = this.runAcrossPages;
    }
    this.codePages.addInsn(insn, page.phys | (insn.lin & 4095), insn.tailPhys);
  }

  /** Fills the window with the code bytes at an insn, as far as limit, translation and memory let it. */
  private fetch(insn: Insn): void {
    const { space, window, cpu } = this;
    const toLimit = (space.csLimit >>> 0) - (insn.eip >>> 0) + 1;
    if (toLimit <= 0) cpu.fault(GP, 0);
    const wanted = Math.min(MAX_INSN_BYTES, toLimit);
    window.available = 0;
    let phys = this.translateCode(insn.lin) ?? cpu.pageFault(insn.lin);
    for (let i = 0; i < wanted; i++, phys++) {
      const linear = (insn.lin + i) | 0;
      if (i > 0 && (linear & 4095) === 0) {
        const next = this.translateCode(linear);
        if (next === null) break;
        phys = next;
      }
      const region = cpu.memory.find(phys);
      if (region === null) break;
      window.bytes[i] = region.bytes[(phys >>> 0) - region.base];
      window.available++;
    }
    if (window.available === 0) throw new NoCode(insn.lin);
  }

  /** The byte after the window is needed and cannot be fetched. */
  private fetchFault(insn: Insn): never {
    const { cpu } = this, next = (insn.lin + this.window.available) | 0;
    if (insn.eip + this.window.available > this.space.csLimit >>> 0) cpu.fault(GP, 0);
    if (this.translateCode(next) === null) cpu.pageFault(next);
    throw new NoCode(next);
  }

  private linkInsn(from: Insn, eip: number, space: CodeSpace): Insn {
    const linear = (space.csBase + eip) | 0;
    if (linear >>> 12 === from.lin >>> 12) return space.find(eip);
    return new Insn(space.mode, eip, linear, this.runCrossing, this.exitInsn);
  }

  undecode(insn: Insn): void {
    insn.run = this.undecoded;
    insn.length = 0;
  }

  // ---- blocks

  /** The block at an offset in CS, or null. */
  lookup(eip: number): TranslationBlock | null {
    const at = (eip ^ (eip >>> 12)) & (JUMP_CACHE_SIZE - 1), cached = this.jumpCache[at];
    if (cached.eip === eip && cached.space === this.space) return cached;
    const { space } = this, page = space.page((space.csBase + eip) | 0);
    if (page === null) return null;
    const tb = space.blocks.get(space.blockKey(page, eip));
    if (tb === undefined) return null;
    this.jumpCache[at] = tb;
    return tb;
  }

  /** Where a block goes whose target is known only at run time. */
  readonly jump = (eip: number): TranslationBlock => {
    const cached = this.jumpCache[(eip ^ (eip >>> 12)) & (JUMP_CACHE_SIZE - 1)];
    if (cached.eip === eip && cached.space === this.space) return cached;
    this.stats.jumpCacheMisses++;
    const tb = this.lookup(eip);
    if (tb !== null) return tb;
    this.cpu.R[EIP] = eip;
    return this.exitBlock;
  };

  readonly side = (tb: TranslationBlock, at: number): TranslationBlock => {
    const { R } = this.cpu;
    R[EIP] = tb.eips[at];
    R[LEFT] = tb.size - at;
    tb.sideExits++;
    this.stats.sideExits++;
    this.sideExitTaken = true;
    return this.exitBlock;
  };

  /** True if the last block left by a side exit; forgets it. */
  takeSideExit(): boolean {
    const taken = this.sideExitTaken;
    this.sideExitTaken = false;
    return taken;
  }

  /** `run` of a link stub: finds the target, chains it, and goes there. */
  private readonly followLink = (stub: TranslationBlock): TranslationBlock => {
    const { owner } = stub, tb = this.lookup(stub.eip);
    this.stats.linkMisses++;
    if (tb === null) {
      this.cpu.R[EIP] = stub.eip;
      return this.exitBlock;
    }
    if (owner !== null && owner.isValid && this.mayChain(owner, tb)) {
      link(owner, stub.slot, tb);
      this.stats.linksChained++;
    }
    return tb;
  };

  /** Under paging only blocks of one page are chained: where another page lies may change (invariant E2). */
  private mayChain(from: TranslationBlock, to: TranslationBlock): boolean {
    if (!this.options.chaining) return false;
    const base = this.space.csBase;
    return !this.space.mode.paging || (base + from.eip) >>> 12 === (base + to.eip) >>> 12;
  }

  /** Translates the block that starts at an insn; null if it starts with an insn that cannot be in a block. */
  translate(start: Insn): TranslationBlock | null {
    const began = this.options.now();
    const insns = start.mode.watching ? [] : this.collect(start);
    const last = insns.at(-1);
    if (last === undefined) {
      start.heat = HEAT_NEVER;
      return null;
    }
    if (this.blocks.size >= this.options.maxBlocks) this.flushBlocks();
    const tb = this.newBlock(start, insns, last);
    this.compileBlock(tb, insns);
    this.space.blocks.set(tb.key, tb);
    this.blocks.add(tb);
    this.codePages.addBlock(tb);
    const { stats } = this;
    stats.blocksTranslated++;
    stats.insnsTranslated += insns.length;
    stats.bytesTranslated += tb.length;
    stats.charsEmitted += tb.text.length;
    stats.translationMs += this.options.now() - began;
    this.options.observer?.blockTranslated(tb);
    return tb;
  }

  /** The insns of a block: to the end of the page, the first transfer of control, or the first that must run alone. */
  private collect(start: Insn): Insn[] {
    const insns: Insn[] = [];
    for (let insn = start; ;) {
      try {
        if (insn.length === 0) this.decode(insn);
      } catch (e) {
        if (e instanceof GuestFault || e instanceof NoCode) break;
        throw e;
      }
      if (insn.solo || insn.form === UNDEFINED_FORM || insn.form === TOO_LONG_FORM) break;
      if (this.space.mode.paging && crossesPage(insn)) break;
      insns.push(insn);
      const next = (insn.lin + insn.length) | 0;
      if (insn.ends || insns.length >= this.options.maxBlockInsns || next >>> 12 !== start.lin >>> 12) break;
      insn = this.space.find(insn.neip);
    }
    return insns;
  }

  private newBlock(start: Insn, insns: readonly Insn[], last: Insn): TranslationBlock {
    const tb = new TranslationBlock(unrunnable, insns.length, start.eip, this.space);
    tb.nextStub = this.newStub(tb, 0, last.neip);
    tb.takenStub = this.newStub(tb, 1, last.teip);
    tb.next = tb.nextStub;
    tb.taken = tb.takenStub;
    const page = this.space.page(start.lin);
    if (page === null) throw new InternalError("a block without a page was translated");
    tb.key = this.space.blockKey(page, start.eip);
    tb.phys = page.phys | (start.lin & 4095);
    tb.tailPhys = last.tailPhys;
    tb.length = last.lin + last.length - start.lin;
    tb.eips = insns.map((i) => i.eip);
    tb.serial = ++this.blockSerial;
    return tb;
  }

  private newStub(owner: TranslationBlock, slot: 0 | 1, eip: number): TranslationBlock {
    const { followLink } = this;
    const stub = new TranslationBlock(function stub() { return followLink(this); }, 0, eip, this.space);
    stub.owner = owner;
    stub.slot = slot;
    return stub;
  }

  private compileBlock(tb: TranslationBlock, insns: readonly Insn[]): void {
    const { inspect, checked, observer } = this.options;
    const name = `tb_${(insns[0].lin >>> 0).toString(16)}`;
    const block = lowerBlock(insns, name);
    if (inspect) tb.ir = printBlock(block);
    optimize(block, checked ? { check: verify } : undefined);
    if (inspect) tb.optimizedIr = printBlock(block);
    const emitted = emitBlock(block, this.targetOf(tb.space?.mode ?? insns[0].mode), insns.length);
    bindHelpers(this.environment, emitted.helpers, this.cpu);
    const compiled = compile(emitted, this.environment, {
      name, params: [], sourceUrl: `${this.urlPrefix}/${name}.${tb.serial}`, self: { name: "tb", value: tb }, checked,
    });
    tb.text = compiled.text;
    const run = compiled.fn as () => TranslationBlock;
    tb.run = run;
    if (observer?.watchesBlocks === true) tb.run = function watched() { this.executions++; observer.blockEntered(this); return run(); };
    else if (inspect) tb.run = function counted() { this.executions++; return run(); };
  }

  // ---- invalidation

  codeWritten(phys: number, size: number): void {
    this.codePages.written(phys, size);
  }

  layoutChanged(): void {
    this.flatTarget = targetOf(this.cpu);
    this.environment = environmentOf(this.cpu, this);
    this.handlers = this.newHandlers();
    this.flushAll();
  }

  invalidate(tb: TranslationBlock): void {
    if (!tb.isValid) return;
    tb.isValid = false;
    this.stats.invalidations++;
    unlink(tb);
    const { space } = tb;
    if (space !== null) {
      space.blocks.delete(tb.key);
      const start = space.find(tb.eip);
      start.heat = -(4 << Math.min(start.invalidations++, MAX_BACKOFF));
    }
    this.blocks.delete(tb);
    this.codePages.removeBlock(tb);
    const at = (tb.eip ^ (tb.eip >>> 12)) & (JUMP_CACHE_SIZE - 1);
    if (this.jumpCache[at] === tb) this.jumpCache[at] = this.exitBlock;
  }

  /** Drops all translated blocks, as TCG does when its cache is full. */
  flushBlocks(): void {
    this.stats.flushes++;
    for (const tb of this.blocks) {
      tb.isValid = false;
      this.codePages.removeBlock(tb);
    }
    this.blocks.clear();
    for (const space of [...this.spaces.values(), this.space]) space.blocks.clear();
    this.jumpCache.fill(this.exitBlock);
  }

  /** Drops everything decoded and translated. */
  flushAll(): void {
    this.flushBlocks();
    this.codePages.clear();
    this.spaces.clear();
    this.decodedInsns = 0;
    this.space = this.newSpace(-1, 0, 0);
    this.enterSpace();
  }

  /** Keeps the store within its bounds; called between runs of code. */
  trim(): void {
    if (this.decodedInsns > MAX_INSNS) this.flushAll();
  }

  private newHandlers(): HandlerFactory {
    return new HandlerFactory(this.cpu, (mode) => this.targetOf(mode), this.environment, `${this.urlPrefix}/${this.stats.flushes}`, this.options.checked);
  }

  /** How code of a mode reaches memory. */
  private targetOf(mode: Mode): EmitTarget {
    if (mode.watching) return { ...this.flatTarget, memory: { kind: "none" } };
    if (!mode.paging) return this.flatTarget;
    const { environment } = this, { softTlb } = this.cpu.mmu;
    if (!("tlbReadUser" in environment)) {
      environment.tlbReadUser = softTlb.table(false, false);
      environment.tlbWriteUser = softTlb.table(true, false);
      environment.tlbReadKernel = softTlb.table(false, true);
      environment.tlbWriteKernel = softTlb.table(true, true);
    }
    const who = mode.cpl === 3 ? "User" : "Kernel";
    return { ...this.flatTarget, memory: { kind: "tlb", read: `tlbRead${who}`, write: `tlbWrite${who}` } };
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

function crossesPage(insn: Insn): boolean {
  return (insn.lin & 4095) + insn.length > 4096;
}

function unrunnable(): never {
  throw new InternalError("this block has not been compiled");
}
