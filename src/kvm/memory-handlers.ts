/**
 * Physical addresses without memory that are answered without an exit: for what behaves like memory but is computed, such as the planes
 * of a VGA.
 */
import { VmError } from "../../tcg/support/errors.ts";
import { hex, requireInteger } from "./check.ts";

/** Who answers for a range of addresses. Memory that is there, too, comes first. */
export interface MemoryRange {
  /** First address, below 4 GiB, and how many. */
  readonly first: number;
  readonly count: number;
  /** `offset` is from `first`; `size` is 1, 2 or 4 bytes, the result unsigned. */
  readonly read: (offset: number, size: number) => number;
  readonly write: (offset: number, size: number, value: number) => void;
}

const ADDRESS_SPACE = 2 ** 32;

export class MemoryHandlers {
  private readonly ranges: MemoryRange[] = [];
  private last: MemoryRange | null = null;

  /** @throws VmError EINVAL if the range leaves the addresses, EEXIST if it overlaps another */
  add(range: MemoryRange): void {
    requireInteger("handleMemory: first", range.first, 0, ADDRESS_SPACE - 1);
    requireInteger("handleMemory: count", range.count, 1, ADDRESS_SPACE - range.first);
    const other = this.ranges.find((r) => range.first < r.first + r.count && r.first < range.first + range.count);
    if (other !== undefined) throw new VmError("EEXIST", `handleMemory: ${hex(range.first)} overlaps the handler at ${hex(other.first)}`);
    this.ranges.push(range);
  }

  /** The range that holds all of an access. @param phys  as int32 */
  find(phys: number, size: number): MemoryRange | null {
    const address = phys >>> 0, { last } = this;
    if (last !== null && address >= last.first && address + size <= last.first + last.count) return last;
    const found = this.ranges.find((r) => address >= r.first && address + size <= r.first + r.count) ?? null;
    if (found !== null) this.last = found;
    return found;
  }
}
