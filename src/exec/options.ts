/** Settings of the execution engine. All have defaults; hostile values are for tests. */
import type { EngineObserver } from "./observer.ts";

export interface EngineOptions {
  /** `jit`: interpreter and translated blocks; `interp`: the interpreter alone. */
  readonly engine: "jit" | "interp";
  /** How often a block's start is interpreted before it is translated; 1 translates at once. */
  readonly threshold: number;
  /** How often an insn's handler runs in JavaScript before it is threaded code of WebAssembly (threaded-code.ts); 0 for never. */
  readonly threadThreshold: number;
  /** How often a block is seen to run, of a few that are looked at, before it and its like become a region; 0 for never. */
  readonly regionThreshold: number;
  /** What blocks and regions are compiled to: WebAssembly where the VM's memory can be reached by it (`Arena`), or JavaScript. */
  readonly backEnd: "wasm" | "js";
  /** Most insns in a region, 1..1000. */
  readonly maxRegionInsns: number;
  /** Most insns in a block, 1..512. */
  readonly maxBlockInsns: number;
  /** Translation cache: most blocks; when it is full everything is flushed, as TCG does. */
  readonly maxBlocks: number;
  /** Chain blocks to their direct successors. */
  readonly chaining: boolean;
  /** Most insns between looks at interrupts and requests. */
  readonly sliceInsns: number;
  /** Parse every emitted text and check its names; run the IR verifier. */
  readonly checked: boolean;
  /** Keep IR and count executions, for the inspector. */
  readonly inspect: boolean;
  /** Hears of translations, block entries and events. */
  readonly observer: EngineObserver | null;
  /** Host time in milliseconds, for statistics only. */
  readonly now: () => number;
}

export const DEFAULT_OPTIONS: EngineOptions = {
  engine: "jit", threshold: 400, threadThreshold: 16, regionThreshold: 400, backEnd: "wasm", maxRegionInsns: 400, maxBlockInsns: 64, maxBlocks: 16384, chaining: true, sliceInsns: 50_000, checked: false, inspect: false,
  observer: null,
  now: () => 0,
};
