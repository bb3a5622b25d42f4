/** New qcow2 images. */
import { roundUp, viewOf, writeU64 } from "../bytes.ts";
import { ImageError } from "../errors.ts";
import type { CreateOption, CreateRequest } from "../format.ts";
import { checkSize, headerCluster, l1EntriesFor, LAZY_REFCOUNTS } from "./header.ts";
import type { Qcow2Header } from "./header.ts";
import { writeRefcount } from "./refcounts.ts";

const powersOfTwo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => 2 ** (from + i));

export const QCOW2_OPTIONS = {
  cluster_size: { help: "bytes of a cluster", initial: "65536", allowed: powersOfTwo(9, 21) },
  compat: { help: "version: 0.10 is 2, 1.1 is 3", initial: "1.1", allowed: ["0.10", "1.1"] },
  refcount_bits: { help: "bits of a refcount; other than 16 in version 3 only", initial: "16", allowed: powersOfTwo(0, 6).map(String) },
  lazy_refcounts: { help: "allow programs to write refcounts late (tcgjs does not)", initial: "off", allowed: ["off", "on"] },
} satisfies Record<string, CreateOption>;

/** Writes a header, a refcount table with its blocks, and an empty L1 table, in this order of the file. */
export async function createQcow2(path: string, { sizeBytes, host, options, backing }: CreateRequest): Promise<void> {
  const clusterBits = Math.log2(Number(options["cluster_size"])), refcountOrder = Math.log2(Number(options["refcount_bits"]));
  const version = options["compat"] === "1.1" ? 3 : 2, isLazy = options["lazy_refcounts"] === "on";
  if (version === 2 && (refcountOrder !== 4 || isLazy)) throw new ImageError("unsupported", `${path}: version 2 of qcow2 has refcounts of 16 bits, which are not lazy`);
  checkSize(path, { clusterBits }, sizeBytes);
  const clusterBytes = 2 ** clusterBits, l1Entries = Math.max(1, l1EntriesFor({ clusterBits }, sizeBytes)), l1Clusters = Math.ceil(l1Entries * 8 / clusterBytes);
  const perBlock = clusterBytes * 8 / 2 ** refcountOrder;
  let blocks = 1, tableClusters = 1;
  while (1 + tableClusters + blocks + l1Clusters > blocks * perBlock || blocks * 8 > tableClusters * clusterBytes) {
    blocks = Math.ceil((1 + tableClusters + blocks + l1Clusters) / perBlock);
    tableClusters = Math.ceil(blocks * 8 / clusterBytes);
  }
  const total = 1 + tableClusters + blocks + l1Clusters;
  const header: Qcow2Header = {
    version, clusterBits, refcountOrder, sizeBytes, l1Entries, compatible: isLazy ? LAZY_REFCOUNTS : 0,
    backingName: backing?.name ?? null, backingFormat: backing?.format ?? null,
    refcountTableOffset: clusterBytes, refcountTableClusters: tableClusters, l1Offset: (total - l1Clusters) * clusterBytes,
    snapshotCount: 0, snapshotsOffset: 0, incompatible: 0, hasAutoclear: false,
  };
  const first = headerCluster(path, header), tables = new Uint8Array((tableClusters + blocks) * clusterBytes), view = viewOf(tables);
  for (let i = 0; i < blocks; i++) writeU64(view, i * 8, (1 + tableClusters + i) * clusterBytes);
  for (let c = 0; c < total; c++) writeRefcount(view, tableClusters * clusterBytes * 8 + c * 2 ** refcountOrder, 2 ** refcountOrder, 1);
  const storage = await host.create(path);
  try {
    await storage.truncate(roundUp(total * clusterBytes, clusterBytes));
    await storage.write(clusterBytes, tables);
    await storage.write(0, first);
    await storage.flush();
  } finally {
    await storage.close();
  }
}
