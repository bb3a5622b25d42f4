/**
 * The files that a 9P client has named: by numbers of its choice, fids. A fid is a path; opened, it is a file or a folder being listed
 * besides. Saved states hold paths, and files are opened again when they are needed.
 */
import type { FolderEntries, FolderFile, FolderPath, HostFolder } from "../../../bus/host-folder.ts";
import { EBADF, EMFILE, FolderError } from "../../../bus/host-folder.ts";
import type { Saveable, SavedState, Shape } from "../../saveable.ts";
import { DWORD, list, oneOf, record, restoreFields, saveFields, scalar } from "../../saveable.ts";

/** Most fids, characters of all their paths, and most of them open: what the host has must not run out. */
const MAX_FIDS = 1 << 16, MAX_CHARACTERS = 1 << 24, MAX_OPEN = 512;
/** Names in a path, and characters in a name. */
const MAX_DEPTH = 256, MAX_NAME = 255;

/** What a fid was opened for. */
export type Opened = "no" | "read" | "write" | "both" | "folder";

export interface Fid {
  path: FolderPath;
  opened: Opened;
  file: FolderFile | null;
  entries: FolderEntries | null;
  /** Entries of a folder that have been listed, `.` and `..` included; and one that has been taken but not listed. */
  position: number;
  pending: string | null;
}

interface SavedFid {
  readonly fid: number;
  readonly path: readonly string[];
  readonly opened: Opened;
}

const NAME = scalar("a name in a folder", (value): value is string => typeof value === "string" && value.length <= MAX_NAME && isName(value));
const SHAPE: Shape<{ fids: readonly SavedFid[] }> = {
  fids: list(MAX_FIDS, record<SavedFid>({ fid: DWORD, path: list(MAX_DEPTH, NAME), opened: oneOf("no", "read", "write", "both", "folder") })),
};

export class P9Fids implements Saveable {
  private readonly folder: HostFolder;
  private readonly fids = new Map<number, Fid>();
  private readonly withHandles = new Set<Fid>();
  private characters = 0;

  constructor(folder: HostFolder) {
    this.folder = folder;
  }

  /** @throws FolderError EBADF if there is no such fid */
  get(number: number): Fid {
    const fid = this.fids.get(number);
    if (fid === undefined) throw new FolderError(EBADF);
    return fid;
  }

  has(number: number): boolean {
    return this.fids.has(number);
  }

  /** Makes a fid, or gives one another path. @throws FolderError EMFILE for too many */
  set(number: number, path: FolderPath): void {
    if (this.fids.size >= MAX_FIDS && !this.fids.has(number)) throw new FolderError(EMFILE);
    if (path.length > MAX_DEPTH || this.characters + charactersOf(path) > MAX_CHARACTERS) throw new FolderError(EMFILE);
    this.clunk(number);
    this.put(number, path, "no");
  }

  /** Opens a fid's file or lists its folder from the start, if that is not so yet. @throws FolderError if the host refuses */
  open(fid: Fid, opened: Exclude<Opened, "no">, isTruncated = false): void {
    this.checkRoom();
    if (opened === "folder") fid.entries = this.folder.openFolder(fid.path);
    else fid.file = this.folder.open(fid.path, { access: opened, isTruncated });
    this.withHandles.add(fid);
    fid.opened = opened;
    fid.position = 0;
    fid.pending = null;
  }

  /** A fid becomes a new file below its folder. */
  create(fid: Fid, path: FolderPath, opened: "read" | "write" | "both", permissions: number, isNew: boolean, isTruncated: boolean): void {
    this.checkRoom();
    fid.file = this.folder.create(path, { access: opened, isTruncated }, permissions, isNew);
    this.withHandles.add(fid);
    this.setPath(fid, path);
    fid.opened = opened;
  }

  /** The file of an open fid. @throws FolderError EBADF if it is none */
  fileOf(fid: Fid): FolderFile {
    if (fid.file === null && fid.opened !== "no" && fid.opened !== "folder") this.open(fid, fid.opened);
    if (fid.file === null) throw new FolderError(EBADF);
    return fid.file;
  }

  /** The entries of an open folder; from the start again if they are not where the client goes on. */
  entriesOf(fid: Fid, position: number): FolderEntries {
    if (fid.opened !== "folder") throw new FolderError(EBADF);
    if (fid.entries === null || fid.position !== position) {
      this.close(fid);
      this.open(fid, "folder");
    }
    if (fid.entries === null) throw new FolderError(EBADF);
    return fid.entries;
  }

  /** Forgets a fid. */
  clunk(number: number): void {
    const fid = this.fids.get(number);
    if (fid === undefined) return;
    this.close(fid);
    this.setPath(fid, []);
    this.fids.delete(number);
  }

  clear(): void {
    for (const number of [...this.fids.keys()]) this.clunk(number);
  }

  /** What lies at or below a path lies elsewhere now. */
  moved(from: FolderPath, to: FolderPath): void {
    for (const fid of this.fids.values()) {
      if (from.every((name, i) => fid.path[i] === name)) this.setPath(fid, [...to, ...fid.path.slice(from.length)]);
    }
  }

  save(): SavedState {
    return saveFields({ fids: [...this.fids].map(([fid, { path, opened }]) => ({ fid, path: [...path], opened })) });
  }

  /** Files are opened when they are used, and folders listed from where the client goes on. */
  restore(state: SavedState): void {
    const fields: { fids: readonly SavedFid[] } = { fids: [] };
    restoreFields("9P fids", fields, SHAPE, state);
    this.clear();
    for (const { fid, path, opened } of fields.fids) this.put(fid, path, opened);
  }

  private put(number: number, path: FolderPath, opened: Opened): void {
    const fid: Fid = { path: [], opened, file: null, entries: null, position: 0, pending: null };
    this.fids.set(number, fid);
    this.setPath(fid, path);
  }

  private setPath(fid: Fid, path: FolderPath): void {
    this.characters += charactersOf(path) - charactersOf(fid.path);
    fid.path = path;
  }

  private checkRoom(): void {
    if (this.withHandles.size >= MAX_OPEN) throw new FolderError(EMFILE);
  }

  private close(fid: Fid): void {
    const { file, entries } = fid;
    fid.file = fid.entries = null;
    this.withHandles.delete(fid);
    try {
      file?.close();
      entries?.close();
    } catch (e) {
      // Nobody can do anything about a file that cannot be closed.
      if (!(e instanceof FolderError)) throw e;
    }
  }
}

function charactersOf(path: FolderPath): number {
  return path.reduce((sum, name) => sum + name.length, 0);
}

/** True for the name of a file in a folder. */
export function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}
