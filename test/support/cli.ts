// The `tcgjs` command for tests: within this process, which is fast, or as a process of its own; and files for it to read.

import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { Output } from "../../src/host/output.ts";
import { projectRoot } from "./project.ts";

/** The program, compiled beside this file. */
export const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** A process that takes longer hangs. */
const LIMIT_MS = 100_000;

export interface CliResult {
  /** Null if a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Path of a guest's image. */
export function guestPath(name: string): string {
  return join(projectRoot, "guests", name, `${name}.bin`);
}

/** Runs a command line in this process, its output going to files. */
export async function tcgjs(...args: readonly string[]): Promise<CliResult> {
  const folder = mkdtempSync(join(tmpdir(), "tcgjs-cli-")), paths = [join(folder, "stdout"), join(folder, "stderr")] as const;
  const [stdout, stderr] = paths.map((path) => openSync(path, "w"));
  try {
    const status = await runCommandLine(args, new Output(stdout, stderr));
    return { status, stdout: readFileSync(paths[0], "utf8"), stderr: readFileSync(paths[1], "utf8") };
  } finally {
    closeSync(stdout);
    closeSync(stderr);
    rmSync(folder, { recursive: true });
  }
}

/**
 * Runs the program to its end.
 * @param nodeOptions  node's own
 * @throws if it hangs
 */
export function spawnTcgjs(args: readonly string[], input = "", nodeOptions: readonly string[] = []): CliResult {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [...nodeOptions, MAIN, ...args], {
    encoding: "utf8", input, timeout: LIMIT_MS, killSignal: "SIGKILL", maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** Starts the program. */
export function startTcgjs(...args: readonly string[]): RunningCli {
  return new RunningCli(spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] }));
}

export class RunningCli {
  readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private stdout = "";
  private stderr = "";

  constructor(child: ChildProcess) {
    this.child = child;
    this.ended = once(child, "close");
    child.stdout?.setEncoding("latin1").on("data", (text: string) => { this.stdout += text; });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => { this.stderr += text; });
  }

  /** Resolves once stdout holds a text. @throws if the program ends first */
  async prints(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      await Promise.race([new Promise((resolve) => this.child.stdout?.once("data", resolve)), this.ended]);
      if (this.child.exitCode !== null) throw new Error(`ended with ${this.child.exitCode} without printing "${text}": ${this.stdout}${this.stderr}`);
    }
  }

  /** Resolves when the program has ended, or is killed because it does not. */
  async end(): Promise<CliResult> {
    const { child } = this, killer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    await this.ended;
    clearTimeout(killer);
    return { status: child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  /** Sends Ctrl-C's signal, and waits for the end. */
  async interrupt(): Promise<CliResult & { readonly ms: number }> {
    const began = performance.now();
    this.child.kill("SIGINT");
    return { ...await this.end(), ms: performance.now() - began };
  }
}

/** A folder for the files of a describe block, there from its first test to its last. */
export class TemporaryFolder {
  private folder = "";

  /** To be called in the describe block. */
  constructor() {
    before(() => { this.folder = mkdtempSync(join(tmpdir(), "tcgjs-test-")); });
    after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** Path of a file in it. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file; returns its path. */
  write(name: string, data: Uint8Array | string): string {
    writeFileSync(this.path(name), data);
    return this.path(name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }
}
