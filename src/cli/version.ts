/** The version of this package. */
import { readFileSync } from "node:fs";

/** As package.json says. */
export function version(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  const { version: found } = JSON.parse(text) as { version: string };
  return found;
}
