// How the translating engine works in the fuzzer: as soon as code is met again, in short blocks, since cases are short; and
// with everything that makes rare things common.

import type { VmOptions } from "../../src/index.ts";
import type { CaseSetting } from "../support/case-lockstep.ts";

const setting = (name: string, vm: VmOptions, more: Partial<CaseSetting> = {}): CaseSetting =>
  ({ name, vm: { engine: "jit", threshold: 2, ...vm }, stride: Infinity, ...more });

export const SETTINGS: readonly CaseSetting[] = [
  setting("at once", { threshold: 1, maxBlockInsns: 8 }),
  setting("checked", { maxBlockInsns: 12, checked: true }),
  setting("single insns", { threshold: 1, maxBlockInsns: 1 }),
  setting("three insns, not chained", { maxBlockInsns: 3, chaining: false }),
  setting("four blocks", { maxBlockInsns: 6, maxBlocks: 4 }),
  setting("slices of seven insns", { maxBlockInsns: 8, sliceInsns: 7 }),
  setting("stops after eleven insns", { maxBlockInsns: 16 }, { stride: 11 }),
  setting("long blocks", { maxBlockInsns: 512 }),
  setting("warm", { threshold: 5, maxBlockInsns: 32 }),
  setting("memory shared with the host", { maxBlockInsns: 16 }, { machine: { sharesMemory: true } }),
  setting("dirty pages logged", { maxBlockInsns: 8 }, { machine: { logsDirty: true } }),
  setting("regions at once", { threshold: 1, maxBlockInsns: 6, regionThreshold: 1, checked: true }),
  setting("regions, slices of 40 insns", { threshold: 1, maxBlockInsns: 5, regionThreshold: 1, maxRegionInsns: 30, sliceInsns: 40 }),
  setting("regions, stops after 29 insns", { threshold: 1, maxBlockInsns: 7, regionThreshold: 1 }, { stride: 29 }),
  setting("JavaScript, regions at once", { threshold: 1, maxBlockInsns: 6, regionThreshold: 1, backEnd: "js" }),
  setting("blocks in batches", { threshold: 17, maxBlockInsns: 8 }),
  setting("threaded code at once", { threshold: 1_000_000, threadThreshold: 1 }),
  setting("threaded code, slices of seven insns", { threshold: 1_000_000, threadThreshold: 1, sliceInsns: 7 }),
  setting("threaded code, short blocks among it", { threshold: 3, threadThreshold: 1, maxBlockInsns: 3 }),
  setting("threaded code, blocks and regions, stops after 37 insns", { threshold: 4, threadThreshold: 1, maxBlockInsns: 5, regionThreshold: 1 }, { stride: 37 }),
  setting("JavaScript, warm", { threshold: 5, maxBlockInsns: 32, backEnd: "js" }),
  setting("inspected", { maxBlockInsns: 8, inspect: true, checked: true }),
];
