/** The guests there are to measure with: guests/NAME with its images, its guest.json and what it should print. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VmError } from "../tcg/support/errors.ts";
import { nearest } from "../src/cli/options.ts";
import { parseNumber } from "../src/cli/numbers.ts";

/**
 * What a guest measures; averages are taken by group. `integer`: hot code on general registers; `sse-scalar`, `sse-packed`,
 * `x87`: floating point and vectors; `changing`: code that is written over, or runs a few times only; `system`: privilege
 * changes and page faults.
 */
export const GUEST_GROUPS = ["integer", "sse-scalar", "sse-packed", "x87", "changing", "system"] as const;
export type GuestGroup = (typeof GUEST_GROUPS)[number];

export interface BenchGuest {
  readonly name: string;
  readonly group: GuestGroup;
  readonly image: Buffer;
  /** What it prints. */
  readonly expected: Buffer;
  readonly bits: 16 | 32;
  readonly load: number;
  readonly memoryBytes: number;
  /** Insns it retires from its first to `hlt`; null where that is not known, or tools count differently (repeated string insns). */
  readonly retiredInsns: number | null;
  /** It turns paging on by itself. */
  readonly hasPaging: boolean;
  /** The same for longer, so that start-up does not count; null if the one image is long enough. */
  readonly long: BenchGuest | null;
}

/** What guest.json says; guests/README.md explains. */
interface GuestJson {
  readonly kind: string;
  readonly group?: string;
  readonly bits: 16 | 32;
  readonly load: string;
  readonly memory: string;
  readonly retiredInsns?: number;
  readonly paging?: boolean;
  readonly times?: number;
}

/** All guests that are there to be measured, by name. @param root  the project's folder */
export function readGuests(root: string): BenchGuest[] {
  const folder = join(root, "guests");
  return readdirSync(folder).sort().flatMap((name) => {
    const noteFile = join(folder, name, "guest.json");
    if (!existsSync(noteFile)) return [];
    const note = JSON.parse(readFileSync(noteFile, "utf8")) as GuestJson;
    return note.kind === "compute" ? [readGuest(join(folder, name), name, note)] : [];
  });
}

function readGuest(folder: string, name: string, note: GuestJson): BenchGuest {
  const group = GUEST_GROUPS.find((g) => g === note.group);
  if (group === undefined) throw new VmError("EINVAL", `${name}: group is ${String(note.group)}; there are ${GUEST_GROUPS.join(", ")}`);
  const expected = readFileSync(join(folder, "expected.txt")), { times = 1 } = note;
  const guest: BenchGuest = {
    name, group, bits: note.bits, load: quantity(note.load, name), memoryBytes: quantity(note.memory, name), hasPaging: note.paging === true,
    image: readFileSync(join(folder, `${name}.bin`)), expected, retiredInsns: note.retiredInsns ?? null, long: null,
  };
  if (times === 1) return guest;
  const long = readFileSync(join(folder, `${name}-long.bin`));
  return { ...guest, long: { ...guest, image: long, expected: Buffer.concat(Array.from({ length: times }, () => expected)), retiredInsns: null } };
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

/** Those of a group. */
export function inGroup<T extends { readonly group: GuestGroup }>(guests: readonly T[], group: GuestGroup): T[] {
  return guests.filter((g) => g.group === group);
}

function quantity(text: string, name: string): number {
  const n = parseNumber(text);
  if (n === null) throw new VmError("EINVAL", `${name}: guest.json: "${text}" is not a number`);
  return n;
}
