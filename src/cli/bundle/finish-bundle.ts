/**
 * The last step of `npm run bundle`: says that what esbuild made is CommonJS, and writes the code cache, after runs of the program that
 * use most of it. V8 compiles a function when it is first called, and the cache holds what has been compiled.
 */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { devNull } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { tuneV8 } from "../../host/v8.ts";
import { STATUS_LIMIT, STATUS_OK } from "../command.ts";
import { packageFile } from "../own-package.ts";
import { CODE_CACHE, loadProgram } from "./bundled-program.ts";
import type { Program } from "./bundled-program.ts";

const guest = (name: string): string => packageFile(`guests/${name}/${name}.bin`);
const compute = (name: string): readonly string[] => ["run", "--bits", "32", "--max-insns", "2M", guest(name)];

/** What is run: integers in full, and some of x87, SSE, a PC with its BIOS, and the reports. */
const WARM_UPS: readonly (readonly string[])[] = [
  ["run", "--bits", "32", "--stats", guest("words")],
  compute("nbody-x87"), compute("spheres"), compute("filter-sse"),
  ["boot", "--display", "none", "--max-insns", "3M", guest("boot-sector")],
  ["dump", "--bits", "32", "--top", "2", "--max-insns", "1M", guest("sieve")],
];

async function warmUp(program: Program): Promise<void> {
  const nowhere = openSync(devNull, "r+");
  for (const args of WARM_UPS) {
    const status = await program.runProgram(args, nowhere, nowhere);
    if (status !== STATUS_OK && status !== STATUS_LIMIT) throw new Error(`tcgjs ${args.join(" ")} ended with ${status}`);
  }
  closeSync(nowhere);
}

const folder = packageFile("dist/bin");
writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }\n');
tuneV8();
setFlagsFromString("--no-flush-bytecode");
const { program, script } = loadProgram(folder, createRequire(import.meta.url));
await warmUp(program);
setFlagsFromString("--flush-bytecode");   // as it will be where the cache is used
writeFileSync(join(folder, CODE_CACHE), script.createCachedData());
