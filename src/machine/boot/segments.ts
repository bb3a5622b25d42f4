/** Checks that hold for the segments of every format: within memory, not on top of each other. Messages in the caller's terms. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { AddressRangeEntry } from "../memory-map.ts";
import { E820_RAM } from "../memory-map.ts";
import type { Segment } from "./plan.ts";

const ADDRESS_SPACE = 2 ** 32, PAGE_SIZE = 4096;

/** A number as people read addresses and sizes. */
export function hex(n: number): string {
  return `${n < 0 ? "-" : ""}0x${Math.abs(n).toString(16)}`;
}

/** First and last address, as text. */
function rangeText({ address, sizeBytes }: Pick<Segment, "address" | "sizeBytes">): string {
  return `${hex(address)}..${hex(address + sizeBytes - 1)}`;
}

/**
 * @param what  names the segments in messages: `the ELF file`
 * @throws VmError EINVAL if a segment leaves memory or the 32-bit address space, or two overlap
 */
export function checkSegments(what: string, segments: readonly Segment[], memoryBytes: number): void {
  for (const segment of segments) {
    const end = segment.address + segment.sizeBytes;
    if (end > ADDRESS_SPACE) throw new VmError("EINVAL", `${what} wants ${hex(segment.sizeBytes)} bytes at ${hex(segment.address)}, which end beyond 4 GiB`);
    if (end > memoryBytes) {
      throw new VmError("EINVAL", `${what} wants memory at ${rangeText(segment)}; the machine's is from 0 to ${hex(memoryBytes - 1)}`);
    }
  }
  const sorted = [...segments].sort((a, b) => a.address - b.address);
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1], segment = sorted[i];
    if (segment.address < before.address + before.sizeBytes) {
      throw new VmError("EINVAL", `${what} wants ${rangeText(before)} and ${rangeText(segment)}, which overlap`);
    }
  }
}

/** @throws VmError EINVAL if a segment is not all in RAM */
export function checkInMap(what: string, segments: readonly Segment[], map: readonly AddressRangeEntry[]): void {
  const ram = map.filter((r) => r.type === E820_RAM);
  for (const segment of segments) {
    if (ram.some((r) => segment.address >= r.address && segment.address + segment.sizeBytes <= r.address + r.sizeBytes)) continue;
    throw new VmError("EINVAL", `${what} wants memory at ${rangeText(segment)}; a PC has it at ${ram.map(rangeText).join(" and ")}`);
  }
}

/** @throws VmError EINVAL if the entry is in none of the segments */
export function checkEntry(what: string, entry: number, segments: readonly Segment[]): void {
  if (segments.some(({ address, sizeBytes }) => entry >= address && entry < address + sizeBytes)) return;
  throw new VmError("EINVAL", `${what} has its entry at ${hex(entry)}, outside what it loads: ${segments.map(rangeText).join(", ")}`);
}

/** The address behind the last segment. */
export function endOf(segments: readonly Segment[]): number {
  return segments.reduce((end, s) => Math.max(end, s.address + s.sizeBytes), 0);
}

/** Highest page-aligned address, but 0, of `size` free bytes that end at or below `ceiling`; null if there is no room. */
export function highestGap(segments: readonly Segment[], size: number, ceiling: number): number | null {
  const below = (end: number): number => Math.floor((end - size) / PAGE_SIZE) * PAGE_SIZE;
  let address = below(ceiling);
  for (const s of [...segments].sort((a, b) => b.address - a.address)) {
    if (s.address < address + size && address < s.address + s.sizeBytes) address = below(s.address);
  }
  return address > 0 ? address : null;
}
