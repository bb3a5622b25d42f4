// Makes a file of test vectors: random cases, run on the processor (twice, to drop what is not repeatable), with the
// results as expectations. Started from the command line; README.md explains the options.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { ALL_GROUPS } from "./all-groups.ts";
import { buildNative } from "./build-native.ts";
import { CODE } from "./machine-model.ts";
import type { Case } from "./case.ts";
import { runExecutor } from "./executor-process.ts";
import type { Group } from "./group.ts";
import { dropReason, toVector } from "./judge.ts";
import { formatV } from "./line-protocol.ts";
import { Random } from "./random.ts";
import { addRedundantPrefixes } from "./redundant-prefixes.ts";
import type { Outcome, Vector } from "./vector.ts";

const USAGE = "usage: generate --seed TEXT --n COUNT --out FILE [--groups a,b,…] [--oracle COMMAND]";
const MAX_INSN_BYTES = 15;
/** Dropped cases are replaced; if that does not help, a group is broken. */
const MAX_ROUNDS = 20;

interface Options {
  readonly seed: string;
  readonly count: number;
  readonly out: string;
  readonly groups: readonly Group[];
  readonly oracle: string;
}

class UsageError extends Error {}

function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args: [...args], options: { seed: text, n: text, out: text, groups: text, oracle: text } });
  const { seed, n, out } = values;
  if (seed === undefined || n === undefined || out === undefined) throw new UsageError("--seed, --n and --out are needed");
  const count = Number(n);
  if (!Number.isInteger(count) || count <= 0) throw new UsageError(`--n is "${n}", not a positive whole number`);
  return { seed, count, out, groups: chosenGroups(values.groups), oracle: values.oracle ?? buildNative() };
}

function chosenGroups(names: string | undefined): readonly Group[] {
  if (names === undefined) return ALL_GROUPS;
  return names.split(",").map((name) => {
    const group = ALL_GROUPS.find((candidate) => candidate.name === name);
    if (!group) throw new UsageError(`no group "${name}"; there are ${ALL_GROUPS.map((candidate) => candidate.name).join(" ")}`);
    return group;
  });
}

/** Shares of `count` by weight; rounding is made up for by the first group. */
function shares(groups: readonly Group[], count: number): number[] {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  const counts = groups.map(({ weight }) => Math.round((count * weight) / total));
  counts[0] += count - counts.reduce((sum, share) => sum + share, 0);
  return counts;
}

/** The next case of a group that fits into the code region and, if one instruction, into 15 bytes. */
function makeCase(group: Group, random: Random): Case {
  for (;;) {
    const c = group.make(random);
    addRedundantPrefixes(c);
    const length = c.bytes.length;
    const isInside = c.ip + length <= CODE.base + CODE.sizeBytes;
    if (isInside && (length <= MAX_INSN_BYTES || !c.isSingleInsn)) return c;
  }
}

class Drops {
  readonly counts = new Map<string, number>();

  add(reason: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }
}

function answers(oracle: string, lines: readonly string[]): ReadonlyMap<number, Outcome> {
  const { outcomes, failure } = runExecutor(oracle, lines);
  if (failure !== undefined) throw new Error(failure);
  return outcomes;
}

/** Runs cases and returns a vector for each that is fit to be one, with ids from `firstId` on. */
function judged(cases: readonly Case[], oracle: string, firstId: number, drops: Drops): Vector[] {
  const lines = cases.map((c, i) => formatV(c.input(i)));
  const outcomes = answers(oracle, lines);
  const again = answers(oracle, lines);
  const vectors: Vector[] = [];
  cases.forEach((c, i) => {
    const outcome = outcomes.get(i);
    if (!outcome) throw new Error(`the oracle refused ${c.group}: ${c.name}: ${lines[i]}`);
    const repeated = again.get(i);
    const vector = toVector(c, outcome, firstId + vectors.length);
    const isRepeatable = repeated !== undefined && JSON.stringify(vector) === JSON.stringify(toVector(c, repeated, vector.id));
    const reason = isRepeatable ? dropReason(c, outcome) : `${c.name}: not repeatable`;
    if (reason === undefined) vectors.push(vector);
    else drops.add(reason);
  });
  return vectors;
}

function makeVectors(options: Options, drops: Drops): Vector[] {
  const vectors: Vector[] = [];
  const counts = shares(options.groups, options.count);
  options.groups.forEach((group, g) => {
    const random = new Random(`${options.seed}/${group.name}`); // a change in one group leaves the others as they were
    let missing = counts[g];
    for (let round = 0; missing > 0; round++) {
      if (round === MAX_ROUNDS) throw new Error(`group ${group.name} drops too many cases: ${[...drops.counts.keys()].join("; ")}`);
      const made = judged(Array.from({ length: missing }, () => makeCase(group, random)), options.oracle, vectors.length, drops);
      vectors.push(...made);
      missing -= made.length;
    }
  });
  return vectors;
}

/** Compressed if the name ends in `.gz`; equal vectors give equal bytes, for Node writes no time and no name into the header. */
function writeVectors(path: string, vectors: readonly Vector[]): void {
  const text = vectors.map((vector) => JSON.stringify(vector) + "\n").join("");
  writeFileSync(path, path.endsWith(".gz") ? gzipSync(text, { level: 9, memLevel: 9 }) : text);
}

function main(args: readonly string[]): number {
  try {
    const options = readOptions(args);
    const drops = new Drops();
    const vectors = makeVectors(options, drops);
    writeVectors(options.out, vectors);
    const perGroup = options.groups.map(({ name }) => `${name} ${vectors.filter(({ g }) => g === name).length}`);
    console.log(`${vectors.length} vectors: ${perGroup.join(", ")}`);
    for (const [reason, count] of drops.counts) console.log(`dropped ${count}: ${reason}`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || (error instanceof TypeError && "code" in error))) throw error; // parseArgs throws TypeErrors
    console.error(`generate: ${error.message}\n${USAGE}`);
    return 2;
  }
}

process.exitCode = main(process.argv.slice(2));
