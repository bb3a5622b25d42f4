/**
 * Emits a translated block: `function tb_7c00() { … return tb.next; }`.
 *
 *   let eax = R[0], esp = R[4], at = 0;
 *   leave: {
 *     if (esp >>> 0 > 16777212) { at = 0; break leave; }
 *     eax = dv.getInt32(esp, true);
 *     …
 *     R[0] = eax;
 *     return tb.next;
 *   }
 *   R[0] = eax;
 *   return side(tb, at);
 */
import type { Expression, Statement, VariableDeclarator } from "estree";
import type { Block, Op } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import { assign, block as blockOf, call, giveBack, id, int, member, when } from "./estree.ts";
import type { EmittedFunction } from "./emitter.ts";
import { globalsOf, StateEmitter } from "./state-emitter.ts";
import type { EmitTarget } from "./target.ts";
import { template } from "./templates.ts";
import type { Variable, Views } from "./views.ts";
import { findViews } from "./views.ts";

/** A block's function, before it is printed. */
export interface EmittedBlock extends EmittedFunction {
  readonly params: readonly string[];
  /** Variables that are floats. */
  readonly floats: ReadonlyMap<string, "f32" | "f64">;
}

/** Writes the body of the function for a block of `insnCount` insns. */
export function emitBlock(block: Block, target: EmitTarget, insnCount: number): EmittedBlock {
  return new BlockEmitter(block, target, insnCount).emit();
}

class BlockEmitter extends StateEmitter {
  private readonly insnCount: number;
  private leaves = 0;
  /** Variables for which a leave came before the first set, and those for which one came after it. */
  private readonly leftBeforeSet = new Set<Variable>();
  private readonly leftAfterSet = new Set<Variable>();
  /** Places where it leaves, in order, and those of them where views have to be written back. */
  private readonly leavePlaces: number[] = [];
  private readonly unfiled = new Map<Variable, Set<number>>();
  /** Places per insn: a string insn leaves before it has done anything, or with a part of it done. */
  private readonly perInsn: 1 | 2;
  private isRetry = false;

  constructor(block: Block, target: EmitTarget, insnCount: number) {
    super(block, target, new Map());
    this.insnCount = insnCount;
    this.perInsn = block.ops.some((op) => op.def === OPS.retry_if) ? 2 : 1;
  }

  emit(): EmittedBlock {
    for (const global of globalsOf(this.block)) this.variable(global);
    findViews(this.variables);
    this.emitOps();
    const body = this.assemble(), floats = new Map<string, "f32" | "f64">();
    for (const { global: { name, type } } of this.variables.values()) if (type !== "i32") floats.set(name, type);
    return { body, names: this.names, helpers: this.helpers, params: this.countsInsns ? ["left"] : [], floats };
  }

  private assemble(): Statement[] {
    const declarators: VariableDeclarator[] = [], epilogue: Statement[] = [];
    for (const v of this.variables.values()) {
      if (this.leftAfterSet.has(v)) {
        if (this.leftBeforeSet.has(v)) v.needsLoad = true;
        epilogue.push(this.writeBack(v.global));
      }
      declarators.push({ type: "VariableDeclarator", id: id(v.global.name), init: v.needsLoad ? this.slot(v.global) : int(0) });
    }
    const body: Statement[] = [];
    epilogue.push(...this.fileViews());
    if (this.leaves > 0) declarators.push({ type: "VariableDeclarator", id: id("at"), init: int(0) });
    if (declarators.length > 0) body.push({ type: "VariableDeclaration", kind: "let", declarations: declarators });
    if (this.leaves === 0) return [...body, ...this.out];
    this.names.add("side");
    return [
      ...body,
      { type: "LabeledStatement", label: id("leave"), body: blockOf(this.out) },
      ...epilogue,
      giveBack(call(id("side"), [id("tb"), this.perInsn === 1 ? id("at") : template("at >> 1").expression])),
    ];
  }

  /**
   * Writes views back, where they were set. (Never unset: a float that was only loaded might lose what a NaN carries. Where
   * they are set already at one of the leaves of a place, they may be written at all of them.)
   */
  private fileViews(): Statement[] {
    const byTest = new Map<string, Statement[]>();
    for (const [v, places] of this.unfiled) {
      for (const test of runs(this.leavePlaces, places)) byTest.set(test, [...(byTest.get(test) ?? []), this.writeBack(v.global)]);
    }
    return [...byTest].map(([test, writes]) => when(template(test).expression, blockOf(writes)));
  }

  protected override emitLeaveIf(op: Op): void {
    this.isRetry = op.def === OPS.retry_if;
    super.emitLeaveIf(op);
    this.isRetry = false;
  }

  protected leaveIf(test: Expression): void {
    this.leaves++;
    const seen = new Set<Views>(), place = this.insnIndex * this.perInsn + (this.isRetry ? 1 : 0);
    if (this.leavePlaces.at(-1) !== place) this.leavePlaces.push(place);
    for (const v of this.variables.values()) {
      if (v.views !== null) {
        for (const w of seen.has(v.views) ? [] : v.views.unfiled()) {
          const places = this.unfiled.get(w) ?? new Set();
          this.unfiled.set(w, places.add(place));
        }
        seen.add(v.views);
      } else if (v.isSet) {
        this.leftAfterSet.add(v);
      } else {
        this.leftBeforeSet.add(v);
      }
    }
    this.out.push(when(test, blockOf([assign(id("at"), int(place)), { type: "BreakStatement", label: id("leave") }])));
  }

  protected notRetired(): Expression {
    return int(this.insnCount - this.insnIndex);
  }

  protected emitExit(op: Op): void {
    let result: Expression;
    if (op.def === OPS.goto_tb) {
      result = member("tb", op.imm === 0 ? "next" : "taken");
    } else if (op.def === OPS.goto_tb_if) {
      const test = this.conditionOf(op.args[0]);
      result = { type: "ConditionalExpression", test, consequent: member("tb", "taken"), alternate: member("tb", "next") };
    } else if (op.def === OPS.lookup_and_goto_ptr) {
      this.names.add("jump");
      result = call(id("jump"), [this.use(op.args[0])]);
    } else if (op.def === OPS.ret) {
      result = this.use(op.args[0]);
    } else {
      this.names.add("ANEW_TB");
      result = id("ANEW_TB");
      if (op.def === OPS.exit_tb_if) result = { type: "ConditionalExpression", test: this.conditionOf(op.args[0]), consequent: result, alternate: member("tb", "next") };
    }
    this.commit("all");
    this.out.push(giveBack(result));
  }
}

/** Tests of `at` for the runs that the `chosen` make among `all`, which are in order. */
function runs(all: readonly number[], chosen: ReadonlySet<number>): string[] {
  const tests: string[] = [];
  for (let i = 0; i < all.length; i++) {
    if (!chosen.has(all[i])) continue;
    const first = i;
    while (i + 1 < all.length && chosen.has(all[i + 1])) i++;
    tests.push(i + 1 === all.length ? `at >= ${all[first]}` : `at >= ${all[first]} && at <= ${all[i]}`);
  }
  return tests;
}
