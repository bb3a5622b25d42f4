// GNU objdump as the second opinion on disassembly, and what we intend to print otherwise.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Room for one insn in the image objdump reads. */
const SLOT_BYTES = 32;
/** Slots per image: it starts and ends with empty ones, so that no short jump leaves 64 KiB, where objdump does not wrap. */
const SLOTS = 2032, FIRST_SLOT = 8;

/** One insn as objdump prints it. */
export interface ListedInsn {
  readonly address: number;
  readonly length: number;
  readonly text: string;
}

/** True if there is an objdump to ask. */
export function hasObjdump(): boolean {
  return spawnSync("objdump", ["--version"]).status === 0;
}

/** What objdump makes of each encoding. */
export function objdump(encodings: readonly (readonly number[])[], bits: 16 | 32): ListedInsn[] {
  const folder = mkdtempSync(join(tmpdir(), "tcgjs-objdump-")), file = join(folder, "image.bin");
  try {
    const insns: ListedInsn[] = [];
    for (let i = 0; i < encodings.length; i += SLOTS) insns.push(...listOne(file, encodings.slice(i, i + SLOTS), bits));
    return insns;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function listOne(file: string, encodings: readonly (readonly number[])[], bits: 16 | 32): ListedInsn[] {
  const image = new Uint8Array((FIRST_SLOT + SLOTS + FIRST_SLOT) * SLOT_BYTES).fill(0x90);
  encodings.forEach((bytes, i) => image.set(bytes, (FIRST_SLOT + i) * SLOT_BYTES));
  writeFileSync(file, image);
  const args = ["-D", "-w", "-z", "-b", "binary", "-m", bits === 32 ? "i386" : "i8086", "-M", "intel", file];
  const { stdout } = spawnSync("objdump", args, { encoding: "utf8", maxBuffer: 2 ** 30 });
  const insns: ListedInsn[] = [];
  for (const line of stdout.split("\n")) {
    const found = /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)$/.exec(line);
    if (found === null) continue;
    const address = parseInt(found[1], 16), slot = address / SLOT_BYTES - FIRST_SLOT;
    if (!Number.isInteger(slot) || slot < 0 || slot >= encodings.length) continue;
    insns[slot] = { address, length: found[2].trim().split(" ").length, text: found[3].trimEnd() };
  }
  if (insns.length !== encodings.length) throw new Error(`objdump listed ${insns.length} of ${encodings.length} insns`);
  return insns;
}

function absolute(_match: string, segment: string | undefined, sign: string, displacement: string): string {
  const value = sign === "-" ? -Number(displacement) >>> 0 : Number(displacement);
  return `${segment ?? "ds:"}0x${value.toString(16)}`;
}

/** Intended differences: how objdump's text changes before it is compared with ours. */
const DIFFERENCES: readonly (readonly [why: string, pattern: RegExp, replacement: string | typeof absolute])[] = [
  ["columns are not compared", / +/g, " "],
  ["a displacement of 0 beside a base is not printed: a decoded insn does not know that it was encoded", /(?<!\[\w+\*[1248])\+0x0\]/, "]"],
  ["nor is a SIB byte without index", /(?<=\[\w+)\+eiz\*[1248]/, ""],
  ["nor is one without base and index", /([c-gs]s:)?\[eiz\*[1248]([+-])(0x[0-9a-f]+)\]/, absolute],
  ["prefixes without effect are not printed", /^((data16|data32|[c-gs]s|addr(16|32)(?! loop)) )+/, ""],
  ["nor are repeat prefixes of insns that do not repeat", /^(repz|repnz) (?!cmps|scas)/, ""],
  ["names do not say which FPU had the insn", /\((8087|287) only\)$/, ""],
];

/** objdump's text as we intend to print it. */
export function asIntended(text: string): string {
  // TypeScript wants to know which of the two overloads it is.
  return DIFFERENCES.reduce((t, [, pattern, by]) => (typeof by === "string" ? t.replace(pattern, by) : t.replace(pattern, by)), text);
}
