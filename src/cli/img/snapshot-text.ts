/** Snapshots of an image, for programs and for people. */
import type { Snapshot } from "../../block/device.ts";
import { tableText } from "../table.ts";
import { sizeInWords } from "./img-options.ts";

/** With qemu-img's names. */
export function snapshotObject({ id, name, vmStateBytes, timeMs, sizeBytes }: Snapshot): object {
  return { id, name, "vm-state-size": vmStateBytes, "date-sec": Math.floor(timeMs / 1000), "date-nsec": timeMs % 1000 * 1e6, "disk-size": sizeBytes };
}

/** Snapshots as lines of a table. */
export function snapshotTable(snapshots: readonly Snapshot[]): string[] {
  const rows = snapshots.map(({ id, name: tag, sizeBytes, vmStateBytes, timeMs }) => [id, tag, sizeInWords(sizeBytes), sizeInWords(vmStateBytes), dateText(timeMs)]);
  const all = [["ID", "NAME", "DISK", "VM STATE", "TAKEN (UTC)"], ...rows];
  return tableText(all, all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)))).trimEnd().split("\n");
}

function dateText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19).replace("T", " ");
}
