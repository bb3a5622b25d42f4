/** Parses a command's arguments by its option tables, on top of node's parseArgs, with messages that help. */
import { parseArgs } from "node:util";
import { VmError } from "../../tcg/support/errors.ts";
import type { Option, OptionGroup, OptionTable, ValuesOf } from "./option-table.ts";

/** A command line, parsed. */
export interface ParsedArguments<O extends OptionTable> {
  readonly values: ValuesOf<O>;
  readonly positionals: readonly string[];
  /** Names of the options that were given. */
  readonly given: ReadonlySet<string>;
  /** Their arguments as they were written, by name; none for a flag. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly wantsHelp: boolean;
}

/** Options every command has. */
const HELP = "help";

/**
 * Parses `args` by the tables.
 * @throws VmError EINVAL that names the option, what it was given and what it takes
 */
export function parseOptions<O extends OptionTable>(args: readonly string[], groups: readonly OptionGroup[]): ParsedArguments<O> {
  const table = new Map<string, Option<unknown>>(groups.flatMap((g) => Object.entries(g.options)));
  const { tokens } = parseArgs({ args: args.map(qemuSpelling), options: nodeOptions(table), strict: false, tokens: true, allowPositionals: true });
  const values = new Map<string, unknown>([...table].map(([name, option]) => [name, option.initial]));
  const positionals: string[] = [], given = new Set<string>(), texts = new Map<string, readonly string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    given.add(token.name);
    if (token.name === HELP) continue;
    const option = table.get(token.name);
    if (option === undefined) throw unknownOption(token.rawName, [...table.keys(), HELP]);
    values.set(token.name, valueOf(option, token.rawName, token.value, values.get(token.name)));
    texts.set(token.name, [...texts.get(token.name) ?? [], ...token.value === undefined ? [] : [token.value]]);
  }
  return { values: Object.fromEntries(values) as ValuesOf<O>, positionals, given, texts, wantsHelp: given.has(HELP) };
}

/** QEMU writes `-dfilter` with one dash. */
function qemuSpelling(argument: string): string {
  return argument === "-dfilter" ? "--dfilter" : argument;
}

function nodeOptions(table: ReadonlyMap<string, Option<unknown>>): Record<string, { type: "string" | "boolean"; short?: string }> {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = { [HELP]: { type: "boolean", short: "h" } };
  for (const [name, { argument, short }] of table) {
    options[name] = { type: argument === null ? "boolean" : "string", ...(short === null ? {} : { short }) };
  }
  return options;
}

function valueOf(option: Option<unknown>, rawName: string, text: string | undefined, before: unknown): unknown {
  if (option.argument === null) {
    if (text !== undefined) throw new VmError("EINVAL", `${rawName} takes no argument`);
    return option.accept("", before);
  }
  if (text === undefined || text === "") throw new VmError("EINVAL", `${rawName} needs an argument: ${option.argument}`);
  try {
    return option.accept(text, before);
  } catch (e) {
    if (e instanceof VmError) throw new VmError(e.code, `${rawName} ${e.message}`);
    throw e;
  }
}

function unknownOption(rawName: string, known: readonly string[]): VmError {
  const near = nearest(rawName.replace(/^-+/, ""), known);
  return new VmError("EINVAL", `there is no option ${rawName}${near === null ? "" : `; did you mean --${near}?`}`);
}

/** The word most like `text`, or null if none is much like it. */
export function nearest(text: string, known: readonly string[]): string | null {
  let best: string | null = null, least = (text.length < 3 ? 1 : Math.max(2, Math.floor(text.length / 3))) + 1;
  for (const word of known) {
    const n = editDistance(text, word);
    if (n < least) {
      best = word;
      least = n;
    }
  }
  return best ?? known.find((word) => text.length > 2 && word.startsWith(text)) ?? null;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      let n = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) n = Math.min(n, rows[i - 2][j - 2] + 1);
      row.push(n);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
