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
import type { GlobalSet } from "../ir/types.ts";
import { sameValue } from "./cse.ts";
import type { Report } from "./report.ts";

const { get: GET, set: SET, get_f64: GET_F64, set_f64: SET_F64, f64_from_i32: F64_FROM_I32, call: CALL, env_st8: ENV_ST8, env_st16: ENV_ST16, env_st32: ENV_ST32 } = OPS;

export class StateForwarding {
  readonly #report: Report | undefined;
  /** The value each global holds at this point, by global index; undefined when not known. */
  #held: (Op | undefined)[] = [];
  /** The same of globals of type f32, and of type f64. */
  #singles: (Op | undefined)[] = [];
  #doubles: (Op | undefined)[] = [];

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  /** The value that stands for the op from now on: an earlier one, the op itself, or null if the op is to go. */
  visit(op: Op): Op | null {
    switch (op.def) {
      case GET: return this.#get(op);
      case SET: return this.#set(op);
      case GET_F64: return globalOf(op).type === "f64" ? this.#getDouble(op) : this.#getSingle(op);
      case SET_F64: return globalOf(op).type === "f64" ? this.#setDouble(op) : this.#setSingle(op);
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
    const held = this.#held[index] ?? this.#zeroOf(index);
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
    this.#singles[index] = undefined;
    this.#doubles[index & ~1] = undefined;
    return op;
  }

  /** 0 if the word is a single that is 0, or half of a double that is. */
  #zeroOf(index: number): Op | undefined {
    return zeroWord(this.#singles[index]) ?? zeroWord(this.#doubles[index & ~1]);
  }

  #getSingle(op: Op): Op {
    const { index } = globalOf(op), held = this.#singles[index];
    if (held !== undefined) {
      this.#report?.("forward", op, "its value is known");
      return held;
    }
    this.#singles[index] = op;
    const word = this.#held[index] ?? zeroWord(this.#doubles[index & ~1]);
    if (word !== undefined && isZero(word)) this.#becomeZero(op, word);
    return op;
  }

  #setSingle(op: Op): Op | null {
    const { index } = globalOf(op), value = op.args[0];
    if (this.#singles[index] === value) {
      this.#report?.("forward", op, "it holds this value already");
      return null;
    }
    this.#singles[index] = value;
    this.#held[index] = undefined;
    this.#doubles[index & ~1] = undefined;
    return op;
  }

  #becomeZero(op: Op, zero: Op): void {
    this.#report?.("forward", op, "its words are 0");
    op.def = F64_FROM_I32;
    op.args = [zero];
    op.ref = null;
  }

  #getDouble(op: Op): Op {
    const { index } = globalOf(op), held = this.#doubles[index];
    if (held !== undefined) {
      this.#report?.("forward", op, "its value is known");
      return held;
    }
    this.#doubles[index] = op;
    const low = this.#held[index] ?? this.#zeroOf(index), high = this.#held[index + 1] ?? this.#zeroOf(index + 1);
    if (low !== undefined && high !== undefined && isZero(low) && isZero(high)) this.#becomeZero(op, low);
    return op;
  }

  #setDouble(op: Op): Op | null {
    const { index } = globalOf(op), value = op.args[0];
    if (this.#doubles[index] === value) {
      this.#report?.("forward", op, "it holds this value already");
      return null;
    }
    this.#doubles[index] = value;
    for (const word of [index, index + 1]) {
      this.#held[word] = undefined;
      this.#singles[word] = undefined;
    }
    return op;
  }

  #forget(which: GlobalSet): void {
    if (which === "all") {
      this.#held = [];
      this.#singles = [];
      this.#doubles = [];
      return;
    }
    for (const { index, type } of which) {
      for (let word = index; word <= (type === "f64" ? index + 1 : index); word++) {
        this.#held[word] = undefined;
        this.#singles[word] = undefined;
      }
      this.#doubles[index & ~1] = undefined;
    }
  }
}

/** The words of a float that is 0. */
function zeroWord(float: Op | undefined): Op | undefined {
  return float !== undefined && float.def === F64_FROM_I32 && isZero(float.args[0]) ? float.args[0] : undefined;
}

const isZero = (op: Op): boolean => isConst(op) && op.imm === 0;
