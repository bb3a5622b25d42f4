/** Room for compressed clusters of a qcow2 image, which share the clusters of the file. */
import type { Refcounts } from "./refcounts.ts";

export class PackedSpace {
  private readonly clusterBytes: number;
  /** The next free byte of the cluster that was begun last; 0 if there is none. */
  private next = 0;

  constructor(clusterBytes: number) {
    this.clusterBytes = clusterBytes;
  }

  /** The offset of `length` bytes, less than a cluster's, whose clusters are counted as used once more. */
  async take(length: number, refcounts: Refcounts): Promise<number> {
    const { clusterBytes, next } = this, left = (clusterBytes - next % clusterBytes) % clusterBytes, begun = next - next % clusterBytes;
    if (left >= length && await refcounts.share(begun / clusterBytes)) return this.takeAt(next, length);
    const fresh = await refcounts.allocate();
    // The rest of the last cluster can be used too where the new one comes right after it.
    if (left > 0 && fresh === begun + clusterBytes && await refcounts.share(begun / clusterBytes)) return this.takeAt(next, length);
    return this.takeAt(fresh, length);
  }

  /** Clusters of the file were given back, the one begun last perhaps too. */
  close(): void {
    this.next = 0;
  }

  private takeAt(at: number, length: number): number {
    this.next = at + length;
    return at;
  }
}
