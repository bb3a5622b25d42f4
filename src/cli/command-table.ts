/** Commands by name. Each is a file of its own, loaded only when it is asked for, because start-up time counts. */
import { VmError } from "../../tcg/support/errors.ts";
import type { Output } from "../host/output.ts";
import type { CommandRunner } from "./command.ts";
import { STATUS_OK } from "./command.ts";
import { nearest } from "./options.ts";

export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<CommandRunner>;
}

export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** What an overview lists: a line for each command. */
export function summaries(table: CommandTable): string {
  const width = Math.max(...Object.keys(table).map((name) => name.length)) + 2;
  return Object.entries(table).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`).join("\n");
}

/** True for the words that ask for help in the place of a command. */
export function asksForHelp(word: string): boolean {
  return word === "help" || word === "--help" || word === "-h";
}

/**
 * Runs the command that the first word names, with the others as its arguments; resolves with its exit status.
 * @throws VmError that says what was meant, or what there is, if there is no such command
 */
export async function runCommand(table: CommandTable, [name, ...args]: readonly string[], output: Output): Promise<number> {
  if (Object.hasOwn(table, name)) return (await table[name].load()).execute(args, output);
  const names = Object.keys(table), near = nearest(name, [...names, "help", "--help"]);
  const advice = near !== null ? `did you mean ${near}?` : `the commands are ${names.join(", ")}`;
  throw new VmError("EINVAL", `there is no ${name.startsWith("-") ? "option" : "command"} ${name}; ${advice}`);
}

/** `help` and the words behind it: the command that they name tells of itself; where they name none, what there is. */
export async function help(table: CommandTable, words: readonly string[], overview: string, output: Output): Promise<number> {
  const topic = words.filter((word) => !word.startsWith("-"));
  if (topic.length > 0) return runCommand(table, [...topic, "--help"], output);
  output.out(overview);
  return STATUS_OK;
}
