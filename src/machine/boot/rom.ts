/**
 * ROM images in place of a PC's BIOS: mapped so that they end at 4 GiB, where the CPU starts after RESET (SDM 3A §9.1.4), and
 * the last 128 KiB also so that they end at 1 MiB, where real mode reaches them.
 */
import { VmError } from "../../../tcg/support/errors.ts";
import type { BootPlan } from "./plan.ts";
import { hex } from "./segments.ts";

/** Sizes as QEMU's -bios takes them: whole segments of real mode, so that code at F000:0 is what it seems. */
export const ROM_STEP_BYTES = 0x10000, ROM_MAX_BYTES = 0x1000000;
const ADDRESS_SPACE = 2 ** 32, LOW_END = 0x100000, LOW_MAX_BYTES = 0x20000;

/** @throws VmError EINVAL for a size that cannot be, or if memory reaches the ROM */
export function planRom(image: Uint8Array, memoryBytes: number): BootPlan {
  const { length } = image;
  if (length === 0 || length > ROM_MAX_BYTES || length % ROM_STEP_BYTES !== 0) {
    throw new VmError("EINVAL", `the ROM has ${length} bytes (${hex(length)}); it must be a multiple of 64 KiB up to 16 MiB`);
  }
  if (memoryBytes > ADDRESS_SPACE - length) {
    throw new VmError("EINVAL", `the ROM is at ${hex(romBase(image))}..${hex(ADDRESS_SPACE - 1)}, where there is memory, which ends at ${hex(memoryBytes - 1)}`);
  }
  return { format: "rom", segments: [], rom: image, start: { kind: "reset" } };
}

/** Where the ROM begins below 4 GiB. */
export function romBase(rom: Uint8Array): number {
  return ADDRESS_SPACE - rom.length;
}

/** What of the ROM is below 1 MiB too, and where. */
export function lowRom(rom: Uint8Array): { readonly base: number; readonly bytes: Uint8Array } {
  const size = Math.min(rom.length, LOW_MAX_BYTES);
  return { base: LOW_END - size, bytes: rom.subarray(rom.length - size) };
}
