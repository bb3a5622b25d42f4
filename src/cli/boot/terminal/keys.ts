/** The keys of a PC's keyboard, by the names that QEMU's `sendkey` has for them, and which of them make a character (US layout). */
import { VmError } from "../../../../tcg/support/errors.ts";

/** Codes of set 2 (IBM PS/2 Technical Reference, "Scan Code Set 2"); those above 0xff follow a prefix 0xe0. */
const KEYS: Readonly<Record<string, number>> = {
  a: 0x1c, b: 0x32, c: 0x21, d: 0x23, e: 0x24, f: 0x2b, g: 0x34, h: 0x33, i: 0x43, j: 0x3b, k: 0x42, l: 0x4b, m: 0x3a, n: 0x31, o: 0x44, p: 0x4d, q: 0x15, r: 0x2d, s: 0x1b, t: 0x2c,
  u: 0x3c, v: 0x2a, w: 0x1d, x: 0x22, y: 0x35, z: 0x1a, 0: 0x45, 1: 0x16, 2: 0x1e, 3: 0x26, 4: 0x25, 5: 0x2e, 6: 0x36, 7: 0x3d, 8: 0x3e, 9: 0x46,
  grave_accent: 0x0e, minus: 0x4e, equal: 0x55, backslash: 0x5d, bracket_left: 0x54, bracket_right: 0x5b, semicolon: 0x4c, apostrophe: 0x52, comma: 0x41, dot: 0x49, slash: 0x4a, less: 0x61,
  spc: 0x29, ret: 0x5a, tab: 0x0d, backspace: 0x66, esc: 0x76, caps_lock: 0x58, shift: 0x12, shift_r: 0x59, ctrl: 0x14, ctrl_r: 0xe014, alt: 0x11, alt_r: 0xe011, meta_l: 0xe01f, meta_r: 0xe027,
  menu: 0xe02f, f1: 0x05, f2: 0x06, f3: 0x04, f4: 0x0c, f5: 0x03, f6: 0x0b, f7: 0x83, f8: 0x0a, f9: 0x01, f10: 0x09, f11: 0x78, f12: 0x07, scroll_lock: 0x7e, num_lock: 0x77,
  insert: 0xe070, delete: 0xe071, home: 0xe06c, end: 0xe069, pgup: 0xe07d, pgdn: 0xe07a, up: 0xe075, down: 0xe072, left: 0xe06b, right: 0xe074,
  kp_0: 0x70, kp_1: 0x69, kp_2: 0x72, kp_3: 0x7a, kp_4: 0x6b, kp_5: 0x73, kp_6: 0x74, kp_7: 0x6c, kp_8: 0x75, kp_9: 0x7d, kp_decimal: 0x71, kp_add: 0x79, kp_subtract: 0x7b, kp_multiply: 0x7c,
  kp_divide: 0xe04a, kp_enter: 0xe05a,
};
const RELEASED = 0xf0;

/** Characters that a key makes by itself and with Shift, in pairs. */
const PAIRS: readonly (readonly [plain: string, shifted: string, key: string])[] = [
  ["`", "~", "grave_accent"], ["-", "_", "minus"], ["=", "+", "equal"], ["\\", "|", "backslash"], ["[", "{", "bracket_left"], ["]", "}", "bracket_right"], [";", ":", "semicolon"], ["'", "\"", "apostrophe"],
  [",", "<", "comma"], [".", ">", "dot"], ["/", "?", "slash"], ["1", "!", "1"], ["2", "@", "2"], ["3", "#", "3"], ["4", "$", "4"], ["5", "%", "5"], ["6", "^", "6"], ["7", "&", "7"], ["8", "*", "8"],
  ["9", "(", "9"], ["0", ")", "0"], ...[..."abcdefghijklmnopqrstuvwxyz"].map((c): [string, string, string] => [c, c.toUpperCase(), c]),
];
const CHARACTERS = new Map<string, readonly string[]>([
  ...PAIRS.flatMap(([plain, shifted, key]): [string, readonly string[]][] => [[plain, [key]], [shifted, ["shift", key]]]),
  [" ", ["spc"]], ["\r", ["ret"]], ["\t", ["tab"]], ["\x7f", ["backspace"]], ["\b", ["backspace"]], ["\x1b", ["esc"]],
]);
/** Control characters that are no letter with Ctrl. */
const CONTROLS: Readonly<Record<string, string>> = { "\0": "spc", "\x1c": "backslash", "\x1d": "bracket_right", "\x1e": "6", "\x1f": "minus" };

/** Keys that are pressed together for a character, the last of them released first; null if the keyboard has none for it. */
export function keysOf(character: string): readonly string[] | null {
  const known = CHARACTERS.get(character), code = character.charCodeAt(0);
  if (known !== undefined) return known;
  if (character in CONTROLS) return ["ctrl", CONTROLS[character]];
  return code >= 1 && code <= 26 ? ["ctrl", String.fromCharCode(0x60 + code)] : null;
}

/** What the keyboard sends when keys go down one after the other and up again in turn. @throws VmError EINVAL for a name it does not know */
export function scanCodesOf(keys: readonly string[]): number[] {
  const codes = keys.map((key) => {
    if (!Object.hasOwn(KEYS, key)) throw new VmError("EINVAL", `there is no key "${key}"; keys are ${Object.keys(KEYS).sort().join(" ")}`);
    return KEYS[key];
  });
  const prefix = (code: number): number[] => (code > 0xff ? [code >>> 8] : []);
  return [...codes.flatMap((code) => [...prefix(code), code & 0xff]), ...codes.reverse().flatMap((code) => [...prefix(code), RELEASED, code & 0xff])];
}
