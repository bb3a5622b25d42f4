/** Makes all refcounts of a qcow2 image anew, at its end, from what its tables name: for images whose own make no sense. */
import { writeU64, viewOf } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import type { Claims } from "./audit.ts";
import { RefcountAudit } from "./audit.ts";
import { writeRefcount } from "./refcounts.ts";
import type { Qcow2Tables } from "./tables.ts";

/**
 * Writes refcount blocks for the whole file and a table of them behind it, then has the header name that table. The old ones are
 * free from then on. The tables' cache must hold nothing that is not on the disk.
 */
export async function rebuildRefcounts(tables: Qcow2Tables, claims: Claims): Promise<void> {
  const { storage, clusterBytes, refcountsPerBlock, refcountBits } = tables, first = tables.fileClusters;
  let blocks = 0, tableClusters = 1;
  for (;;) {
    const needed = Math.ceil((first + blocks + tableClusters) / refcountsPerBlock), clusters = Math.ceil(needed * 8 / clusterBytes);
    if (needed === blocks && clusters === tableClusters) break;
    [blocks, tableClusters] = [needed, clusters];
  }
  const audit = new RefcountAudit(tables, claims, "none"), end = first + blocks + tableClusters;
  const table = new Uint8Array(tableClusters * clusterBytes), tableAt = (first + blocks) * clusterBytes;
  let counts = await audit.count(0, false), countsFrom = 0;
  for (let block = 0; block < blocks; block++) {
    const bytes = new Uint8Array(clusterBytes), view = viewOf(bytes), start = block * refcountsPerBlock, to = Math.min(end, start + refcountsPerBlock);
    for (let c = start; c < to; c++) {
      if (c - countsFrom === counts.length && c < first) counts = await audit.count(countsFrom = c, false);
      const n = c >= first ? 1 : counts[c - countsFrom];
      if (n >= 2 ** refcountBits) throw new ImageError("failed", `${tables.path}: cluster ${c} is named ${n} times, more than its refcount of ${refcountBits} bits can say`);
      writeRefcount(view, (c - start) * refcountBits, refcountBits, n);
    }
    await storage.write((first + block) * clusterBytes, bytes);
    writeU64(viewOf(table), block * 8, (first + block) * clusterBytes);
  }
  await storage.write(tableAt, table);
  await storage.flush();
  await tables.setFields("refcountTable", { refcountTableOffset: tableAt, refcountTableClusters: tableClusters });
  await storage.flush();
  tables.cache.clear();
}
