/**
 * State forwarding: a `get` after a `set` or `get` of the same global is that value, and a `set` of the value that the
 * global holds already is nothing.
 *
 * Front ends read and write guest registers insn by insn; this is what turns them into values within a block. (Copy
 * propagation needs no pass of its own: the IR has no moves, and the walk replaces operands as it meets them.)
 */
import type { Op } from "../ir/block.ts";
import { globalOf, helperOf, isConst } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Global } from "../ir/types.ts";
import { sameValue } from "./cse.ts";
import type { Report } from "./report.ts";

const { get: GET, set: SET, get_f64: GET_F64, set_f64: SET_F64, f64_from_i32: F64_FROM_I32, call: CALL, env_st8: ENV_ST8, env_st16: ENV_ST16, env_st32: ENV_ST32 } = OPS;

/** By global index: the value a global holds at this point, undefined where it is not known. */
type View = (Op | undefined)[];

export class StateForwarding {
  readonly #report: Report | undefined;
  /** Of globals that are words; of type f32; of type f64. */
  #words: View = [];
  #singles: View = [];
  #doubles: View = [];

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  /** The value that stands for the op from now on: an earlier one, the op itself, or null if the op is to go. */
  visit(op: Op): Op | null {
    switch (op.def) {
      case GET: return this.#get(op, this.#words, this.#word(globalOf(op).index));
      case SET: return this.#set(op, this.#words);
      case GET_F64: return this.#getFloat(op);
      case SET_F64: return this.#set(op, this.#floats(op));
      case CALL: {
        const { writes } = helperOf(op);
        if (writes === "all") this.#forgetAll();
        else for (const global of writes) this.#forget(global);
        return op;
      }
      case ENV_ST8:
      case ENV_ST16:
      case ENV_ST32:
        this.#forgetAll();
        return op;
      default:
        return op;
    }
  }

  #get(op: Op, view: View, known: Op | undefined): Op {
    if (known === undefined) {
      view[globalOf(op).index] = op;
      return op;
    }
    this.#report?.("forward", op, "its value is known");
    return known;
  }

  #set(op: Op, view: View): Op | null {
    const global = globalOf(op), value = op.args[0], held = view[global.index];
    if (held !== undefined && sameValue(held, value)) {
      this.#report?.("forward", op, "it holds this value already");
      return null;
    }
    this.#forget(global);
    view[global.index] = value;
    return op;
  }

  #getFloat(op: Op): Op {
    const { index, type } = globalOf(op), view = this.#floats(op), value = this.#get(op, view, view[index]);
    if (value !== op) return value;
    const low = this.#word(index), high = type === "f64" ? this.#word(index + 1) : low;
    if (low !== undefined && high !== undefined && isZero(low) && isZero(high)) {
      this.#report?.("forward", op, "its words are 0");
      op.def = F64_FROM_I32;
      op.args = [low];
      op.ref = null;
    }
    return op;
  }

  #floats(op: Op): View {
    return globalOf(op).type === "f64" ? this.#doubles : this.#singles;
  }

  /** A word's value: also 0 where it is a single that is 0, or half of a double that is. */
  #word(index: number): Op | undefined {
    return this.#words[index] ?? zeroWord(this.#singles[index]) ?? zeroWord(this.#doubles[index & ~1]);
  }

  #forget({ index, type }: Global): void {
    for (let word = index; word <= (type === "f64" ? index + 1 : index); word++) {
      this.#words[word] = undefined;
      this.#singles[word] = undefined;
    }
    this.#doubles[index & ~1] = undefined;
  }

  #forgetAll(): void {
    this.#words = [];
    this.#singles = [];
    this.#doubles = [];
  }
}

/** The words of a float that is 0. */
function zeroWord(float: Op | undefined): Op | undefined {
  return float !== undefined && float.def === F64_FROM_I32 && isZero(float.args[0]) ? float.args[0] : undefined;
}

const isZero = (op: Op): boolean => isConst(op) && op.imm === 0;
