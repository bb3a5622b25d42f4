/** Flat images: the bytes as they are, at an address the caller says. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { BootPlan } from "./plan.ts";
import { hex } from "./segments.ts";

export interface FlatPlacement {
  readonly memoryBytes: number;
  /** Where the image goes. Default: 0x1000. */
  readonly loadAddress?: number | undefined;
  /** Where the guest starts. Default: the load address. */
  readonly entry?: number | undefined;
  /** 16: real mode (the default); 32: flat protected mode. */
  readonly bits?: 16 | 32 | undefined;
}

const DEFAULT_LOAD_ADDRESS = 0x1000;
/** Behind the last address that is paragraph:offset with an offset below 16. */
const REAL_MODE_END = 0x100000;

/** @throws VmError EINVAL for addresses out of range and an image or entry outside memory */
export function planFlat(image: Uint8Array, { memoryBytes, loadAddress = DEFAULT_LOAD_ADDRESS, entry = loadAddress, bits = 16 }: FlatPlacement): BootPlan {
  const fail = (message: string): never => {
    throw new VmError("EINVAL", message);
  };
  const sizeBytes = image.length, memory = `memory is from 0 to ${hex(memoryBytes - 1)}`;
  // Callers from plain JavaScript may pass anything.
  const width: number = bits;
  if (width !== 16 && width !== 32) fail(`bits is ${width}; allowed are 16 and 32`);
  if (sizeBytes > memoryBytes) fail(`the image has ${hex(sizeBytes)} bytes, the machine ${hex(memoryBytes)} bytes of memory`);
  if (!Number.isInteger(loadAddress) || loadAddress < 0 || loadAddress >= memoryBytes) fail(`the load address is ${hex(loadAddress)}; ${memory}`);
  if (loadAddress + sizeBytes > memoryBytes) {
    fail(`an image of ${hex(sizeBytes)} bytes at ${hex(loadAddress)} ends at ${hex(loadAddress + sizeBytes - 1)}, beyond memory, which ends at ${hex(memoryBytes - 1)}`);
  }
  if (!Number.isInteger(entry) || entry < 0 || entry >= memoryBytes) fail(`the entry is ${hex(entry)}; ${memory}`);
  if (bits === 16 && entry >= REAL_MODE_END) fail(`the entry is ${hex(entry)}; real mode reaches ${hex(REAL_MODE_END - 1)}`);
  return {
    format: "flat",
    segments: [{ address: loadAddress, bytes: image, sizeBytes, isCode: true }],
    rom: null,
    start: bits === 16 ? { kind: "real", entry } : { kind: "protected", entry, eax: 0, ebx: 0 },
  };
}
