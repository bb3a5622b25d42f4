/**
 * Parses textual IR as `print.ts` prints it: `printBlock(parseBlock(printBlock(b)))` equals `printBlock(b)`. For tests,
 * and for dumps that are to be run again. Derives from the op table, by attribute kind, as the printer does.
 *
 * Comments run from `;` to the end of the line. Values and parameters may have any name. What is well formed but wrong
 * (an exit too many, say) is the verifier's business.
 */
import type { Ref } from "../ir/block.ts";
import { Block, Op } from "../ir/block.ts";
import { constant } from "../ir/builder.ts";
import type { AttrKind, OpDef, OpName } from "../ir/ops.ts";
import { OPS } from "../ir/ops.ts";
import type { Cond, Field, Global, Helper, MemOp } from "../ir/types.ts";
import { CONDS, memOp } from "../ir/types.ts";
import { TARGETS } from "./names.ts";
import { LineScanner } from "./scan.ts";

export { ParseError } from "./scan.ts";

/** What names in the text stand for. */
export interface ParseEnv {
  global(name: string): Global | undefined;
  field(name: string): Field | undefined;
  helper(name: string): Helper | undefined;
}

/** An environment from lists. */
export function parseEnv(
  globals: readonly Global[], helpers: readonly Helper[] = [], fields: readonly Field[] = [],
): ParseEnv {
  const byName = <T extends { readonly name: string }>(list: readonly T[]): ((name: string) => T | undefined) => {
    const map = new Map(list.map((item) => [item.name, item]));
    return (name) => map.get(name);
  };
  return { global: byName(globals), field: byName(fields), helper: byName(helpers) };
}

/**
 * Parses one block or test function; only comments and empty lines may stand around it.
 * @returns a block whose ops are neither numbered nor counted
 * Throws a ParseError that names line and column.
 */
export function parseBlock(text: string, env: ParseEnv): Block {
  const parser = new Parser(env);
  text.split("\n").forEach((line, i) => parser.line(new LineScanner(line, i + 1)));
  return parser.finish(text);
}

/** An attribute as an op holds it. */
interface Attr {
  readonly imm: number;
  readonly imm2: number;
  readonly ref: Ref;
}

const NO_ATTR: Attr = { imm: 0, imm2: 0, ref: null };
const numbers = (imm: number, imm2 = 0): Attr => ({ imm, imm2, ref: null });
const reference = (ref: Ref): Attr => ({ imm: 0, imm2: 0, ref });

/** Looks a name up, or says that it means nothing. */
function lookUp<T>(s: LineScanner, kind: string, find: (name: string) => T | undefined): T {
  const { column } = s;
  const name = s.word(`the name of a ${kind}`);
  return find(name) ?? s.fail(`there is no ${kind} ${name}`, column);
}

function targetByName(name: string): Attr | undefined {
  const index = TARGETS.findIndex((target) => target === name);
  return index < 0 ? undefined : numbers(index);
}

const MEM = /^(?:i(32)|f(32|64)|([us])(8|16))\.(read|write|none)$/;
const BITS = { 8: 8, 16: 16, 32: 32, 64: 64 } as const;
const isBits = (n: number): n is MemOp["bits"] => n in BITS;

/** Attributes in an op's name: `setcond.eq`, `guest_ld.u8.read`. */
const SUFFIX: { readonly [K in AttrKind]?: (suffix: string) => Attr | null } = {
  cond(suffix) {
    const index = CONDS.indexOf(suffix as Cond);
    return index < 0 ? null : numbers(index);
  },
  mem(suffix) {
    const found = MEM.exec(suffix);
    if (found === null) return null;
    const bits = Number(found[1] ?? found[2] ?? found[4]);
    const probe = found[5];
    if (!isBits(bits) || (probe !== "read" && probe !== "write" && probe !== "none")) return null;
    return reference(memOp(bits, probe, found[3] === "s", found[2] !== undefined));
  },
};

/** Attributes in front of the operands. */
const BEFORE: { readonly [K in AttrKind]?: (s: LineScanner, env: ParseEnv) => Attr } = {
  global: (s, env) => reference(lookUp(s, "global", (name) => env.global(name))),
  field: (s, env) => reference(lookUp(s, "field", (name) => env.field(name))),
  helper: (s, env) => reference(lookUp(s, "helper", (name) => env.helper(name))),
  target: (s) => lookUp(s, "target", targetByName),
  insn(s) {
    const pc = s.number("the pc of an insn");
    s.expect(",");
    return numbers(pc, s.number("the length of an insn"));
  },
};

/** Attributes behind the operands. */
const AFTER: { readonly [K in AttrKind]?: (s: LineScanner) => Attr } = {
  bits(s) {
    const pos = s.number("the first bit");
    s.expect(",");
    return numbers(pos, s.number("the number of bits"));
  },
  fault(s) {
    const vector = s.number("a fault vector");
    return reference(s.accept(",") ? { vector, error: s.number("an error code") } : { vector });
  },
};

class Parser {
  readonly #env: ParseEnv;
  #block: Block | null = null;
  #isClosed = false;
  readonly #values = new Map<string, Op>();

  constructor(env: ParseEnv) {
    this.#env = env;
  }

  line(s: LineScanner): void {
    if (s.atEnd) return;
    if (this.#isClosed) s.fail("expected nothing after the block");
    if (this.#block === null) this.#block = this.#header(s);
    else if (s.accept("}")) this.#isClosed = true;
    else this.#op(s, this.#block);
    s.expectEnd();
  }

  finish(text: string): Block {
    if (this.#block !== null && this.#isClosed) return this.#block;
    const lines = text.split("\n");
    return new LineScanner("", lines.length).fail(this.#block === null ? "expected block or func" : "expected }");
  }

  #header(s: LineScanner): Block {
    const { column } = s;
    const kind = s.word("block or func");
    if (kind !== "block" && kind !== "func") s.fail("expected block or func", column);
    const block = new Block(s.name("a name"));
    if (kind === "func") this.#params(s, block);
    s.expect("{");
    return block;
  }

  #params(s: LineScanner, block: Block): void {
    s.expect("(");
    while (!s.accept(")")) {
      if (block.params > 0) s.expect(",");
      const { column } = s;
      const name = s.word("the name of a parameter");
      s.expect(":");
      this.#type(s);
      const param = new Op(OPS.param, [], block.params++);
      block.ops.push(param);
      this.#define(s, name, param, column);
    }
    s.expect("->");
    this.#type(s);
  }

  #type(s: LineScanner): void {
    const { column } = s;
    if (s.word("a type") !== "i32") s.fail("only i32 is allowed here", column);
  }

  #op(s: LineScanner, block: Block): void {
    let { column } = s;
    let word = s.word("an op");
    const valueColumn = column;
    let result: string | null = null;
    if (s.accept("=")) {
      result = word;
      ({ column } = s);
      word = s.word("an op");
    }
    const dot = word.indexOf(".");
    const name = dot < 0 ? word : word.slice(0, dot);
    if (!isOpName(name) || name === "const" || name === "param") return s.fail(`there is no op ${name}`, column);
    const def = OPS[name];
    const suffix = SUFFIX[def.attr];
    let attr: Attr = NO_ATTR;
    if (suffix !== undefined) {
      attr = suffix(dot < 0 ? "" : word.slice(dot + 1)) ?? s.fail(`${name} needs one of its suffixes`, column);
    } else if (dot >= 0) {
      s.fail(`${name} has no suffixes`, column);
    }
    const op = def.variadic ? this.#call(s, def) : this.#plain(s, def, attr);
    if (op.type === "void" && result !== null) s.fail(`${name} has no result`, valueColumn);
    if (op.type !== "void" && result === null) s.fail(`${name} has a result, which needs a name`, valueColumn);
    if (result !== null) this.#define(s, result, op, valueColumn);
    block.ops.push(op);
  }

  /** Operands and attribute between commas. */
  #plain(s: LineScanner, def: OpDef, fromName: Attr): Op {
    let attr = fromName;
    let isFirst = true;
    const comma = (): void => {
      if (!isFirst) s.expect(",");
      isFirst = false;
    };
    const before = BEFORE[def.attr];
    if (before !== undefined) {
      comma();
      attr = before(s, this.#env);
    }
    const args = def.params.map(() => {
      comma();
      return this.#value(s);
    });
    const after = AFTER[def.attr];
    if (after !== undefined) {
      comma();
      attr = after(s);
    }
    return new Op(def, args, attr.imm, attr.imm2, attr.ref);
  }

  /** `helper(v1, v2)` */
  #call(s: LineScanner, def: OpDef): Op {
    const { column } = s;
    const helper = lookUp(s, "helper", (name) => this.#env.helper(name));
    const args: Op[] = [];
    s.expect("(");
    while (!s.accept(")")) {
      if (args.length > 0) s.expect(",");
      args.push(this.#value(s));
    }
    if (args.length !== helper.params.length) {
      s.fail(`${helper.name} takes ${helper.params.length} operands, here are ${args.length}`, column);
    }
    return new Op(def, args, 0, 0, helper);
  }

  #value(s: LineScanner): Op {
    const number = s.tryNumber();
    if (number !== null) return constant(number);
    const { column } = s;
    const name = s.word("a value or a number");
    return this.#values.get(name) ?? s.fail(`there is no value ${name} so far`, column);
  }

  #define(s: LineScanner, name: string, op: Op, column: number): void {
    if (this.#values.has(name)) s.fail(`there is a value ${name} already`, column);
    this.#values.set(name, op);
  }
}

function isOpName(name: string): name is OpName {
  return Object.hasOwn(OPS, name);
}
