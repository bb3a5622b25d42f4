// How the translating engine works in the fuzzer: at once or nearly so, in short blocks, since cases are short; and with
// everything that makes rare things common.

import type { VmOptions } from "../../src/index.ts";
import type { CaseSetting } from "../support/case-lockstep.ts";

const setting = (name: string, vm: VmOptions, stride = Infinity): CaseSetting => ({ name, vm: { engine: "jit", threshold: 1, ...vm }, stride });

export const SETTINGS: readonly CaseSetting[] = [
  setting("at once", { maxBlockInsns: 16 }),
  setting("at once, checked", { maxBlockInsns: 12, checked: true }),
  setting("single insns", { maxBlockInsns: 1 }),
  setting("three insns, not chained", { maxBlockInsns: 3, chaining: false }),
  setting("four blocks", { maxBlockInsns: 6, maxBlocks: 4 }),
  setting("slices of seven insns", { maxBlockInsns: 8, sliceInsns: 7 }),
  setting("stops after eleven insns", { maxBlockInsns: 16 }, 11),
  setting("twice", { threshold: 2 }),
  setting("warm", { threshold: 5, maxBlockInsns: 32 }),
  setting("inspected", { maxBlockInsns: 8, inspect: true, checked: true }),
];
