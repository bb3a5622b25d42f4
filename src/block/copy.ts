/** Disks as wholes: one copied to another, two compared. */
import { isZero } from "./bytes.ts";
import type { Image } from "./device.ts";
import { ImageError } from "./errors.ts";

/** Read and written at a time; what is zero in steps of the other is not written. */
const PIECE_BYTES = 2 ** 20, STEP_BYTES = 2 ** 12;

/** @param doneBytes  of the disk, from its start */
export type Progress = (doneBytes: number) => void;

/**
 * Copies a disk to one that is at least as large and reads as zeroes.
 * @param isPacked  as compressed as the target's format can
 */
export async function copyDisk(source: Image, target: Image, isPacked: boolean, progress: Progress): Promise<void> {
  if (target.sizeBytes < source.sizeBytes) throw new ImageError("failed", `${target.path} has ${target.sizeBytes} bytes, too few for the ${source.sizeBytes} of ${source.path}`);
  const { packed } = target;
  if (isPacked && packed === null) throw new ImageError("unsupported", `${target.path}: a ${target.format} image cannot be compressed`);
  const pieceBytes = isPacked && packed !== null ? packed.pieceBytes : PIECE_BYTES;
  await eachPiece(source, pieceBytes, progress, async (offset, bytes) => {
    if (!isPacked || packed === null) await writeSparsely(target, offset, bytes);
    else if (!isZero(bytes)) await packed.write(offset, bytes);
  });
}

/** Writes what is not zero. */
async function writeSparsely(target: Image, offset: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    let end = at;
    while (end < bytes.length && !isZero(bytes.subarray(end, end + STEP_BYTES))) end += STEP_BYTES;
    if (end > at) await target.write(offset + at, bytes.subarray(at, end));
    at = end + STEP_BYTES;
  }
}

/** Calls `action` for every piece of a disk in which there may be something. The bytes are valid until it resolves. */
async function eachPiece(source: Image, pieceBytes: number, progress: Progress, action: (offset: number, bytes: Uint8Array) => Promise<void>): Promise<void> {
  const { sizeBytes } = source, buffer = new Uint8Array(Math.min(pieceBytes, sizeBytes));
  for (let at = 0; at < sizeBytes;) {
    const { length, isZero: isEmpty } = await source.extent(at), end = at + length, nextPiece = end === sizeBytes ? end : end - end % pieceBytes;
    if (isEmpty && nextPiece > at) at = nextPiece;
    else {
      const bytes = buffer.subarray(0, Math.min(pieceBytes, sizeBytes - at));
      await source.read(at, bytes);
      await action(at, bytes);
      at += bytes.length;
    }
    progress(at);
  }
}

/**
 * Compares two disks; of different sizes, they are equal if the longer one has nothing but zeroes behind the end of the other.
 * @returns the offset of the first byte that differs, or null
 */
export async function compareDisks(a: Image, b: Image, progress: Progress): Promise<number | null> {
  const [short, long] = a.sizeBytes <= b.sizeBytes ? [a, b] : [b, a], here = new Uint8Array(PIECE_BYTES), there = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < long.sizeBytes;) {
    const one = at < short.sizeBytes ? await short.extent(at) : { length: long.sizeBytes - at, isZero: true }, other = await long.extent(at);
    let length = Math.min(one.length, other.length);
    if (!one.isZero || !other.isZero) {
      length = Math.min(length, PIECE_BYTES);
      const [x, y] = [here.subarray(0, length), there.subarray(0, length)];
      if (at < short.sizeBytes) await short.read(at, x);
      else x.fill(0);
      await long.read(at, y);
      const i = differsAt(x, y);
      if (i >= 0) return at + i;
    }
    at += length;
    progress(at);
  }
  return null;
}

function differsAt(x: Uint8Array, y: Uint8Array): number {
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return i;
  return -1;
}
