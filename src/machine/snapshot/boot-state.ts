/** What a machine was started with, in its saved state: a reset starts it again. */
import type { SavedState } from "../../devices/saveable.ts";
import { bytesUpTo, nullable, restoreFields, StateError, text } from "../../devices/saveable.ts";
import { ROM_MAX_BYTES } from "../boot/rom.ts";
import type { PcOptions } from "../pc.ts";
import { MAX_SECTION_BYTES } from "./snapshot-file.ts";

const MAX_TEXT = 65_536;

/** As much of a machine's options. */
export type StartOptions = Pick<PcOptions, "boot" | "vgaRom">;

export function saveStart({ boot, vgaRom = null }: { readonly boot: PcOptions["boot"]; readonly vgaRom?: Uint8Array | null | undefined }): SavedState {
  return "bios" in boot
    ? { bios: boot.bios, order: boot.order ?? null, vgaRom }
    : { kernel: boot.kernel, cmdline: boot.cmdline ?? null, initrd: boot.initrd ?? null, vgaRom };
}

/** @throws StateError */
export function readStart(state: SavedState): StartOptions {
  const none: { vgaRom: Uint8Array | null } = { vgaRom: null }, vgaRom = nullable(bytesUpTo(ROM_MAX_BYTES));
  if ("bios" in state) {
    const firmware: { bios: Uint8Array; order: string | null; vgaRom: Uint8Array | null } = { ...none, bios: new Uint8Array(0), order: null };
    restoreFields("boot", firmware, { bios: bytesUpTo(ROM_MAX_BYTES), order: nullable(text(MAX_TEXT)), vgaRom }, state);
    return { boot: { bios: firmware.bios, order: firmware.order ?? undefined }, vgaRom: firmware.vgaRom ?? undefined };
  }
  if (!("kernel" in state)) throw new StateError("boot", "has neither a kernel nor firmware");
  const linux: { kernel: Uint8Array; cmdline: string | null; initrd: Uint8Array | null; vgaRom: Uint8Array | null } = { ...none, kernel: new Uint8Array(0), cmdline: null, initrd: null };
  restoreFields("boot", linux, { kernel: bytesUpTo(MAX_SECTION_BYTES), cmdline: nullable(text(MAX_TEXT)), initrd: nullable(bytesUpTo(MAX_SECTION_BYTES)), vgaRom }, state);
  return { boot: { kernel: linux.kernel, cmdline: linux.cmdline ?? undefined, initrd: linux.initrd ?? undefined }, vgaRom: linux.vgaRom ?? undefined };
}
