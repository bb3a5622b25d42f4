/** How much memory a process has after it has run all guests. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Section } from "./section.ts";
import { TablePrinter } from "./table-printer.ts";

/** Resident memory of the process, bytes. */
export interface MemoryFigures {
  /** Before the first machine: node and our code. */
  readonly atStartBytes: number;
  /** After the last, whatever V8 has not given back. */
  readonly atEndBytes: number;
  /** The most there was; null where the system does not tell. */
  readonly peakBytes: number | null;
}

const CHILD = fileURLToPath(new URL("./memory-child.js", import.meta.url)), MIB = 2 ** 20;

export const memorySection: Section = {
  title: "Resident memory of a process that runs all guests, one after the other, on machines of 64 MiB",
  async run({ guests, out }) {
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, JSON.stringify(guests.map((g) => g.name))]);
    const figures = JSON.parse(stdout) as MemoryFigures, mib = (bytes: number | null): string => (bytes === null ? "-" : (bytes / MIB).toFixed(0));
    new TablePrinter([["guests", 6], ["start MiB", 9], ["end MiB", 9], ["peak MiB", 9]], out).row([guests.length, mib(figures.atStartBytes), mib(figures.atEndBytes), mib(figures.peakBytes)]);
    return { figures: { ...figures, guests: guests.length }, claims: [{ text: "resident memory at the end", bound: "at most", limit: 250, measured: figures.atEndBytes / MIB, unit: "MiB" }] };
  },
};
