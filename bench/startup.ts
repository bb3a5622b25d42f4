/** How long `tcgjs run` of the smallest guest takes as a process, next to a node that does nothing. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { VmError } from "../tcg/support/errors.ts";
import { median } from "../src/cli/bench/statistics.ts";
import { timeSubjects } from "./sampling.ts";
import type { Section } from "./section.ts";
import { TablePrinter } from "./table-printer.ts";

const PROCESSES = 20;

export const startupSection: Section = {
  title: `Start-up: median wall time of ${PROCESSES} processes`,
  async run({ root, out }) {
    const command = join(root, "dist/bin/main.js");
    if (!existsSync(command)) throw new VmError("ENOENT", `${command} does not exist; npm run build makes it`);
    const nothing = await processTimesMs("node -e 0", ["-e", "0"], "");
    const hello = await processTimesMs("tcgjs run hello", [command, "run", join(root, "guests/hello/hello.bin")], "Hello\n");
    const table = new TablePrinter([["command", 16], ["median ms", 9], ["fastest ms", 10], ["slowest ms", 10]], out);
    for (const { name, ms } of [nothing, hello]) table.row([name, median(ms).toFixed(1), Math.min(...ms).toFixed(1), Math.max(...ms).toFixed(1)]);
    return {
      figures: { nodeMs: nothing.ms, helloMs: hello.ms },
      claims: [{ text: "start-up beyond node's own", bound: "at most", limit: 120, measured: median(hello.ms) - median(nothing.ms), unit: "ms" }],
    };
  },
};

/** Wall times of node with these arguments, from spawn to end. @throws VmError if it prints something else */
async function processTimesMs(name: string, args: readonly string[], expected: string): Promise<{ name: string; ms: number[] }> {
  const run = async (): Promise<void> => {
    const { stdout } = await promisify(execFile)(process.execPath, args);
    if (stdout !== expected) throw new VmError("EINVAL", `${name} printed "${stdout}"`);
  };
  const [seconds] = await timeSubjects("start-up", [{ name, samples: Array.from({ length: PROCESSES }, () => run) }]);
  return { name, ms: seconds.map((s) => s * 1000) };
}
