/**
 * State forwarding: a `get` after a `set` or `get` of the same global is that value, and a `set` of the value that the
 * global holds already is nothing.
 *
 * Front ends read and write guest registers insn by insn; this is what turns them into values within a block. (Copy
 * propagation needs no pass of its own: the IR has no moves, and the walk replaces operands as it meets them.)
 */
import type { Op } from "../ir/block.ts";
import { globalOf, helperOf } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { GlobalSet } from "../ir/types.ts";
import { sameValue } from "./cse.ts";
import type { Report } from "./report.ts";

const { get: GET, set: SET, call: CALL, env_st8: ENV_ST8, env_st16: ENV_ST16, env_st32: ENV_ST32 } = OPS;

export class StateForwarding {
  readonly #report: Report | undefined;
  /** The value each global holds at this point, by global index; undefined when not known. */
  #held: (Op | undefined)[] = [];

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  /** The value that stands for the op from now on: an earlier one, the op itself, or null if the op is to go. */
  visit(op: Op): Op | null {
    switch (op.def) {
      case GET: return this.#get(op);
      case SET: return this.#set(op);
      case CALL: {
        const { writes } = helperOf(op);
        if (writes === "all" || writes.length > 0) this.#forget(writes);
        return op;
      }
      case ENV_ST8:
      case ENV_ST16:
      case ENV_ST32:
        this.#forget("all");
        return op;
      default:
        return op;
    }
  }

  #get(op: Op): Op {
    const { index } = globalOf(op);
    const held = this.#held[index];
    if (held === undefined) {
      this.#held[index] = op;
      return op;
    }
    this.#report?.("forward", op, "its value is known");
    return held;
  }

  #set(op: Op): Op | null {
    const { index } = globalOf(op);
    const value = op.args[0];
    const held = this.#held[index];
    if (held !== undefined && sameValue(held, value)) {
      this.#report?.("forward", op, "it holds this value already");
      return null;
    }
    this.#held[index] = value;
    return op;
  }

  #forget(which: GlobalSet): void {
    if (which === "all") this.#held = [];
    else for (const { index } of which) this.#held[index] = undefined;
  }
}
