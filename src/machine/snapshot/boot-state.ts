/** What a machine was started with, in its saved state: a reset starts it again. */
import type { SavedState } from "../../devices/saveable.ts";
import { bytesUpTo, list, nullable, record, restoreFields, StateError, text } from "../../devices/saveable.ts";
import type { BootModule } from "../boot/multiboot.ts";
import { ROM_MAX_BYTES } from "../boot/rom.ts";
import type { PcOptions } from "../pc.ts";
import { MAX_SECTION_BYTES } from "./snapshot-file.ts";

const MAX_TEXT = 65_536, MAX_MODULES = 1024;

/** As much of a machine's options. */
export type StartOptions = Pick<PcOptions, "boot" | "vgaRom">;

export function saveStart({ boot, vgaRom = null }: { readonly boot: PcOptions["boot"]; readonly vgaRom?: Uint8Array | null | undefined }): SavedState {
  return "bios" in boot
    ? { bios: boot.bios, order: boot.order ?? null, vgaRom }
    : {
      kernel: boot.kernel, cmdline: boot.cmdline ?? null, initrd: boot.initrd ?? null, modules: (boot.modules ?? []).map(({ bytes, text: told }) => ({ bytes, text: told })), vgaRom,
    };
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
  const started: { kernel: Uint8Array; cmdline: string | null; initrd: Uint8Array | null; modules: readonly BootModule[]; vgaRom: Uint8Array | null } = {
    ...none, kernel: new Uint8Array(0), cmdline: null, initrd: null, modules: [],
  };
  restoreFields("boot", started, {
    kernel: bytesUpTo(MAX_SECTION_BYTES), cmdline: nullable(text(MAX_TEXT)), initrd: nullable(bytesUpTo(MAX_SECTION_BYTES)),
    modules: list(MAX_MODULES, record<BootModule>({ bytes: bytesUpTo(MAX_SECTION_BYTES), text: text(MAX_TEXT) })), vgaRom,
  }, state);
  const { kernel, cmdline, initrd, modules } = started;
  return { boot: { kernel, cmdline: cmdline ?? undefined, initrd: initrd ?? undefined, modules }, vgaRom: started.vgaRom ?? undefined };
}
