/** What a terminal sends for keys (ECMA-48, xterm and the Linux console), as keys of a PC's keyboard. */
import { keysOf } from "./keys.ts";

/** Ends of sequences behind `ESC [` and `ESC O`. */
const BY_LETTER: Readonly<Record<string, string>> = { A: "up", B: "down", C: "right", D: "left", H: "home", F: "end", P: "f1", Q: "f2", R: "f3", S: "f4", M: "kp_enter" };
/** Numbers in front of `~`. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pgup", 6: "pgdn", 7: "home", 8: "end", 11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9", 21: "f10", 23: "f11", 24: "f12",
};
/** The Linux console's function keys, behind `ESC [ [`. */
const BY_CONSOLE_LETTER: Readonly<Record<string, string>> = { A: "f1", B: "f2", C: "f3", D: "f4", E: "f5" };
const MODIFIERS = ["shift", "alt", "ctrl"] as const;
const SEQUENCE = /^\x1b(?:\[\[([A-E])|\[([0-9]*)(?:;([0-9]+))?([A-Za-z~])|O([0-9]*)([A-Za-z]))/;

/**
 * Keys for what was typed, in groups that are pressed together.
 * @param text  as much as came at once: an escape at its end is the Esc key
 */
export function keysTyped(text: string): (readonly string[])[] {
  const groups: (readonly string[])[] = [];
  for (let rest = text; rest !== "";) {
    const match = SEQUENCE.exec(rest);
    if (match !== null) {
      const keys = keysOfSequence(match);
      if (keys !== null) groups.push(keys);
      rest = rest.slice(match[0].length);
      continue;
    }
    const [first, second] = rest, isAlt = first === "\x1b" && rest.length > 1, keys = keysOf(isAlt ? second : first);
    if (keys !== null) groups.push(isAlt ? ["alt", ...keys] : keys);
    rest = rest.slice(isAlt ? first.length + second.length : first.length);
  }
  return groups;
}

function keysOfSequence([, consoleLetter, number, modifier, end, modifierO, endO]: (string | undefined)[]): readonly string[] | null {
  if (consoleLetter !== undefined) return [BY_CONSOLE_LETTER[consoleLetter]];
  if (end === "Z") return ["shift", "tab"];
  const key = end === "~" ? BY_NUMBER[number ?? ""] : BY_LETTER[end ?? endO ?? ""], bits = Number(modifier ?? (modifierO === "" ? undefined : modifierO) ?? 1) - 1;
  return (key as string | undefined) === undefined ? null : [...MODIFIERS.filter((_, i) => (bits >> i) & 1), key];
}
