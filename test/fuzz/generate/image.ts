// The memory of a case while it is being made: what has been written, and nothing else, becomes the case's.

import type { CaseBytes } from "../../../src/machine/x86-case.ts";

const LINE_BYTES = 16;

export class Image {
  /** By address / 16. */
  private readonly written = new Map<number, Uint8Array>();

  put(address: number, bytes: ArrayLike<number>): void {
    for (let i = 0; i < bytes.length; i++) {
      const at = address + i;
      let line = this.written.get(Math.floor(at / LINE_BYTES));
      if (line === undefined) {
        line = new Uint8Array(LINE_BYTES);
        this.written.set(Math.floor(at / LINE_BYTES), line);
      }
      line[at % LINE_BYTES] = bytes[i];
    }
  }

  /** 16 and 32 bits, little endian. */
  put16(address: number, value: number): void {
    this.put(address, word16(value));
  }

  put32(address: number, value: number): void {
    this.put(address, word32(value));
  }

  /** Everything written, in lines of 16 bytes by ascending address; those that are all zero say nothing. */
  get lines(): CaseBytes[] {
    const lines = [...this.written].filter(([, bytes]) => bytes.some((byte) => byte !== 0));
    return lines.map(([line, bytes]) => ({ address: line * LINE_BYTES, bytes })).sort((a, b) => a.address - b.address);
  }
}

export const word16 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];
export const word32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
