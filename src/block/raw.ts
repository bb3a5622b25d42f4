/** Raw images: the file is the disk. */
import { roundUp } from "./bytes.ts";
import type { Extent, Image } from "./device.ts";
import { wellFormed } from "./errors.ts";
import type { ImageFormat } from "./format.ts";
import { checkRange } from "./range.ts";
import { Lock } from "./lock.ts";
import type { Storage } from "./storage.ts";

const SECTOR_BYTES = 512;
/** Zeroes are written in pieces of this size. */
const PIECE_BYTES = 1 << 16;

export const RAW: ImageFormat = {
  name: "raw",
  extensions: ["raw", "img", "iso", "bin"],
  about: "the bytes of the disk, nothing else",
  createOptions: {},
  probe: () => false,
  open: (storage) => Promise.resolve(new RawImage(storage)),
  async create(path, { sizeBytes, host }) {
    const storage = await host.create(path);
    await storage.truncate(sizeBytes);
    await storage.close();
  },
};

/** A file as a disk; a last sector that is not whole is filled up with zeroes. */
export class RawImage implements Image {
  readonly format = "raw";
  readonly clusterBytes = null;
  readonly backing = null;
  readonly backingName = null;
  readonly backingFormat = null;
  readonly details = {};
  readonly snapshots = null;
  readonly packed = null;
  readonly check = null;
  readonly path: string;
  sizeBytes: number;
  private readonly storage: Storage;
  /** Offset of the disk's first byte in the file. */
  private readonly start: number;
  private readonly lock = new Lock();

  /** All of a file, or a piece of it. */
  constructor(storage: Storage, piece: { readonly start: number; readonly sizeBytes: number } | null = null) {
    this.storage = storage;
    this.path = storage.path;
    this.start = piece?.start ?? 0;
    this.sizeBytes = piece?.sizeBytes ?? roundUp(storage.sizeBytes, SECTOR_BYTES);
    wellFormed(Number.isSafeInteger(this.start + this.sizeBytes), this.path, `${this.sizeBytes} bytes are too many`);
  }

  get isReadOnly(): boolean {
    return this.storage.isReadOnly;
  }

  read(offset: number, buffer: Uint8Array): Promise<void> {
    return this.lock.shared(() => {
      checkRange(this, offset, buffer.length);
      return this.storage.read(this.start + offset, buffer);
    });
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.lock.alone(() => {
      checkRange(this, offset, bytes.length, true);
      return this.storage.write(this.start + offset, bytes);
    });
  }

  writeZeroes(offset: number, length: number): Promise<void> {
    return this.lock.alone(async () => {
      checkRange(this, offset, length, true);
      const zeroes = new Uint8Array(Math.min(length, PIECE_BYTES));
      for (let at = 0; at < length; at += PIECE_BYTES) await this.storage.write(this.start + offset + at, zeroes.subarray(0, length - at));
    });
  }

  /** A file cannot be told to have a hole. */
  discard(): Promise<void> {
    return Promise.resolve();
  }

  extent(offset: number): Promise<Extent> {
    return Promise.resolve({ length: this.sizeBytes - offset, isZero: false });
  }

  readonly resize = (sizeBytes: number): Promise<void> => this.lock.alone(async () => {
    await this.storage.truncate(sizeBytes);
    this.sizeBytes = sizeBytes;
  });

  flush(): Promise<void> {
    return this.lock.alone(() => this.storage.flush());
  }

  close(): Promise<void> {
    return this.lock.alone(async () => {
      if (!this.isReadOnly) await this.storage.flush();
      await this.storage.close();
    });
  }
}
