/** Raw images: the file is the disk. */
import { roundUp } from "./bytes.ts";
import type { Extent, Image } from "./device.ts";
import { ImageError, wellFormed } from "./errors.ts";
import type { ImageFormat, OpenContext } from "./format.ts";
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
  open: (storage, { wouldBeMistaken }) => Promise.resolve(new RawImage(storage, null, wouldBeMistaken)),
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
  /** Whether the file would be taken for another format if it started so; null if that does not matter. */
  private readonly wouldBeMistaken: OpenContext["wouldBeMistaken"];

  /** All of a file, or a piece of it. */
  constructor(storage: Storage, piece: { readonly start: number; readonly sizeBytes: number } | null, wouldBeMistaken: OpenContext["wouldBeMistaken"] = null) {
    this.storage = storage;
    this.wouldBeMistaken = wouldBeMistaken;
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
    return this.lock.alone(async () => {
      checkRange(this, offset, bytes.length, true);
      if (offset < SECTOR_BYTES) await this.checkStart(offset, bytes);
      await this.storage.write(this.start + offset, bytes);
    });
  }

  /** A guest must not make its disk an image that names files of the host as its backing file. */
  private async checkStart(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.wouldBeMistaken === null) return;
    const sector = new Uint8Array(SECTOR_BYTES);
    await this.storage.read(0, sector);
    sector.set(bytes.subarray(0, SECTOR_BYTES - offset), offset);
    if (this.wouldBeMistaken(sector)) {
      throw new ImageError("failed", `${this.path}: its format was guessed to be raw, and what is written to its first sector would make it look like another; name the format to allow that`);
    }
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
