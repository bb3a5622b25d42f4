/**
 * Snapshots inside a qcow2 image. Each is an L1 table of its own; what it shares with the disk has a refcount above 1.
 *
 * Every operation goes the same way: what is new is written beside what is there; refcounts are raised for it; one write to the
 * header puts it into force; refcounts come down to what is named now. Interrupted anywhere, the image is as before or as after,
 * with refcounts that are at worst too high, and says so with its dirty bit (version 3).
 */
import { roundUp, viewOf } from "../bytes.ts";
import type { Snapshot, Snapshots } from "../device.ts";
import { ImageError } from "../errors.ts";
import type { Claims, L1Table } from "./audit.ts";
import { COPIED } from "./entries.ts";
import { DIRTY, l1EntriesFor } from "./header.ts";
import type { Refcounts } from "./refcounts.ts";
import { audit, isSound, refcountsOf } from "./repair.ts";
import { extraData, snapshotTableBytes } from "./snapshot-table.ts";
import type { SnapshotEntry, SnapshotTable } from "./snapshot-table.ts";
import type { Qcow2Tables } from "./tables.ts";

const MAX_NAME_BYTES = 255, MAX_SNAPSHOTS = 65536;

/** The image, as far as snapshots have to do with it. */
export interface SnapshotOwner {
  readonly tables: Qcow2Tables;
  entries(): readonly SnapshotEntry[];
  /** What belongs to the image as its header is now. */
  claims(): Claims;
  /** @throws ImageError if nothing may be written */
  refcounts(): Refcounts;
  useRefcounts(refcounts: Refcounts | null): void;
  useTable(table: SnapshotTable): void;
  alone(action: () => Promise<void>): Promise<void>;
  commit(): Promise<void>;
}

export class Qcow2Snapshots implements Snapshots {
  private readonly owner: SnapshotOwner;

  constructor(owner: SnapshotOwner) {
    this.owner = owner;
  }

  list(): readonly Snapshot[] {
    return this.owner.entries().map(({ id, name, sizeBytes, vmStateBytes, timeMs }) => ({ id, name, sizeBytes, vmStateBytes, timeMs }));
  }

  create(name: string, timeMs: number): Promise<void> {
    const { owner, owner: { tables: { header, path } } } = this;
    return owner.alone(async () => {
      const entries = owner.entries(), nameBytes = new TextEncoder().encode(name).length;
      if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES) throw new ImageError("failed", `${path}: a snapshot's name has 1 to ${MAX_NAME_BYTES} bytes, not ${nameBytes}`);
      if (entries.some((e) => e.name === name || e.id === name)) throw new ImageError("failed", `${path}: there is a snapshot ${name} already`);
      if (entries.length === MAX_SNAPSHOTS) throw new ImageError("failed", `${path}: it cannot have more than ${MAX_SNAPSHOTS} snapshots`);
      await owner.commit();
      const l1Entries = header.l1Entries, l1Offset = await this.copyL1({ at: header.l1Offset, entries: l1Entries }, l1Entries);
      const id = String(entries.reduce((most, e) => Math.max(most, Number.parseInt(e.id, 10) || 0), 0) + 1);
      const entry: SnapshotEntry = {
        id, name, l1Offset, l1Entries, timeMs, vmClockNs: 0n, vmStateBytes: 0, sizeBytes: header.sizeBytes, extra: extraData(header.sizeBytes),
      };
      await this.replace([...entries, entry], [{ at: l1Offset, entries: l1Entries, isActive: false }], () => Promise.resolve());
    });
  }

  delete(which: string): Promise<void> {
    const { owner } = this;
    return owner.alone(async () => {
      const gone = this.named(which);
      await owner.commit();
      await this.replace(owner.entries().filter((e) => e !== gone), [], () => Promise.resolve());
    });
  }

  apply(which: string): Promise<void> {
    const { owner, owner: { tables, tables: { header } } } = this;
    return owner.alone(async () => {
      const { l1Offset, l1Entries, sizeBytes } = this.named(which);
      await owner.commit();
      const entries = Math.max(l1Entries, l1EntriesFor(header, sizeBytes), header.l1Entries);
      const at = await this.copyL1({ at: l1Offset, entries: l1Entries }, entries);
      await this.replace(owner.entries(), [{ at, entries, isActive: true }], () => tables.setFields("disk", { l1Offset: at, l1Entries: entries, sizeBytes }));
    });
  }

  private named(which: string): SnapshotEntry {
    const entries = this.owner.entries(), found = entries.find((e) => e.id === which) ?? entries.find((e) => e.name === which);
    if (found === undefined) {
      const names = entries.map((e) => e.name).join(", ");
      throw new ImageError("failed", `${this.owner.tables.path}: there is no snapshot ${which}${names === "" ? "" : `; there are ${names}`}`);
    }
    return found;
  }

  /** A copy of an L1 table with room for so many entries, which owns nothing alone. @returns its offset */
  private async copyL1(from: Pick<L1Table, "at" | "entries">, entries: number): Promise<number> {
    const { storage, clusterBytes, cache } = this.owner.tables, bytes = new Uint8Array(roundUp(entries * 8, clusterBytes)), view = viewOf(bytes);
    const at = await this.owner.refcounts().allocateTable(bytes.length / clusterBytes);
    await storage.read(from.at, bytes.subarray(0, from.entries * 8));
    for (let i = 0; i < from.entries; i++) view.setUint32(i * 8, view.getUint32(i * 8) & ~COPIED);
    cache.forget(at, bytes.length);
    await storage.write(at, bytes);
    return at;
  }

  /** Puts a new snapshot table, and what `enforce` writes to the header, into force. @param newL1  tables that are in use then */
  private async replace(entries: readonly SnapshotEntry[], newL1: readonly L1Table[], enforce: () => Promise<void>): Promise<void> {
    const { owner, owner: { tables, tables: { header, storage, clusterBytes, cache } } } = this, bytes = snapshotTableBytes(entries);
    const at = bytes.length === 0 ? 0 : await owner.refcounts().allocateTable(Math.ceil(bytes.length / clusterBytes));
    cache.forget(at, bytes.length);
    if (at !== 0) await storage.write(at, bytes);
    await owner.commit();
    if (header.version === 3) await tables.setFeature(DIRTY, true);
    const { l1Tables, pieces } = owner.claims(), newPiece = { what: "the new snapshot table", at, bytes: bytes.length };
    const raised = await audit(tables, { l1Tables: [...l1Tables, ...newL1], pieces: [...pieces, newPiece] }, "all");
    if (raised.unrepaired > 0) await this.settle();
    if (raised.unrepaired > 0) throw new ImageError("failed", `${tables.path}: its refcounts of ${tables.refcountBits} bits cannot count one more snapshot`);
    await tables.setFields("snapshots", { snapshotCount: entries.length, snapshotsOffset: at });
    await enforce();
    await storage.flush();
    owner.useTable({ entries, bytes: bytes.length });
    await this.settle();
  }

  /** Brings refcounts to what is named now. */
  private async settle(): Promise<void> {
    const { owner, owner: { tables } } = this, findings = await audit(tables, owner.claims(), "all");
    await tables.setFeature(DIRTY, false);
    owner.useRefcounts(isSound(findings) || findings.unrepaired === 0 ? refcountsOf(tables, findings) : null);
  }
}
