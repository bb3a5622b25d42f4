/** Whether a request fits a disk. */
import type { BlockDevice } from "./device.ts";
import { ImageError } from "./errors.ts";

/** @throws ImageError if bytes from `offset` on are not all inside the disk, or are to be changed and may not be */
export function checkRange(disk: Pick<BlockDevice, "sizeBytes" | "isReadOnly"> & { readonly path: string }, offset: number, length: number, isChange = false): void {
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= disk.sizeBytes)) {
    throw new ImageError("failed", `${disk.path}: ${length} bytes at ${offset} are not inside the disk of ${disk.sizeBytes} bytes`);
  }
  if (isChange && disk.isReadOnly) throw new ImageError("failed", `${disk.path} is open for reading only`);
}
