/** Options that are lists of properties, as QEMU has them: `file=disk.img,readonly=on`. A comma in a value is written twice. */
import { VmError } from "../../../tcg/support/errors.ts";

/** Properties by name. */
export type Properties = ReadonlyMap<string, string>;

/**
 * @param allowed  names that there may be
 * @param first    the name of a first item without `=`, or null; other items without are `on`
 * @throws VmError EINVAL for a name that is not allowed or comes twice
 */
export function parseProperties(text: string, allowed: readonly string[], first: string | null = null): Properties {
  const found = new Map<string, string>();
  // A comma that stands alone separates; NUL cannot be in an argument.
  text.replaceAll(",,", "\0").split(",").map((item) => item.replaceAll("\0", ",")).forEach((item, i) => {
    const at = item.indexOf("="), isFirst = at < 0 && i === 0 && first !== null;
    const name = isFirst ? first : at < 0 ? item : item.slice(0, at), given = isFirst ? item : at < 0 ? "on" : item.slice(at + 1);
    if (!allowed.includes(name)) throw new VmError("EINVAL", `wants ${allowed.map((n) => `${n}=…`).join(", ")}, separated by commas; not "${item}"`);
    if (found.has(name)) throw new VmError("EINVAL", `was given ${name} twice`);
    found.set(name, given);
  });
  return found;
}

/** A property that is on or off. @throws VmError EINVAL for another value */
export function isOn(properties: Properties, name: string): boolean {
  const given = properties.get(name) ?? "off";
  if (given === "on" || given === "off") return given === "on";
  throw new VmError("EINVAL", `wants ${name}=on or ${name}=off, not "${given}"`);
}
