/** The host's WebAssembly, as far as it is used (WebAssembly JavaScript Interface 2.0), and whether there is any. */

/** A `WebAssembly.Memory`. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A `WebAssembly.Table` of functions. */
export interface WasmTable {
  readonly length: number;
  set(index: number, value: unknown): void;
  /** @throws RangeError where there is no room */
  grow(by: number): number;
}

interface HostWebAssembly {
  /** Limits are in pages of 64 KiB. @throws RangeError where there is no room */
  readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  readonly Table: new (kind: { element: "anyfunc"; initial: number }) => WasmTable;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: Record<string, Record<string, unknown>>) => { readonly exports: Record<string, unknown> };
}

export const WASM_PAGE_BYTES = 0x10000;

/** Undefined where a host has none, or is told to have none. */
export const webAssembly = (globalThis as { readonly WebAssembly?: HostWebAssembly }).WebAssembly;
