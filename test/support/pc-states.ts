// Runs of a PC that can be compared with each other, insn by insn.

import type { Pc, PcOutcome } from "../../src/machine/pc.ts";

const SLICE = 1e6;

/** Runs to the end of the guest, or beyond `maxInsns`; with a line of the processor's state at every millionth insn. */
export async function runWithStates(pc: Pc, maxInsns: number): Promise<{ readonly outcome: PcOutcome; readonly states: readonly string[] }> {
  const states: string[] = [];
  for (;;) {
    const outcome = pc.run({ maxInsns: Math.ceil((pc.insns + 1) / SLICE) * SLICE - pc.insns });
    if (outcome.kind === "blocked") {
      await outcome.until;
      continue;
    }
    states.push([pc.insns, pc.clock.nowNs(), ...[...pc.vcpu.describeState()].flat()].join(" "));
    if (outcome.kind !== "budget" || pc.insns > maxInsns) return { outcome, states };
  }
}
