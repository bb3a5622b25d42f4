// `npm run fuzz -- --seconds 60 --seed 1`: random machines, in every mode, under interpreter and translator side by side.
//
//     --seed TEXT      what everything follows from; default: the time
//     --seconds N      how long; default 60
//     --cases N        how many cases at most
//     --first N        the first case's number; with --cases 1, the one that failed
//     --out FOLDER     where filetests of failures go; default: a folder of the system's for such things
//
// Exit status 1 if anything was found.

import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Finding } from "./fuzzer.ts";
import { Fuzzer } from "./fuzzer.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now()) },
    seconds: { type: "string", default: "60" },
    cases: { type: "string", default: "Infinity" },
    first: { type: "string", default: "0" },
    out: { type: "string", default: join(tmpdir(), "tcgjs-fuzz") },
  },
});

function report(finding: Finding): void {
  const { seed, number, setting, summary, filetest } = finding;
  console.log(`\ncase ${number} (${setting}) ${summary}\nagain with: npm run fuzz -- --seed ${seed} --first ${number} --cases 1`);
  if (filetest === null) return;
  mkdirSync(values.out, { recursive: true });
  const path = join(values.out, `${seed}-${number}.x86`);
  writeFileSync(path, filetest);
  console.log(`${path}:\n${filetest}`);
}

const fuzzer = new Fuzzer(values.seed), began = Date.now(), deadline = began + Number(values.seconds) * 1000;
const first = Number(values.first), last = first + Number(values.cases);
console.log(`seed ${values.seed}`);
for (let number = first; number < last && Date.now() < deadline; number++) {
  const finding = fuzzer.run(number);
  if (finding !== null) report(finding);
}
const { counts } = fuzzer, seconds = (Date.now() - began) / 1000;
const outcomes = [...counts.outcomes].map(([name, count]) => `${count} ${name}`).join(", ");
console.log(`${counts.cases} cases in ${seconds.toFixed(0)} s (${(counts.cases / seconds).toFixed(1)}/s), ${counts.insns} insns; ${outcomes}; `
  + `${counts.undefinedOutcomes} undefined by the architecture; ${counts.findings} found`);
process.exitCode = counts.findings > 0 ? 1 : 0;
