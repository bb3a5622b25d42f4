/**
 * A piece of guest memory as bytes: only pages that hold something. Runs of such pages, each as u32 first page of the piece, u32 pages,
 * and what they hold; little endian.
 */
import { StateError } from "../../devices/saveable.ts";

const PAGE_BYTES = 4096, RUN_HEADER = 8;

/** @param memory  whole pages, aligned for 32-bit words */
export function encodePages(memory: Uint8Array): Uint8Array {
  const runs = usedRuns(memory), size = runs.reduce((sum, { pages }) => sum + RUN_HEADER + pages * PAGE_BYTES, 0);
  const bytes = new Uint8Array(size), view = new DataView(bytes.buffer);
  let at = 0;
  for (const { first, pages } of runs) {
    view.setUint32(at, first, true);
    view.setUint32(at + 4, pages, true);
    bytes.set(memory.subarray(first * PAGE_BYTES, (first + pages) * PAGE_BYTES), at + RUN_HEADER);
    at += RUN_HEADER + pages * PAGE_BYTES;
  }
  return bytes;
}

/**
 * Calls `visit(offset, what is there)` for each run of pages; everything else is zero.
 * @param name  of the piece, for messages
 * @param memoryBytes  the piece's size
 * @throws StateError if they are not the bytes of such a piece; some runs may have been visited
 */
export function decodePages(name: string, bytes: Uint8Array, memoryBytes: number, visit: (offset: number, run: Uint8Array) => void): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length), pageCount = memoryBytes / PAGE_BYTES;
  for (let at = 0, next = 0; at < bytes.length;) {
    const left = bytes.length - at, first = left < RUN_HEADER ? 0 : view.getUint32(at, true), pages = left < RUN_HEADER ? 0 : view.getUint32(at + 4, true);
    const isValid = pages > 0 && first >= next && first + pages <= pageCount && RUN_HEADER + pages * PAGE_BYTES <= left;
    if (!isValid) throw new StateError(name, `has a run of pages that cannot be, at byte ${at}`);
    visit(first * PAGE_BYTES, bytes.subarray(at + RUN_HEADER, at + RUN_HEADER + pages * PAGE_BYTES));
    next = first + pages;
    at += RUN_HEADER + pages * PAGE_BYTES;
  }
}

function usedRuns(memory: Uint8Array): { readonly first: number; readonly pages: number }[] {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length / 4), wordsPerPage = PAGE_BYTES / 4, runs: { first: number; pages: number }[] = [];
  let run: { first: number; pages: number } | null = null;
  for (let page = 0; page < memory.length / PAGE_BYTES; page++) {
    if (isZero(words, page * wordsPerPage, wordsPerPage)) {
      run = null;
      continue;
    }
    if (run === null) {
      run = { first: page, pages: 0 };
      runs.push(run);
    }
    run.pages++;
  }
  return runs;
}

function isZero(words: Int32Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) if (words[i] !== 0) return false;
  return true;
}
