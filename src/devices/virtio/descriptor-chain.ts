/**
 * A chain of descriptors (§2.7.5): pieces of guest memory that the device may read, then pieces that it may write. Offsets count bytes from
 * the start of either part, wherever the driver has cut it (§2.7.4).
 */
import type { BusMemory } from "../../bus/host-work.ts";

/** A piece of guest memory. */
export interface Segment {
  readonly address: number;
  readonly length: number;
}

export class DescriptorChain {
  /** Index of its first descriptor. */
  readonly head: number;
  readonly readableBytes: number;
  readonly writableBytes: number;
  private readonly memory: BusMemory;
  private readonly readable: readonly Segment[];
  private readonly writable: readonly Segment[];
  private written = 0;
  private isVoid = false;

  /** All segments lie in memory (virtqueue.ts). */
  constructor(memory: BusMemory, head: number, readable: readonly Segment[], writable: readonly Segment[]) {
    this.memory = memory;
    this.head = head;
    this.readable = readable;
    this.writable = writable;
    this.readableBytes = lengthOf(readable);
    this.writableBytes = lengthOf(writable);
  }

  /** Bytes from the start of the writable part that have been written without a gap. */
  get writtenBytes(): number {
    return this.written;
  }

  /** A copy of `length` bytes of the readable part, or fewer where it ends. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.readableBytes - offset)));
    pieces(this.readable, offset, bytes.length, (address, at, count) => {
      const part = this.memory.read(address, count);
      if (part !== null) bytes.set(part, at);
    });
    return bytes;
  }

  /** Writes into the writable part; returns how many bytes had room. After a reset nothing is written. */
  write(offset: number, bytes: Uint8Array): number {
    const count = Math.max(0, Math.min(bytes.length, this.writableBytes - offset));
    if (this.isVoid) return count;
    pieces(this.writable, offset, count, (address, at, length) => this.memory.write(address, bytes.subarray(at, at + length)));
    if (offset <= this.written) this.written = Math.max(this.written, offset + count);
    return count;
  }

  /** The queue was reset: the driver has its memory back. */
  void(): void {
    this.isVoid = true;
  }
}

function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

/** Calls `move(address, bytes done, bytes here)` for the pieces of memory that make up `length` bytes. */
function pieces(segments: readonly Segment[], offset: number, length: number, move: (address: number, at: number, count: number) => void): void {
  let skip = offset, done = 0;
  for (const segment of segments) {
    if (done === length) return;
    if (skip >= segment.length) {
      skip -= segment.length;
      continue;
    }
    const count = Math.min(segment.length - skip, length - done);
    move(segment.address + skip, done, count);
    done += count;
    skip = 0;
  }
}
