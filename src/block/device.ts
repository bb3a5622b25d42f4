/**
 * A disk as a device sees it: bytes that can be read and written at any offset. All image formats are behind it; IDE,
 * virtio-blk and the floppy controller are before it.
 *
 * Offsets and lengths are in bytes and need no alignment. Calls may overlap in time: reads run together, and what changes the
 * disk runs alone, in the order of the calls. Every method rejects with a VmError when the host or the image fails (a
 * device then reports an I/O error to the guest) and with nothing else.
 */
export interface BlockDevice {
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
  /** Fills `buffer` from the disk. */
  read(offset: number, buffer: Uint8Array): Promise<void>;
  /** Writes `bytes`, which the caller leaves alone until this resolves. It lasts once a later `flush` has resolved. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** As a write of zeroes, with less space where the format knows how. */
  writeZeroes(offset: number, length: number): Promise<void>;
  /** The guest does not need these bytes any more; they may read as before or as zeroes. */
  discard(offset: number, length: number): Promise<void>;
  /** Resolves when everything written before it will be found after a crash of this process or of the host. */
  flush(): Promise<void>;
  /** Flushes and lets go of the files. No other call may follow. */
  close(): Promise<void>;
}

/** Bytes of a disk that are alike from some offset on. */
export interface Extent {
  readonly length: number;
  /** They read as zeroes, which is known without reading them. */
  readonly isZero: boolean;
}

/** A point in time that an image can go back to. */
export interface Snapshot {
  /** Chosen by the format, unique in the image. */
  readonly id: string;
  readonly name: string;
  /** Size of the disk then. */
  readonly sizeBytes: number;
  /** Bytes of a machine's state kept with it, which tcgjs neither reads nor writes. */
  readonly vmStateBytes: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

/** Snapshots inside an image; whatever changes is complete when the promise resolves. */
export interface Snapshots {
  list(): readonly Snapshot[];
  create(name: string, timeMs: number): Promise<void>;
  /** Takes the disk back. @param which  an id or a name */
  apply(which: string): Promise<void>;
  delete(which: string): Promise<void>;
}

/** What a check of an image's tables found. */
export interface CheckResult {
  /** Places where tables contradict each other or the format. */
  readonly corruptions: number;
  /** Pieces of the file marked as used that nothing uses. */
  readonly leaks: number;
  readonly repairedCorruptions: number;
  readonly repairedLeaks: number;
  /** The first findings, in words. */
  readonly messages: readonly string[];
  readonly totalClusters: number;
  readonly allocatedClusters: number;
  readonly compressedClusters: number;
}

/** What a check puts right: nothing; what costs only space or time, which is what an interrupted writer leaves; everything that can be. */
export type Repair = "none" | "leaks" | "all";

/** Takes pieces of a disk in ascending order and packs each. */
export interface PackedWriter {
  /** Bytes of a piece; the last may be shorter. */
  readonly pieceBytes: number;
  /** @param offset  a multiple of `pieceBytes`, above all before */
  write(offset: number, bytes: Uint8Array): Promise<void>;
}

/** An open image: a disk, and what its format can do besides. */
export interface Image extends BlockDevice {
  readonly path: string;
  readonly format: string;
  /** Bytes that the format handles as one, or null. */
  readonly clusterBytes: number | null;
  /** What it reads through to, or null. */
  readonly backing: Image | null;
  /** The name and format of the backing file, as the image has them. */
  readonly backingName: string | null;
  readonly backingFormat: string | null;
  /** What is particular to the format, for `img info`. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** From `offset` on, which lies inside the disk; at least a byte. */
  extent(offset: number): Promise<Extent>;
  /** Null where the format has none. */
  readonly snapshots: Snapshots | null;
  /** Null where the format cannot. */
  readonly packed: PackedWriter | null;
  /** Null where there is nothing to check. */
  readonly check: ((repair: Repair) => Promise<CheckResult>) | null;
  /** Null where the format cannot. */
  readonly resize: ((sizeBytes: number) => Promise<void>) | null;
}
