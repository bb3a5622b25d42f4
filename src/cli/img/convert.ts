/** `tcgjs img convert SOURCE TARGET`. */
import { VmError } from "../../../tcg/support/errors.ts";
import { copyDisk } from "../../block/copy.ts";
import type { Image } from "../../block/device.ts";
import { createImage } from "../../block/formats.ts";
import { FILE_HOST } from "../../host/storage.ts";
import { defineCommand, STATUS_OK } from "../command.ts";
import { flag } from "../option-table.ts";
import { CREATE_NOTES, createOptions, createValues, formatFor, formatOption, quietOption, withImage } from "./img-options.ts";
import { ProgressLine } from "./progress.ts";

const options = {
  "format": formatOption("f", "of the source, instead of a guess"),
  "output-format": formatOption("O", "of the target; else by the extension of its name"),
  "options": createOptions,
  "compress": flag({ short: "c", help: "pack the clusters of a qcow2 image (stream-optimised VMDK always is)" }),
  "salvage": flag({ help: "read what can be read from a source that is corrupt" }),
  "quiet": quietOption("no progress on a terminal"),
};

export const imgConvert = defineCommand<typeof options>({
  name: "img convert",
  about: "Copies a disk, with all that it reads through to, to a new image. What is zero takes no space there. A file of the target's name is written over.",
  images: { text: "SOURCE TARGET", min: 2, max: 2 },
  groups: [{ title: "Images", options }],
  notes: CREATE_NOTES,
  examples: [
    { line: "tcgjs img convert disk.vmdk disk.qcow2", does: "from VMware to QEMU" },
    { line: "tcgjs img convert -c -O qcow2 disk.img small.qcow2", does: "compressed; it can still be written" },
    { line: "tcgjs img convert -O vmdk -o subformat=streamOptimized disk.qcow2 disk.vmdk", does: "to be put into an OVA" },
  ],
  async run({ images: [from, to], values: { format, "output-format": outputFormat, options: given, compress, salvage, quiet }, output }) {
    if (await FILE_HOST.identity(from) === await FILE_HOST.identity(to)) throw new VmError("EINVAL", `${to} is the source itself`);
    return withImage(from, { format, isReadOnly: true, purpose: salvage ? "salvage" : "use" }, async (source) => {
      await refuseOwnBacking(source, to);
      const target = outputFormat ?? formatFor(to);
      await createImage(FILE_HOST, to, { format: target, sizeBytes: source.sizeBytes, options: createValues(given) });
      const line = new ProgressLine(output, `${from} to ${to}`, source.sizeBytes);
      await withImage(to, { format: target, isReadOnly: false, purpose: "pack" }, async (image) => {
        await copyDisk(source, image, compress || image.isReadOnly, quiet ? () => undefined : (done) => line.at(done));
        await image.flush();
      });
      line.end();
      return STATUS_OK;
    });
  },
});

/** The target must not be a file that the source reads through to. */
async function refuseOwnBacking(source: Image, to: string): Promise<void> {
  for (let below = source.backing; below !== null; below = below.backing) {
    if (await FILE_HOST.identity(below.path) === await FILE_HOST.identity(to)) throw new VmError("EINVAL", `${to} is the backing file of ${source.path}`);
  }
}
