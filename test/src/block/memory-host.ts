// Files in memory for image formats, with a record of what was written: what is on the disk after a crash at any moment can be
// made from it.

import type { Storage, StorageHost } from "../../../src/block/storage.ts";
import { NODE_CODEC } from "../../../src/host/storage.ts";
import { VmError } from "../../../tcg/support/errors.ts";

/** Something that happened to a file. */
export type Event =
  | { readonly kind: "write"; readonly path: string; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: "flush"; readonly path: string };

/** A real file may be sparse; here all of it is in memory. */
const MAX_FILE_BYTES = 2 ** 28;

function tooLarge(path: string, sizeBytes: number): VmError {
  return new VmError("EINVAL", `${path} cannot be written: ${sizeBytes} bytes are too many`);
}

export class MemoryHost implements StorageHost {
  readonly codec = NODE_CODEC;
  /** Contents by path. */
  readonly files = new Map<string, Uint8Array>();
  /** What happened, if it is to be recorded. */
  events: Event[] | null = null;
  /** Called before every read. */
  onRead: () => void = () => undefined;
  /** Makes the next writes fail when it gives true. */
  fails: () => boolean = () => false;

  open(path: string, isReadOnly: boolean): Promise<Storage> {
    if (!this.files.has(path)) return Promise.reject(new VmError("ENOENT", `${path} cannot be opened: there is no such file`));
    return Promise.resolve(new MemoryStorage(this, path, isReadOnly));
  }

  create(path: string): Promise<Storage> {
    this.files.set(path, new Uint8Array(0));
    return Promise.resolve(new MemoryStorage(this, path, false));
  }

  relative(_from: string, name: string): string {
    return name;
  }

  baseName(path: string): string {
    return path;
  }

  randomBytes(length: number): Uint8Array {
    return new Uint8Array(length).fill(0x5a);
  }

  identity(path: string): Promise<string> {
    return Promise.resolve(path);
  }

  /** Changes a file. */
  apply(event: Event): void {
    this.events?.push(event.kind === "write" ? { ...event, bytes: event.bytes.slice() } : event);
    const before = this.files.get(event.path) ?? new Uint8Array(0);
    if (event.kind === "truncate") {
      if (event.sizeBytes > MAX_FILE_BYTES) throw tooLarge(event.path, event.sizeBytes);
      const after = new Uint8Array(event.sizeBytes);
      after.set(before.subarray(0, event.sizeBytes));
      this.files.set(event.path, after);
    } else if (event.kind === "write") {
      const end = event.offset + event.bytes.length;
      if (end > MAX_FILE_BYTES) throw tooLarge(event.path, end);
      let after = before;
      if (end > before.length) {
        // Room to grow, so that a file written piece by piece is not copied for each.
        const room = before.byteOffset === 0 && before.buffer.byteLength >= end ? before.buffer : new ArrayBuffer(end * 2);
        after = new Uint8Array(room, 0, end);
        if (room !== before.buffer) after.set(before);
        this.files.set(event.path, after);
      }
      after.set(event.bytes, event.offset);
    }
  }
}

class MemoryStorage implements Storage {
  readonly path: string;
  readonly isReadOnly: boolean;
  private readonly host: MemoryHost;

  constructor(host: MemoryHost, path: string, isReadOnly: boolean) {
    this.host = host;
    this.path = path;
    this.isReadOnly = isReadOnly;
  }

  private get bytes(): Uint8Array {
    return this.host.files.get(this.path) ?? new Uint8Array(0);
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  async read(offset: number, buffer: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.host.onRead();
    const there = this.bytes.subarray(offset, offset + buffer.length);
    buffer.set(there);
    buffer.fill(0, there.length);
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.change({ kind: "write", path: this.path, offset, bytes });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.change({ kind: "truncate", path: this.path, sizeBytes });
  }

  flush(): Promise<void> {
    return this.change({ kind: "flush", path: this.path });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async change(event: Event): Promise<void> {
    await Promise.resolve();
    if (this.isReadOnly && event.kind !== "flush") throw new Error(`${this.path} is written though it is read-only`);
    if (this.host.fails()) throw new VmError("EINVAL", `${this.path} cannot be written: no space left`);
    this.host.apply(event);
  }
}

/** A copy of files that changes to the originals leave alone. */
export function copyFiles(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...files].map(([path, bytes]) => [path, bytes.slice()]));
}
