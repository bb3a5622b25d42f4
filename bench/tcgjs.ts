/** This project as a contender: a node process per run (tcgjs-child.ts), so that V8 has yet to compile the translator as well. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Contender } from "./contender.ts";
import type { ChildJob } from "./guest-child.ts";
import { runChild } from "./guest-child.ts";

/** @param root  the project's folder */
export function ourselves(root: string): Contender {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return {
    name: "tcgjs", version,
    canRun: ({ bits, hasPaging }, paging) => !paging || (bits === 32 && !hasPaging),
    run: (guest, paging) => runChild<ChildJob & { paging: boolean }>("tcgjs-child.js", guest, { paging }),
  };
}
