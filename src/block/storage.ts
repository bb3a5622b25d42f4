/**
 * What image formats need of the world outside: files of bytes, the names of files, and zlib. `src/host/storage.ts` has
 * the real ones; tests have their own. All offsets and lengths are in bytes.
 */

/** A file. One user; calls may overlap in time unless they touch the same bytes. */
export interface Storage {
  /** As messages name it. */
  readonly path: string;
  readonly isReadOnly: boolean;
  /** Bytes it has now. */
  readonly sizeBytes: number;
  /** Fills `buffer`; what lies beyond the end reads as zeroes. */
  read(offset: number, buffer: Uint8Array): Promise<void>;
  /** Writes all of `bytes`, which the caller leaves alone meanwhile; the file grows as needed. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes the file so long; what is new reads as zeroes. */
  truncate(sizeBytes: number): Promise<void>;
  /** Resolves once all that was written before would survive a loss of power. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Bytes to fewer bytes and back (RFC 1950, 1951). */
export interface Codec {
  /** @throws Error if `bytes` do not start with a whole stream, or it has more than `maxBytes` */
  inflate(bytes: Uint8Array, kind: StreamKind, maxBytes: number): Promise<Uint8Array>;
  /** Looks back no further than 2^windowBits bytes, 9..15. */
  deflate(bytes: Uint8Array, kind: StreamKind, windowBits: number): Promise<Uint8Array>;
}

/** A deflate stream by itself, or in zlib's frame. */
export type StreamKind = "raw" | "zlib";

/** Where files come from. */
export interface StorageHost {
  readonly codec: Codec;
  /** @throws VmError if there is no such file or it may not be used so */
  open(path: string, isReadOnly: boolean): Promise<Storage>;
  /** A new file, or one emptied, for writing. */
  create(path: string): Promise<Storage>;
  /** The path of a file that the image at `from` calls `name`. */
  relative(from: string, name: string): string;
  /** The last part of a path. */
  baseName(path: string): string;
  /** Bytes nobody can foresee, for identifiers. */
  randomBytes(length: number): Uint8Array;
  /** The same text for every path to the same file. */
  identity(path: string): Promise<string>;
}
