/** A block of registers of different widths side by side, for accesses of any width. */
import { partOf } from "../../bus/bytes.ts";
import type { WidePorts } from "../../bus/device.ts";

export interface RegisterField {
  readonly offset: number;
  /** 1, 2 or 4 bytes. */
  readonly size: number;
  /** Unsigned. Absent: reads as 0. */
  readonly read?: () => number;
  /** Absent: read-only. */
  readonly write?: (value: number) => void;
}

/** Accesses within one field move its part of it; wider ones go byte by byte. Between fields zeroes are read. */
export class RegisterFields implements WidePorts {
  private readonly byOffset = new Map<number, RegisterField>();

  constructor(fields: readonly RegisterField[]) {
    for (const field of fields) for (let i = 0; i < field.size; i++) this.byOffset.set(field.offset + i, field);
  }

  read(offset: number, size: number): number {
    const field = this.byOffset.get(offset);
    if (field !== undefined && offset + size <= field.offset + field.size) return partOf(field.read?.() ?? 0, offset - field.offset, size);
    if (size === 1) return 0;
    let value = 0;
    for (let i = 0; i < size; i++) value += this.read(offset + i, 1) * 2 ** (8 * i);
    return value;
  }

  write(offset: number, size: number, value: number): void {
    const field = this.byOffset.get(offset);
    if (field !== undefined && offset + size <= field.offset + field.size) return this.writePart(field, offset - field.offset, size, value);
    if (size > 1) for (let i = 0; i < size; i++) this.write(offset + i, 1, (value >>> (8 * i)) & 0xff);
  }

  /** The rest of the field stays as it reads. */
  private writePart({ size, read, write }: RegisterField, at: number, count: number, value: number): void {
    if (count === size) return write?.(value);
    const mask = (2 ** (8 * count) - 1) << (8 * at), rest = (read?.() ?? 0) & ~mask;
    write?.(((rest | ((value << (8 * at)) & mask)) >>> 0) % 2 ** (8 * size));
  }
}

/** Registers of 4 bytes for the two halves of one of 8. */
export function halves(offset: number, read: (half: number) => number, write: (half: number, value: number) => void): RegisterField[] {
  return [0, 1].map((half) => ({ offset: offset + 4 * half, size: 4, read: () => read(half), write: (value) => write(half, value) }));
}
