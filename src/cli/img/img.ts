/** `tcgjs img`: disk images, in the spirit of qemu-img. Each command is a file of its own, loaded when it is asked for. */
import { VmError } from "../../../tcg/support/errors.ts";
import { FORMATS } from "../../block/formats.ts";
import type { Output } from "../../host/output.ts";
import type { CommandRunner } from "../command.ts";
import { STATUS_OK } from "../command.ts";
import { nearest } from "../options.ts";

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<CommandRunner>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
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

${Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`).join("\n")}

Formats
${FORMATS.map((f) => `  ${f.name.padEnd(9)} ${f.about}`).join("\n")}

\`tcgjs img COMMAND --help\` tells more.

Examples
  tcgjs img create -f qcow2 disk.qcow2 8G
  tcgjs img convert -O raw disk.qcow2 disk.img
`;

export const imgCommand: CommandRunner = {
  async execute(args: readonly string[], output: Output): Promise<number> {
    const [name, ...rest] = args;
    if (name === undefined) throw new VmError("EINVAL", `which command? There are ${Object.keys(COMMANDS).join(", ")}`);
    if (name === "--help" || name === "-h" || name === "help") {
      output.out(OVERVIEW);
      return STATUS_OK;
    }
    if (Object.hasOwn(COMMANDS, name)) return (await COMMANDS[name].load()).execute(rest, output);
    const near = nearest(name, Object.keys(COMMANDS));
    throw new VmError("EINVAL", `there is no command ${name}; ${near === null ? `there are ${Object.keys(COMMANDS).join(", ")}` : `did you mean ${near}?`}`);
  },
};
