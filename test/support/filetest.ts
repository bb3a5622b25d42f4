// Filetests: files of small cases with their expected results beside them, which BLESS=1 rewrites.
//
//     ; test opt=fold,dce              options, for this case and those after it
//     func f(x: i32) -> i32 {          the case: any lines up to one that is a lone }
//       v1 = add x, 0
//       ret v1
//     }
//     ; expect: ret x                  the expectation; of several lines, each follows as `;   text`
//
// All other lines (comments about the subject, empty lines) are kept as they are.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./project.ts";

export interface Filetest {
  /** From the project root. */
  readonly path: string;
  /** Of the case's first line, from 1. */
  readonly line: number;
  /** From the last `; test` line before the case: `opt=fold,dce` gives `opt` the value `fold,dce`. */
  readonly options: ReadonlyMap<string, string>;
  /** The case itself, each line with its line feed. */
  readonly text: string;
  /** Null if none is written yet. */
  readonly expected: string | null;
}

const EXPECT = "; expect:";
const MORE = ";   ";

/** True if expectations are to be rewritten instead of checked. */
export function isBlessing(): boolean {
  return process.env["BLESS"] === "1";
}

/**
 * All cases of the files below `folder` whose names end in `extension`, in order.
 * @param folder  from the project root
 * Throws when there are none.
 */
export function readFiletests(folder: string, extension: string): Filetest[] {
  const files = readdirSync(join(projectRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(extension)).sort();
  const tests = files.flatMap((file) => {
    const path = `${folder}/${file.replaceAll("\\", "/")}`;
    return parseFiletests(path, readFileSync(join(projectRoot, path), "utf8"));
  });
  if (tests.length === 0) throw new Error(`no *${extension} below ${folder}`);
  return tests;
}

/** The cases of one file. */
export function parseFiletests(path: string, text: string): Filetest[] {
  const tests: Filetest[] = [];
  let options: ReadonlyMap<string, string> = new Map();
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    if (lines[i].startsWith("; test ")) options = parseOptions(lines[i].slice("; test ".length));
    if (!startsCase(lines[i])) continue;
    const end = caseEnd(path, lines, i);
    const expected = expectation(lines, end);
    tests.push({
      path, line: i + 1, options, text: lines.slice(i, end).join("\n") + "\n", expected: expected.text,
    });
    i = expected.end - 1;
  }
  return tests;
}

/**
 * Writes expectations into a file.
 * @param results  of all its cases, in order
 */
export function bless(path: string, results: readonly string[]): void {
  const file = join(projectRoot, path);
  const before = readFileSync(file, "utf8");
  const after = blessedText(path, before, results);
  if (after !== before) writeFileSync(file, after);
}

/** The text of a file with other expectations. */
export function blessedText(path: string, text: string, results: readonly string[]): string {
  const lines = text.split("\n");
  const out: string[] = [];
  let done = 0;
  for (let i = 0; i < lines.length; i++) {
    if (!startsCase(lines[i])) {
      out.push(lines[i]);
      continue;
    }
    const end = caseEnd(path, lines, i);
    out.push(...lines.slice(i, end), ...expectationLines(results[done++]));
    i = expectation(lines, end).end - 1;
  }
  return out.join("\n");
}

function parseOptions(text: string): Map<string, string> {
  return new Map(text.trim().split(/\s+/).map((word) => {
    const [name, ...value] = word.split("=");
    return [name, value.join("=")];
  }));
}

function startsCase(line: string): boolean {
  return line !== "" && !line.startsWith(";");
}

/** The line after the case that begins at `start`. */
function caseEnd(path: string, lines: readonly string[], start: number): number {
  const end = lines.indexOf("}", start);
  if (end < 0) throw new Error(`${path}:${start + 1}: a case without its }`);
  return end + 1;
}

/** The expectation that begins at line `at`, if one does, and the line after it. */
function expectation(lines: readonly string[], at: number): { text: string | null; end: number } {
  if (lines[at]?.startsWith(EXPECT) !== true) return { text: null, end: at };
  const first = lines[at].slice(EXPECT.length).trim();
  let end = at + 1;
  while (lines[end]?.startsWith(MORE) === true) end++;
  const more = lines.slice(at + 1, end).map((line) => line.slice(MORE.length));
  return { text: [...(first === "" ? [] : [first]), ...more].join("\n"), end };
}

function expectationLines(text: string): string[] {
  const lines = text.split("\n");
  return lines.length === 1 ? [`${EXPECT} ${text}`] : [EXPECT, ...lines.map((line) => MORE + line)];
}
