/** The guests there are to measure with: guests/NAME with its image, its guest.json and what it should print. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VmError } from "../tcg/support/errors.ts";
import { nearest } from "../src/cli/options.ts";
import { parseNumber } from "../src/cli/numbers.ts";

/** `compute`: integer work of some 200 million insns; `float`: the same in floating point. */
export type GuestKind = "compute" | "float";

export interface BenchGuest {
  readonly name: string;
  readonly kind: GuestKind;
  readonly image: Buffer;
  /** What it prints. */
  readonly expected: Buffer;
  readonly bits: 16 | 32;
  readonly load: number;
  readonly memoryBytes: number;
  /** Insns it retires from its first to `hlt`; null where tools count differently (repeated string insns). */
  readonly retiredInsns: number | null;
}

/** What guest.json says; guests/README.md explains. */
interface GuestJson {
  readonly kind: string;
  readonly bits: 16 | 32;
  readonly load: string;
  readonly memory: string;
  /** Absent: integer. */
  readonly arithmetic?: "sse2" | "x87";
  readonly retiredInsns?: number;
}

/** All guests that are there to be measured, by name. @param root  the project's folder */
export function readGuests(root: string): BenchGuest[] {
  const folder = join(root, "guests");
  return readdirSync(folder).sort().flatMap((name) => {
    const noteFile = join(folder, name, "guest.json");
    if (!existsSync(noteFile)) return [];
    const { kind, arithmetic, bits, load, memory, retiredInsns = null } = JSON.parse(readFileSync(noteFile, "utf8")) as GuestJson;
    if (kind !== "compute") return [];
    return [{
      name, kind: arithmetic === undefined ? "compute" : "float", bits, retiredInsns, load: quantity(load, noteFile), memoryBytes: quantity(memory, noteFile),
      image: readFileSync(join(folder, name, `${name}.bin`)), expected: readFileSync(join(folder, name, "expected.txt")),
    }];
  });
}

/**
 * The guests of these names.
 * @throws VmError EINVAL for a name that none has
 */
export function chooseGuests(guests: readonly BenchGuest[], names: readonly string[]): BenchGuest[] {
  return names.map((name) => {
    const guest = guests.find((g) => g.name === name);
    if (guest !== undefined) return guest;
    const all = guests.map((g) => g.name), near = nearest(name, all);
    throw new VmError("EINVAL", `there is no guest ${name}; ${near === null ? `there are ${all.join(", ")}` : `did you mean ${near}?`}`);
  });
}

/**
 * Those of a kind.
 * @throws VmError EINVAL if there is none
 */
export function guestsOfKind(guests: readonly BenchGuest[], kind: GuestKind): BenchGuest[] {
  const found = guests.filter((g) => g.kind === kind);
  if (found.length === 0) throw new VmError("EINVAL", `no guest of kind ${kind} was chosen`);
  return found;
}

function quantity(text: string, file: string): number {
  const n = parseNumber(text);
  if (n === null) throw new VmError("EINVAL", `${file}: "${text}" is not a number`);
  return n;
}
