/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { VmError } from "../tcg/support/errors.ts";
import { parseNumber } from "../src/cli/numbers.ts";
import type { Clock } from "./contender.ts";

/** The parts of the bench, in the order they run. */
export const SECTION_NAMES = ["compute", "startup", "memory", "paging", "peers", "paged-peers"] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface BenchOptions {
  readonly wantsHelp: boolean;
  /** In order; at least one. */
  readonly sections: readonly SectionName[];
  /** Names of guests; null for all. */
  readonly guests: readonly string[] | null;
  readonly isQuick: boolean;
  readonly runs: number;
  readonly json: string | null;
  readonly v86: string | null;
  readonly clock: Clock;
}

export const HELP = `usage: npm run bench -- [OPTIONS]

Measures the guests of guests/ and says which of the project's claims about speed hold here.
Without an option that chooses parts: --compute.

  --compute      all guests, interpreted and translated
  --startup      tcgjs run of the smallest guest against node -e 0
  --memory       resident memory after all guests in one process
  --paging       the 32-bit guests with paging off and on, translated
  --peers        all guests against qemu-system-i386, qemu-i386, v86 and the processor itself, where installed
  --paged-peers  the 32-bit guests against the emulators of whole machines, with paging on
  --all          all of these

  --guests A,B   only these guests
  --runs N       samples of each measurement, 1 to 100 (default 3)
  --quick        one sample, and only the first 20 million insns of each guest where that will do;
                 too short to judge the claims by
  --cpu-time     compare with others by the processor's time, all threads together, not by that on the
                 wall: for a machine that has other work
  --v86 DIR      folder of the npm package v86 (default bench/node_modules/v86)
  --json FILE    also write the figures to a file
  -h, --help     print this
`;

const DEFAULT_RUNS = 3, MAX_RUNS = 100;

const OPTIONS = {
  compute: { type: "boolean" }, startup: { type: "boolean" }, memory: { type: "boolean" }, paging: { type: "boolean" }, peers: { type: "boolean" },
  "paged-peers": { type: "boolean" },
  all: { type: "boolean" }, guests: { type: "string" }, runs: { type: "string" }, quick: { type: "boolean" }, "cpu-time": { type: "boolean" }, v86: { type: "string" },
  json: { type: "string" }, help: { type: "boolean", short: "h" },
} as const;

/** @throws VmError EINVAL that says what is wrong */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const values = parse(args), chosen = SECTION_NAMES.filter((name) => values[name] === true || values.all === true);
  const isQuick = values.quick === true;
  return {
    wantsHelp: values.help === true,
    sections: chosen.length === 0 ? ["compute"] : chosen,
    guests: values.guests === undefined ? null : values.guests.split(",").filter((name) => name !== ""),
    isQuick, runs: values.runs === undefined ? (isQuick ? 1 : DEFAULT_RUNS) : count(values.runs),
    json: values.json ?? null, v86: values.v86 ?? null, clock: values["cpu-time"] === true ? "cpu" : "wall",
  };
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (e) {
    // Node names the option and what is wrong with it.
    if (e instanceof TypeError) throw new VmError("EINVAL", e.message);
    throw e;
  }
}

function count(text: string): number {
  const n = parseNumber(text);
  if (n === null || n < 1 || n > MAX_RUNS) throw new VmError("EINVAL", `--runs wants a number from 1 to ${MAX_RUNS}, not "${text}"`);
  return n;
}
