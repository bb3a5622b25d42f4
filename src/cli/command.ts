/** What a command of the CLI is, and how its arguments reach it. */
import { VmError } from "../../tcg/support/errors.ts";
import type { Output } from "../host/output.ts";
import { helpText } from "./help.ts";
import type { OptionGroup, OptionTable, ValuesOf } from "./option-table.ts";
import { parseOptions } from "./options.ts";

/** Exit statuses (the guest's own, by --isa-debug-exit, aside). */
export const STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_LIMIT = 124, STATUS_INTERRUPTED = 130, STATUS_BROKEN_PIPE = 141;

/** An example for the help. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** What a command gets to work with. */
export interface Invocation<O extends OptionTable> {
  readonly images: readonly string[];
  readonly values: ValuesOf<O>;
  /** Names of the options that were given. */
  readonly given: ReadonlySet<string>;
  readonly output: Output;
}

export interface CommandSpec<O extends OptionTable> {
  readonly name: string;
  /** What it does, in a few lines for the help. */
  readonly about: string;
  /** How many images it takes. */
  readonly images: "one" | "several";
  readonly groups: readonly OptionGroup[];
  readonly examples: readonly Example[];
  /** Notes at the end of the help. */
  readonly notes: readonly string[];
  /** Does it; resolves with the exit status. */
  readonly run: (invocation: Invocation<O>) => Promise<number>;
}

/** A command, ready for arguments. */
export interface Command {
  readonly spec: CommandSpec<OptionTable>;
  execute(args: readonly string[], output: Output): Promise<number>;
}

/** A command whose options are those of `groups`; `O` is all their tables together. */
export function defineCommand<O extends OptionTable>(spec: CommandSpec<O>): Command {
  return {
    spec: spec as unknown as CommandSpec<OptionTable>,
    execute(args, output) {
      const { values, positionals, given, wantsHelp } = parseOptions<O>(args, spec.groups);
      if (wantsHelp) {
        output.out(helpText(spec));
        return Promise.resolve(STATUS_OK);
      }
      if (positionals.length === 0) throw new VmError("EINVAL", "which image? None was named");
      if (spec.images === "one" && positionals.length > 1) {
        throw new VmError("EINVAL", `takes one image, not ${positionals.length}: ${positionals.join(" ")}`);
      }
      return spec.run({ images: positionals, values, given, output });
    },
  };
}
