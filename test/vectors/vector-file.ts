// Vector files: JSON lines, plain or compressed. The committed ones are in corpus/.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Vector } from "../oracle/vector.ts";

/** Not copied into dist/, where the compiled form of this file lies. */
const CORPUS = new URL("../../../test/vectors/corpus/", import.meta.url);

/** Path of a committed file. */
export function corpusPath(name: string): string {
  return fileURLToPath(new URL(name, CORPUS));
}

/**
 * Reads a file of vectors; a name that ends in `.gz` is compressed.
 * @throws SyntaxError naming the line that is no vector; Error of the file system
 */
export function readVectors(path: string): Vector[] {
  const content = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(content) : content).toString();
  return text.split("\n").flatMap((line, i) => (line === "" ? [] : [parseVector(line, `${path}:${i + 1}`)]));
}

function parseVector(line: string, where: string): Vector {
  try {
    const value: unknown = JSON.parse(line);
    if (isVector(value)) return value;
  } catch {
    // said below
  }
  throw new SyntaxError(`${where} is no vector`);
}

/** Enough of a check to tell a vector from something else; the generator is trusted for the rest. */
function isVector(value: unknown): value is Vector {
  return typeof value === "object" && value !== null && "id" in value && "c" in value && "r" in value && "e" in value;
}
