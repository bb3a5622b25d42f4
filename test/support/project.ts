// Where the project lies on disk. Tests run from dist/test/, so a path relative to the running file would miss
// everything that tsc does not copy: fixtures, guests, sources.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the folder that holds package.json. */
export const projectRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/**
 * Reads a file of the project.
 * @param relPath  from {@link projectRoot}, with `/`: `"guests/hello/hello.bin"`
 * @returns its bytes, the caller's to keep; throws node's ENOENT error when there is no such file
 */
export function readFixture(relPath: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(projectRoot, relPath)));
}

function findRoot(from: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "package.json"))) return dir;
    if (dir === dirname(dir)) throw new Error(`no package.json in ${from} or above`);
  }
}
