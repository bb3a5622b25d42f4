/** Blocks as functions of one module of WebAssembly: V8 takes less time for one of many functions than for many of one. */
import type { Expression } from "estree";
import type { EmittedBlock } from "../js/block-emitter.ts";
import type { Environment } from "../js/compile.ts";
import { int, item } from "../js/estree.ts";
import type { StateTarget } from "../js/target.ts";
import { instantiate, template } from "../js/templates.ts";
import type { WasmMemory } from "../support/webassembly.ts";
import { unsupported } from "./kinds.ts";
import type { LinkedUnit } from "./unit.ts";
import { Unit } from "./unit.ts";

/** Runs a block with so much left of the budget behind it; gives where it goes. */
export type BlockCode = (left: number) => number;

/** Where a block goes: to a direct successor, to the guest pc in the state file, on by pc and mode, or aside: this plus the place. */
export const TO_NEXT = 0, TO_TAKEN = 1, TO_JUMP = 2, TO_ANEW = 3, TO_SIDE = 4;

export class BlockUnit {
  private readonly unit: Unit;
  private readonly state: StateTarget;

  constructor(state: StateTarget, environment: Environment, memory: WasmMemory) {
    this.unit = new Unit(environment, memory, ["left"]);
    this.state = state;
  }

  /** False where there is no WebAssembly for it (`Unit.add`). */
  add(block: EmittedBlock, name: string): boolean {
    const { helpers, floats, body } = block;
    return this.unit.add({ name, helpers, floats, giveBack: (compiler, value) => compiler.giveBack(this.wordOf(value)) }, (compiler) => {
      compiler.statements(body);
      compiler.result(int(TO_NEXT));   // behind a return, for the sake of the stack
    });
  }

  /** Null if there are none, or the host has no room for their code. */
  link(): LinkedUnit | null {
    return this.unit.link();
  }

  /** A word for what the block's JavaScript returns: `tb.next`, `tb.taken`, `jump(pc)`, `ANEW_TB`, `side(tb, at)`. */
  private wordOf(value: Expression): Expression {
    switch (value.type) {
      case "MemberExpression": return int(value.property.type === "Identifier" && value.property.name === "taken" ? TO_TAKEN : TO_NEXT);
      case "ConditionalExpression": return { ...value, consequent: this.wordOf(value.consequent), alternate: this.wordOf(value.alternate) };
      case "Identifier": return int(TO_ANEW);
      case "CallExpression": {
        const name = value.callee.type === "Identifier" ? value.callee.name : "", [first, second] = value.arguments as Expression[];
        if (name === "jump") return sequence(item("R", int(this.state.wayPc)), first);
        if (name === "side") return instantiate(template(`$0 + ${TO_SIDE} | 0`).expression, [second]);
        return unsupported(`a return of ${name}()`);
      }
      default: return unsupported("a return");
    }
  }
}

/** Sets an item and gives TO_JUMP. */
function sequence(left: ReturnType<typeof item>, right: Expression): Expression {
  return { type: "SequenceExpression", expressions: [{ type: "AssignmentExpression", operator: "=", left, right }, int(TO_JUMP)] };
}
