/**
 * A folder of the host for a guest (`src/bus/host-folder.ts`). Every operation goes down from the folder itself, one name at a time, and
 * stops at a symbolic link. On Linux each step is held open, so that nobody can put a link in its place meanwhile; elsewhere each is
 * looked at, which is safe against the guest, for calls are synchronous, but not against another program.
 */
import type { BigIntStats, Dir } from "node:fs";
import {
  chmodSync, closeSync, constants, existsSync, fstatSync, fsyncSync, linkSync, lstatSync, lutimesSync, mkdirSync, opendirSync, openSync, readlinkSync, readSync, renameSync,
  rmdirSync, statfsSync, statSync, symlinkSync, truncateSync, unlinkSync, writeSync,
} from "node:fs";
import { VmError } from "../../tcg/support/errors.ts";
import type { AttributeChange, FolderEntries, FolderFile, FolderPath, FolderSpace, FolderStat, HostFolder, OpenMode } from "../bus/host-folder.ts";
import { EACCES, EEXIST, EINVAL, EIO, EISDIR, EMFILE, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EROFS, FolderError } from "../bus/host-folder.ts";
import { fileFailure } from "./files.ts";
import { codeOf } from "./system-error.ts";

/** What Node calls errors, and Linux's numbers for those that have no name in host-folder.ts. */
const ERRNOS: Readonly<Record<string, number>> = {
  EACCES, EEXIST, EINVAL, EIO, EISDIR, EMFILE, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EROFS,
  EBUSY: 16, EXDEV: 18, ENFILE: 23, ETXTBSY: 26, EFBIG: 27, ENOSPC: 28, EMLINK: 31, ENOTEMPTY: 39, ELOOP: 40, EDQUOT: 122,
};
/** Open files by number, on Linux; and the flag for one that is only held. */
const DESCRIPTORS = "/proc/self/fd", O_PATH = 0o10000000;
const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_DIRECTORY = 0, O_NOCTTY = 0 } = constants;
/** A named pipe must not keep us waiting. */
const CAREFULLY = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const PERMISSIONS = 0o777;
const NS_PER_SECOND = 1e9;

export class SharedFolder implements HostFolder {
  private readonly isReadOnly: boolean;
  private readonly root: string;
  private readonly rootFd: number | null;

  /** @throws VmError if there is no such folder */
  constructor(path: string, isReadOnly: boolean) {
    this.isReadOnly = isReadOnly;
    let stat;
    try {
      stat = statSync(path);
    } catch (e) {
      throw fileFailure(path, "cannot be shared", e);
    }
    if (!stat.isDirectory()) throw new VmError("EINVAL", `${path} cannot be shared: it is not a folder`);
    const holdsSteps = process.platform === "linux" && existsSync(DESCRIPTORS);
    // The folder is this one even if it is renamed.
    this.rootFd = holdsSteps ? openSync(path, O_PATH | O_DIRECTORY) : null;
    this.root = this.rootFd === null ? path : `${DESCRIPTORS}/${this.rootFd}/.`;
  }

  /** Lets go of the folder; no other call may follow. */
  close(): void {
    if (this.rootFd !== null) closeSync(this.rootFd);
  }

  stat(path: FolderPath): FolderStat {
    return this.at(path, (name) => statOf(lstatSync(name, { bigint: true })));
  }

  open(path: FolderPath, { access, isTruncated = false }: OpenMode): FolderFile {
    if (access !== "read" || isTruncated) this.refuseIfReadOnly();
    return this.at(path, (name) => new OpenFile(openSync(name, accessFlag(access) | (isTruncated ? O_TRUNC : 0) | CAREFULLY)));
  }

  create(path: FolderPath, { access, isTruncated = false }: OpenMode, permissions: number, isNew: boolean): FolderFile {
    this.refuseIfReadOnly();
    const flags = accessFlag(access) | O_CREAT | (isNew ? O_EXCL : 0) | (isTruncated ? O_TRUNC : 0) | CAREFULLY;
    return this.at(path, (name) => new OpenFile(openSync(name, flags, permissions & PERMISSIONS)));
  }

  openFolder(path: FolderPath): FolderEntries {
    return this.pinned(path, (name) => {
      if (!statSync(name).isDirectory()) throw new FolderError(ENOTDIR);
      return new OpenFolder(opendirSync(name));
    });
  }

  makeFolder(path: FolderPath, permissions: number): void {
    this.refuseIfReadOnly();
    this.at(path, (name) => mkdirSync(name, permissions & PERMISSIONS));
  }

  makeSymbolicLink(path: FolderPath, target: string): void {
    this.refuseIfReadOnly();
    this.at(path, (name) => symlinkSync(target, name));
  }

  readSymbolicLink(path: FolderPath): string {
    return this.at(path, (name) => readlinkSync(name));
  }

  link(existing: FolderPath, path: FolderPath): void {
    this.refuseIfReadOnly();
    this.at(existing, (from) => {
      // Some systems would follow it.
      if (lstatSync(from).isSymbolicLink()) throw new FolderError(EPERM);
      this.at(path, (to) => linkSync(from, to));
    });
  }

  rename(from: FolderPath, to: FolderPath): void {
    this.refuseIfReadOnly();
    this.at(from, (before) => this.at(to, (after) => renameSync(before, after)));
  }

  removeFile(path: FolderPath): void {
    this.refuseIfReadOnly();
    this.at(path, (name) => unlinkSync(name));
  }

  removeFolder(path: FolderPath): void {
    this.refuseIfReadOnly();
    this.at(path, (name) => rmdirSync(name));
  }

  change(path: FolderPath, { mode, sizeBytes, accessed, modified }: AttributeChange): void {
    this.refuseIfReadOnly();
    if (mode !== undefined || sizeBytes !== undefined) {
      this.pinned(path, (name) => {
        if (sizeBytes !== undefined) truncateSync(name, sizeBytes);
        if (mode !== undefined) chmodSync(name, mode & PERMISSIONS);
      });
    }
    if (accessed === undefined && modified === undefined) return;
    this.at(path, (name) => {
      const before = lstatSync(name, { bigint: true }), now = Date.now() / 1000;
      const seconds = (given: bigint | "now" | undefined, otherwise: bigint): number => (given === "now" ? now : Number(given ?? otherwise) / NS_PER_SECOND);
      lutimesSync(name, seconds(accessed, before.atimeNs), seconds(modified, before.mtimeNs));
    });
  }

  space(): FolderSpace {
    return guarded(() => {
      const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(this.root);
      return { blockBytes: bsize, blocks, freeBlocks: bfree, availableBlocks: bavail, files, freeFiles: ffree };
    });
  }

  // ---- going down

  private refuseIfReadOnly(): void {
    if (this.isReadOnly) throw new FolderError(EROFS);
  }

  /** Calls `use` with a name of the host for a path, whose last part is not looked at. */
  private at<T>(path: FolderPath, use: (name: string) => T): T {
    return guarded(() => this.below(path.slice(0, -1), this.root, (folder) => use(path.length === 0 ? folder : `${folder}/${path[path.length - 1]}`)));
  }

  private below<T>(path: FolderPath, folder: string, use: (folder: string) => T): T {
    if (path.length === 0) return use(folder);
    const name = `${folder}/${path[0]}`;
    if (this.rootFd === null) {
      if (!lstatSync(name).isDirectory()) throw new FolderError(ENOTDIR);
      return this.below(path.slice(1), name, use);
    }
    return held(name, O_DIRECTORY, (step) => this.below(path.slice(1), step, use));
  }

  /** As `at`, for what would follow a link: `use` gets a name that leads to what is there now and is no link. */
  private pinned<T>(path: FolderPath, use: (name: string) => T): T {
    return this.at(path, (name) => {
      if (lstatSync(name).isSymbolicLink()) throw new FolderError(EINVAL);
      return this.rootFd !== null ? held(name, 0, use) : use(name);
    });
  }
}

/** Holds what a name stands for now, a link itself too, and calls `use` with a name for that. */
function held<T>(name: string, flags: number, use: (name: string) => T): T {
  const fd = openSync(name, O_PATH | O_NOFOLLOW | flags);
  try {
    if (fstatSync(fd).isSymbolicLink()) throw new FolderError(ENOTDIR);
    return use(`${DESCRIPTORS}/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** The host's errors as the guest is to see them. */
function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (e) {
    if (e instanceof FolderError) throw e;
    throw new FolderError(ERRNOS[codeOf(e)] ?? EIO);
  }
}

function accessFlag(access: OpenMode["access"]): number {
  return access === "read" ? O_RDONLY : access === "write" ? O_WRONLY : O_RDWR;
}

function statOf(stat: BigIntStats): FolderStat {
  const kind = stat.isFile() ? "file" : stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "other";
  return {
    kind, mode: Number(stat.mode), device: stat.dev, inode: stat.ino, linkCount: stat.nlink, userId: Number(stat.uid), groupId: Number(stat.gid), sizeBytes: stat.size,
    blockBytes: stat.blksize, blocks: stat.blocks, accessedNs: stat.atimeNs, modifiedNs: stat.mtimeNs, changedNs: stat.ctimeNs,
  };
}

class OpenFile implements FolderFile {
  private readonly fd: number;

  /** @throws FolderError for what is no file, such as a named pipe */
  constructor(fd: number) {
    this.fd = fd;
    const stat = fstatSync(fd);
    if (stat.isFile()) return;
    closeSync(fd);
    throw new FolderError(stat.isDirectory() ? EISDIR : EACCES);
  }

  read(offset: number, buffer: Uint8Array): number {
    return guarded(() => readSync(this.fd, buffer, 0, buffer.length, offset));
  }

  write(offset: number, bytes: Uint8Array): number {
    return guarded(() => writeSync(this.fd, bytes, 0, bytes.length, offset));
  }

  flush(): void {
    guarded(() => fsyncSync(this.fd));
  }

  stat(): FolderStat {
    return guarded(() => statOf(fstatSync(this.fd, { bigint: true })));
  }

  close(): void {
    guarded(() => closeSync(this.fd));
  }
}

class OpenFolder implements FolderEntries {
  private readonly dir: Dir;

  constructor(dir: Dir) {
    this.dir = dir;
  }

  next(): string | null {
    return guarded(() => this.dir.readSync()?.name ?? null);
  }

  close(): void {
    guarded(() => this.dir.closeSync());
  }
}
