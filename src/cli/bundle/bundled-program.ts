/**
 * Loads the program from its bundle, dist/bin/tcgjs.js, with the code cache beside it: what V8 has once compiled of it, to which
 * it need not be compiled again. `npm run bundle` makes both.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";

export const BUNDLE = "tcgjs.js", CODE_CACHE = "tcgjs.cache";

/** What the bundle exports. */
export type Program = typeof import("../program.ts");

/** The program, and the script that it came from. */
export interface BundledProgram {
  readonly program: Program;
  /** What has been compiled of it by then goes into a cache that is made of it. */
  readonly script: Script;
}

/**
 * Loads the program.
 *
 * V8 takes the cache of the same V8 with the same flags only, and compiles anew otherwise; `script.cachedDataRejected` tells.
 * It does not look into the bundle, only at its length.
 * @param folder  of the bundle
 * @param require  for the modules of Node
 * @throws Error if there is no bundle
 */
export function loadProgram(folder: string, require: NodeJS.Require): BundledProgram {
  const filename = join(folder, BUNDLE), cachedData = readCodeCache(folder);
  // esbuild writes ASCII.
  const source = `(function (module, exports, require, __dirname) {${readFileSync(filename, "latin1")}\n})`;
  const script = new Script(source, { filename, ...cachedData !== null && { cachedData } });
  const module: { exports: unknown } = { exports: {} };
  (script.runInThisContext() as BundleFunction)(module, module.exports, require, folder);
  return { program: module.exports as Program, script };
}

/** A bundle as a function, as CommonJS has modules. */
type BundleFunction = (module: { exports: unknown }, exports: unknown, require: NodeJS.Require, dirname: string) => void;

function readCodeCache(folder: string): Buffer | null {
  try {
    return readFileSync(join(folder, CODE_CACHE));
  } catch {
    return null;
  }
}
