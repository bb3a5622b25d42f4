/**
 * ELF executables for the i386 (System V ABI, "Object Files" and "Program Loading", and its i386 supplement): what of them
 * goes to memory, and where they start. Without an operating system addresses are physical: p_paddr.
 */
import { VmError } from "../../../tcg/support/errors.ts";
import type { Segment } from "./plan.ts";
import { checkEntry, checkSegments, hex } from "./segments.ts";

export interface ElfImage {
  readonly segments: readonly Segment[];
  /** Physical. */
  readonly entry: number;
}

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const HEADER_BYTES = 52, PROGRAM_HEADER_BYTES = 32;
const ELFCLASS32 = 1, ELFDATA2LSB = 1, EV_CURRENT = 1, EM_386 = 3;
const ET_EXEC = 2, PT_LOAD = 1, PT_INTERP = 3, PF_X = 1;
/** e_phnum when the real number is in section header 0: more than a program for this machine has. */
const PN_XNUM = 0xffff;

const FILE_TYPES: Readonly<Record<number, string>> = {
  0: "of no type", 1: "an object file, which has yet to be linked", 3: "a shared object or position-independent executable; link with -no-pie", 4: "a core dump",
};

/** True if the file begins as ELF files do, whatever follows. */
export function isElf(image: Uint8Array): boolean {
  return MAGIC.every((byte, i) => image[i] === byte);
}

/** A program header; names as in the ABI. */
interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly vaddr: number;
  readonly paddr: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly flags: number;
}

/**
 * Reads an executable: its PT_LOAD segments, which must lie in `memoryBytes` bytes of memory.
 * @throws VmError EINVAL for anything but a well-formed static executable for the i386 that fits
 */
export function readElf(image: Uint8Array, memoryBytes: number): ElfImage {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  checkHeader(image, view);
  const headers = programHeaders(view);
  if (headers.some((h) => h.type === PT_INTERP)) throw bad("it is dynamically linked (it has a PT_INTERP segment); link with -static");
  const loaded = headers.filter((h) => h.type === PT_LOAD && h.memsz > 0);
  if (loaded.length === 0) throw bad("it has no PT_LOAD segment with memory: there is nothing to load");
  const segments = loaded.map((h) => segmentOf(h, image));
  checkSegments("the ELF file", segments, memoryBytes);
  const entry = physicalEntry(view.getUint32(24, true), loaded);
  checkEntry("the ELF file", entry, segments);
  return { segments, entry };
}

function bad(message: string): VmError {
  return new VmError("EINVAL", `the ELF file cannot be loaded: ${message}`);
}

/** @throws VmError unless this is an ELF header of what the machine runs */
function checkHeader(image: Uint8Array, view: DataView): void {
  if (!isElf(image)) throw bad(`it begins with ${Array.from(image.subarray(0, 4), (b) => hex(b)).join(" ") || "nothing"}, not 0x7f "ELF"`);
  if (image.length < HEADER_BYTES) throw bad(`it has ${image.length} bytes, an ELF header ${HEADER_BYTES}`);
  const u16 = (at: number): number => view.getUint16(at, true);
  if (image[4] !== ELFCLASS32) throw bad(`its class is ${image[4]}${image[4] === 2 ? " (64 bits)" : ""}; wanted is 1 (32 bits)`);
  if (image[5] !== ELFDATA2LSB) throw bad(`its byte order is ${image[5]}${image[5] === 2 ? " (big endian)" : ""}; wanted is 1 (little endian)`);
  if (image[6] !== EV_CURRENT || view.getUint32(20, true) !== EV_CURRENT) throw bad(`its version is ${image[6]} and ${view.getUint32(20, true)}; wanted is 1`);
  const type = u16(16), machine = u16(18);
  if (machine !== EM_386) throw bad(`its machine is ${machine}; wanted is ${EM_386} (EM_386)`);
  if (type !== ET_EXEC) throw bad(`it is ${FILE_TYPES[type] ?? `of type ${type}`}; wanted is an executable (ET_EXEC)`);
}

function programHeaders(view: DataView): ProgramHeader[] {
  const u32 = (at: number): number => view.getUint32(at, true);
  const offset = u32(28), size = view.getUint16(42, true), count = view.getUint16(44, true);
  if (count === 0) throw bad("it has no program headers");
  if (count === PN_XNUM) throw bad(`it has ${PN_XNUM} or more program headers; allowed are ${PN_XNUM - 1}`);
  if (size !== PROGRAM_HEADER_BYTES) throw bad(`its program headers have ${size} bytes; wanted are ${PROGRAM_HEADER_BYTES}`);
  if (offset + count * size > view.byteLength) {
    throw bad(`its ${count} program headers at ${hex(offset)} end beyond the file, which has ${hex(view.byteLength)} bytes`);
  }
  return Array.from({ length: count }, (_, i) => {
    const at = offset + i * size;
    return {
      type: u32(at), offset: u32(at + 4), vaddr: u32(at + 8), paddr: u32(at + 12), filesz: u32(at + 16), memsz: u32(at + 20), flags: u32(at + 24),
    };
  });
}

function segmentOf({ offset, paddr, filesz, memsz, flags }: ProgramHeader, image: Uint8Array): Segment {
  if (filesz > memsz) throw bad(`the segment at ${hex(paddr)} has ${hex(filesz)} bytes in the file but ${hex(memsz)} in memory`);
  if (offset + filesz > image.length) {
    throw bad(`the segment at ${hex(paddr)} is at ${hex(offset)}..${hex(offset + filesz - 1)} of the file, which has ${hex(image.length)} bytes`);
  }
  return { address: paddr, bytes: image.subarray(offset, offset + filesz), sizeBytes: memsz, isCode: (flags & PF_X) !== 0 };
}

/** The entry is an address of the program's own; where its segment is loaded elsewhere, the entry is moved along, as GRUB does. */
function physicalEntry(entry: number, loaded: readonly ProgramHeader[]): number {
  const home = loaded.find(({ vaddr, memsz }) => entry >= vaddr && entry < vaddr + memsz);
  return home === undefined ? entry : entry - home.vaddr + home.paddr;
}
