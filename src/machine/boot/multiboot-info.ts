/** The structure by which a multiboot loader tells the kernel what it has got (Multiboot Specification 0.6.96, §3.3). */
import type { AddressRangeEntry } from "../memory-map.ts";
import { E820_RAM, EXTENDED_MEMORY } from "../memory-map.ts";
import type { BootScreen } from "./boot-screen.ts";
import { bytesOfLine, colourFields } from "./boot-screen.ts";

/** A file loaded beside the kernel: where it is, and its string. */
export interface LoadedModule {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  readonly text: string;
}

export interface MultibootFacts {
  /** What lies where, by address. */
  readonly map: readonly AddressRangeEntry[];
  readonly cmdline: string;
  readonly modules: readonly LoadedModule[];
  /** What is on the screen; null without one. */
  readonly screen: BootScreen | null;
}

const LOADER_NAME = "tcgjs";
/** Bits of `flags`: which fields are valid. */
const INFO_MEMORY = 1 << 0, INFO_CMDLINE = 1 << 2, INFO_MODS = 1 << 3, INFO_MMAP = 1 << 6, INFO_LOADER_NAME = 1 << 9, INFO_FRAMEBUFFER = 1 << 12;
/** Size of the structure, whose fields from the loader's name to the screen stay zero; of a module's entry; of an entry of the memory map. */
const INFO_BYTES = 116, MODULE_BYTES = 16, MMAP_ENTRY_BYTES = 24;
const KIB = 1024;
/** Kinds of screens (§3.3, `framebuffer_type`). */
const FRAMEBUFFER_RGB = 1, FRAMEBUFFER_TEXT = 2;
/** Of a character and its attribute. */
const TEXT_CELL_BITS = 16;

/** Bytes that `multibootInfo` makes. */
export function multibootInfoBytes(facts: MultibootFacts): number {
  return layOut(facts).size;
}

/** The structure with all that it points to, to be put at `address`. */
export function multibootInfo(facts: MultibootFacts, address: number): Uint8Array {
  const { map, modules, screen } = facts, at = layOut(facts), bytes = new Uint8Array(at.size), view = new DataView(bytes.buffer);
  const word = (offset: number, value: number): void => view.setUint32(offset, value, true);
  /** KiB of memory from an address on. */
  const kibFrom = (start: number): number => Math.floor((map.find((r) => r.address === start && r.type === E820_RAM)?.sizeBytes ?? 0) / KIB);
  word(0, INFO_MEMORY | INFO_CMDLINE | INFO_MODS | INFO_MMAP | INFO_LOADER_NAME | (screen === null ? 0 : INFO_FRAMEBUFFER));
  word(4, kibFrom(0));
  word(8, kibFrom(EXTENDED_MEMORY));
  word(16, address + at.cmdline);
  word(20, modules.length);
  word(24, address + at.modules);
  word(44, map.length * MMAP_ENTRY_BYTES);
  word(48, address + at.map);
  word(64, address + at.loaderName);
  modules.forEach(({ start, end }, i) => {
    const entry = at.modules + i * MODULE_BYTES;
    word(entry, start);
    word(entry + 4, end);
    word(entry + 8, address + at.moduleTexts[i]);
  });
  map.forEach(({ address: base, sizeBytes, type }, i) => {
    const entry = at.map + i * MMAP_ENTRY_BYTES;
    // The size field does not count itself. Bases and lengths are 64-bit; ours fit the low half.
    word(entry, MMAP_ENTRY_BYTES - 4);
    word(entry + 4, base);
    word(entry + 12, sizeBytes);
    word(entry + 20, type);
  });
  if (screen !== null) writeScreen(bytes, screen);
  for (const { offset, text } of at.strings) bytes.set(text, offset);
  return bytes;
}

/** The fields of the screen. */
function writeScreen(bytes: Uint8Array, screen: BootScreen): void {
  const view = new DataView(bytes.buffer), { address, width, height } = screen;
  view.setUint32(88, address, true);
  view.setUint32(96, bytesOfLine(screen), true);
  view.setUint32(100, width, true);
  view.setUint32(104, height, true);
  if (screen.kind === "text") {
    bytes.set([TEXT_CELL_BITS, FRAMEBUFFER_TEXT], 108);
    return;
  }
  bytes.set([screen.depth === 15 ? 16 : screen.depth, FRAMEBUFFER_RGB, ...colourFields(screen.depth)], 108);
}

/** Where each part goes, from the start of the structure. */
interface Layout {
  readonly size: number;
  readonly modules: number;
  readonly map: number;
  readonly cmdline: number;
  readonly loaderName: number;
  readonly moduleTexts: readonly number[];
  readonly strings: readonly { readonly offset: number; readonly text: Uint8Array }[];
}

function layOut({ map: ranges, cmdline, modules }: MultibootFacts): Layout {
  const modulesAt = INFO_BYTES, map = modulesAt + modules.length * MODULE_BYTES;
  const strings: { offset: number; text: Uint8Array }[] = [];
  let size = map + ranges.length * MMAP_ENTRY_BYTES;
  /** Takes room for a string and its NUL. */
  const place = (text: string): number => {
    const encoded = new TextEncoder().encode(text), offset = size;
    strings.push({ offset, text: encoded });
    size += encoded.length + 1;
    return offset;
  };
  const moduleTexts = modules.map((m) => place(m.text)), cmdlineAt = place(cmdline), loaderName = place(LOADER_NAME);
  return { size, modules: modulesAt, map, cmdline: cmdlineAt, loaderName, moduleTexts, strings };
}
