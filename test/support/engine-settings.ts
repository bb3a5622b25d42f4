// The engine under every setting that must make no difference to a guest: the interpreter, the defaults, and hostile ones
// that bring about what normally is rare.

import type { VmOptions } from "../../src/index.ts";
import type { Guest } from "./guests.ts";
import { GuestRun } from "./guests.ts";

export interface EngineSetting {
  readonly name: string;
  readonly vm: VmOptions;
  /** Most insns between two exits to the caller. */
  readonly stride: number;
  /** Roughly how many times slower than the defaults: budgets are divided by it. */
  readonly cost: number;
}

const setting = (name: string, vm: VmOptions, cost: number, stride = Infinity): EngineSetting => ({ name, vm, cost, stride });

export const INTERPRETER = setting("interpreted", { engine: "interp" }, 1);
export const DEFAULT_SETTING = setting("translated when warm", {}, 1);

const AT_ONCE: VmOptions = { engine: "jit", threshold: 1 };

export const HOSTILE_SETTINGS: readonly EngineSetting[] = [
  setting("translated at once", AT_ONCE, 1),
  setting("blocks of one insn", { ...AT_ONCE, maxBlockInsns: 1 }, 1),
  setting("blocks of three insns, not chained", { ...AT_ONCE, maxBlockInsns: 3, chaining: false }, 2),
  setting("a cache of four blocks", { ...AT_ONCE, maxBlocks: 4 }, 20),
  setting("a cache of one block of one insn", { ...AT_ONCE, maxBlocks: 1, maxBlockInsns: 1 }, 400),
  setting("slices of one insn", { ...AT_ONCE, sliceInsns: 1 }, 1),
  setting("slices of seven insns", { ...AT_ONCE, sliceInsns: 7 }, 1),
  setting("an exit after every insn", { threshold: 2 }, 4, 1),
  setting("an exit after every eleven insns", { threshold: 2 }, 2, 11),
  setting("warm after two runs, in blocks of 512", { threshold: 2, maxBlockInsns: 512 }, 1),
  setting("threaded code at once", { threadThreshold: 1, threshold: 1_000_000 }, 4),
  setting("threaded code and blocks of three insns", { threadThreshold: 1, threshold: 3, maxBlockInsns: 3 }, 2),
  setting("IR and emitted text checked", { ...AT_ONCE, checked: true }, 1),
  setting("interpreted, checked", { engine: "interp", checked: true }, 1),
  setting("inspected", { ...AT_ONCE, inspect: true }, 2),
  setting("everything at once", { ...AT_ONCE, checked: true, maxBlocks: 3, maxBlockInsns: 2, chaining: false, sliceInsns: 13, inspect: true }, 300, 29),
];

/**
 * Runs a guest under some settings, and the interpreter for comparison.
 * @param budget  insns under a setting of cost 1
 * @returns name of the setting and what differs, for each as it is done
 */
export function* compareSettings(
  guest: Pick<Guest, "image" | "bits">, settings: readonly EngineSetting[], budget: number,
): Generator<readonly [string, string[]]> {
  const references = new Map<number, { run: GuestRun; outcome: string }>();
  for (const { name, vm, stride, cost } of settings) {
    const goal = Math.floor(budget / cost), run = new GuestRun(guest, vm), outcome = run.runTo(goal, stride).kind;
    const reference = references.get(goal) ?? runReference(guest, goal);
    references.set(goal, reference);
    const differences = run.differencesFrom(reference.run);
    yield [name, outcome === reference.outcome ? differences : [`ended with ${outcome}, not ${reference.outcome}`, ...differences]];
  }
}

function runReference(guest: Pick<Guest, "image" | "bits">, goal: number): { run: GuestRun; outcome: string } {
  const run = new GuestRun(guest, INTERPRETER.vm), outcome = run.runTo(goal).kind;
  return { run, outcome };
}
