/** The options of `tcgjs boot` about the screen, and what follows where they are not given. */
import { dirname, join } from "node:path";
import { VmError } from "../../../tcg/support/errors.ts";
import { isInteractive } from "../../host/console-input.ts";
import { readImage, readOptionalImage } from "../../host/files.ts";
import { choice, value } from "../option-table.ts";
import type { ValuesOf } from "../option-table.ts";
import type { SerialChoice } from "./serial.ts";

export const displayOptions = {
  display: choice(["terminal", "none"], {
    help: "terminal: the guest's screen is drawn in this terminal, and what is typed goes to its keyboard", initial: null,
    defaultText: "terminal if this is one, no --kernel is started and nothing else has stdio; else none",
  }),
  "vga-rom": value((path) => path, { argument: "FILE", help: "the video BIOS that firmware finds on the VGA", defaultText: "vgabios-stdvga.bin beside --bios, if it is there" }),
  screenshot: value((path) => path, { argument: "FILE.png", help: "write the guest's screen to a file at the end of the run" }),
};

const VIDEO_BIOS = "vgabios-stdvga.bin", MAX_ROM_BYTES = 65_536;

interface Given extends ValuesOf<typeof displayOptions> {
  readonly kernel: string | null;
  readonly bios: string | null;
  readonly json: boolean;
  readonly serial: readonly SerialChoice[];
  readonly monitor: "stdio" | "none";
  readonly "virtio-console": SerialChoice | null;
}

/** @throws VmError EINVAL for a screen that has no terminal of its own */
export function hasDisplay({ display, kernel, json, serial, monitor, "virtio-console": virtioConsole }: Given): boolean {
  const takesStdio = monitor === "stdio" || [...serial, virtioConsole].some((s) => s?.kind === "stdio");
  if (display === null) return kernel === null && !takesStdio && !json && isInteractive();
  if (display === "none") return false;
  if (takesStdio || json) throw new VmError("EINVAL", `--display terminal needs the terminal for itself, without ${json ? "--json" : "another option that takes stdio"}`);
  if (!isInteractive()) throw new VmError("EINVAL", "--display terminal needs stdin and stdout to be a terminal");
  return true;
}

/** @throws VmError for a file that was named and cannot be read */
export function videoBiosOf({ "vga-rom": path, bios }: Given): Uint8Array | undefined {
  if (path !== null) return readImage(path, MAX_ROM_BYTES, "the most a video BIOS may have");
  const beside = bios === null ? null : join(dirname(bios), VIDEO_BIOS);
  return beside === null ? undefined : readOptionalImage(beside, MAX_ROM_BYTES, "the most a video BIOS may have") ?? undefined;
}
