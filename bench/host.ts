/** What figures were measured on. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";

export interface HostDescription {
  /** ISO 8601. */
  readonly date: string;
  /** Of the project; null outside a git checkout. `+` behind it: with changes. */
  readonly commit: string | null;
  readonly node: string;
  readonly v8: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Load average of the last minute, before measuring: near 0 on a quiet machine. */
  readonly load: number;
}

/** @param root  the project's folder */
export function describeHost(root: string): HostDescription {
  const processors = cpus();
  return {
    date: new Date().toISOString(), commit: commitOf(root), node: process.version, v8: process.versions.v8, system: `${process.platform} ${release()}`,
    cpu: processors[0]?.model ?? "unknown", cores: processors.length, memoryGiB: Math.round(totalmem() / 2 ** 30), load: loadavg()[0],
  };
}

/** The same in a line. */
export function hostText(h: HostDescription): string {
  return `${h.cpu}, ${h.cores} cores, ${h.memoryGiB} GiB, ${h.system}, node ${h.node}, load ${h.load.toFixed(2)}, ${h.date.slice(0, 10)}\n`;
}

function commitOf(root: string): string | null {
  const { stdout, status } = spawnSync("git", ["-C", root, "describe", "--always", "--dirty=+", "--exclude=*"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}
