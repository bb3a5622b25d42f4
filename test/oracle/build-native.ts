// Compiles native.c with gcc into the build folder, if the program there is missing or older than its sources.

import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The sources are not copied into dist/, where the compiled form of this file lies. */
const SOURCE_FOLDER = new URL("../../../test/oracle/", import.meta.url);
const SOURCES = ["native.c", "vec.h"];

/** The fixed low addresses of the machine model must be free, hence no position-independent executable. */
const GCC_FLAGS = ["-m32", "-O2", "-static", "-fno-pie", "-no-pie", "-fcf-protection=none", "-Wall", "-Wextra"];

/**
 * @returns the path of the program
 * @throws Error if gcc fails; it needs the 32-bit C library (Debian: gcc-multilib)
 */
export function buildNative(): string {
  const program = fileURLToPath(new URL("./native", import.meta.url));
  const sources = SOURCES.map((name) => fileURLToPath(new URL(name, SOURCE_FOLDER)));
  const builtAt = modifiedAt(program);
  if (builtAt === undefined || sources.some((source) => (modifiedAt(source) ?? 0) > builtAt)) {
    const result = spawnSync("gcc", [...GCC_FLAGS, "-o", program, sources[0]], { stdio: "inherit" });
    if (result.status !== 0) throw new Error("gcc could not build native.c; it needs 32-bit support (Debian: gcc-multilib)");
  }
  return program;
}

function modifiedAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
