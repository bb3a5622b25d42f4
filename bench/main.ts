/**
 * `npm run bench`: measures, prints tables, and says which claims about speed hold. See README.md here.
 * Exit status: 0 measured (whatever came out), 1 a guest or the bench failed, 2 bad options.
 */
import { writeFileSync } from "node:fs";
import { VmError } from "../tcg/support/errors.ts";
import { tuneV8 } from "../src/host/v8.ts";
import { projectRoot } from "../test/support/project.ts";
import type { Claim } from "./claims.ts";
import { claimText, isKept } from "./claims.ts";
import { computeSection } from "./compute.ts";
import type { BenchGuest } from "./guests.ts";
import { chooseGuests, readGuests } from "./guests.ts";
import { describeHost, hostText } from "./host.ts";
import { memorySection } from "./memory.ts";
import type { BenchOptions, SectionName } from "./options.ts";
import { HELP, parseBenchOptions } from "./options.ts";
import { pagingSection } from "./paging.ts";
import { pagedPeersSection, peersSection } from "./peers.ts";
import type { Section, SectionContext } from "./section.ts";
import { startupSection } from "./startup.ts";

const SECTIONS: Readonly<Record<SectionName, Section>> = {
  compute: computeSection, startup: startupSection, memory: memorySection, paging: pagingSection, peers: peersSection, "paged-peers": pagedPeersSection,
};
/** Enough to see that all works, in seconds. */
const QUICK_INSNS = 20_000_000;
const STATUS_FAILED = 1, STATUS_USAGE = 2;

const out = (text: string): void => { process.stdout.write(text); };

async function measure(options: BenchOptions, guests: readonly BenchGuest[]): Promise<void> {
  const host = describeHost(projectRoot), results: Record<string, object> = {};
  const context: SectionContext = {
    root: projectRoot, guests, runs: options.runs, maxInsns: options.isQuick ? QUICK_INSNS : Infinity, v86: options.v86, clock: options.clock, out,
  };
  out(hostText(host));
  for (const name of options.sections) {
    const { title, run } = SECTIONS[name];
    out(`\n${title}\n\n`);
    const { figures, claims } = await run(context);
    const judged = options.isQuick ? [] : claims;
    results[name] = { ...figures, claims: judged.map(judge) };
    if (judged.length > 0) out(`\n${judged.map(claimText).join("")}`);
  }
  const { runs, isQuick } = options;
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify({ format: "tcgjs-bench-suite", version: 1, host, runs, isQuick, ...results }, null, 2)}\n`);
}

function judge(claim: Claim): Claim & { readonly isKept: boolean } {
  return { ...claim, isKept: isKept(claim) };
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args);
  if (options.wantsHelp) {
    out(HELP);
    return;
  }
  const all = readGuests(projectRoot);
  const guests = options.guests === null ? all : chooseGuests(all, options.guests);
  try {
    await measure(options, guests);
  } catch (e) {
    process.stderr.write(`bench: ${e instanceof VmError ? e.message : String(e instanceof Error ? e.stack : e)}\n`);
    process.exitCode = STATUS_FAILED;
  }
}

tuneV8();
try {
  await main(process.argv.slice(2));
} catch (e) {
  if (!(e instanceof VmError)) throw e;
  process.stderr.write(`bench: ${e.message}\n`);
  process.exitCode = STATUS_USAGE;
}
