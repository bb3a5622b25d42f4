/** `tcgjs img create FILE [SIZE]`. */
import { createImage } from "../../block/formats.ts";
import { FILE_HOST } from "../../host/storage.ts";
import { defineCommand, STATUS_OK } from "../command.ts";
import { value } from "../option-table.ts";
import { CREATE_NOTES, createOptions, createValues, formatFor, formatOption, parseDiskSize, quietOption, sizeInWords } from "./img-options.ts";

const options = {
  "format": formatOption("f", "of the new image; else by the extension of its name"),
  "options": createOptions,
  "backing": value((text) => text, { argument: "FILE", short: "b", help: "read through to this image, as seen from the folder of the new one" }),
  "backing-format": formatOption("F", "of the backing file"),
  "quiet": quietOption("say nothing"),
};

export const imgCreate = defineCommand<typeof options>({
  name: "img create",
  about: "Makes an image with an empty disk, or one that looks like its backing file and keeps what differs. A file of that name is written over.",
  images: { text: "FILE [SIZE]", min: 1, max: 2 },
  groups: [{ title: "Image", options }],
  notes: CREATE_NOTES,
  examples: [
    { line: "tcgjs img create disk.qcow2 8G", does: "a disk of 8 GiB that takes as much space as is written" },
    { line: "tcgjs img create -b disk.qcow2 -F qcow2 try.qcow2", does: "something to try, that leaves disk.qcow2 as it is" },
    { line: "tcgjs img create -f vmdk -o subformat=monolithicFlat disk.vmdk 2G", does: "for VMware, all space taken at once" },
  ],
  async run({ images: [path, size], values: { format, options: given, backing, "backing-format": backingFormat, quiet }, output }) {
    const name = format ?? formatFor(path), sizeBytes = size === undefined ? null : parseDiskSize(size);
    const made = await createImage(FILE_HOST, path, {
      format: name, sizeBytes, options: createValues(given), backing: backing === null ? null : { name: backing, format: backingFormat },
    });
    if (!quiet) output.error(`${path}: ${name}, ${sizeInWords(made)}${backing === null ? "" : `, on ${backing}`}\n`);
    return STATUS_OK;
  },
});
