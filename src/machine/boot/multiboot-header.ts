/** The header by which an image says that it wants to be booted by Multiboot (Multiboot Specification 0.6.96, §3.1). */
import { VmError } from "../../../tcg/support/errors.ts";
import { hex } from "./segments.ts";

/** Where an image that is not ELF goes; physical addresses. */
export interface MultibootAddresses {
  readonly headerAddr: number;
  readonly loadAddr: number;
  /** 0: the whole file is loaded. */
  readonly loadEndAddr: number;
  /** 0: there is no bss. */
  readonly bssEndAddr: number;
  readonly entryAddr: number;
}

/** The screen that an image would like to start with. */
export interface MultibootVideo {
  readonly isText: boolean;
  /** Points or characters; 0: no preference. */
  readonly width: number;
  readonly height: number;
  /** Bits of a point; 0 for text and where there is no preference. */
  readonly depth: number;
}

export interface MultibootHeader {
  /** Where in the file it is. */
  readonly offset: number;
  readonly flags: number;
  /** Null if the image is to be loaded by its ELF headers. */
  readonly addresses: MultibootAddresses | null;
  /** Null if it does not say. */
  readonly video: MultibootVideo | null;
}

const MULTIBOOT_SEARCH_BYTES = 8192;
const MAGIC = 0x1badb002, ALIGNMENT = 4;
/** Fields every header has, those of the addresses, and those of the screen. */
const LEAST_BYTES = 12, ADDRESS_FIELDS_END = 32, VIDEO_FIELDS_END = 48;
const VIDEO_IS_TEXT = 1;
/** Flags (§3.1.2). The low 16 are requirements, of which video is one that only a machine with a display can meet. */
const FLAG_PAGE_ALIGN = 1 << 0, FLAG_MEMORY_INFO = 1 << 1, FLAG_VIDEO = 1 << 2, FLAG_ADDRESSES = 1 << 16;
const REQUIREMENTS = 0xffff;

/**
 * Finds the header: the first place in the first 8192 bytes, on a multiple of 4, where magic, flags and checksum add up.
 * Null if there is none.
 */
export function findMultibootHeader(image: Uint8Array): number | null {
  return candidates(image).find(({ sum }) => sum === 0)?.offset ?? null;
}

/**
 * Reads the header at `findMultibootHeader`.
 * @param hasDisplay  the machine can meet a wish for a screen
 * @throws VmError EINVAL if there is none, if it is cut off, or wants what the machine cannot give
 */
export function readMultibootHeader(image: Uint8Array, hasDisplay: boolean): MultibootHeader {
  const offset = findMultibootHeader(image);
  if (offset === null) throw missing(image);
  const view = new DataView(image.buffer, image.byteOffset, image.length), field = (at: number): number => view.getUint32(offset + at, true);
  const flags = field(4);
  const wantsVideo = (flags & FLAG_VIDEO) !== 0;
  if (wantsVideo && !hasDisplay) throw bad(`it wants a video mode (flags ${hex(flags)}, bit 2), and the machine has no display`);
  const known = FLAG_PAGE_ALIGN | FLAG_MEMORY_INFO | (hasDisplay ? FLAG_VIDEO : 0), unknown = flags & REQUIREMENTS & ~known;
  if (unknown !== 0) throw bad(`it has requirements (flags ${hex(flags)}) that are not known: ${hex(unknown)}; known are ${hex(known)}`);
  const checkFields = (what: string, from: number, end: number): void => {
    if (offset + end <= Math.min(image.length, MULTIBOOT_SEARCH_BYTES)) return;
    throw bad(`its ${what} fields at ${hex(offset + from)} are not all within the first ${MULTIBOOT_SEARCH_BYTES} bytes of the file, which has ${image.length}`);
  };
  const hasAddresses = (flags & FLAG_ADDRESSES) !== 0;
  if (hasAddresses) checkFields("address", LEAST_BYTES, ADDRESS_FIELDS_END);
  if (wantsVideo) checkFields("video", ADDRESS_FIELDS_END, VIDEO_FIELDS_END);
  return {
    offset, flags,
    addresses: hasAddresses ? { headerAddr: field(12), loadAddr: field(16), loadEndAddr: field(20), bssEndAddr: field(24), entryAddr: field(28) } : null,
    video: wantsVideo ? { isText: field(32) === VIDEO_IS_TEXT, width: field(36), height: field(40), depth: field(44) } : null,
  };
}

/** Complains about a header. */
export function bad(message: string): VmError {
  return new VmError("EINVAL", `the multiboot image cannot be loaded: ${message}`);
}

function missing(image: Uint8Array): VmError {
  const near = candidates(image).at(0), what = `there is no multiboot header in the first ${MULTIBOOT_SEARCH_BYTES} bytes`;
  if (near === undefined) return new VmError("EINVAL", what);
  return new VmError("EINVAL", `${what}: at ${hex(near.offset)} the magic number, flags and checksum add up to ${hex(near.sum)}, not 0`);
}

/** Where the magic number is, and what the three fields add up to. */
function candidates(image: Uint8Array): { offset: number; sum: number }[] {
  const view = new DataView(image.buffer, image.byteOffset, image.length), found: { offset: number; sum: number }[] = [];
  const last = Math.min(image.length, MULTIBOOT_SEARCH_BYTES) - LEAST_BYTES;
  for (let offset = 0; offset <= last; offset += ALIGNMENT) {
    if (view.getUint32(offset, true) !== MAGIC) continue;
    found.push({ offset, sum: (MAGIC + view.getUint32(offset + 4, true) + view.getUint32(offset + 8, true)) % 2 ** 32 });
  }
  return found;
}
