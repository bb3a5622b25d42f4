/**
 * The host memory of one VM that emitted code reaches by index: guest RAM, and behind it the CPU's state file, page flags and soft
 * TLB. A function of WebAssembly reaches one WebAssembly.Memory only, so where there is WebAssembly all of it lies in one.
 */
import type { WasmMemory } from "../../tcg/support/webassembly.ts";
import { WASM_PAGE_BYTES, webAssembly } from "../../tcg/support/webassembly.ts";

/** The most pages of WebAssembly that a memory may have here, so that every offset into it and its size are below 2^32. */
const MAX_WASM_PAGES = 0xffff;
/** Records of decoded insns (exec/insn-records.ts): their size and number, entries of the cache of targets, and words in all besides the records. */
export const INSN_RECORD_BYTES = 48, INSN_RECORD_COUNT = 700_000, THREAD_JUMPS = 4096, THREAD_WORDS = 4 * THREAD_JUMPS + 16;
/** Room behind RAM: page flags (1 MiB), six TLB tables (4 MiB each), records of insns, and a little for the state file. */
const TAIL_BYTES = 25 * 2 ** 20 + INSN_RECORD_BYTES * INSN_RECORD_COUNT + 4 * THREAD_WORDS + WASM_PAGE_BYTES;
/** Pieces of the tail begin on cache lines of their own. */
const ALIGNMENT = 64;

const alignUp = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

export class Arena {
  /** Guest RAM: from offset 0 of its buffer. */
  readonly ram: Uint8Array;
  /** What holds everything; null for a plain arena, in which each piece is a buffer of its own. Never grown, so views of it stay. */
  readonly memory: WasmMemory | null;
  /** The end of what is in use of `memory`. */
  private end: number;

  private constructor(ramBytes: number, memory: WasmMemory | null) {
    this.memory = memory;
    this.ram = memory === null ? new Uint8Array(ramBytes) : new Uint8Array(memory.buffer, 0, ramBytes);
    this.end = alignUp(ramBytes, ALIGNMENT);
  }

  /**
   * An arena in WebAssembly's memory; a plain one where there is no WebAssembly, no address space left for it, or more RAM asked for
   * than it can have.
   * @throws RangeError if the host does not have that much memory in any form
   */
  static make(ramBytes: number): Arena {
    return new Arena(ramBytes, reserve(ramBytes + TAIL_BYTES));
  }

  /**
   * An arena of ordinary buffers.
   * @throws RangeError if the host does not have that much memory
   */
  static plain(ramBytes = 0): Arena {
    return new Arena(ramBytes, null);
  }

  /** So many bytes, all zeros, at a multiple of 64; a buffer of their own once the tail is used up. */
  allocate(bytes: number): Uint8Array {
    const { memory, end } = this;
    if (memory === null || end + bytes > memory.buffer.byteLength) return new Uint8Array(bytes);
    this.end = alignUp(end + bytes, ALIGNMENT);
    return new Uint8Array(memory.buffer, end, bytes);
  }

  /** The same, as words. */
  allocateWords(words: number): Int32Array {
    const { buffer, byteOffset } = this.allocate(4 * words);
    return new Int32Array(buffer, byteOffset, words);
  }
}

/** V8 reserves some 10 GiB of addresses for each memory, however small, and collects garbage before it gives up. */
function reserve(bytes: number): WasmMemory | null {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  if (webAssembly === undefined || pages > MAX_WASM_PAGES) return null;
  try {
    return new webAssembly.Memory({ initial: pages, maximum: pages });
  } catch (e) {
    if (e instanceof RangeError) return null;
    throw e;
  }
}
