/** `tcgjs img info FILE`. */
import type { Image } from "../../block/device.ts";
import { allocatedBytes } from "../../host/files.ts";
import { defineCommand, STATUS_OK } from "../command.ts";
import { formatOption, jsonOption, sizeInWords, withImage } from "./img-options.ts";
import { snapshotObject, snapshotTable } from "./snapshot-text.ts";

const options = { format: formatOption("f", "do not guess: the file has this format"), json: jsonOption };

export const imgInfo = defineCommand<typeof options>({
  name: "img info",
  about: "Says what an image is: its format, the size of its disk, the space it takes, its backing file, its snapshots.",
  images: { text: "FILE", min: 1, max: 1 },
  groups: [{ title: "Image", options }],
  notes: ["Backing files are named, not opened. --json prints the names that qemu-img prints."],
  examples: [{ line: "tcgjs img info --json disk.qcow2", does: "for programs" }],
  run: ({ images: [path], values: { format, json }, output }) => withImage(path, { format, isReadOnly: true, purpose: "check" }, (image) => {
    output.out(json ? `${JSON.stringify(infoObject(image), null, 2)}\n` : infoText(image));
    return Promise.resolve(STATUS_OK);
  }),
});

function infoObject(image: Image): object {
  const { path, format, sizeBytes, clusterBytes, backingName, backingFormat, details } = image, snapshots = image.snapshots?.list() ?? [];
  return {
    "filename": path, format, "virtual-size": sizeBytes, "actual-size": allocatedBytes(path),
    ...(clusterBytes === null ? {} : { "cluster-size": clusterBytes }),
    ...(backingName === null ? {} : { "backing-filename": backingName }),
    ...(backingFormat === null ? {} : { "backing-filename-format": backingFormat }),
    ...(snapshots.length === 0 ? {} : { snapshots: snapshots.map(snapshotObject) }),
    ...(Object.keys(details).length === 0 ? {} : { "format-specific": { type: format, data: details } }),
  };
}

function infoText(image: Image): string {
  const { path, format, sizeBytes, clusterBytes, backingName, backingFormat, details } = image, snapshots = image.snapshots?.list() ?? [];
  const lines = [`image: ${path}`, `file format: ${format}`, `virtual size: ${sizeInWords(sizeBytes)} (${sizeBytes} bytes)`, `disk size: ${sizeInWords(allocatedBytes(path))}`];
  if (clusterBytes !== null) lines.push(`cluster size: ${clusterBytes}`);
  if (backingName !== null) lines.push(`backing file: ${backingName}`);
  if (backingFormat !== null) lines.push(`backing file format: ${backingFormat}`);
  if (snapshots.length > 0) lines.push("snapshots:", ...snapshotTable(snapshots).map((line) => `    ${line}`));
  const specific = Object.entries(details);
  if (specific.length > 0) lines.push("format specific:", ...specific.map(([name, v]) => `    ${name}: ${v}`));
  return `${lines.join("\n")}\n`;
}
