/** Entries of L1 and L2 tables: 64 bits, of which bit 63 is the most significant (qcow2.rst, "Cluster mapping"). */

/** In the upper half: the cluster has a refcount of exactly 1, so it may be written in place; it is compressed. */
export const COPIED = 0x80000000, COMPRESSED = 0x40000000;
const HIGH_OFFSET = 0x00ffffff, LOW_OFFSET = 0xfffffe00, HIGH_RESERVED = 0x3f000000, ZERO = 1;
const LOW_RESERVED = 0x1fe, L1_LOW_RESERVED = 0x1ff;

const SECTOR_BYTES = 512;

/** What an L2 entry says. */
export type L2Entry =
  | { readonly kind: "absent" }
  /** Reads as zeroes; `at` is a cluster kept for it, or 0. */
  | { readonly kind: "zero"; readonly at: number; readonly isCopied: boolean }
  | { readonly kind: "data"; readonly at: number; readonly isCopied: boolean }
  /** Compressed: from byte `at` to the end of the last sector. */
  | { readonly kind: "packed"; readonly at: number; readonly length: number };

const ABSENT: L2Entry = { kind: "absent" };

/** Offset in an L1 entry, or in an L2 entry that is not compressed; 0 means none. */
export function offsetOf(high: number, low: number): number {
  return (high & HIGH_OFFSET) * 2 ** 32 + ((low & LOW_OFFSET) >>> 0);
}

export function isCopied(high: number): boolean {
  return (high & COPIED) !== 0;
}

export function hasReservedL1(high: number, low: number): boolean {
  return (high & (HIGH_RESERVED | COMPRESSED)) !== 0 || (low & L1_LOW_RESERVED) !== 0;
}

/** Whether bits are set that must not be; compressed entries have none. */
export function hasReservedL2(high: number, low: number, version: 2 | 3): boolean {
  if ((high & COMPRESSED) !== 0) return false;
  return (high & HIGH_RESERVED) !== 0 || (low & LOW_RESERVED) !== 0 || (version === 2 && (low & ZERO) !== 0);
}

export function decodeL2(high: number, low: number, clusterBits: number): L2Entry {
  if ((high & COMPRESSED) !== 0) {
    // The offset has 62 - (clusterBits - 8) bits, 49..61; the rest counts the sectors after the first.
    const highOffsetBits = 62 - (clusterBits - 8) - 32, mask = 2 ** highOffsetBits - 1, high30 = high & 0x3fffffff;
    const at = (high30 & mask) * 2 ** 32 + (low >>> 0), sectors = (high30 >>> highOffsetBits) + 1;
    return { kind: "packed", at, length: sectors * SECTOR_BYTES - at % SECTOR_BYTES };
  }
  const at = offsetOf(high, low);
  if ((low & ZERO) !== 0) return { kind: "zero", at, isCopied: isCopied(high) };
  return at === 0 ? ABSENT : { kind: "data", at, isCopied: isCopied(high) };
}

/** Writes an entry for a cluster of refcount 1. @param at  a multiple of 512 */
export function writeOwn(view: DataView, position: number, at: number): void {
  view.setUint32(position, Math.floor(at / 2 ** 32) | COPIED);
  view.setUint32(position + 4, at);
}

/** Writes an L2 entry that reads as zeroes and has no cluster, or one that says nothing. */
export function writeEmpty(view: DataView, position: number, isZero: boolean): void {
  view.setUint32(position, 0);
  view.setUint32(position + 4, isZero ? ZERO : 0);
}

/** Writes an L2 entry of compressed data. @param length  1 or more */
export function writePacked(view: DataView, position: number, at: number, length: number, clusterBits: number): void {
  const highOffsetBits = 62 - (clusterBits - 8) - 32, more = Math.floor((at + length - 1) / SECTOR_BYTES) - Math.floor(at / SECTOR_BYTES);
  view.setUint32(position, COMPRESSED | more << highOffsetBits | Math.floor(at / 2 ** 32));
  view.setUint32(position + 4, at);
}
