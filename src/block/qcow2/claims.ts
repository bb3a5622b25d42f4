/** What of a qcow2 image's file is not clusters of data. */
import type { Claims } from "./audit.ts";
import type { SnapshotTable } from "./snapshot-table.ts";
import type { Qcow2Tables } from "./tables.ts";

/** The tables of the disk and of its snapshots. */
export function claimsOf({ header }: Qcow2Tables, { entries, bytes }: SnapshotTable): Claims {
  return {
    l1Tables: [
      { at: header.l1Offset, entries: header.l1Entries, isActive: true },
      ...entries.map(({ l1Offset, l1Entries }) => ({ at: l1Offset, entries: l1Entries, isActive: false })),
    ],
    pieces: [{ what: "the snapshot table", at: header.snapshotsOffset, bytes }],
  };
}
