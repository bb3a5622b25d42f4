/**
 * A folder of the host that a guest may use. Names are checked by the caller: none is empty, `.`, `..`, or has a slash or NUL. A symbolic
 * link is a thing of its own and is never followed, so nothing outside the folder can be reached.
 *
 * Every method throws FolderError where the host refuses.
 */

/** What the host says no with: an error number of Linux, which the guest is told. */
export class FolderError extends Error {
  override readonly name = "FolderError";
  readonly errno: number;

  constructor(errno: number) {
    super(`error ${errno}`);
    this.errno = errno;
  }
}

/** Error numbers of Linux (asm-generic/errno-base.h, errno.h). */
export const EPERM = 1, ENOENT = 2, EIO = 5, EBADF = 9, EACCES = 13, EEXIST = 17, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, EMFILE = 24, EROFS = 30, ENAMETOOLONG = 36,
  EOPNOTSUPP = 95;

/** Names from the shared folder down; empty for itself. */
export type FolderPath = readonly string[];

/** What is known of a file; numbers as Linux has them, times in ns since 1970. */
export interface FolderStat {
  readonly kind: "file" | "folder" | "link" | "other";
  /** With the bits of its kind. */
  readonly mode: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly linkCount: bigint;
  readonly userId: number;
  readonly groupId: number;
  readonly sizeBytes: bigint;
  readonly blockBytes: bigint;
  /** Of 512 bytes. */
  readonly blocks: bigint;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

export interface FolderSpace {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly availableBlocks: number;
  readonly files: number;
  readonly freeFiles: number;
}

export interface OpenMode {
  readonly access: "read" | "write" | "both";
  readonly isTruncated?: boolean;
}

/** An open file. */
export interface FolderFile {
  /** Reads into `buffer`; returns how many bytes there were. */
  read(offset: number, buffer: Uint8Array): number;
  write(offset: number, bytes: Uint8Array): number;
  flush(): void;
  stat(): FolderStat;
  close(): void;
}

/** An open folder: its entries, without `.` and `..`, one after the other. */
export interface FolderEntries {
  next(): string | null;
  close(): void;
}

/** What is to change; absent: stays. Times in ns, "now" for the host's. */
export interface AttributeChange {
  readonly mode?: number;
  readonly sizeBytes?: number;
  readonly accessed?: bigint | "now";
  readonly modified?: bigint | "now";
}

export interface HostFolder {
  stat(path: FolderPath): FolderStat;
  open(path: FolderPath, mode: OpenMode): FolderFile;
  /** @param permissions  the lowest nine bits of a mode @param isNew  it must not be there yet */
  create(path: FolderPath, mode: OpenMode, permissions: number, isNew: boolean): FolderFile;
  openFolder(path: FolderPath): FolderEntries;
  makeFolder(path: FolderPath, permissions: number): void;
  makeSymbolicLink(path: FolderPath, target: string): void;
  readSymbolicLink(path: FolderPath): string;
  /** Another name for a file. */
  link(existing: FolderPath, path: FolderPath): void;
  rename(from: FolderPath, to: FolderPath): void;
  removeFile(path: FolderPath): void;
  removeFolder(path: FolderPath): void;
  change(path: FolderPath, change: AttributeChange): void;
  space(): FolderSpace;
}
