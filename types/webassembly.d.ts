// The part of the WebAssembly API that guest memory uses. Node has it, but neither "lib": ["es2023"] nor @types/node
// declares it, and "lib": ["dom"] would bring some thousand browser globals (name, event, status, …) along with it.

declare namespace WebAssembly {
  interface MemoryDescriptor {
    /** 64 KiB pages. */
    initial: number;
    /** 64 KiB pages; required when `shared` is set. */
    maximum?: number;
    shared?: boolean;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer;
    /** @returns the size before, in 64 KiB pages; detaches `buffer` unless the memory is shared */
    grow(delta: number): number;
  }
}
