/**
 * Times guests from start to end, twice on the same machine: the first pass has all decoding, translating and compiling
 * in it; for the second the machine is put back to where it started, and only what has been derived from the code stays.
 */
import { median } from "../src/cli/bench/statistics.ts";
import type { Setting } from "./guest-run.ts";
import { GuestRun } from "./guest-run.ts";
import type { BenchGuest } from "./guests.ts";
import { timeSubjects } from "./sampling.ts";

export interface PassesRequest {
  /** Fresh machines per setting. */
  readonly runs: number;
  /** Insns to run of each guest; Infinity for all. */
  readonly maxInsns: number;
  /** False: the first pass only, which stands for both. */
  readonly isWarmWanted: boolean;
}

/** One pass over a guest. */
export interface Pass {
  /** Median of the runs. */
  readonly seconds: number;
  /** Million insns a second. */
  readonly mips: number;
  /** Seconds of each run. */
  readonly samples: readonly number[];
}

/** Figures of one guest under one setting. */
export interface Passes {
  readonly insns: number;
  readonly cold: Pass;
  readonly warm: Pass;
}

/** @returns figures by setting. @throws VmError if the guest goes astray */
export async function timePasses(guest: BenchGuest, settings: readonly Setting[], { runs, maxInsns, isWarmWanted }: PassesRequest): Promise<Passes[]> {
  const machines = settings.map((setting) => Array.from({ length: runs }, () => new GuestRun(guest, setting)));
  const time = async (title: string): Promise<number[][]> => {
    const subjects = settings.map(({ engine, paging }, i) => ({
      name: `${guest.name} ${engine}${paging ? " paging" : ""} ${title}`,
      samples: machines[i].map((m) => () => m.runTo(maxInsns)),
    }));
    const times = await timeSubjects(`${guest.name} ${title}`, subjects);
    for (const machine of machines.flat()) machine.requireDoneOrAt(maxInsns);
    return times;
  };
  const cold = await time("cold");
  if (isWarmWanted) for (const machine of machines.flat()) machine.rewind();
  const warm = isWarmWanted ? await time("warm") : cold;
  return settings.map((_, i) => ({ insns: machines[i][0].insns, cold: pass(machines[i][0].insns, cold[i]), warm: pass(machines[i][0].insns, warm[i]) }));
}

function pass(insns: number, samples: readonly number[]): Pass {
  const seconds = median(samples);
  return { seconds, mips: insns / seconds / 1e6, samples };
}
