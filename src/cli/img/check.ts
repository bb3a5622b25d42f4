/** `tcgjs img check FILE`. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { CheckResult } from "../../block/device.ts";
import { defineCommand, STATUS_FAILED, STATUS_OK } from "../command.ts";
import { choice } from "../option-table.ts";
import { formatOption, jsonOption, withImage } from "./img-options.ts";

/** As qemu-img has them. */
const STATUS_CORRUPT = 2, STATUS_LEAKS = 3, STATUS_NO_CHECK = 63;

const options = {
  format: formatOption("f", "do not guess: the file has this format"),
  repair: choice(["leaks", "all"], { short: "r", help: "leaks: free space that nothing uses and mark what is used once; all: whatever can be put right", initial: null }),
  json: jsonOption,
};

export const imgCheck = defineCommand<typeof options>({
  name: "img check",
  about: "Looks whether the tables of an image contradict each other. Nothing else should have the image open.",
  images: { text: "FILE", min: 1, max: 1 },
  groups: [{ title: "Check", options }],
  notes: ["Exit status, as qemu-img's: 0 nothing was found (or all was repaired); 1 the check could not be made; 2 the image is corrupt; 3 space is lost, but no data; 63 the format has nothing to check."],
  examples: [
    { line: "tcgjs img check disk.qcow2", does: "only looks" },
    { line: "tcgjs img check -r leaks disk.qcow2", does: "gives back what a killed process had reserved" },
  ],
  async run({ images: [path], values: { format, repair, json }, output }) {
    try {
      return await withImage(path, { format, isReadOnly: repair === null, purpose: "check" }, async (image) => {
        if (image.check === null) {
          output.error(`tcgjs img: ${path}: a ${image.format} image has nothing to check\n`);
          return STATUS_NO_CHECK;
        }
        const found = await image.check(repair ?? "none");
        output.out(json ? `${JSON.stringify({ "filename": path, "format": image.format, ...jsonOf(found) }, null, 2)}\n` : textOf(found));
        if (found.corruptions > 0) return STATUS_CORRUPT;
        return found.leaks > 0 ? STATUS_LEAKS : STATUS_OK;
      });
    } catch (e) {
      if (!(e instanceof VmError)) throw e;
      output.error(`tcgjs img: ${e.message}\n`);
      return STATUS_FAILED;
    }
  },
});

function jsonOf(found: CheckResult): object {
  return {
    "check-errors": 0, "corruptions": found.corruptions, "leaks": found.leaks, "corruptions-fixed": found.repairedCorruptions, "leaks-fixed": found.repairedLeaks,
    "total-clusters": found.totalClusters, "allocated-clusters": found.allocatedClusters, "compressed-clusters": found.compressedClusters, "messages": found.messages,
  };
}

function textOf(found: CheckResult): string {
  const { corruptions, leaks, repairedCorruptions, repairedLeaks, messages, totalClusters, allocatedClusters, compressedClusters } = found;
  const lines = [...messages], count = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;
  if (repairedCorruptions + repairedLeaks > 0) lines.push(`repaired: ${count(repairedCorruptions, "corruption")}, ${count(repairedLeaks, "leaked cluster")}`);
  if (corruptions > 0) lines.push(`${count(corruptions, "corruption")}: data may be wrong, and writing is refused`);
  if (leaks > 0) lines.push(`${count(leaks, "leaked cluster")}: space is lost, data is not`);
  if (corruptions + leaks === 0) lines.push("no errors");
  const share = totalClusters === 0 ? 0 : allocatedClusters / totalClusters * 100;
  lines.push(`${allocatedClusters} of ${totalClusters} clusters in use (${share.toFixed(2)} %), ${compressedClusters} of them compressed`);
  return `${lines.join("\n")}\n`;
}
