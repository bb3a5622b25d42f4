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
    const refcounts = storage.isReadOnly || context.purpose === "check" ? null : await refcountsForWriting(tables, snapshotTable);
    return new Qcow2Image(tables, backing, context.host.codec, snapshotTable, refcounts);
  } catch (e) {
    await backing?.close();
    throw e;
  }
}

/** @throws ImageError if the tables are such that writing could do harm; refcounts that are only not up to date are repaired */
async function refcountsForWriting(tables: Qcow2Tables, snapshotTable: SnapshotTable): Promise<Refcounts> {
  const { header, path } = tables;
  if ((header.incompatible & CORRUPT) !== 0) throw new ImageError("malformed", `${path} is marked as corrupt; it can be read, or repaired by tcgjs img check --repair all`);
  const claims = claimsOf(tables, snapshotTable);
  if ((header.incompatible & DIRTY) !== 0) {
    const { result, refcounts } = await checkImage(tables, claims, "all");
    if (refcounts !== null) return refcounts;
    throw harmful(path, result.messages[0]);
  }
  const findings = await audit(tables, claims, "none");
  if (!isSound(findings)) throw harmful(path, findings.messages[0]);
  await clearAutoclear(tables);
  return refcountsOf(tables, findings);
}

function harmful(path: string, finding: string): ImageError {
  return new ImageError("malformed", `${path} cannot be written before it is repaired (tcgjs img check --repair all): ${finding}`);
}
