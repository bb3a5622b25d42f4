// Runs a program that speaks the line protocol, such as native, and reads its answers.

import { spawnSync } from "node:child_process";
import { parseR } from "./line-protocol.ts";
import type { Outcome } from "./vector.ts";

const MAX_ANSWER_BYTES = 2 ** 30;

export interface Answers {
  /** By vector id. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
  /** A bad end or a broken answer; there may be answers to some vectors all the same. */
  readonly failure?: string;
}

/**
 * Feeds V lines to a program.
 * @param command  program and arguments, separated by blanks
 * @throws Error if the program cannot be started
 */
export function runExecutor(command: string, lines: readonly string[]): Answers {
  const [program, ...args] = command.split(" ").filter((word) => word !== "");
  const result = spawnSync(program, args, { input: lines.join(""), maxBuffer: MAX_ANSWER_BYTES, stdio: ["pipe", "pipe", "inherit"] });
  const endedEarly = result.error && "code" in result.error && result.error.code === "EPIPE";
  if (result.error && !endedEarly) throw result.error;
  const exit = result.status === 0 && !endedEarly ? undefined : `${program} ended with ${result.signal ?? `status ${result.status}`}`;
  return readAnswers(result.stdout.toString(), exit);
}

/** Whatever follows the last line end was cut off with the program, and is no answer. */
function readAnswers(text: string, exit: string | undefined): Answers {
  const outcomes = new Map<number, Outcome>();
  let failure = exit;
  for (const line of text.split("\n").slice(0, -1)) {
    try {
      const outcome = parseR(line);
      if (outcome) outcomes.set(outcome.id, outcome);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      failure ??= error.message;
    }
  }
  return failure === undefined ? { outcomes } : { outcomes, failure };
}
