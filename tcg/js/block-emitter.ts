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
import type { Variable, Views } from "./views.ts";
import { findViews } from "./views.ts";

/** Writes the body of the function for a block of `insnCount` insns. */
export function emitBlock(block: Block, target: EmitTarget, insnCount: number): EmittedFunction {
  return new BlockEmitter(block, target, insnCount).emit();
}

class BlockEmitter extends StateEmitter {
  private readonly insnCount: number;
  private leaves = 0;
  /** Variables for which a leave came before the first set, and those for which one came after it. */
  private readonly leftBeforeSet = new Set<Variable>();
  private readonly leftAfterSet = new Set<Variable>();

  constructor(block: Block, target: EmitTarget, insnCount: number) {
    super(block, target, new Map());
    this.insnCount = insnCount;
  }

  emit(): EmittedFunction {
    for (const global of globalsOf(this.block)) this.variable(global);
    findViews(this.variables);
    this.emitOps();
    return { body: this.assemble(), names: this.names, helpers: this.helpers };
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
    if (this.leaves > 0) declarators.push({ type: "VariableDeclarator", id: id("at"), init: int(0) });
    if (declarators.length > 0) body.push({ type: "VariableDeclaration", kind: "let", declarations: declarators });
    if (this.leaves === 0) return [...body, ...this.out];
    this.names.add("side");
    return [
      ...body,
      { type: "LabeledStatement", label: id("leave"), body: blockOf(this.out) },
      ...epilogue,
      giveBack(call(id("side"), [id("tb"), id("at")])),
    ];
  }

  protected leaveIf(test: Expression): void {
    this.leaves++;
    const here: Statement[] = [], seen = new Set<Views>();
    for (const v of this.variables.values()) {
      if (v.views !== null) {
        if (!seen.has(v.views)) here.push(...v.views.unfiled().map((w) => this.writeBack(w.global)));
        seen.add(v.views);
      } else if (v.isSet) {
        this.leftAfterSet.add(v);
      } else {
        this.leftBeforeSet.add(v);
      }
    }
    this.out.push(when(test, blockOf([...here, assign(id("at"), int(this.insnIndex)), { type: "BreakStatement", label: id("leave") }])));
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
      this.names.add("EXIT_TB");
      result = id("EXIT_TB");
    }
    this.commit("all");
    this.out.push(giveBack(result));
  }
}
