/** `tcgjs img resize FILE [+|-]SIZE`. */
import { VmError } from "../../../tcg/support/errors.ts";
import { defineCommand, STATUS_OK } from "../command.ts";
import type { CommandRunner } from "../command.ts";
import { flag } from "../option-table.ts";
import { formatOption, parseDiskSize, quietOption, sizeInWords, withImage } from "./img-options.ts";

const options = {
  format: formatOption("f", "do not guess: the file has this format"),
  shrink: flag({ help: "allow the disk to become smaller; what was behind its new end is lost" }),
  quiet: quietOption("say nothing"),
};

const command = defineCommand<typeof options>({
  name: "img resize",
  about: "Changes the size of a disk: to SIZE, or by it. New bytes are zeroes. Partitions and file systems are the guest's to adjust.",
  images: { text: "FILE [+|-]SIZE", min: 2, max: 2 },
  groups: [{ title: "Image", options }],
  notes: [],
  examples: [
    { line: "tcgjs img resize disk.qcow2 +4G", does: "makes it 4 GiB larger" },
    { line: "tcgjs img resize --shrink disk.qcow2 2G", does: "cuts it off after 2 GiB" },
  ],
  run: ({ images: [path, text], values: { format, shrink, quiet }, output }) => withImage(path, { format, isReadOnly: false }, async (image) => {
    const sign = /^[+-]/.exec(text)?.[0] ?? "", size = parseDiskSize(text.slice(sign.length));
    const sizeBytes = sign === "" ? size : image.sizeBytes + (sign === "+" ? size : -size);
    if (sizeBytes < 0 || !Number.isSafeInteger(sizeBytes)) throw new VmError("EINVAL", `${path} has ${image.sizeBytes} bytes, which cannot be changed by ${text}`);
    if (image.resize === null) throw new VmError("ENOTSUP", `${path}: the size of a ${image.format} image cannot be changed; tcgjs img convert can copy it to a qcow2 or raw image`);
    if (sizeBytes < image.sizeBytes && !shrink) throw new VmError("EINVAL", `${path} would lose what is behind its first ${sizeBytes} bytes; --shrink allows that`);
    await image.resize(sizeBytes);
    if (!quiet) output.error(`${path}: ${sizeInWords(sizeBytes)}\n`);
    return STATUS_OK;
  }),
});

/** As the command, with a size such as -1G as an operand and not as options. */
export const imgResize: CommandRunner = {
  execute(args, output) {
    const last = args[args.length - 1] ?? "";
    return command.execute(/^-\d/.test(last) && !args.includes("--") ? [...args.slice(0, -1), "--", last] : args, output);
  },
};
