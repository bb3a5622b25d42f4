// qemu-img and qemu-io (Debian's qemu-utils), which judge our images.

import { spawnSync } from "node:child_process";

/** Why tests with them cannot run, or null. */
export function missingQemuImg(): string | null {
  const { error } = spawnSync("qemu-img", ["--version"]);
  return error === undefined ? null : "qemu-img is not installed (Debian: apt-get install qemu-utils)";
}

/** Runs a tool and returns its status and what it printed. */
export function run(tool: "qemu-img" | "qemu-io", ...args: readonly string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  return { status, text: stdout + stderr };
}

/** Runs a tool that should succeed. */
export function succeed(tool: "qemu-img" | "qemu-io", ...args: readonly string[]): string {
  const { status, text } = run(tool, ...args);
  if (status !== 0) throw new Error(`${tool} ${args.join(" ").slice(0, 500)} ends with ${status}: ${text}`);
  return text;
}
