/**
 * The vector runner: reads V lines on standard input, writes an R line for each (test/oracle/README.md).
 *
 *   node dist/test/vectors/main.js [--engine interp|jit] [--threshold N] [--checked]
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { formatR, parseV } from "../oracle/line-protocol.ts";
import { EngineExecutor } from "./engine-executor.ts";
import { runVector } from "./executor.ts";

const { values } = parseArgs({
  options: { engine: { type: "string", default: "jit" }, threshold: { type: "string", default: "30" }, checked: { type: "boolean", default: false } },
});
const threshold = Number(values.threshold);
if ((values.engine !== "jit" && values.engine !== "interp") || !Number.isInteger(threshold) || threshold < 1) {
  process.stderr.write("usage: vectors [--engine interp|jit] [--threshold N>=1] [--checked] < V-lines > R-lines\n");
  process.exit(2);
}

const executor = new EngineExecutor({ engine: values.engine, threshold, checked: values.checked });
let pending: string[] = [];
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const vector = parseV(line);
  if (vector === undefined) continue;
  pending.push(formatR(runVector(vector, executor)));
  if (pending.length >= 256) {
    process.stdout.write(pending.join(""));
    pending = [];
  }
}
process.stdout.write(pending.join(""));
