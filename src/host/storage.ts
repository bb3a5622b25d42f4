/** The host's files as image formats want them (`src/block/storage.ts`), and Node's zlib. */
import { randomBytes } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { promisify } from "node:util";
import { constants, deflate, deflateRaw, inflate, inflateRaw } from "node:zlib";
import type { Codec, Storage, StorageHost } from "../block/storage.ts";
import { creationFailure, fileFailure } from "./files.ts";
import { VmError } from "../../tcg/support/errors.ts";

const [inflateAsync, inflateRawAsync, deflateAsync, deflateRawAsync] = [promisify(inflate), promisify(inflateRaw), promisify(deflate), promisify(deflateRaw)];

export class FileStorage implements Storage {
  readonly path: string;
  readonly isReadOnly: boolean;
  sizeBytes: number;
  private readonly file: FileHandle;

  constructor(path: string, file: FileHandle, sizeBytes: number, isReadOnly: boolean) {
    this.path = path;
    this.file = file;
    this.sizeBytes = sizeBytes;
    this.isReadOnly = isReadOnly;
  }

  async read(offset: number, buffer: Uint8Array): Promise<void> {
    for (let done = 0; done < buffer.length;) {
      const { bytesRead } = await this.guard("read", this.file.read(buffer, done, buffer.length - done, offset + done));
      if (bytesRead === 0) {
        buffer.fill(0, done);
        return;
      }
      done += bytesRead;
    }
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += (await this.guard("written", this.file.write(bytes, done, bytes.length - done, offset + done))).bytesWritten;
    }
    this.sizeBytes = Math.max(this.sizeBytes, offset + bytes.length);
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.guard("resized", this.file.truncate(sizeBytes));
    this.sizeBytes = sizeBytes;
  }

  flush(): Promise<void> {
    return this.guard("flushed", this.file.datasync());
  }

  close(): Promise<void> {
    return this.guard("closed", this.file.close());
  }

  private async guard<T>(what: string, action: Promise<T>): Promise<T> {
    try {
      return await action;
    } catch (e) {
      throw fileFailure(this.path, `cannot be ${what}`, e);
    }
  }
}

export const NODE_CODEC: Codec = {
  inflate: (bytes, kind, maxBytes) => (kind === "raw" ? inflateRawAsync : inflateAsync)(bytes, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: (bytes, kind, windowBits) => (kind === "raw" ? deflateRawAsync : deflateAsync)(bytes, { windowBits }),
};

/** Files of the host, by their paths. */
export const FILE_HOST: StorageHost = {
  codec: NODE_CODEC,
  open: (path, isReadOnly) => openFile(path, isReadOnly ? "r" : "r+"),
  create: (path) => openFile(path, "w+"),
  relative: (from, name) => (isAbsolute(name) ? name : join(dirname(from), name)),
  baseName: (path) => basename(path),
  randomBytes: (length) => randomBytes(length),
  identity: (path) => realpath(path).catch(() => resolve(path)),
};

async function openFile(path: string, flags: "r" | "r+" | "w+"): Promise<FileStorage> {
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch (e) {
    throw flags === "w+" ? creationFailure(path, "cannot be created", e) : fileFailure(path, "cannot be opened", e);
  }
  const stat = await file.stat();
  if (stat.isFile()) return new FileStorage(path, file, stat.size, flags === "r");
  await file.close();
  throw new VmError("EINVAL", `${path}: it is ${stat.isDirectory() ? "a directory" : "not a file"}`);
}
