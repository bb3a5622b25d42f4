/** Physical addresses without memory: whose registers are behind which. They come and go (PCI base addresses). */
import type { WidePorts } from "../bus/device.ts";

interface Range {
  readonly first: number;
  readonly count: number;
  readonly registers: WidePorts;
}

/** The widest access that registers see. */
const WIDEST = 4;

export class MmioSpace {
  private readonly ranges: Range[] = [];

  /** Registers at `count` addresses from `first`; those mapped before them come first where they overlap. */
  map(first: number, count: number, registers: WidePorts): void {
    this.ranges.push({ first, count, registers });
  }

  unmap(first: number, count: number): void {
    const at = this.ranges.findIndex((r) => r.first === first && r.count === count);
    if (at >= 0) this.ranges.splice(at, 1);
  }

  /** Fills `data`, 1..8 bytes; false if nobody answers for the address. Accesses of 8 bytes are two, as on a bus of 32 bits. */
  read(address: number, data: Uint8Array): boolean {
    const range = this.rangeOf(address, data.length);
    if (range === null) return false;
    for (const [at, size] of pieces(data.length)) {
      const value = range.registers.read(address - range.first + at, size);
      for (let i = 0; i < size; i++) data[at + i] = value >>> (8 * i);
    }
    return true;
  }

  /** As `read`. */
  write(address: number, data: Uint8Array): boolean {
    const range = this.rangeOf(address, data.length);
    if (range === null) return false;
    for (const [at, size] of pieces(data.length)) {
      let value = 0;
      for (let i = size - 1; i >= 0; i--) value = value * 256 + data[at + i];
      range.registers.write(address - range.first + at, size, value);
    }
    return true;
  }

  private rangeOf(address: number, length: number): Range | null {
    return this.ranges.find(({ first, count }) => address >= first && address + length <= first + count) ?? null;
  }
}

/** Offsets and sizes (1, 2 or 4) that make up so many bytes. */
function pieces(length: number): (readonly [at: number, size: number])[] {
  const found: (readonly [number, number])[] = [];
  for (let at = 0; at < length;) {
    const left = length - at, size = left >= WIDEST ? WIDEST : left >= 2 ? 2 : 1;
    found.push([at, size]);
    at += size;
  }
  return found;
}
