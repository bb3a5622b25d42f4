/**
 * Dead state: a `set` that is overwritten before anything can see the global goes. This is what makes lazy flags cheap:
 * of all the insns that set `cc_dst`, only the last one before an exit, or before an access that may leave, still does.
 *
 * Runs backwards. A global is dead between a `set` of it and the nearest earlier point where somebody may read it.
 */
import type { Op } from "../ir/block.ts";
import { globalOf, helperOf, mayLeave } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { Report } from "./report.ts";

const { get: GET, set: SET, call: CALL, env_ld8: ENV_LD8, env_ld16: ENV_LD16, env_ld32: ENV_LD32 } = OPS;

export class DeadState {
  readonly #report: Report | undefined;
  /** By global index: the era in which the global became dead. It is dead as long as that era lasts. */
  readonly #deadSince: number[] = [];
  /** Grows at each op where all globals may be read; from 1, so that 0 means alive. */
  #era = 1;

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  /** True if the op is a `set` that nobody sees. Takes note of what the op reads and writes if it stays. */
  isDead(op: Op): boolean {
    const { def } = op;
    if (def === SET) {
      const { index } = globalOf(op);
      if (this.#deadSince[index] === this.#era) {
        this.#report?.("dead-state", op, "overwritten before anything reads it");
        return true;
      }
      this.#deadSince[index] = this.#era;
    } else if (def === GET) {
      this.#deadSince[globalOf(op).index] = 0;
    } else if (seesEverything(op)) {
      this.#era++;
    } else if (def === CALL) {
      const { reads } = helperOf(op);
      if (reads !== "all") for (const g of reads) this.#deadSince[g.index] = 0;
    }
    return false;
  }
}

/** True if any global may be read at this op. (`readsGlobal` of `tcg/ir/block.ts` for all globals at once.) */
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
