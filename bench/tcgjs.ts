/**
 * This project as a contender: a node process per run (tcgjs-child.ts), so that V8 has yet to compile the translator as well. It is
 * bundled as the command is, which puts constants where they are used: separate modules read them from variables.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { Contender } from "./contender.ts";
import type { ChildJob } from "./guest-child.ts";
import { runChild } from "./guest-child.ts";

const BUNDLE = "tcgjs-child.cjs";

/** @param root  the project's folder */
export function ourselves(root: string): Contender {
  const folder = join(root, "dist/bench");
  buildSync({
    entryPoints: [join(folder, "tcgjs-child.js")], outfile: join(folder, BUNDLE), bundle: true, format: "cjs", platform: "node", target: "node20",
    minifyWhitespace: true, minifySyntax: true, logLevel: "warning",
  });
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return {
    name: "tcgjs", version,
    canRun: ({ bits, hasPaging }, paging) => !paging || (bits === 32 && !hasPaging),
    run: (guest, paging) => runChild<ChildJob & { paging: boolean }>(BUNDLE, guest, { paging }),
  };
}
