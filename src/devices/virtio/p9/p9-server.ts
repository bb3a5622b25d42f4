/**
 * A 9P2000.L server on a folder of the host (Linux, Documentation/filesystems/9p.rst; diod, protocol.md; 9P2000: Plan 9 manual, section 5).
 *
 * Files belong to whoever runs us: changes of owner are accepted and do nothing, set-user-ID bits and device nodes are not made. Symbolic
 * links are the guest's to follow. There are no extended attributes, and locks are the guest's own.
 */
import type { AttributeChange, FolderPath, FolderStat, HostFolder, OpenMode } from "../../../bus/host-folder.ts";
import { EACCES, EBADF, EINVAL, EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR, EOPNOTSUPP, EPERM, FolderError } from "../../../bus/host-folder.ts";
import type { Saveable, SavedState } from "../../saveable.ts";
import { between, restoreFields, restoreParts, saveParts } from "../../saveable.ts";
import type { Fid } from "./p9-fids.ts";
import { isName, P9Fids } from "./p9-fids.ts";
import { HEADER_BYTES, MalformedMessage, P9Reader, P9Writer } from "./p9-message.ts";

/** Types of requests; answers are one more. */
const TSTATFS = 8, TLOPEN = 12, TLCREATE = 14, TSYMLINK = 16, TMKNOD = 18, TRENAME = 20, TREADLINK = 22, TGETATTR = 24, TSETATTR = 26, TREADDIR = 40, TFSYNC = 50,
  TLOCK = 52, TGETLOCK = 54, TLINK = 70, TMKDIR = 72, TRENAMEAT = 74, TUNLINKAT = 76, TVERSION = 100, TATTACH = 104, TFLUSH = 108, TWALK = 110, TREAD = 116,
  TWRITE = 118, TCLUNK = 120, TREMOVE = 122;
const RLERROR = 7;

const VERSION = "9P2000.L", UNKNOWN_VERSION = "unknown";
/** Bytes of a message. */
export const MAX_MESSAGE = 1 << 19;
const MIN_MESSAGE = 4096, INITIAL_MESSAGE = 8192;
/** What an answer to a read has before its data, an entry of a folder before its name. */
const READ_HEADER = HEADER_BYTES + 4, ENTRY_HEADER = 24;
const MAX_WALK = 16, MAX_NAME_BYTES = 255;

const QID_FOLDER = 0x80, QID_LINK = 0x02, QID_FILE = 0x00;
/** Linux's flags of open and unlinkat, kinds in modes, types of entries. */
const O_ACCMODE = 3, O_EXCL = 0o200, O_TRUNC = 0o1000, AT_REMOVEDIR = 0x200;
const S_IFMT = 0o170000, S_IFREG = 0o100000;
const DT_UNKNOWN = 0, DT_FOLDER = 4, DT_FILE = 8, DT_LINK = 10;
const ACCESS = ["read", "write", "both"] as const;
/** Bits of Tgetattr's answer, and of Tsetattr. */
const GETATTR_BASIC = 0x7ffn, SET_MODE = 1, SET_SIZE = 8, SET_ATIME = 0x10, SET_MTIME = 0x20, SET_ATIME_TO = 0x80, SET_MTIME_TO = 0x100;
const V9FS_MAGIC = 0x01021997, LOCK_SUCCESS = 0, LOCK_NONE = 2;
const NS = 1_000_000_000n;

/** Answers a request: reads its fields, writes the answer's. @param room  bytes of a message now */
type Handler = (r: P9Reader, w: P9Writer, room: number) => void;

export class P9Server implements Saveable {
  private readonly folder: HostFolder;
  private readonly fids: P9Fids;
  private readonly handlers: ReadonlyMap<number, Handler>;
  private messageBytes = INITIAL_MESSAGE;
  /** Files of other file systems than the folder's own, such as one mounted in it, could have the same inode. */
  private readonly device: bigint;

  constructor(folder: HostFolder) {
    this.folder = folder;
    this.fids = new P9Fids(folder);
    this.device = folder.stat([]).device;
    this.handlers = new Map(this.table());
  }

  /** Forgets all that the client has named. */
  reset(): void {
    this.fids.clear();
    this.messageBytes = INITIAL_MESSAGE;
  }

  /**
   * Answers a message, whatever it is.
   * @param message  with its header, HEADER_BYTES at least
   * @param room     the most bytes of the answer, 11 at least
   */
  answer(message: Uint8Array, room: number): Uint8Array {
    const header = new P9Reader(message), size = header.u32(), type = header.u8(), tag = header.u16(), reader = new P9Reader(message.subarray(HEADER_BYTES, size)), writer = new P9Writer();
    const most = Math.min(room, this.messageBytes);
    let errno = EINVAL;
    try {
      const handler = this.handlers.get(type);
      if (handler === undefined || size > message.length) throw new FolderError(EOPNOTSUPP);
      handler(reader, writer, most);
      if (writer.length <= room) return writer.finish(type + 1, tag);
    } catch (e) {
      if (e instanceof FolderError) ({ errno } = e);
      else if (!(e instanceof MalformedMessage)) throw e;
    }
    return new P9Writer().u32(errno).finish(RLERROR, tag);
  }

  save(): SavedState {
    return saveParts(this.parts);
  }

  restore(state: SavedState): void {
    restoreParts("9P server", this.parts, state);
  }

  private get parts(): Readonly<Record<string, Saveable>> {
    const session = {
      save: () => ({ messageBytes: this.messageBytes }),
      restore: (state: SavedState) => {
        const fields = { messageBytes: 0 };
        restoreFields("9P session", fields, { messageBytes: between(MIN_MESSAGE, MAX_MESSAGE) }, state);
        this.messageBytes = fields.messageBytes;
      },
    };
    return { session, fids: this.fids };
  }

  private table(): [number, Handler][] {
    return [
      [TVERSION, (r, w) => this.version(r, w)], [TATTACH, (r, w) => this.attach(r, w)], [TFLUSH, (r) => void r.u16()], [TWALK, (r, w) => this.walk(r, w)],
      [TCLUNK, (r) => this.clunk(r)], [TREMOVE, (r) => this.remove(r)], [TSTATFS, (r, w) => this.statfs(r, w)], [TGETATTR, (r, w) => this.getattr(r, w)],
      [TSETATTR, (r) => this.setattr(r)], [TLOPEN, (r, w) => this.lopen(r, w)], [TLCREATE, (r, w) => this.lcreate(r, w)], [TREAD, (r, w, room) => this.read(r, w, room)],
      [TWRITE, (r, w) => this.write(r, w)], [TFSYNC, (r) => this.fsync(r)], [TREADDIR, (r, w, room) => this.readdir(r, w, room)], [TSYMLINK, (r, w) => this.symlink(r, w)],
      [TMKNOD, (r, w) => this.mknod(r, w)], [TREADLINK, (r, w) => this.readlink(r, w)], [TMKDIR, (r, w) => this.mkdir(r, w)], [TLINK, (r) => this.link(r)],
      [TRENAME, (r) => this.rename(r)], [TRENAMEAT, (r) => this.renameat(r)], [TUNLINKAT, (r) => this.unlinkat(r)], [TLOCK, (r, w) => this.lock(r, w)],
      [TGETLOCK, (r, w) => this.getlock(r, w)],
    ];
  }

  // ---- sessions and names

  private version(r: P9Reader, w: P9Writer): void {
    const wanted = r.u32(), version = r.text();
    this.fids.clear();
    const isOurs = version === VERSION && wanted >= MIN_MESSAGE;
    this.messageBytes = isOurs ? Math.min(wanted, MAX_MESSAGE) : INITIAL_MESSAGE;
    w.u32(Math.min(wanted, MAX_MESSAGE)).text(isOurs ? VERSION : UNKNOWN_VERSION);
  }

  private attach(r: P9Reader, w: P9Writer): void {
    const fid = r.u32();
    if (this.fids.has(fid)) throw new FolderError(EBADF);
    this.fids.set(fid, []);
    this.qid(w, this.folder.stat([]));
  }

  /** Names that are found, up to the first that is not; the new fid is made only if all are. */
  private walk(r: P9Reader, w: P9Writer): void {
    const { path } = this.fids.get(r.u32()), to = r.u32(), count = r.u16();
    if (count > MAX_WALK) throw new FolderError(EINVAL);
    let at = path;
    const found: FolderStat[] = [];
    for (let i = 0; i < count; i++) {
      const name = r.text(), next = name === ".." ? at.slice(0, -1) : [...at, checkedName(name)];
      try {
        found.push(this.folder.stat(next));
      } catch (e) {
        if (i === 0 || !(e instanceof FolderError)) throw e;
        break;
      }
      at = next;
    }
    if (found.length === count) this.fids.set(to, at);
    w.u16(found.length);
    for (const stat of found) this.qid(w, stat);
  }

  private clunk(r: P9Reader): void {
    const fid = r.u32();
    this.fids.get(fid);
    this.fids.clunk(fid);
  }

  private remove(r: P9Reader): void {
    const number = r.u32(), { path } = this.fids.get(number);
    this.fids.clunk(number);
    if (this.folder.stat(path).kind === "folder") this.folder.removeFolder(path);
    else this.folder.removeFile(path);
  }

  // ---- attributes

  private statfs(r: P9Reader, w: P9Writer): void {
    this.fids.get(r.u32());
    const s = this.folder.space();
    w.u32(V9FS_MAGIC).u32(s.blockBytes);
    for (const value of [s.blocks, s.freeBlocks, s.availableBlocks, s.files, s.freeFiles, 0]) w.u64(BigInt(value));
    w.u32(MAX_NAME_BYTES);
  }

  private getattr(r: P9Reader, w: P9Writer): void {
    const fid = this.fids.get(r.u32()), stat = fid.file?.stat() ?? this.folder.stat(fid.path);
    w.u64(GETATTR_BASIC);
    this.qid(w, stat);
    w.u32(stat.mode).u32(stat.userId).u32(stat.groupId).u64(stat.linkCount).u64(0n).u64(stat.sizeBytes).u64(stat.blockBytes).u64(stat.blocks);
    for (const time of [stat.accessedNs, stat.modifiedNs, stat.changedNs]) w.u64(time / NS).u64(time % NS);
    // Time of creation, generation, version of the data: not known.
    for (let i = 0; i < 4; i++) w.u64(0n);
  }

  private setattr(r: P9Reader): void {
    const { path } = this.fids.get(r.u32()), valid = r.u32(), mode = r.u32();
    // The owner, which stays.
    r.u32();
    r.u32();
    const sizeBytes = Number(r.u64()), accessed = r.u64() * NS + r.u64(), modified = r.u64() * NS + r.u64();
    if (!Number.isSafeInteger(sizeBytes)) throw new FolderError(EINVAL);
    const change: AttributeChange = {
      ...((valid & SET_MODE) !== 0 ? { mode } : {}), ...((valid & SET_SIZE) !== 0 ? { sizeBytes } : {}),
      ...((valid & SET_ATIME) !== 0 ? { accessed: (valid & SET_ATIME_TO) !== 0 ? accessed : "now" } : {}),
      ...((valid & SET_MTIME) !== 0 ? { modified: (valid & SET_MTIME_TO) !== 0 ? modified : "now" } : {}),
    };
    if (Object.keys(change).length > 0) this.folder.change(path, change);
  }

  // ---- files

  private lopen(r: P9Reader, w: P9Writer): void {
    const fid = this.unopened(r), flags = r.u32(), stat = this.folder.stat(fid.path);
    if (stat.kind === "folder") {
      if ((flags & O_ACCMODE) !== 0) throw new FolderError(EISDIR);
      this.fids.open(fid, "folder");
    } else this.fids.open(fid, accessOf(flags), (flags & O_TRUNC) !== 0);
    this.qid(w, stat);
    w.u32(0);
  }

  private lcreate(r: P9Reader, w: P9Writer): void {
    const fid = this.unopened(r), path = [...fid.path, checkedName(r.text())], flags = r.u32(), mode = r.u32();
    this.fids.create(fid, path, accessOf(flags), mode, (flags & O_EXCL) !== 0, (flags & O_TRUNC) !== 0);
    this.qid(w, this.fids.fileOf(fid).stat());
    w.u32(0);
  }

  private read(r: P9Reader, w: P9Writer, room: number): void {
    const file = this.fids.fileOf(this.fids.get(r.u32())), offset = offsetOf(r.u64()), count = r.u32();
    const buffer = new Uint8Array(Math.max(0, Math.min(count, room - READ_HEADER))), got = file.read(offset, buffer);
    w.u32(got).put(buffer.subarray(0, got));
  }

  private write(r: P9Reader, w: P9Writer): void {
    const file = this.fids.fileOf(this.fids.get(r.u32())), offset = offsetOf(r.u64());
    w.u32(file.write(offset, r.take(r.u32())));
  }

  private fsync(r: P9Reader): void {
    const fid = this.fids.get(r.u32());
    if (fid.opened !== "folder") this.fids.fileOf(fid).flush();
  }

  /** Entries behind the one with a number, as many as have room; `.` and `..` are the first. */
  private readdir(r: P9Reader, w: P9Writer, room: number): void {
    const fid = this.fids.get(r.u32()), position = offsetOf(r.u64()), count = Math.min(r.u32(), room - READ_HEADER), entries = this.fids.entriesOf(fid, position), list = new P9Writer();
    for (;;) {
      const name = fid.pending ?? (fid.position < 2 ? [".", ".."][fid.position] : entries.next());
      fid.pending = name;
      if (name === null) break;
      const isWanted = fid.position >= position;
      if (isWanted && list.length - HEADER_BYTES + ENTRY_HEADER + new TextEncoder().encode(name).length > count) break;
      fid.position++;
      fid.pending = null;
      if (isWanted) this.entry(list, fid, name);
    }
    w.u32(list.length - HEADER_BYTES).put(list.finish(0, 0).subarray(HEADER_BYTES));
  }

  private entry(list: P9Writer, { path, position }: Fid, name: string): void {
    const stat = this.statIfThere(name === "." ? path : name === ".." ? path.slice(0, -1) : [...path, name]);
    if (stat === null) return;
    this.qid(list, stat);
    list.u64(BigInt(position)).u8(stat.kind === "folder" ? DT_FOLDER : stat.kind === "file" ? DT_FILE : stat.kind === "link" ? DT_LINK : DT_UNKNOWN).text(name);
  }

  /** An entry can be gone by now. */
  private statIfThere(path: FolderPath): FolderStat | null {
    try {
      return this.folder.stat(path);
    } catch (e) {
      if (e instanceof FolderError) return null;
      throw e;
    }
  }

  // ---- folders

  private mkdir(r: P9Reader, w: P9Writer): void {
    const path = this.newPath(r);
    this.folder.makeFolder(path, r.u32());
    this.qid(w, this.folder.stat(path));
  }

  private symlink(r: P9Reader, w: P9Writer): void {
    const path = this.newPath(r);
    this.folder.makeSymbolicLink(path, r.text());
    this.qid(w, this.folder.stat(path));
  }

  /** Files only: devices would be the host's. */
  private mknod(r: P9Reader, w: P9Writer): void {
    const path = this.newPath(r), mode = r.u32();
    if ((mode & S_IFMT) !== S_IFREG) throw new FolderError(EPERM);
    this.folder.create(path, { access: "write" }, mode, true).close();
    this.qid(w, this.folder.stat(path));
  }

  private readlink(r: P9Reader, w: P9Writer): void {
    w.text(this.folder.readSymbolicLink(this.fids.get(r.u32()).path));
  }

  private link(r: P9Reader): void {
    const folder = this.fids.get(r.u32()).path, { path } = this.fids.get(r.u32());
    this.folder.link(path, [...folder, checkedName(r.text())]);
  }

  private rename(r: P9Reader): void {
    const { path } = this.fids.get(r.u32()), to = this.newPath(r);
    if (path.length === 0) throw new FolderError(EACCES);
    this.move(path, to);
  }

  private renameat(r: P9Reader): void {
    const from = this.newPath(r);
    this.move(from, this.newPath(r));
  }

  private move(from: FolderPath, to: FolderPath): void {
    this.folder.rename(from, to);
    this.fids.moved(from, to);
  }

  private unlinkat(r: P9Reader): void {
    const path = this.newPath(r);
    if ((r.u32() & AT_REMOVEDIR) !== 0) this.folder.removeFolder(path);
    else if (this.folder.stat(path).kind === "folder") throw new FolderError(EISDIR);
    else this.folder.removeFile(path);
  }

  // ---- locks: nobody else has any

  private lock(r: P9Reader, w: P9Writer): void {
    this.fids.get(r.u32());
    w.u8(LOCK_SUCCESS);
  }

  private getlock(r: P9Reader, w: P9Writer): void {
    this.fids.get(r.u32());
    r.u8();
    w.u8(LOCK_NONE).u64(r.u64()).u64(r.u64()).u32(r.u32()).text(r.text());
  }

  // ----

  /** A name below a fid's folder. */
  private newPath(r: P9Reader): FolderPath {
    const { path } = this.fids.get(r.u32());
    return [...path, checkedName(r.text())];
  }

  private unopened(r: P9Reader): Fid {
    const fid = this.fids.get(r.u32());
    if (fid.opened !== "no") throw new FolderError(EBADF);
    return fid;
  }

  private qid(w: P9Writer, { kind, modifiedNs, inode, device }: FolderStat): void {
    const type = kind === "folder" ? QID_FOLDER : kind === "link" ? QID_LINK : QID_FILE;
    w.u8(type).u32(Number(BigInt.asUintN(32, modifiedNs / 1_000_000n))).u64(inode ^ ((device ^ this.device) << 48n));
  }
}

/** @throws FolderError for what is no name in a folder */
function checkedName(name: string): string {
  if (!isName(name)) throw new FolderError(name === "" ? ENOENT : name === "." || name === ".." ? EINVAL : ENOTDIR);
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) throw new FolderError(ENAMETOOLONG);
  return name;
}

function accessOf(flags: number): OpenMode["access"] {
  const access = ACCESS.at(flags & O_ACCMODE);
  if (access === undefined) throw new FolderError(EINVAL);
  return access;
}

function offsetOf(given: bigint): number {
  const offset = Number(given);
  if (!Number.isSafeInteger(offset)) throw new FolderError(EINVAL);
  return offset;
}
