/**
 * Times guests in two halves, each on machines that have not run before: the whole says what a run costs with all
 * translation in it, the second half how fast the code is once it is warm. Both halves of a sample are of one machine, so
 * nothing is run only to warm up.
 */
import { median } from "../src/cli/statistics.ts";
import type { BenchGuest } from "./guests.ts";
import type { Setting } from "./guest-run.ts";
import { GuestRun } from "./guest-run.ts";
import { timeSubjects } from "./sampling.ts";

export interface HalvesRequest {
  /** Fresh machines per setting. */
  readonly runs: number;
  /** Insns to run of each guest; more than it has for all. */
  readonly maxInsns: number;
}

/** Figures of one guest under one setting. */
export interface Halves {
  readonly insns: number;
  /** Of both halves; the median of the runs. */
  readonly seconds: number;
  /** Million insns a second over both halves. */
  readonly mips: number;
  /** The same over the second half. */
  readonly warmMips: number;
  /** Seconds of both halves, of each run. */
  readonly samples: readonly number[];
}

/** @returns figures by setting. @throws VmError if the guest goes astray */
export async function timeHalves(guest: BenchGuest, settings: readonly Setting[], { runs, maxInsns }: HalvesRequest): Promise<Halves[]> {
  const all = guest.retiredInsns ?? countInsns(guest), isWhole = all <= maxInsns;
  const insns = Math.min(all, maxInsns), half = Math.floor(insns / 2), goal = isWhole ? Infinity : insns;
  const machines = settings.map((setting) => Array.from({ length: runs }, () => new GuestRun(guest, setting)));
  const times = await timeSubjects(guest.name, settings.flatMap(({ engine, paging }, i) => {
    const name = `${guest.name} ${engine}${paging ? " paging" : ""}`;
    return [
      { name: `${name}, first half`, samples: machines[i].map((m) => () => m.runTo(half)) },
      { name: `${name}, second half`, samples: machines[i].map((m) => () => m.runTo(goal)) },
    ];
  }));
  for (const machine of machines.flat()) {
    if (isWhole) machine.requireDone();
    else machine.requireRunning(insns);
  }
  return settings.map((_, i) => figures(insns, insns - half, times[2 * i], times[2 * i + 1]));
}

function countInsns(guest: BenchGuest): number {
  const run = new GuestRun(guest, { engine: "jit", paging: false });
  run.runTo(Infinity);
  run.requireDone();
  return run.insns;
}

/** @param first  seconds of the first halves, by run */
function figures(insns: number, warmInsns: number, first: readonly number[], second: readonly number[]): Halves {
  const samples = first.map((s, run) => s + second[run]), seconds = median(samples);
  return { insns, seconds, mips: insns / seconds / 1e6, warmMips: warmInsns / median(second) / 1e6, samples };
}
