// Checks an executor against a vector file:
//   node dist/test/vectors/check.js FILE(.jsonl|.jsonl.gz) "COMMAND" [--show N] [--groups a,b]
// COMMAND speaks the line protocol of ../oracle/README.md. Exit status: 0 all right, 1 some vector fails, 2 bad usage.

import { parseArgs } from "node:util";
import { runExecutor, type Answers } from "../oracle/executor-process.ts";
import { formatV } from "../oracle/line-protocol.ts";
import type { Vector } from "../oracle/vector.ts";
import { differences } from "./compare.ts";
import { readVectors } from "./vector-file.ts";

const USAGE = 'usage: check FILE(.jsonl|.jsonl.gz) "COMMAND" [--show N] [--groups a,b,…]';
const DEFAULT_SHOWN = 20;
const DIFFERENCES_PER_VECTOR = 5;
const NAMES_SHOWN = 60;

class UsageError extends Error {}

interface Options {
  readonly vectors: readonly Vector[];
  readonly command: string;
  readonly shown: number;
}

function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parsed(args);
  const [file, command] = positionals;
  if (positionals.length !== 2 || command.trim() === "") throw new UsageError("a file and a command are needed");
  const shown = Number(values.show ?? DEFAULT_SHOWN);
  if (!Number.isInteger(shown) || shown < 0) throw new UsageError(`--show is "${values.show}", not a whole number`);
  return { vectors: chosen(file, values.groups?.split(",")), command, shown };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { show: { type: "string" }, groups: { type: "string" } }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function chosen(file: string, groups: readonly string[] | undefined): readonly Vector[] {
  const vectors = readFile(file);
  const present = new Set(vectors.map(({ g }) => g));
  for (const group of groups ?? []) {
    if (!present.has(group)) throw new UsageError(`${file} has no group "${group}"; it has ${[...present].join(" ")}`);
  }
  if (vectors.length === 0) throw new UsageError(`${file} has no vectors`);
  return groups ? vectors.filter(({ g }) => groups.includes(g)) : vectors;
}

function readFile(file: string): readonly Vector[] {
  try {
    return readVectors(file);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function answersOf(command: string, vectors: readonly Vector[]): Answers {
  try {
    return runExecutor(command, vectors.map(formatV));
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Prints failures and sums; returns the number of failed vectors. */
function report(options: Options, answers: Answers): number {
  const perGroup = new Map<string, { passed: number; total: number }>();
  const failuresByName = new Map<string, number>();
  let failed = 0;
  for (const vector of options.vectors) {
    const group = perGroup.get(vector.g) ?? { passed: 0, total: 0 };
    perGroup.set(vector.g, group);
    group.total++;
    const wrong = differences(vector, answers.outcomes.get(vector.id));
    if (wrong.length === 0) {
      group.passed++;
      continue;
    }
    if (failed++ < options.shown) {
      console.log(`#${vector.id} ${vector.g}: ${vector.n} (${vector.c}): ${wrong.slice(0, DIFFERENCES_PER_VECTOR).join("; ")}`);
    }
    const name = `${vector.g}: ${vector.n}`;
    failuresByName.set(name, (failuresByName.get(name) ?? 0) + 1);
  }
  console.log(`passed ${options.vectors.length - failed}/${options.vectors.length}`);
  for (const [name, { passed, total }] of perGroup) console.log(`  ${name.padEnd(10)} ${passed}/${total}${passed < total ? "  <--" : ""}`);
  const mostFailing = [...failuresByName].sort(([, a], [, b]) => b - a).slice(0, NAMES_SHOWN);
  if (failed > 0) console.log(`failing: ${mostFailing.map(([name, count]) => `${name} x${count}`).join(", ")}`);
  if (answers.failure !== undefined) console.log(answers.failure);
  return failed;
}

function main(args: readonly string[]): number {
  try {
    const options = readOptions(args);
    const answers = answersOf(options.command, options.vectors);
    const failed = report(options, answers);
    return failed > 0 || answers.failure !== undefined ? 1 : 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`check: ${error.message}\n${USAGE}`);
    return 2;
  }
}

process.exitCode = main(process.argv.slice(2));
