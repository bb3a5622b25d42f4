// A disk in memory for tests of devices, which tells what was done to it.

import { MemoryImage } from "./memory-image.ts";

export const SECTOR = 512;

/** Every sector begins with its number, 32 bits. */
export class NumberedDisk extends MemoryImage {
  flushes = 0;
  fails = false;
  readonly discards: (readonly [offset: number, length: number])[] = [];

  constructor(sectorCount: number) {
    super(new Uint8Array(sectorCount * SECTOR));
    const view = new DataView(this.bytes.buffer);
    for (let i = 0; i < sectorCount; i++) view.setUint32(i * SECTOR, i, true);
  }

  override read(offset: number, buffer: Uint8Array): Promise<void> {
    return this.fails ? Promise.reject(new Error("no")) : super.read(offset, buffer);
  }

  override discard(offset: number, length: number): Promise<void> {
    this.discards.push([offset, length]);
    return Promise.resolve();
  }

  override flush(): Promise<void> {
    this.flushes++;
    return Promise.resolve();
  }
}
