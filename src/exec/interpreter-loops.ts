/** The loops of the interpreter in JavaScript: handlers, one after the other. */
import type { Insn } from "../x86/isa/insn.ts";
import type { InsnStore } from "./insn-store.ts";

/** Progress of an innermost loop, where an exception can still read it. */
export interface LoopState {
  /** Insns left of the loop's budget. */
  left: number;
  /** Where the loop stands. */
  insn: Insn;
}

/** Interprets up to n insns (n > 0), or until a handler leaves. */
export function interpretLoop(start: Insn, n: number, exit: Insn, state: LoopState): void {
  let i = start, left = n;
  try {
    do {
      i = i.run(i);
    } while (--left > 0 && i !== exit);
  } finally {
    state.left = left;
    state.insn = i;
  }
}

/**
 * The same for cold code: block after block, counting their starts, up to a block that has been started so often that it is
 * translated, or is to be.
 */
export function interpretColdLoop(start: Insn, n: number, insns: InsnStore, threshold: number, state: LoopState): void {
  const { exitInsn } = insns;
  let i = start, left = n;
  try {
    for (;;) {
      const current = i;
      i = i.run(i);
      if (--left <= 0 || i === exitInsn) break;
      if (current.ends) {
        if (i.heat >= threshold - 1) {
          i = insns.follow(i);
          if (i.heat >= threshold - 1) break;
        }
        i.heat++;
      }
    }
  } finally {
    state.left = left;
    state.insn = i;
  }
}
