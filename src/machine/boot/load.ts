/** From an image to a plan of where it goes: recognises the format, and leaves the rest to the format's file. */
import { VmError } from "../../../tcg/support/errors.ts";
import { isElf, readElf } from "./elf.ts";
import type { FlatPlacement } from "./flat.ts";
import { planFlat } from "./flat.ts";
import type { MultibootRequest } from "./multiboot.ts";
import { planMultiboot } from "./multiboot.ts";
import { findMultibootHeader } from "./multiboot-header.ts";
import type { BootPlan, ImageFormat } from "./plan.ts";
import { planRom } from "./rom.ts";
import { hex } from "./segments.ts";

/** How to load an image. `loadAddress`, `entry` and `bits` go with flat ones, `cmdline` and `modules` with multiboot ones. */
export interface BootRequest extends FlatPlacement, MultibootRequest {
  /** `auto`: by content; never `rom`. */
  readonly format?: ImageFormat | "auto" | undefined;
}

const PAGE_SIZE = 4096, ADDRESS_SPACE = 2 ** 32;
const FORMATS: readonly string[] = ["auto", "flat", "multiboot", "elf", "rom"];

/** @throws VmError EINVAL for an image that is malformed or does not fit, and for what does not go with its format */
export function planBoot(image: Uint8Array, request: BootRequest): BootPlan {
  const { memoryBytes, format: wanted = "auto" } = request;
  checkMemory(memoryBytes);
  if (image.length === 0) throw new VmError("EINVAL", "the image is empty");
  if (!FORMATS.includes(wanted)) throw new VmError("EINVAL", `the format is ${String(wanted)}; allowed are ${FORMATS.join(", ")}`);
  const format = wanted === "auto" ? recogniseFormat(image) : wanted;
  checkRequest(request, format);
  switch (format) {
    case "flat": return planFlat(image, request);
    case "multiboot": return planMultiboot(image, request);
    case "elf": return planElf(image, memoryBytes);
    case "rom": return planRom(image, memoryBytes);
  }
}

/** What an image is by its content: anything may be flat. */
export function recogniseFormat(image: Uint8Array): Exclude<ImageFormat, "rom"> {
  if (findMultibootHeader(image) !== null) return "multiboot";
  return isElf(image) ? "elf" : "flat";
}

function planElf(image: Uint8Array, memoryBytes: number): BootPlan {
  const { segments, entry } = readElf(image, memoryBytes);
  return { format: "elf", segments, rom: null, start: { kind: "protected", entry, eax: 0, ebx: 0 } };
}

function checkMemory(memoryBytes: number): void {
  if (!Number.isInteger(memoryBytes) || memoryBytes < PAGE_SIZE || memoryBytes > ADDRESS_SPACE || memoryBytes % PAGE_SIZE !== 0) {
    throw new VmError("EINVAL", `the memory size is ${memoryBytes} bytes; it must be a multiple of 4096 up to 4 GiB`);
  }
}

/** @throws VmError EINVAL if something was asked for that the format has no place for */
function checkRequest({ loadAddress, entry, bits, cmdline, modules }: BootRequest, format: ImageFormat): void {
  const refuse = (what: string, home: ImageFormat): never => {
    throw new VmError("EINVAL", `${what} goes with ${home} images; this one is loaded as ${format}`);
  };
  if (format !== "flat") {
    if (loadAddress !== undefined) refuse(`a load address (${hex(loadAddress)})`, "flat");
    if (entry !== undefined) refuse(`an entry (${hex(entry)})`, "flat");
    if (bits === 16 || (bits !== undefined && format === "rom")) refuse(`a mode to start in (${bits} bits)`, "flat");
  }
  if (format !== "multiboot") {
    if (cmdline !== undefined) refuse("a command line", "multiboot");
    if (modules !== undefined && modules.length > 0) refuse("a module", "multiboot");
  }
}
