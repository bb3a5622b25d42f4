/** `tcgjs img`: disk images, in the spirit of qemu-img. */
import { VmError } from "../../../tcg/support/errors.ts";
import { FORMATS } from "../../block/formats.ts";
import type { Output } from "../../host/output.ts";
import type { CommandRunner } from "../command.ts";
import type { CommandTable } from "../command-table.ts";
import { asksForHelp, help, runCommand, summaries } from "../command-table.ts";

const COMMANDS: CommandTable = {
  info: { summary: "what an image is", load: async () => (await import("./info.ts")).imgInfo },
  create: { summary: "make an image", load: async () => (await import("./create.ts")).imgCreate },
  convert: { summary: "copy a disk to an image of any format", load: async () => (await import("./convert.ts")).imgConvert },
  check: { summary: "look for contradictions in an image, and repair them", load: async () => (await import("./check.ts")).imgCheck },
  snapshot: { summary: "snapshots inside an image", load: async () => (await import("./snapshot.ts")).imgSnapshot },
  resize: { summary: "change the size of a disk", load: async () => (await import("./resize.ts")).imgResize },
  compare: { summary: "whether two disks are equal", load: async () => (await import("./compare.ts")).imgCompare },
};

const OVERVIEW = `usage: tcgjs img COMMAND [OPTIONS] FILE…

Works on disk images: ${FORMATS.map((f) => f.name).join(", ")}. Names and options are qemu-img's.

${summaries(COMMANDS)}

Formats
${FORMATS.map((f) => `  ${f.name.padEnd(10)}${f.about}`).join("\n")}

\`tcgjs img COMMAND --help\` tells more.

Examples
  tcgjs img create -f qcow2 disk.qcow2 8G
  tcgjs img convert -O raw disk.qcow2 disk.img
`;

export const imgCommand: CommandRunner = {
  async execute(args: readonly string[], output: Output): Promise<number> {
    const [name, ...rest] = args;
    if (name === undefined) throw new VmError("EINVAL", `which command? There are ${Object.keys(COMMANDS).join(", ")}`);
    return asksForHelp(name) ? help(COMMANDS, rest, OVERVIEW, output) : runCommand(COMMANDS, args, output);
  },
};
