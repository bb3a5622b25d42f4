/** Whether a flat image, its load address and its entry fit the bare machine; says what is wrong in the caller's terms. */
import { VmError } from "../../tcg/support/errors.ts";

export interface Placement {
  readonly imageBytes: number;
  readonly memoryBytes: number;
  readonly loadAddress: number;
  readonly entry: number;
  readonly bits: 16 | 32;
}

const PAGE_SIZE = 4096, ADDRESS_SPACE = 2 ** 32;
/** Behind the last address that is paragraph:offset with an offset below 16. */
const REAL_MODE_END = 0x100000;

const hex = (n: number): string => `${n < 0 ? "-" : ""}0x${Math.abs(n).toString(16)}`;

/** @throws VmError EINVAL */
export function checkPlacement({ imageBytes, memoryBytes, loadAddress, entry, bits }: Placement): void {
  const fail = (message: string): never => {
    throw new VmError("EINVAL", message);
  };
  // Callers from plain JavaScript may pass anything.
  const width: number = bits;
  if (width !== 16 && width !== 32) fail(`bits is ${width}; allowed are 16 and 32`);
  if (!Number.isInteger(memoryBytes) || memoryBytes < PAGE_SIZE || memoryBytes > ADDRESS_SPACE || memoryBytes % PAGE_SIZE !== 0) {
    fail(`the memory size is ${memoryBytes} bytes; it must be a multiple of 4096 up to 4 GiB`);
  }
  if (imageBytes === 0) fail("the image is empty");
  if (imageBytes > memoryBytes) fail(`the image has ${hex(imageBytes)} bytes, the machine ${hex(memoryBytes)} bytes of memory`);
  if (!Number.isInteger(loadAddress) || loadAddress < 0 || loadAddress >= memoryBytes) {
    fail(`the load address is ${hex(loadAddress)}; memory is from 0 to ${hex(memoryBytes - 1)}`);
  }
  if (loadAddress + imageBytes > memoryBytes) {
    fail(`an image of ${hex(imageBytes)} bytes at ${hex(loadAddress)} ends at ${hex(loadAddress + imageBytes - 1)}, beyond memory, which ends at ${hex(memoryBytes - 1)}`);
  }
  if (!Number.isInteger(entry) || entry < 0 || entry >= memoryBytes) fail(`the entry is ${hex(entry)}; memory is from 0 to ${hex(memoryBytes - 1)}`);
  if (bits === 16 && entry >= REAL_MODE_END) fail(`the entry is ${hex(entry)}; real mode reaches ${hex(REAL_MODE_END - 1)}`);
}
