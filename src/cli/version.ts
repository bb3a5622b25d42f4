/** The version of this package. */
import { existsSync, readFileSync } from "node:fs";

/** As package.json says, wherever above this module (or the bundle it is in) that lies. */
export function version(): string {
  let at = new URL("./package.json", import.meta.url);
  while (!existsSync(at) && at.pathname.lastIndexOf("/") > 0) at = new URL("../package.json", at);
  const { version: found } = JSON.parse(readFileSync(at, "utf8")) as { version: string };
  return found;
}
