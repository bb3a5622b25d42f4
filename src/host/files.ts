/**
 * Files named on the command line: reads them whole, within a bound, and says what is wrong with a name in one line.
 */
import type { Stats } from "node:fs";
import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { joined } from "../../tcg/support/bytes.ts";
import { VmError } from "../../tcg/support/errors.ts";
import { codeOf, reasonOf } from "./system-error.ts";

/** Read at a time where the size is not known beforehand (pipes, devices). */
const CHUNK_BYTES = 1 << 20;
/** What `stat` counts in (POSIX leaves it open; Node always gives this). */
const STAT_BLOCK_BYTES = 512;

/**
 * Reads a guest image.
 * @param maxBytes  the most it may have
 * @param room      what `maxBytes` is, for the message: `the memory above 0x1000`
 * @returns its bytes, the caller's to keep
 * @throws VmError ENOENT if there is no such file, E2BIG if it is too large, EINVAL if it is empty, a directory or unreadable
 */
export function readImage(path: string, maxBytes: number, room: string): Uint8Array {
  const bytes = readBounded(path, maxBytes, room);
  if (bytes.length === 0) throw new VmError("EINVAL", `${path}: the file is empty, there is nothing to run`);
  return bytes;
}

/** The first bytes of a file, up to `maxBytes`, and how many it has. @throws VmError if it cannot be read */
export function readBeginning(path: string, maxBytes: number): { readonly bytes: Uint8Array; readonly sizeBytes: number } {
  return withFile(path, (fd, { size }) => {
    const bytes = new Uint8Array(maxBytes);
    return { bytes: bytes.subarray(0, readSync(fd, bytes, 0, maxBytes, 0)), sizeBytes: size };
  });
}

/** Reads an image that need not be there: null if there is none. @throws VmError as `readImage` */
export function readOptionalImage(path: string, maxBytes: number, room: string): Uint8Array | null {
  try {
    return readImage(path, maxBytes, room);
  } catch (e) {
    if (e instanceof VmError && e.code === "ENOENT") return null;
    throw e;
  }
}

/** Reads a text file that need not be there: null if there is none. */
export function readOptionalText(path: string, maxBytes: number): string | null {
  try {
    return new TextDecoder().decode(readBounded(path, maxBytes, "what is expected of it"));
  } catch (e) {
    if (e instanceof VmError && e.code === "ENOENT") return null;
    throw e;
  }
}

/** Writes a file, replacing what was there. @throws VmError if that cannot be done. */
export function writeFile(path: string, data: string | Uint8Array): void {
  writing(path, () => writeFileSync(path, data));
}

/** Writes a file beside the one there may be, and then puts it in its place. @throws VmError if that cannot be done; the old one is still there then. */
export function replaceFile(path: string, data: Uint8Array): void {
  const beside = `${path}.part`;
  writing(path, () => writeFileSync(beside, data, { flush: true }));
  try {
    writing(path, () => renameSync(beside, path));
  } catch (e) {
    rmSync(beside, { force: true });
    throw e;
  }
}

/** Opens a file to be written, empty at first; returns its descriptor. @throws VmError if that cannot be done. */
export function createFile(path: string): number {
  return writing(path, () => openSync(path, "w"));
}

function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (e) {
    throw creationFailure(path, "cannot be written", e);
  }
}

function readBounded(path: string, maxBytes: number, room: string): Uint8Array {
  return withFile(path, (fd, stat) => {
    if (stat.isFile() && stat.size > maxBytes) throw new VmError("E2BIG", `${path}: the file has ${stat.size} bytes, ${room} is ${maxBytes} bytes`);
    // A pipe or device has no size, and may have no end.
    const chunks: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      const chunk = new Uint8Array(stat.size > 0 ? Math.min(stat.size, CHUNK_BYTES) : CHUNK_BYTES);
      const n = readSync(fd, chunk);
      if (n === 0) break;
      chunks.push(chunk.subarray(0, n));
      total += n;
      if (total > maxBytes) throw new VmError("E2BIG", `${path}: the file does not end after ${maxBytes} bytes, which is ${room}`);
    }
    return joined(chunks);
  });
}

/** Lets `read` have a file open. @throws VmError for a directory, and for what cannot be opened or read */
function withFile<T>(path: string, read: (fd: number, stat: Stats) => T): T {
  let fd = -1;
  try {
    fd = openSync(path, "r");
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new VmError("EINVAL", `${path}: it is a directory, not a file`);
    return read(fd, stat);
  } catch (e) {
    if (e instanceof VmError) throw e;
    throw fileFailure(path, "cannot be read", e);
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** What the operating system says of a file that was to be made or written anew, as an error: what is missing is its folder. */
export function creationFailure(path: string, what: string, e: unknown): VmError {
  const failure = fileFailure(path, what, e);
  return failure.code === "ENOENT" ? new VmError("ENOENT", `${path} ${what}: there is no folder ${dirname(path)}`, { cause: e }) : failure;
}

/** What the operating system says of a file, as an error. */
export function fileFailure(path: string, what: string, e: unknown): VmError {
  const code = codeOf(e);
  return new VmError(code === "ENOENT" || code === "ENOTDIR" ? "ENOENT" : "EINVAL", `${path} ${what}: ${reasonOf(e)}`, { cause: e });
}

/** Bytes that a file takes of its disk, fewer than its length where it has holes. @throws VmError if there is no such file */
export function allocatedBytes(path: string): number {
  try {
    return statSync(path).blocks * STAT_BLOCK_BYTES;
  } catch (e) {
    throw fileFailure(path, "cannot be read", e);
  }
}
