/** The structure by which a multiboot loader tells the kernel what it has got (Multiboot Specification 0.6.96, §3.3). */

/** A file loaded beside the kernel: where it is, and its string. */
export interface LoadedModule {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
  readonly text: string;
}

export interface MultibootFacts {
  readonly memoryBytes: number;
  readonly cmdline: string;
  readonly modules: readonly LoadedModule[];
}

const LOADER_NAME = "tcgjs";
/** Bits of `flags`: which fields are valid. */
const INFO_MEMORY = 1 << 0, INFO_CMDLINE = 1 << 2, INFO_MODS = 1 << 3, INFO_MMAP = 1 << 6, INFO_LOADER_NAME = 1 << 9;
/** Size of the structure, whose fields beyond the loader's name stay zero; of a module's entry; of an entry of the memory map. */
const INFO_BYTES = 116, MODULE_BYTES = 16, MMAP_ENTRY_BYTES = 24;
const MMAP_AVAILABLE = 1;
const KIB = 1024, LOWER_END = 640 * KIB, UPPER_START = 1024 * KIB;

/** Bytes that `multibootInfo` makes. */
export function multibootInfoBytes(facts: MultibootFacts): number {
  return layOut(facts).size;
}

/**
 * The structure with all that it points to, to be put at `address`. As on a PC, memory from 640 KiB to 1 MiB is not reported:
 * kernels look for devices there.
 */
export function multibootInfo(facts: MultibootFacts, address: number): Uint8Array {
  const { memoryBytes, modules } = facts, at = layOut(facts), bytes = new Uint8Array(at.size), view = new DataView(bytes.buffer);
  const word = (offset: number, value: number): void => view.setUint32(offset, value, true);
  word(0, INFO_MEMORY | INFO_CMDLINE | INFO_MODS | INFO_MMAP | INFO_LOADER_NAME);
  word(4, Math.min(memoryBytes, LOWER_END) / KIB);
  word(8, Math.max(0, memoryBytes - UPPER_START) / KIB);
  word(16, address + at.cmdline);
  word(20, modules.length);
  word(24, address + at.modules);
  word(44, at.ranges.length * MMAP_ENTRY_BYTES);
  word(48, address + at.map);
  word(64, address + at.loaderName);
  modules.forEach(({ start, end }, i) => {
    const entry = at.modules + i * MODULE_BYTES;
    word(entry, start);
    word(entry + 4, end);
    word(entry + 8, address + at.moduleTexts[i]);
  });
  at.ranges.forEach(({ base, length }, i) => {
    const entry = at.map + i * MMAP_ENTRY_BYTES;
    // The size field does not count itself. Bases and lengths are 64-bit; ours fit the low half.
    word(entry, MMAP_ENTRY_BYTES - 4);
    word(entry + 4, base);
    word(entry + 12, length);
    word(entry + 20, MMAP_AVAILABLE);
  });
  for (const { offset, text } of at.strings) bytes.set(text, offset);
  return bytes;
}

/** Where each part goes, from the start of the structure. */
interface Layout {
  readonly size: number;
  readonly modules: number;
  readonly map: number;
  readonly cmdline: number;
  readonly loaderName: number;
  readonly moduleTexts: readonly number[];
  readonly ranges: readonly { readonly base: number; readonly length: number }[];
  readonly strings: readonly { readonly offset: number; readonly text: Uint8Array }[];
}

function layOut({ memoryBytes, cmdline, modules }: MultibootFacts): Layout {
  const ranges = [{ base: 0, length: Math.min(memoryBytes, LOWER_END) }, { base: UPPER_START, length: memoryBytes - UPPER_START }].filter((r) => r.length > 0);
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
  return { size, modules: modulesAt, map, cmdline: cmdlineAt, loaderName, moduleTexts, ranges, strings };
}
