/** How V8 should treat translated code. For programs of our own: these settings are the whole process's. */
import { setFlagsFromString } from "node:v8";

/**
 * Turns on-stack replacement off. Every loop here is left and entered anew within milliseconds, which brings the optimised
 * function in; code that V8 has compiled for the middle of a loop knows nothing of what comes behind it, and is
 * deoptimised there time and again (a guest that hashes words: 1.1 s without, 8.2 s with it).
 *
 * Makes V8 look at what WebAssembly says of its branches: ways out of translated code, some to each floating-point insn, are
 * laid out behind it then (tcg/wasm/module.ts; n-body in SSE2's doubles takes 10 to 20 % less time).
 */
export function tuneV8(): void {
  setFlagsFromString("--no-use-osr");
  // Another V8 may not know the flag, and would say so on the standard error output.
  if (process.versions.v8.startsWith("11.")) setFlagsFromString("--experimental-wasm-branch-hinting");
}
