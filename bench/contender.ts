/**
 * Whoever runs the guests to be compared: this project, other emulators, the processor itself. Each run is a process of
 * its own and is timed by a clock within, from the guest's first insn to its end.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { VmError } from "../tcg/support/errors.ts";
import { median, spread } from "../src/cli/bench/statistics.ts";
import type { BenchGuest } from "./guests.ts";

export interface Contender {
  /** A word for the head of a column. */
  readonly name: string;
  readonly version: string;
  /** @param paging  with every page mapped to itself, which the guest does not know of */
  readonly canRun: (guest: BenchGuest, paging: boolean) => boolean;
  /** Runs a guest from start to end. */
  readonly run: (guest: BenchGuest, paging: boolean) => Promise<ContenderRun>;
}

/** Which time to compare: that on the wall, or the processor's, of all threads, which other work on the machine does not lengthen so much. */
export type Clock = "wall" | "cpu";

export interface ContenderRun {
  readonly seconds: number;
  /** Of all threads of the process; NaN if unknown. */
  readonly cpuSeconds: number;
  /** What the guest printed. */
  readonly output: Buffer;
}

/** How long a guest took. */
export interface Timing {
  /** Median of the samples. */
  readonly seconds: number;
  readonly spread: number;
  readonly samples: readonly number[];
}

/**
 * Runs a guest with each contender in turn, again and again: what else the machine does then hits all of them.
 * @returns by name; null for one that cannot run this guest
 * @throws VmError if the guest does not print what it should
 */
export async function timeContenders(guest: BenchGuest, paging: boolean, contenders: readonly Contender[], runs: number, clock: Clock): Promise<Record<string, Timing | null>> {
  const able = contenders.filter((c) => c.canRun(guest, paging)), samples = able.map((): number[] => []);
  for (let round = 0; round < runs; round++) {
    for (const [i, contender] of able.entries()) {
      const { seconds, cpuSeconds, output } = await contender.run(guest, paging);
      if (!guest.expected.equals(output)) throw new VmError("EINVAL", `${guest.name} did not print what it should in ${contender.name}`);
      samples[i].push(clock === "wall" ? seconds : cpuSeconds);
    }
  }
  const timing = (c: Contender): Timing | null => {
    const at = able.indexOf(c);
    return at < 0 ? null : { seconds: median(samples[at]), spread: spread(samples[at]), samples: samples[at] };
  };
  return Object.fromEntries(contenders.map((c) => [c.name, timing(c)]));
}

/** Makes a target of guests/Makefile; false if that fails. */
export function makeInGuests(root: string, target: string): boolean {
  try {
    execFileSync("make", ["-s", "-C", join(root, "guests"), target], { stdio: ["ignore", "ignore", "pipe"] });
    return true;
  } catch {
    return false;
  }
}

/** A script of guests/lib/qemu, which tsc does not know. */
export async function importScript<Module>(root: string, name: string): Promise<Module> {
  return await import(pathToFileURL(join(root, "guests/lib/qemu", name)).href) as Module;
}
