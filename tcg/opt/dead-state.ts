/**
 * Dead state: a `set` that is overwritten before anything can see the global goes. This is what makes lazy flags cheap:
 * of all the insns that set `cc_dst`, only the last one before an exit, or before an access that may leave, still does.
 *
 * Runs backwards. A global is dead between a `set` of it and the nearest earlier point where somebody may read it.
 */
import type { Op } from "../ir/block.ts";
import { globalOf, helperOf, mayLeave } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Global } from "../ir/types.ts";
import type { Report } from "./report.ts";

const { get: GET, set: SET, get_f64: GET_F64, set_f64: SET_F64, call: CALL, env_ld8: ENV_LD8, env_ld16: ENV_LD16, env_ld32: ENV_LD32 } = OPS;

export class DeadState {
  readonly #report: Report | undefined;
  /** By place in the state file: the era in which the global became dead. It is dead as long as that era lasts. */
  readonly #deadSince: number[] = [];
  /** Grows at each op where all globals may be read; from 1, so that 0 means alive. */
  #era = 1;

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  /** True if the op is a `set` that nobody sees. Takes note of what the op reads and writes if it stays. */
  isDead(op: Op): boolean {
    const { def } = op;
    if (def === SET || def === SET_F64) {
      if (this.#isOverwritten(globalOf(op))) {
        this.#report?.("dead-state", op, "overwritten before anything reads it");
        return true;
      }
      this.#mark(globalOf(op), this.#era);
    } else if (def === GET || def === GET_F64) {
      this.#mark(globalOf(op), 0);
    } else if (seesEverything(op)) {
      this.#era++;
    } else if (def === CALL) {
      const { reads } = helperOf(op);
      if (reads !== "all") for (const g of reads) this.#mark(g, 0);
    }
    return false;
  }

  #isOverwritten({ index, type }: Global): boolean {
    return this.#deadSince[index] === this.#era && (type === "i32" || this.#deadSince[index + 1] === this.#era);
  }

  #mark({ index, type }: Global, era: number): void {
    this.#deadSince[index] = era;
    if (type === "f64") this.#deadSince[index + 1] = era;
  }
}

/** True if any global may be read at this op. */
function seesEverything(op: Op): boolean {
  const { def } = op;
  switch (def.effect) {
    case "pure":
    case "marker":
    case "write":
      return false;
    case "exit":
      return true;
    case "read":
      return def === ENV_LD8 || def === ENV_LD16 || def === ENV_LD32;
    case "call":
      return helperOf(op).reads === "all" || helperOf(op).mayFault;
    default:
      return mayLeave(op);
  }
}
