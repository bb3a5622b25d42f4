/** What the CLI says about a failure of ours: everything that helps to see it again. */
import type { ErrorContext } from "../../tcg/support/errors.ts";
import { packageVersion } from "./own-package.ts";

/** A report on `e`, which is not the caller's mistake. */
export function reproduction(e: unknown, args: readonly string[], context: ErrorContext): string {
  const lines = [
    "tcgjs: internal error: this is a fault of tcgjs, not of the guest or of what you asked for.",
    e instanceof Error ? e.stack ?? e.message : String(e),
    ...Object.entries(context).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`),
    "",
    `To see it again:  tcgjs ${args.map(quoted).join(" ")}`,
    `with tcgjs ${packageVersion()} on node ${process.version}, ${process.platform} ${process.arch}.`,
    "`tcgjs run --engine interp` runs the same guest without translation; `--engine lockstep` finds where the two part.",
  ];
  return `${lines.join("\n")}\n`;
}

/** An argument as a shell takes it. */
function quoted(argument: string): string {
  return /^[\w./:=,@%+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
