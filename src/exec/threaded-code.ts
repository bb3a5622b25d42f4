/**
 * The faster of the two interpreters: direct-threaded code in WebAssembly (tcg/wasm/handler-unit.ts) for what is cold but not
 * rare. Handlers that run often are compiled, some at a time; insns get records with their numbers when they run next.
 * All else is done by the handlers in JavaScript, one insn at a time, and so is what leaves in the middle. Blocks of WebAssembly run
 * in between, without a way through JavaScript, as long as they are no way into a region.
 */
import type { WasmMemory, WasmTable } from "../../tcg/support/webassembly.ts";
import { webAssembly } from "../../tcg/support/webassembly.ts";
import type { HandlerUnit, ThreadCode, ThreadLayout } from "../../tcg/wasm/handler-unit.ts";
import type { HandlerSource } from "../x86/interpret.ts";
import type { Handler, Insn } from "../x86/isa/insn.ts";
import { BLOCK, FIRST_HANDLER, LINK, NEVER, UNTRIED } from "./insn-records.ts";
import type { InsnRecords } from "./insn-records.ts";
import { TO_ANEW, TO_SIDE } from "../../tcg/wasm/block-unit.ts";
import type { LoopState } from "./interpreter-loops.ts";
import type { InsnStore } from "./insn-store.ts";
import { HEAT_NEVER } from "./insn-store.ts";
import type { EngineOptions } from "./options.ts";
import type { Statistics } from "./statistics.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** How many handlers are compiled together; further runs after which one waits no longer; up to this threshold none waits. */
const BATCH = 24, PATIENCE = 400, HASTY_THRESHOLD = 4;
/** Runs of a block until its insns get records. */
const FEW_RUNS = 8;
/** By how much the table grows. */
const TABLE_STEP = 1024;

/** What makes functions of handlers. */
export interface HandlerCompiler {
  readonly sourceOf: (handler: Handler) => HandlerSource | undefined;
  readonly unit: (layout: ThreadLayout, table: WasmTable, memory: WasmMemory) => HandlerUnit;
}

/** A handler that has run in JavaScript while threaded code could have been. */
interface Candidate {
  readonly source: HandlerSource;
  runs: number;
  /** Its number in the table; UNTRIED before it is compiled, NEVER if it cannot be. */
  code: number;
}

export class ThreadedCode {
  private readonly insns: InsnStore;
  private readonly records: InsnRecords;
  private readonly compiler: HandlerCompiler;
  private readonly memory: WasmMemory;
  private readonly stats: Statistics;
  private readonly threshold: number;
  private readonly threadThreshold: number;
  private readonly fewRuns: number;
  private readonly now: () => number;
  private readonly table: WasmTable;
  private readonly enter: ThreadCode;
  private readonly candidates = new Map<Handler, Candidate>();
  private readonly waiting: Candidate[] = [];
  private readonly blocks = new Map<TranslationBlock, ThreadedBlock>();
  /** By number in the table; one that has written over itself is still there when it is left. */
  private readonly byCode: TranslationBlock[] = [];
  private readonly freeCodes: number[] = [];
  private nextCode = FIRST_HANDLER;
  private readonly leaving: Leaving;

  private constructor(parts: ThreadedParts, table: WasmTable, enter: ThreadCode) {
    const { insns, records, compiler, memory, stats, options: { threshold, threadThreshold, now } } = parts;
    this.threadThreshold = threadThreshold;
    this.fewRuns = threadThreshold <= HASTY_THRESHOLD ? 0 : Math.min(FEW_RUNS, threshold - 2);
    this.insns = insns;
    this.records = records;
    this.compiler = compiler;
    this.memory = memory;
    this.stats = stats;
    this.threshold = threshold;
    this.now = now;
    this.leaving = parts.leaving;
    this.table = table;
    this.enter = enter;
  }

  /** Null where the host does not know tail calls, or has no room. */
  static make(parts: ThreadedParts): ThreadedCode | null {
    const { compiler, records, memory } = parts;
    if (webAssembly === undefined) return null;
    const table = new webAssembly.Table({ element: "anyfunc", initial: TABLE_STEP }), unit = compiler.unit(records.layout, table, memory);
    unit.addStop();
    unit.addLink();
    unit.addBlock();
    unit.addEntry();
    try {
      const linked = unit.link();
      if (linked === null) return null;
      const [stop, link, block, enter] = linked.functions;
      table.set(UNTRIED, stop);
      table.set(NEVER, stop);
      table.set(LINK, link);
      table.set(BLOCK, block);
      return new ThreadedCode(parts, table, enter);
    } catch {
      return null;
    }
  }

  /** Interprets up to `n` insns from `start` on, or up to a block's start that has run so often that it is translated, or is to be. */
  run(start: Insn, n: number, state: LoopState): void {
    const { records, insns, insns: { exitInsn }, enter, threshold, fewRuns } = this;
    let i = start, left = n, isInside = false, isWorth = isWorthIt(i, fewRuns);
    records.begin();
    try {
      for (;;) {
        if (records.codeOf(i) >= LINK) {
          isInside = true;
          const at = enter(i.record, left);
          isInside = false;
          left = records.left;
          i = records.insnAt(at);
          const way = records.takeWay();
          if (way !== 0) {
            const tb = this.byCode[records.blockCodeOf(i)], at = way - TO_SIDE;
            if (way !== TO_ANEW) left += tb.size - at;
            i = way === TO_ANEW ? this.leaving.anew(left) : this.leaving.aside(tb, at, left);
          }
          if (left <= 0 || i === exitInsn) break;
          if (way === TO_ANEW) continue;
          if (way === 0 && records.isAwaited(i) && insns.isHot(i)) break;
          isWorth = isWorthIt(i, fewRuns);
          if (!isWorth) i.heat++;
        }
        // What has run a few times only is not looked at before its block ends.
        let current: Insn;
        do {
          current = i;
          i = i.run(i);
          if (isWorth) this.want(current);
        } while (--left > 0 && i !== exitInsn && !isWorth && !current.ends);
        if (left <= 0 || i === exitInsn) break;
        if (current.ends) {
          if (i.heat >= threshold - 1) {
            i = insns.follow(i);
            if (i.heat >= threshold - 1) break;
          }
          isWorth = isWorthIt(i, fewRuns);
          i.heat++;
        }
      }
    } finally {
      state.left = left;
      state.insn = i;
      if (isInside) this.interrupted(state);
      this.stats.interpretedInsns -= records.takeBlockInsns();
    }
  }

  /** Somebody called from threaded code has not come back. */
  private interrupted(state: LoopState): void {
    const { records, insns: { exitInsn } } = this, { current } = records;
    state.left = records.left;
    // A block says in the state file where it stands, and how many of its insns have not retired.
    if (current === null) state.left += this.leaving.rest();
    state.insn = current ?? exitInsn;
  }

  // ---- blocks

  /** Has a block run among handlers, if it is WebAssembly. */
  addBlock(tb: TranslationBlock, start: Insn, last: Insn): void {
    if (tb.wasmBytes === 0) return;
    const code = this.freeCodes.pop() ?? this.nextCode++;
    this.reserve(code);
    this.table.set(code, tb.code);
    this.blocks.set(tb, { start, last, code });
    this.byCode[code] = tb;
    this.resumeBlock(tb);
  }

  /** The same again, after `suspendBlock`. */
  resumeBlock(tb: TranslationBlock): void {
    const block = this.blocks.get(tb);
    if (block !== undefined) tb.isThreaded = this.records.writeBlock(block.start, block.last, block.code, tb.size);
  }

  /** From now on threaded code stops where the block starts. */
  suspendBlock(tb: TranslationBlock): void {
    const block = this.blocks.get(tb);
    tb.isThreaded = false;
    if (block === undefined) return;
    this.records.forget(block.start);
    this.records.setRuns(block.start, 0);
  }

  /** The block is no more. */
  dropBlock(tb: TranslationBlock): void {
    const block = this.blocks.get(tb);
    tb.isThreaded = false;
    if (block === undefined) return;
    this.records.forget(block.start);
    this.freeCodes.push(block.code);
    this.blocks.delete(tb);
  }

  private reserve(code: number): void {
    const { table } = this;
    if (code >= table.length) table.grow(TABLE_STEP);
  }

  // ---- handlers

  /** An insn has run in JavaScript: gives it a record that says what function does it, if there is one by now. */
  private want(insn: Insn): void {
    const { records, threshold, threadThreshold } = this;
    if (records.isTried(insn)) return;
    const how = this.insns.howThreaded(insn), candidate = how === null ? null : this.candidateOf(how.handler);
    if (how === null || candidate === null) return;
    if (candidate.code === UNTRIED) {
      candidate.runs++;
      const late = candidate.runs - threadThreshold;
      if (late === 0) this.waiting.push(candidate);
      if (late >= 0 && (this.waiting.length >= BATCH || late >= PATIENCE || threadThreshold <= HASTY_THRESHOLD)) this.compile();
    }
    if (candidate.code === UNTRIED) return;
    if (how.acrossUntil === null) records.write(insn, candidate.code, threshold - 1 - insn.heat);
    else records.writeAcross(insn, candidate.code, how.acrossUntil);
  }

  private candidateOf(handler: Handler): Candidate | null {
    let candidate = this.candidates.get(handler);
    if (candidate === undefined) {
      const source = this.compiler.sourceOf(handler);
      if (source === undefined) return null;
      candidate = { source, runs: 0, code: UNTRIED };
      this.candidates.set(handler, candidate);
    }
    return candidate;
  }

  /** Makes functions of the handlers that wait. */
  private compile(): void {
    const { waiting, table, stats, now } = this, began = now(), unit = this.compiler.unit(this.records.layout, table, this.memory);
    const added = waiting.filter((candidate) => {
      const { emitted, name, endsBlock } = candidate.source, isAdded = unit.add(emitted, name, endsBlock);
      if (!isAdded) candidate.code = NEVER;
      return isAdded;
    });
    waiting.length = 0;
    const linked = unit.link();
    added.forEach((candidate, i) => {
      candidate.code = linked === null ? NEVER : this.nextCode++;
      if (linked === null) return;
      this.reserve(candidate.code);
      table.set(candidate.code, linked.functions[i]);
    });
    stats.threadedHandlers += linked === null ? 0 : added.length;
    stats.threadedBytes += linked?.bytes ?? 0;
    stats.threadedMs += now() - began;
  }
}

/** True for the start of a block that has run a few times, or runs on and on without becoming one. */
const isWorthIt = ({ heat }: Insn, fewRuns: number): boolean => heat >= fewRuns || heat < HEAT_NEVER / 2;

/** A block that runs among handlers, and the number of its function. */
interface ThreadedBlock {
  readonly start: Insn;
  readonly last: Insn;
  readonly code: number;
}

/** What follows from blocks that are left otherwise than to a successor. */
export interface Leaving {
  /** In front of the insn number `at` of a block, with so much left of the budget; gives that. */
  aside(tb: TranslationBlock, at: number, left: number): Insn;
  /** Where CPU state says; gives the insn, or `exitInsn` if the engine has to look first. */
  anew(left: number): Insn;
  /** Insns of the block that was interrupted which have not retired. */
  rest(): number;
}

/** What threaded code is made over. */
export interface ThreadedParts {
  readonly leaving: Leaving;
  readonly insns: InsnStore;
  readonly records: InsnRecords;
  readonly compiler: HandlerCompiler;
  readonly memory: WasmMemory;
  readonly stats: Statistics;
  readonly options: EngineOptions;
}
