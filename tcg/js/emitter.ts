/**
 * From a block of IR to the statements of a JavaScript function. What is common to translated blocks and interpreter
 * handlers: expressions, names, the order of effects. What differs (where guest state lives, what a failing access does,
 * how control goes on) is left to `BlockEmitter` and `HandlerEmitter`.
 *
 * A pure value stays an expression until somebody uses it; used once it is printed in place, used more often it gets a
 * name. An expression that mentions something changeable (a guest register's variable, memory) is *pinned* to a name
 * before that changes: `hazards` says what an expression depends on.
 */
import type { BinaryOperator, Expression, MemberExpression, Statement } from "estree";
import type { Block } from "../ir/block.ts";
import type { Op } from "../ir/block.ts";
import { countUses, globalOf, hasEffect, helperOf, isConst, isGet, isSet } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Cond, Field, Global, Helper } from "../ir/types.ts";
import { CONDS, invert } from "../ir/types.ts";
import { InternalError } from "../support/errors.ts";
import { assign, call, declare, id, int, item, member } from "./estree.ts";
import type { EmitTarget } from "./target.ts";
import type { Template } from "./templates.ts";
import { comparison, instantiate, PREDICATES, template, templateOf } from "./templates.ts";

/** Operators of the unsigned comparisons. */
const UNSIGNED: Partial<Record<Cond, BinaryOperator>> = { ltu: "<", geu: ">=", leu: "<=", gtu: ">" };

/** What a pending expression depends on; bits 0..30 are state-file slots, the rest as named. */
export interface Hazards {
  /** Slots 0..31 and 32..63. */
  low: number;
  high: number;
  /** Any register-file slot at a run-time index. */
  env: boolean;
  memory: boolean;
}

export const NO_HAZARDS: Hazards = Object.freeze({ low: 0, high: 0, env: false, memory: false });

/** What is known of a value while the function is being written. */
export class Emitted {
  expression: Expression;
  hazards: Hazards;
  /** A name or literal: may be repeated. */
  isAtom: boolean;
  /** Uses still to come. */
  remaining: number;

  constructor(expression: Expression, hazards: Hazards, isAtom: boolean, remaining: number) {
    this.expression = expression;
    this.hazards = hazards;
    this.isAtom = isAtom;
    this.remaining = remaining;
  }
}

/** Numbers the constants of one function. */
export interface Naming {
  used: number;
}

/** The result of emission: a function body, and the free names it uses. */
export interface EmittedFunction {
  readonly body: Statement[];
  readonly names: ReadonlySet<string>;
  /**
   * Those of `names` that the function has variables of its own for. In nested loops V8 finds only late that what an outer
   * function binds is constant: after it has compiled accesses for any object of such a kind, which is looked at each time.
   */
  readonly localNames?: readonly string[];
  /** Helpers it calls; their names are among `names`. */
  readonly helpers: ReadonlySet<Helper>;
}

export abstract class Emitter {
  protected readonly target: EmitTarget;
  protected readonly block: Block;
  /** Free names of the text. */
  protected readonly names = new Set<string>();
  protected readonly helpers = new Set<Helper>();
  protected out: Statement[] = [];
  /** Number of the current insn within the block, and its pc. */
  protected insnIndex = -1;
  protected insnPc = 0;
  protected readonly values = new Map<Op, Emitted>();
  /** Values whose expression depends on something changeable. */
  private pinnable: Op[] = [];
  private readonly naming: Naming;

  constructor(block: Block, target: EmitTarget, naming: Naming = { used: 0 }) {
    this.block = block;
    this.target = target;
    this.naming = naming;
    countUses(block);
  }

  protected abstract emitGet(op: Op, global: Global): void;
  protected abstract emitSet(op: Op, global: Global): void;
  protected abstract emitAccess(op: Op): void;
  protected abstract emitFaultIf(op: Op): void;
  /** `retry_if` or `leave_if`. */
  protected abstract emitLeaveIf(op: Op): void;
  protected abstract emitCall(op: Op): void;
  protected abstract emitExit(op: Op): void;

  /** Writes all ops. */
  protected emitOps(): void {
    for (const op of this.block.ops) this.emitOp(op);
  }

  private emitOp(op: Op): void {
    if (op.uses === 0 && !hasEffect(op)) return;
    const { def } = op;
    switch (def.effect) {
      case "marker":
        this.insnIndex++;
        this.insnPc = op.imm;
        return;
      case "pure":
        return;
      case "access":
        return this.emitAccess(op);
      case "call":
        return this.emitCall(op);
      case "exit":
        return this.emitExit(op);
      case "fault":
        return def === OPS.fault_if ? this.emitFaultIf(op) : this.emitLeaveIf(op);
      case "read":
        if (isGet(op)) return this.emitGet(op, globalOf(op));
        return this.emitRead(op);
      case "write":
        if (isSet(op)) return this.emitSet(op, globalOf(op));
        return this.emitEnvStore(op);
    }
  }

  private emitRead(op: Op): void {
    const { def } = op;
    if (def === OPS.field) return this.hold(op, member("i", (op.ref as Field).name), NO_HAZARDS, false);
    if (def === OPS.param) return this.hold(op, id(`p${op.imm}`), NO_HAZARDS, true);
    const view = def === OPS.env_ld8 ? "R8" : def === OPS.env_ld16 ? "R16" : "R";
    const index = this.use(op.args[0]);
    this.hold(op, this.itemOf(view, index), { ...NO_HAZARDS, env: true }, false);
  }

  private emitEnvStore(op: Op): void {
    const view = op.def === OPS.env_st8 ? "R8" : op.def === OPS.env_st16 ? "R16" : "R";
    const index = this.use(op.args[0]), value = this.use(op.args[1]);
    this.pin((h) => h.env || (h.low | h.high) !== 0);
    this.out.push(assign(this.itemOf(view, index), value));
  }

  /** A slot in the state file. */
  protected slot(global: Global): MemberExpression {
    if (global.type === "f64") return this.itemOf("F64", int(global.index >> 1));
    return this.itemOf(global.type === "f32" ? "F32" : "R", int(global.index));
  }

  protected itemOf(array: string, index: Expression): MemberExpression {
    this.names.add(array);
    return item(array, index);
  }

  /** The expression that calls a helper. */
  protected callHelper(op: Op): Expression {
    const helper = helperOf(op);
    this.names.add(helper.name);
    this.helpers.add(helper);
    return call(id(helper.name), op.args.map((a) => this.use(a)));
  }

  // ---- values

  /** Records the expression of a value that was computed at its place. */
  protected hold(op: Op, expression: Expression, hazards: Hazards, isAtom: boolean): void {
    if (op.uses === 0) return;
    this.values.set(op, new Emitted(expression, hazards, isAtom, op.uses));
    if (hazards !== NO_HAZARDS) this.pinnable.push(op);
  }

  /** The value now is a variable of that name, until the slot changes. */
  protected becomeVariable(op: Op, e: Emitted, name: string, global: Global): void {
    e.expression = id(name);
    e.hazards = slotHazard(global);
    e.isAtom = true;
    this.pinnable.push(op);
  }

  /** Declares a constant for an expression and gives its name. */
  protected nameExpression(expression: Expression): Expression {
    const name = `v${++this.naming.used}`;
    this.out.push(declare("const", name, expression));
    return id(name);
  }

  /** The value as an expression, used once more. */
  protected use(op: Op | undefined): Expression {
    if (op === undefined) throw new InternalError("missing operand");
    if (isConst(op)) return int(op.imm);
    const e = this.emitted(op);
    if (e.remaining > 1 && !e.isAtom) this.name(e);
    e.remaining--;
    return e.expression;
  }

  /** The value as an expression that may be written down several times. */
  protected useAtom(op: Op | undefined): Expression {
    if (op === undefined) throw new InternalError("missing operand");
    if (isConst(op)) return int(op.imm);
    const e = this.emitted(op);
    if (!e.isAtom) this.name(e);
    e.remaining--;
    return e.expression;
  }

  /** Gives up one use of the value. */
  protected discard(op: Op): void {
    if (!isConst(op)) this.emitted(op).remaining--;
  }

  /** The value of a constant operand, or null. */
  protected constantOf(op: Op | undefined): number | null {
    return op !== undefined && isConst(op) ? op.imm : null;
  }

  private name(e: Emitted): void {
    e.expression = this.nameExpression(e.expression);
    e.hazards = NO_HAZARDS;
    e.isAtom = true;
  }

  /** What is known of a value; a pure one is built the first time. */
  protected emitted(op: Op): Emitted {
    let e = this.values.get(op);
    if (e === undefined) {
      e = this.build(op);
      this.values.set(op, e);
      if (e.hazards !== NO_HAZARDS) this.pinnable.push(op);
    }
    return e;
  }

  private build(op: Op): Emitted {
    if (op.def === OPS.f64_from_i32 && isConst(op.args[0])) return new Emitted(int(op.args[0].imm), NO_HAZARDS, true, op.uses);
    if (isPredicate(op)) {
      const hazards = this.hazardsOf(op.args);
      return new Emitted(this.flag(op), hazards, false, op.uses);
    }
    if (op.def === OPS.movcond) {
      const hazards = this.hazardsOf(op.args);
      return new Emitted(this.choice(op), hazards, false, op.uses);
    }
    if (op.def === OPS.movcond_f64) {
      const hazards = this.hazardsOf(op.args);
      const [x, y, t, f] = op.args;
      const consequent = this.use(t), alternate = this.use(f);
      return new Emitted({ type: "ConditionalExpression", test: this.compare(op.imm, x, y), consequent, alternate }, hazards, false, op.uses);
    }
    const hazards = this.hazardsOf(op.args);
    return new Emitted(this.fill(templateOf(op.name, op.imm, op.imm2), op.args), hazards, false, op.uses);
  }

  /** Instantiates a template with operands, naming those that occur more than once. */
  private fill(t: Template, args: readonly Op[]): Expression {
    for (const name of t.names) this.names.add(name);
    const operands = args.map((a, i) => ((t.repeated >> i) & 1 ? this.useAtom(a) : this.use(a)));
    return instantiate(t.expression, operands);
  }

  /** Union of what the operands' expressions depend on once they are used here. */
  private hazardsOf(args: readonly Op[]): Hazards {
    let low = 0, high = 0, env = false, memory = false;
    for (const a of args) {
      if (isConst(a)) continue;
      const e = this.emitted(a);
      if (e.remaining > 1 && !e.isAtom) this.name(e);
      low |= e.hazards.low;
      high |= e.hazards.high;
      env ||= e.hazards.env;
      memory ||= e.hazards.memory;
    }
    return (low | high) === 0 && !env && !memory ? NO_HAZARDS : { low, high, env, memory };
  }

  // ---- conditions

  /** The value as a JavaScript condition: true where it is not 0. */
  protected conditionOf(op: Op | undefined): Expression {
    if (op !== undefined && !isConst(op) && !this.values.has(op) && (op.uses === 1 || this.isCheap(op))) {
      if (isPredicate(op)) return this.condition(op);
      if ((op.def === OPS.and || op.def === OPS.or) && op.args.every(isBoolean)) {
        const left = this.conditionOf(op.args[0]), right = this.conditionOf(op.args[1]);
        return { type: "LogicalExpression", operator: op.def === OPS.and ? "&&" : "||", left, right };
      }
    }
    return instantiate(template("$0 !== 0").expression, [this.use(op)]);
  }

  /** A comparison of constants of the function is rather made again than kept as a number. */
  private isCheap(op: Op): boolean {
    return isPredicate(op) && op.args.every((a) => {
      const e = isConst(a) ? null : this.emitted(a);
      return e === null || (e.isAtom && e.hazards === NO_HAZARDS);
    });
  }

  private condition(op: Op): Expression {
    if (op.name in PREDICATES) return this.fill(template(PREDICATES[op.name as keyof typeof PREDICATES]), op.args);
    return this.compare(op.imm, op.args[0], op.args[1]);
  }

  protected compare(cond: number, x: Op | undefined, y: Op | undefined): Expression {
    if (x === undefined || y === undefined) throw new InternalError("missing operand");
    const constant = this.constantOf(y), operator = UNSIGNED[CONDS[cond] ?? "eq"];
    if (constant !== null && operator !== undefined) {
      // Print the constant unsigned instead of converting it each time.
      return { type: "BinaryExpression", operator, left: instantiate(template("$0 >>> 0").expression, [this.use(x)]), right: int(constant >>> 0) };
    }
    return this.fill(comparison(cond), [x, y]);
  }

  // ---- conditions as numbers: without a branch, which would often be guessed wrong

  /** A condition as 0 or 1. */
  private flag(op: Op): Expression {
    const bit = op.def === OPS.setcond ? this.decidingBit(op.imm, op.args[1]) : null;
    if (bit === null) return instantiate(template("+$0").expression, [this.condition(op)]);
    const word = bit.isSet ? "$0" : "~$0";
    return this.fill(template(bit.at === 31 ? `${word} >>> 31` : bit.at === 0 ? `${word} & 1` : `${word} >>> ${bit.at} & 1`), op.args.slice(0, 1));
  }

  /** A comparison as 0 or -1. */
  private mask(cond: number, x: Op, y: Op): Expression {
    const bit = this.decidingBit(cond, y);
    if (bit === null) return instantiate(template("-$0").expression, [this.compare(cond, x, y)]);
    const word = bit.isSet ? "$0" : "~$0";
    return this.fill(template(bit.at === 31 ? `${word} >> 31` : `${word} << ${31 - bit.at} >> 31`), [x]);
  }

  /** The one bit of a comparison's first operand that decides it, and whether it has to be set; or null. */
  private decidingBit(cond: number, y: Op): { readonly at: number; readonly isSet: boolean } | null {
    const constant = this.constantOf(y), name = CONDS[cond];
    if (constant === 0 && (name === "lt" || name === "ge")) return { at: 31, isSet: name === "lt" };
    if (constant === null || (name !== "tstne" && name !== "tsteq") || constant === 0 || (constant & (constant - 1)) !== 0) return null;
    return { at: 31 - Math.clz32(constant), isSet: name === "tstne" };
  }

  /** One of two values, by a mask. */
  private choice({ imm: cond, args: [x, y, t, f] }: Op): Expression {
    const isT = (n: number): boolean => this.constantOf(t) === n, isF = (n: number): boolean => this.constantOf(f) === n, opposite = invert(cond);
    if (isF(0)) return this.masked("$0 & $1", t, cond, x, y);
    if (isT(0)) return this.masked("$0 & $1", f, opposite, x, y);
    if (isT(-1)) return this.masked("$0 | $1", f, cond, x, y);
    if (isF(-1)) return this.masked("$0 | $1", t, opposite, x, y);
    // The one that is written down twice is rather the one that has a name.
    const isNamed = isConst(f) || this.emitted(f).isAtom, [other, twice] = isNamed ? [t, f] : [f, t];
    const mask = this.mask(isNamed ? cond : opposite, x, y), base = this.useAtom(twice);
    return instantiate(template("$0 ^ ($1 ^ $0) & $2").expression, [base, this.use(other), mask]);
  }

  private masked(source: string, value: Op, cond: number, x: Op, y: Op): Expression {
    const mask = this.mask(cond, x, y);
    return instantiate(template(source).expression, [this.use(value), mask]);
  }

  // ---- hazards

  /** Gives a name to every value still needed whose expression depends on something `affected`. */
  protected pin(affected: (h: Hazards) => boolean): void {
    const kept: Op[] = [];
    for (const op of this.pinnable) {
      const e = this.values.get(op);
      if (e === undefined || e.remaining <= 0 || e.hazards === NO_HAZARDS) continue;
      if (affected(e.hazards)) this.name(e);
      else kept.push(op);
    }
    this.pinnable = kept;
  }

  /** Names what depends on one slot. */
  protected pinSlot(global: Global): void {
    const { low, high } = slotHazard(global);
    const isRegister = global.index < 8;
    this.pin((h) => (h.low & low) !== 0 || (h.high & high) !== 0 || (isRegister && h.env));
  }

  /** Names every value that depends on anything changeable: a call may change all of it. */
  protected pinAll(): void {
    this.pin(() => true);
  }
}

/** The hazard of mentioning one slot. */
export function slotHazard(global: Global): Hazards {
  if (global.type === "f64") return { low: 0, high: 3 << (global.index & 31), env: false, memory: false };
  return global.index < 32
    ? { low: 1 << global.index, high: 0, env: false, memory: false }
    : { low: 0, high: 1 << (global.index - 32), env: false, memory: false };
}

export const MEMORY_HAZARD: Hazards = Object.freeze({ low: 0, high: 0, env: false, memory: true });

/** Is a condition first, and a number only if asked. */
function isPredicate(op: Op): boolean {
  return op.def === OPS.setcond || op.def === OPS.setcond_f64 || op.name in PREDICATES;
}

function isBoolean(op: Op): boolean {
  if (isPredicate(op)) return true;
  return (op.def === OPS.and || op.def === OPS.or) && op.args.every(isBoolean);
}
