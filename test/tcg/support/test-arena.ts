// Memory for guests of tests: buffers of their own, or pieces of one WebAssembly.Memory that is used again and again.

import type { WasmMemory } from "../../../tcg/support/webassembly.ts";
import { webAssembly } from "../../../tcg/support/webassembly.ts";

const WASM_PAGES = 256, ALIGNMENT = 64;

export class TestArena {
  readonly memory: WasmMemory | null;
  private used = 0;

  constructor(memory: WasmMemory | null) {
    this.memory = memory;
  }

  static ofWebAssembly(): TestArena & { readonly memory: WasmMemory } {
    if (webAssembly === undefined) throw new Error("this host has no WebAssembly");
    return new TestArena(new webAssembly.Memory({ initial: WASM_PAGES, maximum: WASM_PAGES })) as TestArena & { readonly memory: WasmMemory };
  }

  /** So many bytes, all zeros. */
  allocate(bytes: number): Uint8Array {
    if (this.memory === null) return new Uint8Array(bytes);
    const at = this.used;
    this.used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return new Uint8Array(this.memory.buffer, at, bytes).fill(0);
  }

  /** What `make` makes is forgotten when the next is made this way: pieces lie where its own lay. */
  again<T>(make: () => T): T {
    const { used } = this;
    try {
      return make();
    } finally {
      this.used = used;
    }
  }
}
