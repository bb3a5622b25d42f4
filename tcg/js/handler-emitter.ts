/**
 * Emits an interpreter handler: `function h_add_Ev_Gv(i) { … return i.next; }`, run for one decoded insn at a time.
 *
 * Guest state stays in the state file; operands come from the insn `i`. An access tries memory directly and otherwise calls
 * the slow path, which raises faults and reaches devices.
 */
import type { Expression } from "estree";
import type { Block, Op } from "../ir/block.ts";
import { faultOf, helperOf, memOpOf } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import { InternalError } from "../support/errors.ts";
import type { Global, MemOp } from "../ir/types.ts";
import { assign, block as blockOf, call, giveBack, id, int, member, statement, when } from "./estree.ts";
import type { EmittedFunction } from "./emitter.ts";
import { Emitter, NO_HAZARDS, slotHazard } from "./emitter.ts";
import type { CheckedAccess } from "./memory-access.ts";
import { checkAccess, loadAt, slowLoad, storeAt } from "./memory-access.ts";
import type { EmitTarget } from "./target.ts";

/** Writes the body of the handler for a block that holds one insn lowered with unbound fields. */
export function emitHandler(block: Block, target: EmitTarget): EmittedFunction {
  return new HandlerEmitter(block, target).emit();
}

class HandlerEmitter extends Emitter {
  constructor(block: Block, target: EmitTarget) {
    super(block, target);
  }

  emit(): EmittedFunction {
    this.emitOps();
    return { body: this.out, names: this.names, helpers: this.helpers };
  }

  protected emitGet(op: Op, global: Global): void {
    this.hold(op, this.slot(global), slotHazard(global), false);
  }

  protected emitSet(op: Op, global: Global): void {
    const value = this.use(op.args[0]);
    this.pinSlot(global);
    this.out.push(assign(this.slot(global), value));
  }

  protected emitAccess(op: Op): void {
    const mem = memOpOf(op), address = this.useAtom(op.args[0]);
    const kind = op.def.result === "void" || mem.probe === "write" ? "write" : "read";
    if (op.def.result !== "void") {
      const access = this.check(mem, kind, address);
      if (kind === "write" && op.uses === 0) {
        // A probe for the stores that follow: a device must not see it.
        this.names.add("probeStore");
        this.out.push(when(access.failed, statement(call(id("probeStore"), [address, int(mem.bits / 8)]))));
        return;
      }
      const slow = slowLoad(mem, address);
      this.names.add(slow.name);
      const value: Expression = { type: "ConditionalExpression", test: access.failed, consequent: slow.value, alternate: loadAt(mem, access.index) };
      this.hold(op, this.nameExpression(value), NO_HAZARDS, true);
      return;
    }
    const value = this.useAtom(op.args[1]), slowName = `store${mem.bits}`;
    this.pin((h) => h.memory);
    const access = this.check(mem, kind, address);
    this.names.add(slowName);
    this.out.push(when(access.failed, statement(call(id(slowName), [address, value])), storeAt(mem, access.index, value)));
  }

  private check(mem: MemOp, kind: "read" | "write", address: Expression): CheckedAccess {
    const access = checkAccess(this.target.memory, mem, kind, address, (e) => this.nameExpression(e));
    for (const name of access.names) this.names.add(name);
    return access;
  }

  protected emitFaultIf(op: Op): void {
    const { vector, error } = faultOf(op);
    this.names.add("fault");
    const raise = statement(call(id("fault"), [int(vector), int(error ?? -1)]));
    if (this.constantOf(op.args[0]) !== null) this.out.push(raise);
    else this.out.push(when(this.conditionOf(op.args[0]), raise));
  }

  /** A handler has nowhere to leave to: it is what others leave for. */
  protected emitLeaveIf(op: Op): void {
    if (op.def === OPS.leave_if) throw new InternalError("leave_if in an interpreter handler");
    this.names.add("again");
    this.out.push(when(this.conditionOf(op.args[0]), blockOf([giveBack(call(id("again"), [id("i")]))])));
  }

  protected emitCall(op: Op): void {
    const expression = this.callHelper(op);
    if (!helperOf(op).pure) this.pinAll();
    if (op.uses > 0) this.hold(op, this.nameExpression(expression), NO_HAZARDS, true);
    else this.out.push(statement(expression));
  }

  protected emitExit(op: Op): void {
    let result: Expression;
    if (op.def === OPS.goto_tb) {
      result = member("i", op.imm === 0 ? "next" : "tgt");
    } else if (op.def === OPS.goto_tb_if) {
      const test = this.conditionOf(op.args[0]);
      result = { type: "ConditionalExpression", test, consequent: member("i", "tgt"), alternate: member("i", "next") };
    } else if (op.def === OPS.lookup_and_goto_ptr) {
      this.names.add("find");
      result = call(id("find"), [this.use(op.args[0])]);
    } else {
      this.names.add("EXIT_INSN");
      result = id("EXIT_INSN");
      if (op.def === OPS.exit_tb_if) result = { type: "ConditionalExpression", test: this.conditionOf(op.args[0]), consequent: result, alternate: member("i", "next") };
    }
    this.out.push(giveBack(result));
  }
}
