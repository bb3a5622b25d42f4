/** Checks of a qcow2 image, and repairs. */
import type { CheckResult, Repair } from "../device.ts";
import type { Claims, Findings } from "./audit.ts";
import { RefcountAudit } from "./audit.ts";
import { CORRUPT, DIRTY, NO_AUTOCLEAR } from "./header.ts";
import { rebuildRefcounts } from "./rebuild.ts";
import { Refcounts } from "./refcounts.ts";
import type { Qcow2Tables } from "./tables.ts";

/**
 * Checks an image whose tables are all on the disk, and repairs it if asked to.
 * @returns what is found after the repair, and how much less than before; the refcounts to go on with, or null if they cannot be relied on
 */
export async function checkImage(tables: Qcow2Tables, claims: Claims, repair: Repair): Promise<{ readonly result: CheckResult; readonly refcounts: Refcounts | null }> {
  if (repair !== "none") await clearAutoclear(tables);
  const before = await audit(tables, claims, repair);
  let after = before;
  if (repair !== "none") {
    if (repair === "all" && before.needsNewRefcounts) await rebuildRefcounts(tables, claims);
    after = await audit(tables, claims, "none");
    if (after.corruptions === 0) await tables.setFeature(DIRTY | CORRUPT, false);
  }
  const result = {
    corruptions: after.corruptions, leaks: after.leaks,
    repairedCorruptions: Math.max(0, before.corruptions - after.corruptions), repairedLeaks: Math.max(0, before.leaks - after.leaks),
    messages: before.messages, totalClusters: Math.ceil(tables.header.sizeBytes / tables.clusterBytes),
    allocatedClusters: after.allocatedClusters, compressedClusters: after.compressedClusters,
  };
  return { result, refcounts: isSound(after) ? refcountsOf(tables, after) : null };
}

/** Counts, with the cache emptied, since a repair goes past it. */
export async function audit(tables: Qcow2Tables, claims: Claims, repair: Repair): Promise<Findings> {
  tables.cache.clear();
  const findings = await new RefcountAudit(tables, claims, repair).run();
  tables.cache.clear();
  if (repair !== "none") await tables.storage.flush();
  return findings;
}

/** Whether writing can do no harm: a missing flag only costs a copy, a leak nothing but space. */
export function isSound({ corruptions, missingFlags }: Findings): boolean {
  return corruptions === missingFlags;
}

export function refcountsOf(tables: Qcow2Tables, { firstFree, end }: Findings): Refcounts {
  return new Refcounts(tables, firstFree, end);
}

/** Says that nothing the autoclear features stand for is kept up to date. */
export async function clearAutoclear({ storage, header }: Qcow2Tables): Promise<void> {
  if (!header.hasAutoclear) return;
  const [offset, bytes] = NO_AUTOCLEAR;
  await storage.write(offset, bytes);
  await storage.flush();
  header.hasAutoclear = false;
}
