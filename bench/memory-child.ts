/** Runs all guests one after the other on machines of 64 MiB, all in this process, and prints how much memory it has then, as JSON. Started by memory.ts. */
import { existsSync, readFileSync } from "node:fs";
import { VmError } from "../tcg/support/errors.ts";
import { tuneV8 } from "../src/host/v8.ts";
import { BareMachine } from "../src/machine/bare.ts";
import { projectRoot } from "../test/support/project.ts";
import { readGuests } from "./guests.ts";
import type { MemoryFigures } from "./memory.ts";

/** Guest memory, bytes. */
const MEMORY_BYTES = 64 * 2 ** 20;
/** Linux' account of this process; nowhere else. */
const STATUS_FILE = "/proc/self/status";

tuneV8();
const names = JSON.parse(process.argv[2] ?? "[]") as string[], atStartBytes = process.memoryUsage.rss();
for (const { name, image, bits, load } of readGuests(projectRoot).filter((g) => names.includes(g.name))) {
  const machine = new BareMachine(image, { bits, loadAddress: load, memoryBytes: MEMORY_BYTES, onOutput: () => undefined });
  const { kind } = machine.run({});
  if (kind !== "halt") throw new VmError("EINVAL", `${name} ended with ${kind}`);
}
const peak = existsSync(STATUS_FILE) ? /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(STATUS_FILE, "latin1"))?.[1] : undefined;
const figures: MemoryFigures = { atStartBytes, atEndBytes: process.memoryUsage.rss(), peakBytes: peak === undefined ? null : Number(peak) * 1024 };
process.stdout.write(JSON.stringify(figures));
