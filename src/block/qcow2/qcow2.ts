/** qcow2, versions 2 and 3 (QEMU, docs/interop/qcow2.rst). */
import type { Image } from "../device.ts";
import { ImageError } from "../errors.ts";
import type { ImageFormat, OpenContext } from "../format.ts";
import type { Storage } from "../storage.ts";
import { viewOf } from "../bytes.ts";
import { claimsOf } from "./claims.ts";
import { createQcow2, QCOW2_OPTIONS } from "./create.ts";
import { CORRUPT, DIRTY, parseHeader, QCOW2_MAGIC } from "./header.ts";
import { Qcow2Image } from "./qcow2-image.ts";
import { audit, checkImage, clearAutoclear, isSound, refcountsOf } from "./repair.ts";
import type { Refcounts } from "./refcounts.ts";
import { readSnapshotTable } from "./snapshot-table.ts";
import type { SnapshotTable } from "./snapshot-table.ts";
import { Qcow2Tables } from "./tables.ts";

const MIN_HEADER_BYTES = 512;

export const QCOW2: ImageFormat = {
  name: "qcow2",
  extensions: ["qcow2", "qcow"],
  about: "QEMU's: grows as it is filled, reads through to a backing file, has snapshots, can be compressed",
  createOptions: QCOW2_OPTIONS,
  hasBacking: true,
  probe: (start) => start.length >= 4 && viewOf(start).getUint32(0) === QCOW2_MAGIC,
  open: openQcow2,
  create: createQcow2,
};

async function openQcow2(storage: Storage, context: OpenContext): Promise<Image> {
  const start = new Uint8Array(Math.max(MIN_HEADER_BYTES, Math.min(storage.sizeBytes, 2 ** 21)));
  await storage.read(0, start);
  const header = parseHeader(storage.path, start, storage.sizeBytes), tables = new Qcow2Tables(storage, header);
  const snapshotTable = await readSnapshotTable(storage, header);
  const backing = header.backingName === null || context.purpose === "check" ? null : await context.openBacking(header.backingName, header.backingFormat);
  try {
    const isAsItIs = context.purpose === "check" || context.purpose === "salvage", refcounts = isAsItIs ? null : await soundRefcounts(tables, snapshotTable);
    return new Qcow2Image(tables, backing, context.host.codec, snapshotTable, storage.isReadOnly ? null : refcounts);
  } catch (e) {
    await backing?.close();
    throw e;
  }
}

/**
 * The refcounts, if the tables agree with them: then what is read is what was written, and writing can do no harm.
 * Refcounts that are only not up to date are repaired first, if the image may be written.
 * @returns null if they are not up to date and may not be repaired
 * @throws ImageError if the tables contradict each other
 */
async function soundRefcounts(tables: Qcow2Tables, snapshotTable: SnapshotTable): Promise<Refcounts | null> {
  const { header, path, storage: { isReadOnly } } = tables, claims = claimsOf(tables, snapshotTable);
  if ((header.incompatible & CORRUPT) !== 0) throw harmful(path, "it is marked as corrupt");
  const findings = await audit(tables, claims, "none");
  if ((header.incompatible & DIRTY) !== 0) {
    if (findings.misplaced > 0) throw harmful(path, findings.worst);
    return isReadOnly ? null : (await checkImage(tables, claims, "all")).refcounts;
  }
  if (!isSound(findings)) throw harmful(path, findings.worst);
  if (!isReadOnly) await clearAutoclear(tables);
  return refcountsOf(tables, findings);
}

function harmful(path: string, finding: string): ImageError {
  return new ImageError("malformed", `${path}: ${finding} (tcgjs img check --repair all may help)`);
}
