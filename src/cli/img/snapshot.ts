/** `tcgjs img snapshot FILE`. */
import { VmError } from "../../../tcg/support/errors.ts";
import { dateMs } from "../../host/time.ts";
import { defineCommand, STATUS_OK } from "../command.ts";
import { flag, value } from "../option-table.ts";
import { formatOption, jsonOption, withImage } from "./img-options.ts";
import { snapshotObject, snapshotTable } from "./snapshot-text.ts";

const name = (text: string): string => text;

const options = {
  list: flag({ short: "l", help: "list them (done if nothing else is asked for)" }),
  create: value(name, { argument: "NAME", short: "c", help: "take one" }),
  apply: value(name, { argument: "NAME", short: "a", help: "take the disk back to one, by name or id; what was written since is lost" }),
  delete: value(name, { argument: "NAME", short: "d", help: "delete one, by name or id" }),
  format: formatOption("f", "do not guess: the file has this format"),
  json: jsonOption,
};

export const imgSnapshot = defineCommand<typeof options>({
  name: "img snapshot",
  about: "Takes, applies, deletes and lists snapshots inside an image (qcow2). Nothing else should have the image open.",
  images: { text: "FILE", min: 1, max: 1 },
  groups: [{ title: "Snapshots", options }],
  notes: [],
  examples: [
    { line: "tcgjs img snapshot -c before-upgrade disk.qcow2", does: "takes one" },
    { line: "tcgjs img snapshot -a before-upgrade disk.qcow2", does: "goes back to it" },
  ],
  run({ images: [path], values: { list, create, apply, delete: gone, format, json }, output }) {
    const asked = [create, apply, gone].filter((one) => one !== null).length + (list ? 1 : 0), isChange = create !== null || apply !== null || gone !== null;
    if (asked > 1) throw new VmError("EINVAL", "does one thing at a time: --list, --create, --apply or --delete");
    return withImage(path, { format, isReadOnly: !isChange, purpose: isChange ? "use" : "check" }, async ({ snapshots, format: found }) => {
      if (snapshots === null) throw new VmError("ENOTSUP", `${path}: a ${found} image has no snapshots`);
      if (create !== null) await snapshots.create(create, dateMs());
      else if (apply !== null) await snapshots.apply(apply);
      else if (gone !== null) await snapshots.delete(gone);
      else if (json) output.out(`${JSON.stringify(snapshots.list().map(snapshotObject), null, 2)}\n`);
      else if (snapshots.list().length > 0) output.out(`${snapshotTable(snapshots.list()).join("\n")}\n`);
      return STATUS_OK;
    });
  },
});
