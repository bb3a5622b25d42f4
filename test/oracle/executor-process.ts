// Runs a program that speaks the line protocol, such as native, and reads its answers.

import { spawnSync } from "node:child_process";
import { parseR } from "./line-protocol.ts";
import type { Outcome } from "./vector.ts";

const MAX_ANSWER_BYTES = 2 ** 30;

/**
 * Feeds V lines to a command and returns its answers by vector id.
 * @param command  program and arguments, separated by blanks
 * @throws Error if the program cannot be started or does not end with status 0
 */
export function runExecutor(command: string, lines: readonly string[]): Map<number, Outcome> {
  const [program, ...args] = command.split(" ").filter((word) => word !== "");
  const result = spawnSync(program, args, { input: lines.join(""), maxBuffer: MAX_ANSWER_BYTES, stdio: ["pipe", "pipe", "inherit"] });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ended with ${result.signal ?? `status ${result.status}`}`);
  const outcomes = new Map<number, Outcome>();
  for (const line of result.stdout.toString().split("\n")) {
    const outcome = line.startsWith("R ") ? parseR(line) : undefined;
    if (outcome) outcomes.set(outcome.id, outcome);
  }
  return outcomes;
}
