// Bytes as a disk.

import type { BlockDevice } from "../../src/block/device.ts";

export class MemoryImage implements BlockDevice {
  readonly sizeBytes: number;
  isReadOnly: boolean;
  readonly bytes: Uint8Array;

  /** @param bytes  written in place */
  constructor(bytes: Uint8Array, isReadOnly = false) {
    this.bytes = bytes;
    this.sizeBytes = bytes.length;
    this.isReadOnly = isReadOnly;
  }

  read(offset: number, buffer: Uint8Array): Promise<void> {
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

  discard(_offset: number, _length: number): Promise<void> {
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
