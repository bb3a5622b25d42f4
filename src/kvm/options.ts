/** Options of a VM: how its engine works. What the guest sees does not depend on them. */
import { VmError } from "../../tcg/support/errors.ts";
import type { EngineOptions } from "../exec/options.ts";
import { DEFAULT_OPTIONS } from "../exec/options.ts";
import { describe, requireInteger } from "./check.ts";

/** All have defaults (`DEFAULT_OPTIONS`). */
export type VmOptions = { readonly [K in keyof EngineOptions]?: EngineOptions[K] | undefined };

/** Smallest and largest values of the numeric options. */
const RANGES: Readonly<Record<"threshold" | "threadThreshold" | "regionThreshold" | "maxRegionInsns" | "maxBlockInsns" | "maxBlocks" | "sliceInsns", readonly [number, number]>> = {
  threshold: [1, 0x3fffffff], threadThreshold: [0, 0x3fffffff], regionThreshold: [0, 0x3fffffff], maxRegionInsns: [1, 1000], maxBlockInsns: [1, 512], maxBlocks: [1, 1 << 20], sliceInsns: [1, 0x3fffffff],
};

const FLAGS = ["chaining", "checked", "inspect"] as const;

/** @throws VmError EINVAL for unknown options and values out of range */
export function engineOptions(options: VmOptions): EngineOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<EngineOptions>;
  for (const name of Object.keys(given)) {
    if (!(name in DEFAULT_OPTIONS)) throw new VmError("EINVAL", `there is no option ${name}; options are ${Object.keys(DEFAULT_OPTIONS).join(" ")}`);
  }
  const all: EngineOptions = { ...DEFAULT_OPTIONS, ...given };
  const engine: string = all.engine;
  if (engine !== "jit" && engine !== "interp") throw new VmError("EINVAL", `engine is ${describe(engine)}; allowed are "jit" and "interp"`);
  const backEnd: string = all.backEnd;
  if (backEnd !== "wasm" && backEnd !== "js") throw new VmError("EINVAL", `backEnd is ${describe(backEnd)}; allowed are "wasm" and "js"`);
  for (const [name, [min, max]] of Object.entries(RANGES)) requireInteger(name, all[name as keyof typeof RANGES], min, max);
  for (const name of FLAGS) {
    if (typeof all[name] !== "boolean") throw new VmError("EINVAL", `${name} is ${describe(all[name])}; allowed are true and false`);
  }
  return all;
}
