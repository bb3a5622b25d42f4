/** The images of guests/system, which check themselves, and what is wrong with what one of them has printed. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { VmOptions } from "../../../src/kvm/options.ts";
import { projectRoot } from "../../support/project.ts";
import { runSystemImage } from "./machine.ts";
import { PENDING } from "./pending.ts";

/** Images and the number of their checks, so that none gets lost unnoticed. */
export const IMAGES: Readonly<Record<string, number>> = { debug: 110, far: 311, faults: 88, gates: 363, irq: 46, limits: 136, pae: 86, paging: 192, privilege: 175, real: 146, segments: 405, selectors: 99, strings: 119, sysenter: 52, tasks: 190, v86: 142 };

const matches = (pattern: string, check: string): boolean => (pattern.endsWith("*") ? check.startsWith(pattern.slice(0, -1)) : check === pattern);

/** What is wrong with a run, in lines; none if all is well. */
function complaintsOf(image: string, text: string): string[] {
  const lines = text.split("\n"), checks = lines.filter((line) => /^(ok|bad) /.test(line));
  const found: string[] = [];
  if (lines.at(-2) !== "end" || lines.at(-1) !== "") found.push(`ended with "${lines.slice(-2).join("|")}"`);
  if (checks.length !== IMAGES[image]) found.push(`${checks.length} checks instead of ${IMAGES[image]}`);
  const rows = PENDING.filter((p) => p.image === image), stale = new Set(rows.map((row) => row.check)), names = new Set<string>();
  for (const line of checks) {
    const isOk = line.startsWith("ok "), check = isOk ? line.slice(3) : line.slice(4).split(": got [")[0];
    const row = rows.find((p) => matches(p.check, check));
    if (names.has(check)) found.push(`two checks of one name: ${check}`);
    names.add(check);
    if (!isOk && row === undefined) found.push(line);
    if (!isOk && row !== undefined) stale.delete(row.check);
  }
  for (const check of stale) found.push(`is pending, but passes or is not there: ${check}`);
  return found;
}

/** Runs an image and says what is wrong, in lines; nothing if all is well. */
export function checkImage(image: string, options: VmOptions): string {
  const bytes = readFileSync(join(projectRoot, "guests/system", `${image}.bin`));
  return complaintsOf(image, runSystemImage(bytes, options)).join("\n");
}
