/** `tcgjs img compare FILE FILE`. */
import { compareDisks } from "../../block/copy.ts";
import { defineCommand, STATUS_OK } from "../command.ts";
import { flag } from "../option-table.ts";
import { formatOption, jsonOption, quietOption, withImage } from "./img-options.ts";
import { ProgressLine } from "./progress.ts";

/** As qemu-img has it. */
const STATUS_DIFFERENT = 1;

const options = {
  "format": formatOption("f", "of the first, instead of a guess"),
  "second-format": formatOption("F", "of the second, instead of a guess"),
  "strict": flag({ short: "s", help: "disks of different sizes differ, even if the longer one ends in zeroes" }),
  "quiet": quietOption("print nothing"),
  "json": jsonOption,
};

export const imgCompare = defineCommand<typeof options>({
  name: "img compare",
  about: "Whether two disks hold the same bytes, whatever their formats.",
  images: { text: "FILE FILE", min: 2, max: 2 },
  groups: [{ title: "Images", options }],
  notes: ["Exit status, as qemu-img's: 0 they are equal; 1 they differ; 2 an image cannot be used."],
  examples: [{ line: "tcgjs img compare disk.qcow2 disk.vmdk", does: "after a conversion" }],
  run: ({ images: [a, b], values: { format, "second-format": secondFormat, strict, quiet, json }, output }) => withImage(a, { format, isReadOnly: true }, (first) =>
    withImage(b, { format: secondFormat, isReadOnly: true }, async (second) => {
      const line = new ProgressLine(output, "comparing", Math.max(first.sizeBytes, second.sizeBytes)), hasOtherSize = first.sizeBytes !== second.sizeBytes;
      const at = strict && hasOtherSize ? Math.min(first.sizeBytes, second.sizeBytes) : await compareDisks(first, second, quiet ? () => undefined : (done) => line.at(done));
      line.end();
      if (json) output.out(`${JSON.stringify({ "equal": at === null, "first-difference": at, "sizes": [first.sizeBytes, second.sizeBytes] })}\n`);
      else if (!quiet) output.out(at === null ? `equal${hasOtherSize ? ", though not in size" : ""}\n` : `different from byte ${at} on\n`);
      return at === null ? STATUS_OK : STATUS_DIFFERENT;
    })),
});
