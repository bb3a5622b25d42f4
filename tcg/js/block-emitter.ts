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
 */
import type { Expression, Statement, VariableDeclarator } from "estree";
import type { Block, Op } from "../ir/block.ts";
import { helperOf, memOpOf } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Global, GlobalSet } from "../ir/types.ts";
import { assign, block as blockOf, call, giveBack, id, int, item, member, when, yes } from "./estree.ts";
import type { EmittedFunction } from "./emitter.ts";
import { Emitter, MEMORY_HAZARD, NO_HAZARDS, slotHazard } from "./emitter.ts";
import { isOutside, isSpecial, loadFrom, MEMORY_NAMES, storeTo } from "./memory-access.ts";
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
}

class BlockEmitter extends Emitter {
  private readonly insnCount: number;
  private readonly variables = new Map<Global, Variable>();
  private leaves = 0;

  constructor(block: Block, target: EmitTarget, insnCount: number) {
    super(block, target);
    this.insnCount = insnCount;
  }

  emit(): EmittedFunction {
    for (const op of this.block.ops) {
      if (op.def === OPS.get || op.def === OPS.set) this.variable(op.ref as Global);
    }
    this.emitOps();
    return { body: this.assemble(), names: this.names, helpers: this.helpers };
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
      v = { global, needsLoad: false, isSet: false, leftBeforeSet: false, leftAfterSet: false };
      this.variables.set(global, v);
    }
    return v;
  }

  private slot(global: Global): Expression {
    return this.itemOf("R", int(global.index));
  }

  private writeBack(global: Global): Statement {
    this.names.add("R");
    return assign(item("R", int(global.index)), id(global.name));
  }

  /** Leaves the block in front of the current insn if the condition holds. */
  private leaveIf(test: Expression): void {
    this.leaves++;
    for (const v of this.variables.values()) {
      if (v.isSet) v.leftAfterSet = true;
      else v.leftBeforeSet = true;
    }
    this.out.push(when(test, blockOf([assign(id("at"), int(this.insnIndex)), { type: "BreakStatement", label: id("leave") }])));
  }

  protected emitGet(op: Op, global: Global): void {
    const v = this.variable(global);
    if (!v.isSet) v.needsLoad = true;
    this.hold(op, id(global.name), slotHazard(global), true);
  }

  protected emitSet(op: Op, global: Global): void {
    const value = op.args[0]!, variable = this.variable(global);
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
    const mem = memOpOf(op), { memory } = this.target;
    for (const name of MEMORY_NAMES) this.names.add(name);
    const address = this.useAtom(op.args[0]);
    if (mem.probe === "read") this.leaveIf(isOutside(memory, mem, address));
    else if (mem.probe === "write") this.leaveIf(isSpecial(mem, address));
    if (op.def === OPS.guest_ld) {
      if (op.uses > 0) this.holdLoad(op, loadFrom(memory, mem, address));
      return;
    }
    const value = this.use(op.args[1]);
    this.pin((h) => h.memory);
    this.out.push(storeTo(memory, mem, address, value));
  }

  private holdLoad(op: Op, expression: Expression): void {
    // Its address may be a variable that changes before the load is used: name it then, as anything that depends on it.
    const address = op.args[0]!, e = this.constantOf(address) === null ? this.emitted(address).hazards : MEMORY_HAZARD;
    this.hold(op, expression, { ...e, memory: true }, false);
  }

  protected emitFaultIf(op: Op): void {
    if (this.constantOf(op.args[0]) !== null) this.leaveIf(yes);
    else this.leaveIf(this.conditionOf(op.args[0]));
  }

  protected emitRetryIf(op: Op): void {
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
    this.commit(helper.mayFault ? "all" : helper.reads);
    if (helper.mayFault) {
      const { pc, left } = this.target.state;
      this.out.push(assign(this.itemOf("R", int(pc)), int(this.insnPc)), assign(this.itemOf("R", int(left)), int(this.insnCount - this.insnIndex)));
    }
    if (op.uses > 0) this.hold(op, this.nameExpression(expression), NO_HAZARDS, true);
    else this.out.push({ type: "ExpressionStatement", expression });
    this.reload(helper.writes);
  }

  /** Writes variables back to the state file. */
  private commit(which: GlobalSet): void {
    for (const v of this.variables.values()) {
      if (v.isSet && (which === "all" || which.includes(v.global))) this.out.push(this.writeBack(v.global));
    }
  }

  /** Reads variables that a helper may have changed. */
  private reload(which: GlobalSet): void {
    for (const v of this.variables.values()) {
      if (which !== "all" && !which.includes(v.global)) continue;
      this.out.push(assign(id(v.global.name), this.slot(v.global)));
      v.isSet = true;
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
