// Runs the images of guests/system, which check themselves, under every engine and with hostile settings.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { VmOptions } from "../../../src/kvm/options.ts";
import { projectRoot } from "../../support/project.ts";
import { runSystemImage } from "./machine.ts";
import { PENDING } from "./pending.ts";

/** Images and the number of their checks, so that none gets lost unnoticed. */
const IMAGES: Readonly<Record<string, number>> = { gates: 7 };

const ENGINES: Readonly<Record<string, VmOptions>> = {
  "interp": { engine: "interp" },
  "jit": { engine: "jit" },
  "jit, threshold 1": { engine: "jit", threshold: 1 },
  "jit, one insn a block": { engine: "jit", threshold: 1, maxBlockInsns: 1, sliceInsns: 7 },
  "jit, no chaining": { engine: "jit", threshold: 1, chaining: false, maxBlocks: 16, maxBlockInsns: 4 },
};

const matches = (pattern: string, check: string): boolean => (pattern.endsWith("*") ? check.startsWith(pattern.slice(0, -1)) : check === pattern);

/** What is wrong with a run, in lines; none if all is well. */
function complaints(image: string, text: string): string[] {
  const lines = text.split("\n"), checks = lines.filter((line) => /^(ok|bad) /.test(line));
  const found: string[] = [];
  if (lines.at(-2) !== "end" || lines.at(-1) !== "") found.push(`ended with "${lines.slice(-2).join("|")}"`);
  if (checks.length !== IMAGES[image]) found.push(`${checks.length} checks instead of ${IMAGES[image]}`);
  const rows = PENDING.filter((p) => p.image === image), seen = new Set<string>();
  for (const line of checks) {
    const isOk = line.startsWith("ok "), check = isOk ? line.slice(3) : line.slice(4).split(": got [")[0];
    const row = rows.find((p) => matches(p.check, check));
    if (row !== undefined) seen.add(row.check);
    if (isOk && row !== undefined) found.push(`passes, but is pending (${row.reason}): ${check}`);
    else if (!isOk && row === undefined) found.push(line);
  }
  for (const row of rows) {
    if (!seen.has(row.check)) found.push(`is pending, but there is no such check: ${row.check}`);
  }
  return found;
}

describe("system images", () => {
  for (const image of Object.keys(IMAGES)) {
    for (const [name, options] of Object.entries(ENGINES)) {
      it(`${image}: every check holds (${name})`, () => {
        const bytes = readFileSync(join(projectRoot, "guests/system", `${image}.bin`));
        expect(complaints(image, runSystemImage(bytes, options)).join("\n")).to.equal("");
      });
    }
  }
});
