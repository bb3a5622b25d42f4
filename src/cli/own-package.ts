/** The package that this program came in: what else is in it, and its version. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What is read of package.json. */
interface Manifest {
  readonly name?: string;
  readonly version: string;
}

/** The path of a file of the package, by its path there. */
export function packageFile(path: string): string {
  return join(packageFolder(), path);
}

/** As package.json says. */
export function packageVersion(): string {
  return readManifest(packageFolder()).version;
}

/** Wherever above this module, or the bundle it is in, the package lies. @throws Error if it does not */
function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, MANIFEST)) && readManifest(folder).name === "tcgjs") return folder;
    if (folder === dirname(folder)) throw new Error(`${import.meta.dirname} is not in tcgjs's package`);
  }
}

const MANIFEST = "package.json";

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, MANIFEST), "utf8")) as Manifest;
}
