/**
 * How an option of a command is declared: one entry of a table says its name, argument, default, help and how its text
 * becomes a value. `options.ts` parses by the table, `help.ts` prints it.
 */
import { VmError } from "../../tcg/support/errors.ts";
import { parseNumber } from "./numbers.ts";

/** One option; its name, without the dashes, is its key in the command's table. */
export interface Option<T> {
  /** Stands for the argument in help; null for a flag, which has none. */
  readonly argument: string | null;
  /** One letter for a single dash, or null. */
  readonly short: string | null;
  readonly help: string;
  /** The default as help prints it; null where absence needs no explanation. */
  readonly defaultText: string | null;
  readonly initial: T;
  /** The value after one more occurrence. @throws VmError whose message goes on after the option's name: `wants …` */
  readonly accept: (text: string, before: T) => T;
}

/** Options of one subject; help prints them together. */
export interface OptionGroup<O extends OptionTable = OptionTable> {
  readonly title: string;
  /** A sentence on all of them, or none. */
  readonly note?: string;
  readonly options: O;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table holds options of any value type
export type OptionTable = Readonly<Record<string, Option<any>>>;

/** The values of a table's options, by name. */
export type ValuesOf<O extends OptionTable> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

interface Common {
  readonly help: string;
  readonly short?: string;
}

interface Valued extends Common {
  readonly argument: string;
  /** Shown as the default where the value itself would not do. */
  readonly defaultText?: string;
}

/** On or off. */
export function flag({ help, short = "" }: Common): Option<boolean> {
  return { argument: null, short: short || null, help, defaultText: null, initial: false, accept: () => true };
}

/** A number within bounds; absent unless there is a default. */
export function number<D extends number | null>(
  given: Valued & { readonly min: number; readonly max: number; readonly initial: D; readonly isHex?: boolean },
): Option<number | D> {
  const { min, max, initial, isHex = false } = given;
  const show = (n: number): string => (isHex ? `0x${n.toString(16)}` : String(n));
  return {
    ...described(given, initial === null ? null : show(initial)), initial,
    accept(text): number {
      const value = parseNumber(text);
      if (value === null || value < min || value > max) {
        throw new VmError("EINVAL", `wants a number from ${show(min)} to ${show(max)}, not "${text}"`);
      }
      return value;
    },
  };
}

/** A memory size: as `number`, shown with its unit. */
export function size(given: Valued & { readonly min: number; readonly max: number; readonly initial: number; readonly step: number }): Option<number> {
  const { min, max, step } = given;
  return {
    ...described(given, sizeText(given.initial)), initial: given.initial,
    accept(text): number {
      const value = parseNumber(text);
      if (value === null || value < min || value > max || value % step !== 0) {
        throw new VmError("EINVAL", `wants a multiple of ${sizeText(step)} from ${sizeText(min)} to ${sizeText(max)}, not "${text}"`);
      }
      return value;
    },
  };
}

/** `16M`, `4K`, `100`. */
function sizeText(bytes: number): string {
  for (const [unit, name] of [[2 ** 30, "G"], [2 ** 20, "M"], [2 ** 10, "K"]] as const) {
    if (bytes >= unit && bytes % unit === 0) return `${bytes / unit}${name}`;
  }
  return String(bytes);
}

/** One of a few words. */
export function choice<const W extends string, D extends W | null>(words: readonly W[], given: Omit<Valued, "argument"> & { readonly initial: D }): Option<W | D> {
  return {
    ...described({ ...given, argument: words.join("|") }, given.initial), initial: given.initial,
    accept(text): W {
      const word = words.find((w) => w === text);
      if (word === undefined) throw new VmError("EINVAL", `wants ${words.join(", ")}; not "${text}"`);
      return word;
    },
  };
}

/** Words separated by commas; several occurrences add up. */
export function words<const W extends string>(allowed: readonly W[], given: Valued): Option<readonly W[]> {
  return {
    ...described(given, null), initial: [],
    accept(text, before): readonly W[] {
      const more = text.split(",").map((word) => {
        const found = allowed.find((w) => w === word);
        if (found === undefined) throw new VmError("EINVAL", `knows ${allowed.join(", ")}; not "${word}"`);
        return found;
      });
      return [...new Set([...before, ...more])];
    },
  };
}

/** Any text, parsed by `parse`; absent by default. */
export function value<T>(parse: (text: string) => T, given: Valued): Option<T | null> {
  return { ...described(given, null), initial: null, accept: (text) => parse(text) };
}

/** Like `value`, but every occurrence counts. */
export function values<T>(parse: (text: string) => T, given: Valued): Option<readonly T[]> {
  return { ...described(given, null), initial: [], accept: (text, before) => [...before, parse(text)] };
}

function described(given: Valued, fallback: string | null): Pick<Option<unknown>, "argument" | "short" | "help" | "defaultText"> {
  return { argument: given.argument, short: given.short ?? null, help: given.help, defaultText: given.defaultText ?? fallback };
}
