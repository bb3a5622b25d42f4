/**
 * Emits a translated block: `function tb_7c00() { … return tb.next; }`.
 *
 * Guest-state slots live in local variables of the same name, loaded at the start and written back at the end. An access
 * that fails leaves the block in front of its insn: the variables are written back as they are (nothing of the insn has
 * been committed, invariant I5) and the engine lets the interpreter do that insn.
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
 *
 * Where a block uses a slot of type f64 and the two words it is made of, only one of the two views is up to date; going over
 * to the other leads through the state file. Which one is known statically, so a leave writes back what is current there.
 */
import type { Expression, Statement, VariableDeclarator } from "estree";
import type { Block, Op } from "../ir/block.ts";
import { helperOf, isGet, isSet, memOpOf } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Global, GlobalSet, MemOp } from "../ir/types.ts";
import { overlaps } from "../ir/types.ts";
import { InternalError } from "../support/errors.ts";
import { assign, block as blockOf, call, giveBack, id, int, member, when, yes } from "./estree.ts";
import type { EmittedFunction, Hazards } from "./emitter.ts";
import { Emitter, MEMORY_HAZARD, NO_HAZARDS, slotHazard } from "./emitter.ts";
import { checkAccess, flatIndex, loadAt, storeAt } from "./memory-access.ts";
import type { EmitTarget } from "./target.ts";

/** Writes the body of the function for a block of `insnCount` insns. */
export function emitBlock(block: Block, target: EmitTarget, insnCount: number): EmittedFunction {
  return new BlockEmitter(block, target, insnCount).emit();
}

/** What happens to one slot's variable in the function. */
interface Variable {
  readonly global: Global;
  /** Its value on entry is used. */
  needsLoad: boolean;
  isSet: boolean;
  /** A leave came before the first set. */
  leftBeforeSet: boolean;
  /** A leave comes after a set. */
  leftAfterSet: boolean;
  /** The views of this slot, if the block uses more than one. */
  views: Views | null;
}

/** A double and its words, all used by the block. */
interface Views {
  readonly variables: Variable[];
  /** Which variables are up to date; with `both` the state file is too. */
  current: "f64" | "i32" | "both";
}

class BlockEmitter extends Emitter {
  private readonly insnCount: number;
  private readonly variables = new Map<Global, Variable>();
  private leaves = 0;
  /** Indices of the current insn's checked accesses, by address: an op, or a constant. */
  private readonly probed = new Map<Op | number, Expression>();
  private probedInsn = -1;

  constructor(block: Block, target: EmitTarget, insnCount: number) {
    super(block, target);
    this.insnCount = insnCount;
  }

  emit(): EmittedFunction {
    for (const op of this.block.ops) {
      if (isGet(op) || isSet(op)) this.variable(op.ref as Global);
    }
    this.findViews();
    this.emitOps();
    return { body: this.assemble(), names: this.names, helpers: this.helpers };
  }

  private findViews(): void {
    const variables = [...this.variables.values()];
    for (const double of variables) {
      if (double.global.type !== "f64") continue;
      const words = variables.filter((v) => v !== double && overlaps(v.global, double.global));
      if (words.length === 0) continue;
      const views: Views = { variables: [double, ...words], current: "both" };
      for (const v of views.variables) v.views = views;
    }
  }

  private assemble(): Statement[] {
    const declarators: VariableDeclarator[] = [], epilogue: Statement[] = [];
    for (const v of this.variables.values()) {
      if (v.leftAfterSet) {
        if (v.leftBeforeSet) v.needsLoad = true;
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

  private variable(global: Global): Variable {
    let v = this.variables.get(global);
    if (v === undefined) {
      v = { global, needsLoad: false, isSet: false, leftBeforeSet: false, leftAfterSet: false, views: null };
      this.variables.set(global, v);
    }
    return v;
  }

  private writeBack(global: Global): Statement {
    return assign(this.slot(global), id(global.name));
  }

  /** Statements that bring the state file up to date with the views of one slot. */
  private writeBackViews({ variables, current }: Views): Statement[] {
    return variables.filter((v) => v.isSet && v.global.type === current).map((v) => this.writeBack(v.global));
  }

  /** Makes a variable up to date where another view of its slot has been written. */
  private refresh({ global: { type }, views }: Variable): void {
    if (views === null || views.current === "both" || views.current === type) return;
    this.out.push(...this.writeBackViews(views));
    for (const v of views.variables) if (v.global.type === type) this.load(v);
    views.current = "both";
  }

  /** Reads a variable from the state file. */
  private load(v: Variable): void {
    this.pinSlot(v.global);
    this.out.push(assign(id(v.global.name), this.slot(v.global)));
    v.isSet = true;
  }

  /** Leaves the block in front of the current insn if the condition holds. */
  private leaveIf(test: Expression): void {
    this.leaves++;
    const here: Statement[] = [], seen = new Set<Views>();
    for (const v of this.variables.values()) {
      if (v.views !== null) {
        if (!seen.has(v.views)) here.push(...this.writeBackViews(v.views));
        seen.add(v.views);
      } else if (v.isSet) {
        v.leftAfterSet = true;
      } else {
        v.leftBeforeSet = true;
      }
    }
    this.out.push(when(test, blockOf([...here, assign(id("at"), int(this.insnIndex)), { type: "BreakStatement", label: id("leave") }])));
  }

  protected emitGet(op: Op, global: Global): void {
    const v = this.variable(global);
    this.refresh(v);
    if (!v.isSet) v.needsLoad = true;
    this.hold(op, id(global.name), slotHazard(global), true);
  }

  protected emitSet(op: Op, global: Global): void {
    const value = op.args[0], variable = this.variable(global);
    if (global.type === "i32") this.refresh(variable);   // the other word must be there too
    if (variable.views !== null) variable.views.current = global.type;
    if (this.constantOf(value) === null) {
      const e = this.emitted(value);
      if (!e.isAtom && e.remaining > 1) {
        // The variable is as good a name for the value as any.
        const { expression } = e, { remaining } = e;
        e.remaining = 0;
        this.pinSlot(global);
        e.remaining = remaining - 1;
        this.out.push(assign(id(global.name), expression));
        this.becomeVariable(value, e, global.name, global);
        variable.isSet = true;
        return;
      }
    }
    const expression = this.use(value);
    this.pinSlot(global);
    if (expression.type !== "Identifier" || expression.name !== global.name) this.out.push(assign(id(global.name), expression));
    variable.isSet = true;
  }

  protected emitAccess(op: Op): void {
    const mem = memOpOf(op), place = op.args[0];
    const address = this.useAtom(place);
    const index = this.indexOf(place, address, mem);
    if (op.def.result !== "void") {
      if (op.uses > 0) this.hold(op, loadAt(mem, index), this.loadHazards(place, index), false);
      return;
    }
    const value = this.use(op.args[1]);
    this.pin((h) => h.memory);
    this.out.push(storeAt(mem, index, value));
  }

  /** The index into memory of an access, after its check; an access without one relies on an earlier of the same insn. */
  private indexOf(place: Op, address: Expression, mem: MemOp): Expression {
    const key = this.constantOf(place) ?? place;
    if (mem.probe === "none") {
      const probed = this.probed.get(key);
      if (probed === undefined || this.probedInsn !== this.insnIndex) throw new InternalError("an access without probe follows none");
      // A flat index is made from the address anew: its variable may have changed, and the address been named, since.
      return this.target.memory.kind === "flat" ? flatIndex(this.target.memory, address) : probed;
    }
    const access = checkAccess(this.target.memory, mem, mem.probe, address, (e) => this.nameExpression(e));
    for (const name of access.names) this.names.add(name);
    this.leaveIf(access.failed);
    if (this.probedInsn !== this.insnIndex) this.probed.clear();
    this.probedInsn = this.insnIndex;
    this.probed.set(key, access.index);
    return access.index;
  }

  /** A load may be printed later than its place: what its index depends on must not have changed by then. */
  private loadHazards(place: Op, index: Expression): Hazards {
    const isAddress = this.target.memory.kind === "flat" && this.constantOf(place) === null && index.type !== "Literal";
    return isAddress ? { ...this.emitted(place).hazards, memory: true } : MEMORY_HAZARD;
  }

  protected emitFaultIf(op: Op): void {
    if (this.constantOf(op.args[0]) !== null) this.leaveIf(yes);
    else this.leaveIf(this.conditionOf(op.args[0]));
  }

  protected emitLeaveIf(op: Op): void {
    this.leaveIf(this.conditionOf(op.args[0]));
  }

  protected emitCall(op: Op): void {
    const helper = helperOf(op);
    const expression = this.callHelper(op);
    if (helper.pure) {
      this.hold(op, this.nameExpression(expression), NO_HAZARDS, true);
      return;
    }
    this.pinAll();
    this.commit(helper.mayFault ? "all" : helper.reads, helper.writes);
    if (helper.mayFault) {
      const { pc, left } = this.target.state;
      this.out.push(assign(this.itemOf("R", int(pc)), int(this.insnPc)), assign(this.itemOf("R", int(left)), int(this.insnCount - this.insnIndex)));
    }
    if (op.uses > 0) this.hold(op, this.nameExpression(expression), NO_HAZARDS, true);
    else this.out.push({ type: "ExpressionStatement", expression });
    this.reload(helper.writes);
  }

  /** Writes variables back to the state file before somebody else reads `read` and writes (parts of) `written` there. */
  private commit(read: GlobalSet, written: GlobalSet = []): void {
    for (const v of this.variables.values()) {
      if (!v.isSet || (v.views !== null && v.views.current !== v.global.type)) continue;
      // Of what spans several places, one may be written by the call and the others must last.
      const isWide = v.views !== null || v.global.type === "f64";
      if (viewsOf(v).some(({ global }) => touches(read, global) || (isWide && touches(written, global)))) this.out.push(this.writeBack(v.global));
    }
  }

  /** Reads variables that a helper may have changed. */
  private reload(which: GlobalSet): void {
    for (const v of this.variables.values()) {
      if (!viewsOf(v).some(({ global }) => touches(which, global))) continue;
      this.out.push(assign(id(v.global.name), this.slot(v.global)));
      v.isSet = true;
      if (v.views !== null) v.views.current = "both";
    }
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

const viewsOf = (v: Variable): readonly Variable[] => v.views?.variables ?? [v];
const touches = (set: GlobalSet, global: Global): boolean => set === "all" || set.some((g) => overlaps(g, global));
