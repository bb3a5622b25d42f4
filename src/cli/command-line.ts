/**
 * A command line from its arguments to its exit status: finds the command named first, hands it the rest, and turns what
 * goes wrong into one line.
 */
import { InternalError, VmError } from "../../tcg/support/errors.ts";
import type { Output } from "../host/output.ts";
import { STATUS_BROKEN_PIPE, STATUS_FAILED, STATUS_OK, STATUS_USAGE } from "./command.ts";
import type { CommandTable } from "./command-table.ts";
import { asksForHelp, help, runCommand, summaries } from "./command-table.ts";

const COMMANDS: CommandTable = {
  run: { summary: "run a guest: a flat binary, a multiboot kernel, an ELF executable, a ROM", load: async () => (await import("./run/run.ts")).runCommand },
  boot: { summary: "boot a PC: a kernel, a disk, a CD, a saved machine", load: async () => (await import("./boot/boot.ts")).bootCommand },
  dump: { summary: "run it, then print its translation from bytes to JavaScript", load: async () => (await import("./dump.ts")).dumpCommand },
  bench: { summary: "compare the interpreter with translation", load: async () => (await import("./bench/bench.ts")).benchCommand },
  img: { summary: "disk images: info, create, convert, check, snapshot, resize, compare", load: async () => (await import("./img/img.ts")).imgCommand },
  disasm: { summary: "list a binary in Intel syntax", load: async () => (await import("./disasm.ts")).disasmCommand },
};

const OVERVIEW = `usage: tcgjs COMMAND [OPTIONS] IMAGE

Runs x86 programs and PCs by translating their code to JavaScript.

${summaries(COMMANDS)}

\`tcgjs COMMAND --help\` tells more; \`tcgjs --version\` prints the version.
`;

/**
 * Runs a command line to its end; everything is written when it resolves.
 * @param args  without the program's own name
 * @returns the exit status
 */
export async function runCommandLine(args: readonly string[], output: Output): Promise<number> {
  let status: number;
  try {
    status = await main(args, output);
  } catch (e) {
    status = await complain(e, args, output);
  }
  await output.flush();
  if (output.failure !== null) {
    output.error(`tcgjs: stdout cannot be written: ${output.failure}\n`);
    await output.flush();
    return STATUS_FAILED;
  }
  return output.isClosed ? STATUS_BROKEN_PIPE : status;
}

async function main(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    output.error(OVERVIEW);
    return STATUS_USAGE;
  }
  if (asksForHelp(name)) return help(COMMANDS, rest, OVERVIEW, output);
  if (name === "--version" || name === "-V") {
    output.out(`tcgjs ${(await import("./own-package.ts")).packageVersion()}\n`);
    return STATUS_OK;
  }
  return runCommand(COMMANDS, args, output);
}

/** Tells what went wrong; returns the exit status. */
async function complain(e: unknown, args: readonly string[], output: Output): Promise<number> {
  const name = Object.hasOwn(COMMANDS, args[0] ?? "") ? `tcgjs ${args[0]}` : "tcgjs";
  if (e instanceof VmError) {
    output.error(`${name}: ${e.message}\n`);
    return STATUS_USAGE;
  }
  const { reproduction } = await import("./reproduction.ts");
  output.error(reproduction(e, args, e instanceof InternalError ? e.context : {}));
  return STATUS_FAILED;
}
