/** A guest in a node process of its own: writes what the process needs to files, starts it, and reads what it prints. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ContenderRun } from "./contender.ts";
import type { BenchGuest } from "./guests.ts";

const TIMEOUT_MS = 300_000, MAX_OUTPUT_BYTES = 2 ** 24;

/** What every such process is told: its only argument, in JSON. */
export interface ChildJob {
  readonly imageFile: string;
  readonly bits: 16 | 32;
  readonly load: number;
  readonly memoryBytes: number;
}

/** What it prints, in JSON. */
export interface ChildResult {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Bytes the guest has printed. */
  readonly output: readonly number[];
}

/** Looks at the clocks. */
export function timeNow(): { readonly ms: number; readonly cpu: NodeJS.CpuUsage } {
  return { ms: performance.now(), cpu: process.cpuUsage() };
}

/** What has passed since. */
export function timeSince({ ms, cpu }: ReturnType<typeof timeNow>): Pick<ChildResult, "seconds" | "cpuSeconds"> {
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - ms) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/**
 * Runs a script of this folder.
 * @param extra  what the job has besides; a Buffer is written to a file, whose name the job gets
 */
export async function runChild<Job extends ChildJob>(
  script: string, { image, bits, load, memoryBytes }: BenchGuest, extra: { readonly [K in Exclude<keyof Job, keyof ChildJob>]: Job[K] | Buffer },
): Promise<ContenderRun> {
  const folder = mkdtempSync(join(tmpdir(), "guest-"));
  const put = (name: string, bytes: Buffer): string => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return file;
  };
  try {
    const rest = Object.entries(extra).map(([name, value]) => [name, Buffer.isBuffer(value) ? put(name, value) : value] as const);
    const job = { imageFile: put("image", image), bits, load, memoryBytes, ...Object.fromEntries(rest) };
    const file = fileURLToPath(new URL(script, import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(job)], { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES });
    const { seconds, cpuSeconds, output } = JSON.parse(stdout) as ChildResult;
    return { seconds, cpuSeconds, output: Buffer.from(output) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
