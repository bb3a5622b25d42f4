// A disk in memory for tests of devices, which tells what was done to it.

import type { BlockDevice } from "../../src/block/device.ts";

export const SECTOR = 512;

/** Every sector begins with its number, 32 bits. */
export class NumberedDisk implements BlockDevice {
  readonly sizeBytes: number;
  isReadOnly = false;
  flushes = 0;
  fails = false;
  readonly discards: (readonly [offset: number, length: number])[] = [];
  readonly bytes: Uint8Array;

  constructor(sectorCount: number) {
    this.sizeBytes = sectorCount * SECTOR;
    this.bytes = new Uint8Array(this.sizeBytes);
    const view = new DataView(this.bytes.buffer);
    for (let i = 0; i < sectorCount; i++) view.setUint32(i * SECTOR, i, true);
  }

  read(offset: number, buffer: Uint8Array): Promise<void> {
    if (this.fails) return Promise.reject(new Error("no"));
    buffer.set(this.bytes.subarray(offset, offset + buffer.length));
    return Promise.resolve();
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    this.bytes.set(bytes, offset);
    return Promise.resolve();
  }

  writeZeroes(offset: number, length: number): Promise<void> {
    this.bytes.fill(0, offset, offset + length);
    return Promise.resolve();
  }

  discard(offset: number, length: number): Promise<void> {
    this.discards.push([offset, length]);
    return Promise.resolve();
  }

  flush(): Promise<void> {
    this.flushes++;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
