/** The snapshot table of a qcow2 image (qcow2.rst, "Snapshots"). */
import { joined } from "../../../tcg/support/bytes.ts";
import { readU64, roundUp, viewOf, writeU64 } from "../bytes.ts";
import { wellFormed } from "../errors.ts";
import type { Qcow2Header } from "./header.ts";
import type { Storage } from "../storage.ts";

const FIXED_BYTES = 40, MAX_EXTRA_BYTES = 1024, MAX_TABLE_BYTES = 16 * 2 ** 20, MAX_L1_BYTES = 32 * 2 ** 20;
/** Extra data: the VM state's size in 64 bits, the disk's size, the insn count. */
const LARGE_VM_STATE = 0, DISK_SIZE = 8, EXTRA_BYTES = 16;

/** An entry of the table. */
export interface SnapshotEntry {
  readonly id: string;
  readonly name: string;
  readonly l1Offset: number;
  readonly l1Entries: number;
  readonly timeMs: number;
  readonly vmClockNs: bigint;
  /** As `Snapshot` has them. */
  readonly vmStateBytes: number;
  readonly sizeBytes: number;
  /** All of the extra data, what is not known of it too. */
  readonly extra: Uint8Array;
}

/** The table, and its length in bytes. */
export interface SnapshotTable {
  readonly entries: readonly SnapshotEntry[];
  readonly bytes: number;
}

/** @throws ImageError if the table is malformed */
export async function readSnapshotTable(storage: Storage, header: Qcow2Header): Promise<SnapshotTable> {
  const entries: SnapshotEntry[] = [], { path } = storage;
  let at = header.snapshotsOffset;
  for (let i = 0; i < header.snapshotCount; i++) {
    const fixed = new Uint8Array(FIXED_BYTES), view = viewOf(fixed);
    wellFormed(at + FIXED_BYTES <= storage.sizeBytes, path, `snapshot ${i} lies beyond the end of the file`);
    await storage.read(at, fixed);
    const idBytes = view.getUint16(12), nameBytes = view.getUint16(14), extraBytes = view.getUint32(36);
    wellFormed(extraBytes <= MAX_EXTRA_BYTES, path, `snapshot ${i} has ${extraBytes} bytes of extra data`);
    const rest = new Uint8Array(extraBytes + idBytes + nameBytes);
    await storage.read(at + FIXED_BYTES, rest);
    at += roundUp(FIXED_BYTES + rest.length, 8);
    wellFormed(at - header.snapshotsOffset <= MAX_TABLE_BYTES, path, "its snapshot table is too long");
    const entry = entryOf(view, rest, extraBytes, idBytes, header.sizeBytes);
    wellFormed(entry.l1Entries * 8 <= MAX_L1_BYTES && entry.l1Offset % 2 ** header.clusterBits === 0 && Number.isSafeInteger(entry.sizeBytes), path, `snapshot ${i} makes no sense`);
    entries.push(entry);
  }
  return { entries, bytes: at - header.snapshotsOffset };
}

function entryOf(view: DataView, rest: Uint8Array, extraBytes: number, idBytes: number, sizeBytes: number): SnapshotEntry {
  const extra = rest.slice(0, extraBytes), text = new TextDecoder(), extraView = viewOf(extra);
  return {
    id: text.decode(rest.subarray(extraBytes, extraBytes + idBytes)), name: text.decode(rest.subarray(extraBytes + idBytes)),
    l1Offset: readU64(view, 0), l1Entries: view.getUint32(8),
    timeMs: view.getUint32(16) * 1000 + Math.floor(view.getUint32(20) / 1e6), vmClockNs: view.getBigUint64(24),
    vmStateBytes: extraBytes >= LARGE_VM_STATE + 8 ? readU64(extraView, LARGE_VM_STATE) : view.getUint32(32),
    sizeBytes: extraBytes >= DISK_SIZE + 8 ? readU64(extraView, DISK_SIZE) : sizeBytes, extra,
  };
}

/** The table as bytes. */
export function snapshotTableBytes(entries: readonly SnapshotEntry[]): Uint8Array {
  return joined(entries.map(entryBytes));
}

function entryBytes(entry: SnapshotEntry): Uint8Array {
  const id = new TextEncoder().encode(entry.id), name = new TextEncoder().encode(entry.name), { extra } = entry;
  const bytes = new Uint8Array(roundUp(FIXED_BYTES + extra.length + id.length + name.length, 8)), view = viewOf(bytes);
  writeU64(view, 0, entry.l1Offset);
  view.setUint32(8, entry.l1Entries);
  view.setUint16(12, id.length);
  view.setUint16(14, name.length);
  view.setUint32(16, Math.floor(entry.timeMs / 1000));
  view.setUint32(20, entry.timeMs % 1000 * 1e6);
  view.setBigUint64(24, entry.vmClockNs);
  view.setUint32(32, Math.min(entry.vmStateBytes, 0xffffffff));
  view.setUint32(36, extra.length);
  bytes.set(extra, FIXED_BYTES);
  bytes.set(id, FIXED_BYTES + extra.length);
  bytes.set(name, FIXED_BYTES + extra.length + id.length);
  return bytes;
}

/** Extra data of a snapshot without VM state. */
export function extraData(sizeBytes: number): Uint8Array {
  const extra = new Uint8Array(EXTRA_BYTES);
  writeU64(viewOf(extra), DISK_SIZE, sizeBytes);
  return extra;
}
