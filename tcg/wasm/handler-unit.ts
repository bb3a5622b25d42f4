/**
 * Interpreter handlers and blocks as direct-threaded code (J. R. Bell, "Threaded Code", 1973): functions of WebAssembly over records of
 * insns in the memory. A handler does its insn, takes the address of the next record, and jumps to the function whose number
 * is in there. A translated block is an insn of its own kind, whose record names the block's function. The budget of insns goes from one to the next; whatever wants somebody else's attention gives back the address of
 * the record where it stands.
 */
import type { Expression } from "estree";
import type { Helper, Type } from "../ir/types.ts";
import type { Environment } from "../js/compile.ts";
import type { EmittedFunction } from "../js/emitter.ts";
import { id } from "../js/estree.ts";
import type { WasmMemory, WasmTable } from "../support/webassembly.ts";
import { TO_ANEW, TO_JUMP, TO_TAKEN } from "./block-unit.ts";
import type { CodeWriter } from "./code-writer.ts";
import { NOTHING, OP } from "./code-writer.ts";
import type { FunctionCompiler } from "./function-compiler.ts";
import { unsupported } from "./kinds.ts";
import { TYPE_OF_BLOCKS, TYPE_OF_FUNCTIONS } from "./module.ts";
import type { LinkedUnit } from "./unit.ts";
import { Unit } from "./unit.ts";

/** Where things lie, in bytes: fields of a record from its start, all else from the start of the memory. Everything is words. */
export interface ThreadLayout {
  /** Those that handlers read of an insn, by name; among them `next` and `tgt`, addresses of the records that follow. */
  readonly fields: Readonly<Record<string, number>>;
  /** Number of the function that does the insn, in the table. */
  readonly code: number;
  /** How many more times the record starts a block until somebody wants to know. */
  readonly runs: number;
  /**
   * What is left of the budget, and the record that was under way, for who is called or comes after. For a block that is 1 more,
   * and all its insns are taken from the budget.
   */
  readonly left: number;
  readonly at: number;
  /** How a block was left that somebody has to look at (block-unit.ts); 0 otherwise. */
  readonly way: number;
  /** Insns of the blocks that ran. */
  readonly blockInsns: number;
  /** Where a block leaves the pc of a jump. */
  readonly wayPc: number;
  /** Of a block's record: the number of its function in the table, and how many insns it has. */
  readonly blockCode: number;
  readonly blockSize: number;
  /** Of links between pages, and of known targets: valid in these epochs only. */
  readonly epoch: number;
  readonly globalEpoch: number;
  /** For helpers that count insns: what is left of the budget behind a block, and of the block. */
  readonly budget: number;
  readonly rest: number;
  /** Targets by pc: so many entries, a power of two, of pc, epoch, record, and a word for alignment. */
  readonly jumps: number;
  readonly jumpCount: number;
  /** The record of where there is nothing more to do. */
  readonly exit: number;
}

/** Runs from a record on, with so many insns of budget, at least one; gives the record where it stands. What is left is in the memory. */
export type ThreadCode = (record: number, left: number) => number;

const LEFT = 1;
const ENTRY_SHIFT = 4;

const runtime = (name: string, params: readonly Type[], result: Type | "void"): Helper =>
  ({ name, params, result, pure: false, reads: "all", writes: "all", mayFault: true, doc: "" });

const WORD: readonly Type[] = ["i32"], WORDS: readonly Type[] = ["i32", "i32"];
/** What handlers call besides helpers. `findRecord(pc)` and `noteAgain()` stand for their `find` and `again`. */
const CALLS = new Map([
  ...["load8", "load16", "load32", "loadForWrite8", "loadForWrite16", "loadForWrite32"].map((name) => runtime(name, WORD, "i32")),
  ...["store8", "store16", "store32", "probeStore", "fault"].map((name) => runtime(name, WORDS, "void")),
  runtime("findRecord", WORD, "i32"), runtime("noteAgain", [], "void"),
].map((helper) => [helper.name, helper]));

export class HandlerUnit {
  private readonly unit: Unit;
  private readonly layout: ThreadLayout;

  constructor(layout: ThreadLayout, environment: Environment, memory: WasmMemory, table: WasmTable) {
    this.layout = layout;
    this.unit = new Unit(environment, memory, ["i", "$left"], table);
  }

  /**
   * Adds a handler; false where there is no WebAssembly for it (`Unit.add`).
   * @param endsBlock  what follows it starts a block
   */
  add({ body, names, helpers }: EmittedFunction, name: string, endsBlock: boolean): boolean {
    const { unit, layout } = this, mayThrow = helpers.size > 0 || [...names].some((called) => CALLS.has(called));
    return unit.add({
      name, helpers: new Set([...CALLS.values(), ...helpers]), field: (field) => layout.fields[field], giveBack: (compiler, value) => this.goOn(compiler, value, endsBlock),
    }, (compiler) => {
      if (mayThrow) {
        store(compiler.code, layout.at, () => get(compiler.code, 0));
        store(compiler.code, layout.left, () => get(compiler.code, LEFT));
      }
      if ([...helpers].some(({ counts }) => counts === true)) {
        store(compiler.code, layout.budget, () => get(compiler.code, LEFT));
        store(compiler.code, layout.rest, () => compiler.code.i32Const(0));
      }
      compiler.statements(body);
      compiler.result(id("i"));   // behind a return, for the sake of the stack
    });
  }

  /** Adds what stops at a record. */
  addStop(): void {
    this.addBare("stop", ({ code }) => this.stop(code, 0));
  }

  /** Adds what goes on at a record: the way in. */
  addEntry(): void {
    this.addBare("enter", ({ code }) => this.jump(code, 0));
  }

  /** Adds what does a link into another page: field `imm` says for which epoch. */
  addLink(): void {
    const { fields } = this.layout;
    this.addBare("link", (compiler) => {
      const { code } = compiler, next = compiler.newWord();
      set(load(get(code, 0), fields["imm"]), next);
      this.isCurrent(code, next);
      code.byte(OP.if, NOTHING);
      set(load(get(code, 0), fields["next"]), next);
      this.countRun(code, next, compiler.newWord());
      code.byte(OP.if, NOTHING);
      this.stop(code, next);
      code.byte(OP.end);
      this.jump(code, next);
      code.byte(OP.end);
      this.stop(code, 0);
    });
  }

  /**
   * Adds what runs a block (block-unit.ts), if there is budget for all of it, and goes where that says. Where that wants somebody
   * else's attention, the way says so.
   */
  addBlock(): void {
    const { layout, layout: { fields } } = this;
    this.addBare("block", (compiler) => {
      const { code } = compiler, [way, next, wanted, runs] = Array.from({ length: 4 }, () => compiler.newWord());
      load(get(get(code, LEFT), 0), layout.blockSize).byte(OP.i32_sub, OP.local_tee).unsigned(next).i32Const(0).byte(OP.i32_lt_s, OP.if, NOTHING);
      this.stop(code, 0);
      code.byte(OP.end);
      set(get(code, next), LEFT);
      store(code, layout.left, () => get(code, LEFT));
      store(code, layout.at, () => get(code, 0).i32Const(1).byte(OP.i32_or));
      load(get(get(code, LEFT), 0), layout.blockCode).byte(OP.call_indirect).unsigned(TYPE_OF_BLOCKS).unsigned(0);
      set(code, way);
      store(code, layout.blockInsns, () => load(get(loadFrom(code, layout.blockInsns), 0), layout.blockSize).byte(OP.i32_add));
      get(code, way).i32Const(TO_ANEW).byte(OP.i32_ge_s, OP.if, NOTHING);
      store(code, layout.way, () => get(code, way));
      this.stop(code, 0);
      code.byte(OP.end);
      get(code, way).i32Const(TO_JUMP).byte(OP.i32_eq, OP.if, NOTHING);
      set(loadFrom(code, layout.wayPc), wanted);
      this.lookUp(compiler, wanted, next);
      code.byte(OP.else);
      load(get(code, 0), fields["tgt"]);
      load(get(code, 0), fields["next"]);
      get(code, way).i32Const(TO_TAKEN).byte(OP.i32_eq, OP.select);
      set(code, next).byte(OP.end);
      this.countRun(code, next, runs);
      get(code, LEFT).byte(OP.i32_eqz, OP.i32_or, OP.if, NOTHING);
      this.stop(code, next);
      code.byte(OP.end);
      this.jump(code, next);
    });
  }

  /** Null if there are none, or the host has no room for their code. */
  link(): LinkedUnit | null {
    return this.unit.link();
  }

  private addBare(name: string, write: (compiler: FunctionCompiler) => void): void {
    this.unit.add({ name, helpers: new Set() }, (compiler) => {
      write(compiler);
      compiler.result(id("i"));
    });
  }

  /** Behind an insn: to the record that a handler's `return` names, unless that has been wanted or the budget is used up. */
  private goOn(compiler: FunctionCompiler, value: Expression, endsBlock: boolean): void {
    const { code } = compiler, next = compiler.newWord();
    this.target(compiler, value);
    set(code, next);
    get(code, LEFT).i32Const(1).byte(OP.i32_sub, OP.local_tee).unsigned(LEFT).byte(OP.i32_eqz);
    if (endsBlock) {
      this.countRun(code, next, compiler.newWord());
      code.byte(OP.i32_or);
    }
    code.byte(OP.if, NOTHING);
    this.stop(code, next);
    code.byte(OP.end);
    this.jump(code, next);
  }

  /** Leaves on the stack the record that a handler returns: `i.next`, `i.tgt`, one or the other, `find(pc)`, `again(i)`, `EXIT_INSN`. */
  private target(compiler: FunctionCompiler, value: Expression): void {
    const { code } = compiler;
    if (value.type === "Identifier") {
      code.i32Const(this.layout.exit);
    } else if (value.type !== "CallExpression") {
      compiler.result(value);
    } else if (value.callee.type === "Identifier" && value.callee.name === "again") {
      code.byte(OP.call).unsigned(compiler.importOf(callOf("noteAgain")));
      get(code, 0);
    } else if (value.callee.type === "Identifier" && value.callee.name === "find") {
      this.find(compiler, value.arguments[0] as Expression);
    } else {
      unsupported("such a return");
    }
  }

  /** Leaves on the stack the record at a pc. */
  private find(compiler: FunctionCompiler, pc: Expression): void {
    const { code } = compiler, wanted = compiler.newWord(), found = compiler.newWord();
    compiler.result(pc);
    set(code, wanted);
    this.lookUp(compiler, wanted, found);
    get(code, found);
  }

  /** The same from one variable to another. */
  private lookUp(compiler: FunctionCompiler, wanted: number, found: number): void {
    const { layout: { jumps, jumpCount } } = this, { code } = compiler, entry = compiler.newWord();
    get(code, wanted);
    get(code, wanted).i32Const(12).byte(OP.i32_shr_u, OP.i32_xor).i32Const(jumpCount - 1).byte(OP.i32_and).i32Const(ENTRY_SHIFT).byte(OP.i32_shl);
    set(code, entry);
    load(get(code, entry), jumps);
    get(code, wanted).byte(OP.i32_eq);
    set(load(get(code, entry), jumps + 4), found);
    this.isCurrent(code, found);
    code.byte(OP.i32_and, OP.if, NOTHING);
    set(load(get(code, entry), jumps + 8), found);
    code.byte(OP.else);
    get(code, wanted).byte(OP.call).unsigned(compiler.importOf(callOf("findRecord")));
    set(code, found).byte(OP.end);
  }

  /** Counts a run of the block that starts at a record; leaves a word that is not 0 if that has been waited for. */
  private countRun(code: CodeWriter, record: number, runs: number): void {
    get(code, record);
    load(get(code, record), this.layout.runs).i32Const(1).byte(OP.i32_sub, OP.local_tee).unsigned(runs).byte(OP.i32_store, 2).unsigned(this.layout.runs);
    get(code, runs).i32Const(0).byte(OP.i32_le_s);
  }

  /** Leaves a word that is not 0 if an epoch is one of those now. */
  private isCurrent(code: CodeWriter, epoch: number): void {
    loadFrom(get(code, epoch), this.layout.epoch).byte(OP.i32_eq);
    loadFrom(get(code, epoch), this.layout.globalEpoch).byte(OP.i32_eq, OP.i32_or);
  }

  private stop(code: CodeWriter, record: number): void {
    store(code, this.layout.left, () => get(code, LEFT));
    get(code, record).byte(OP.return);
  }

  private jump(code: CodeWriter, record: number): void {
    get(code, record);
    get(code, LEFT);
    load(get(code, record), this.layout.code).byte(OP.return_call_indirect).unsigned(TYPE_OF_FUNCTIONS).unsigned(0);
  }
}

const get = (code: CodeWriter, local: number): CodeWriter => code.byte(OP.local_get).unsigned(local);
const set = (code: CodeWriter, local: number): CodeWriter => code.byte(OP.local_set).unsigned(local);
/** Loads an aligned word from so many bytes behind the address on the stack. */
const load = (code: CodeWriter, offset: number): CodeWriter => code.byte(OP.i32_load, 2).unsigned(offset);
const loadFrom = (code: CodeWriter, address: number): CodeWriter => load(code.i32Const(0), address);

function store(code: CodeWriter, address: number, value: () => void): void {
  code.i32Const(0);
  value();
  code.byte(OP.i32_store, 2).unsigned(address);
}

function callOf(name: string): Helper {
  return CALLS.get(name) ?? unsupported(`the function ${name}`);
}
