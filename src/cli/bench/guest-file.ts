/** `guest.json`, the note beside a guest's image that says how to run it. */
import { dirname, join } from "node:path";
import { VmError } from "../../../tcg/support/errors.ts";
import { readOptionalText } from "../../host/files.ts";
import { parseNumber } from "../numbers.ts";

const MAX_BYTES = 65_536;

/** What a guest.json may say of interest here; null where it does not. */
export interface GuestNote {
  readonly bits: "16" | "32" | null;
  readonly load: number | null;
  readonly memory: number | null;
}

const NOTHING: GuestNote = { bits: null, load: null, memory: null };

/** The note beside an image; nothing but null if there is none. @throws VmError if there is one that makes no sense */
export function readGuestNote(image: string): GuestNote {
  const path = join(dirname(image), "guest.json"), text = readOptionalText(path, MAX_BYTES);
  if (text === null) return NOTHING;
  const note = parseObject(path, text);
  const bits = note["bits"] === undefined ? null : String(note["bits"]);
  if (bits !== null && bits !== "16" && bits !== "32") throw new VmError("EINVAL", `${path}: bits is ${bits}; it may be 16 or 32`);
  const address = (name: string): number | null => {
    const given = note[name];
    if (given === undefined) return null;
    const n = typeof given === "number" ? given : typeof given === "string" ? parseNumber(given) : null;
    if (n === null) throw new VmError("EINVAL", `${path}: ${name} is ${JSON.stringify(given)}; it should be a number such as "0x1000" or "16M"`);
    return n;
  };
  return { bits, load: address("load"), memory: address("memory") };
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (e) {
    throw new VmError("EINVAL", `${path}: not JSON: ${e instanceof Error ? e.message : String(e)}`);
  }
  if (typeof parsed !== "object" || parsed === null) throw new VmError("EINVAL", `${path}: not a JSON object`);
  return parsed as Record<string, unknown>;
}
