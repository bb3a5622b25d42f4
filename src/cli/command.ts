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
  /** Their arguments as they were written, by name. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly output: Output;
}

/** What a command takes besides options, if not images of guests: `FILE [SIZE]`, and how many words that may be. */
export interface Operands {
  readonly text: string;
  readonly min: number;
  readonly max: number;
}

export interface CommandSpec<O extends OptionTable> {
  readonly name: string;
  /** What it does, in a few lines for the help. */
  readonly about: string;
  /** How many images it takes; none if options name what it runs. */
  readonly images: "one" | "several" | "none" | Operands;
  /** An option whose argument is the image where no other is named. */
  readonly imageOption?: keyof O & string;
  readonly groups: readonly OptionGroup[];
  readonly examples: readonly Example[];
  /** Notes at the end of the help. */
  readonly notes: readonly string[];
  /** Does it; resolves with the exit status. */
  readonly run: (invocation: Invocation<O>) => Promise<number>;
}

/** What can be given arguments. */
export interface CommandRunner {
  /** @returns the exit status */
  execute(args: readonly string[], output: Output): Promise<number>;
}

/** A command, ready for arguments. */
export interface Command extends CommandRunner {
  readonly spec: CommandSpec<OptionTable>;
}

/** A command whose options are those of `groups`; `O` is all their tables together. */
export function defineCommand<O extends OptionTable>(spec: CommandSpec<O>): Command {
  return {
    spec: spec as unknown as CommandSpec<OptionTable>,
    execute(args, output) {
      const { values, positionals, given, texts, wantsHelp } = parseOptions<O>(args, spec.groups);
      if (wantsHelp) {
        output.out(helpText(spec));
        return Promise.resolve(STATUS_OK);
      }
      return spec.run({ images: imagesOf(spec, positionals, values), values, given, texts, output });
    },
  };
}

/** The images a command line names. @throws VmError if they are too few or too many */
function imagesOf<O extends OptionTable>(spec: CommandSpec<O>, positionals: readonly string[], values: ValuesOf<O>): readonly string[] {
  const { imageOption, images } = spec;
  if (images === "none") {
    if (positionals.length > 0) throw new VmError("EINVAL", `takes options only; ${positionals.join(" ")} belongs to none (tcgjs ${spec.name} --help)`);
    return [];
  }
  if (typeof images === "object") {
    if (positionals.length >= images.min && positionals.length <= images.max) return positionals;
    throw new VmError("EINVAL", `takes ${images.text}; ${positionals.length === 0 ? "nothing was given" : `given was ${positionals.join(" ")}`} (tcgjs ${spec.name} --help)`);
  }
  const instead: unknown = imageOption === undefined ? null : values[imageOption];
  if (typeof instead === "string") {
    if (positionals.length > 0) throw new VmError("EINVAL", `--${String(imageOption)} ${instead} is run instead of an image; ${positionals.join(" ")} is one too many`);
    return [instead];
  }
  if (positionals.length === 0) throw new VmError("EINVAL", "which image? None was named");
  if (images === "one" && positionals.length > 1) throw new VmError("EINVAL", `takes one image, not ${positionals.length}: ${positionals.join(" ")}`);
  return positionals;
}
