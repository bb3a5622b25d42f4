// Well-formed images to start from: ELF executables and multiboot kernels around a few bytes of code.

/** Program header fields by their names in the ABI; those not given are as a linker would set them. */
export interface ElfSegment {
  readonly type?: number;
  readonly vaddr?: number;
  readonly paddr: number;
  readonly bytes: Uint8Array;
  readonly memsz?: number;
  readonly flags?: number;
}

export interface ElfOptions {
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
}

export const ELF_HEADER_BYTES = 52, PROGRAM_HEADER_BYTES = 32;
const PT_LOAD = 1, FLAGS_RX = 5;

/** A 32-bit ELF executable for the i386: header, program headers, then the bytes of the segments one after the other. */
export function elfImage({ entry, segments }: ElfOptions): Uint8Array {
  const headers = ELF_HEADER_BYTES + segments.length * PROGRAM_HEADER_BYTES;
  const image = new Uint8Array(headers + segments.reduce((sum, s) => sum + s.bytes.length, 0));
  image.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  setHalves(image, 16, [2, 3]);
  setWords(image, 20, [1, entry, ELF_HEADER_BYTES]);
  setHalves(image, 40, [ELF_HEADER_BYTES, PROGRAM_HEADER_BYTES, segments.length, 40]);
  let offset = headers;
  segments.forEach(({ type = PT_LOAD, paddr, vaddr = paddr, bytes, memsz = bytes.length, flags = FLAGS_RX }, i) => {
    setWords(image, ELF_HEADER_BYTES + i * PROGRAM_HEADER_BYTES, [type, offset, vaddr, paddr, bytes.length, memsz, flags, 0x1000]);
    image.set(bytes, offset);
    offset += bytes.length;
  });
  return image;
}

/** Fields of a multiboot header, by their names in the specification. */
export interface MultibootOptions {
  /** Bytes in front of the header. */
  readonly before?: number;
  readonly flags?: number;
  readonly header_addr?: number;
  readonly load_addr?: number;
  readonly load_end_addr?: number;
  readonly bss_end_addr?: number;
  readonly entry_addr?: number;
  readonly code: Uint8Array;
}

export const MULTIBOOT_MAGIC = 0x1badb002, FLAG_ADDRESSES = 0x10000, MULTIBOOT_HEADER_BYTES = 32;

/** A multiboot image that says itself where it goes: by default to 1 MiB, and starts behind its header. */
export function multibootImage(options: MultibootOptions): Uint8Array {
  const { before = 0, code, load_addr = 0x100000, header_addr = load_addr + before, load_end_addr = 0, bss_end_addr = 0 } = options;
  const { entry_addr = header_addr + MULTIBOOT_HEADER_BYTES, flags = FLAG_ADDRESSES } = options;
  const image = new Uint8Array(before + MULTIBOOT_HEADER_BYTES + code.length);
  image.set(multibootHeader(flags), before);
  setWords(image, before + 12, [header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr]);
  image.set(code, before + MULTIBOOT_HEADER_BYTES);
  return image;
}

/** The three fields every multiboot header has. */
export function multibootHeader(flags: number): Uint8Array {
  const header = new Uint8Array(12);
  setWords(header, 0, [MULTIBOOT_MAGIC, flags, -(MULTIBOOT_MAGIC + flags)]);
  return header;
}

/** A copy with words (32 bits) replaced from an offset on. */
export function withWords(image: Uint8Array, offset: number, ...words: number[]): Uint8Array {
  const copy = image.slice();
  setWords(copy, offset, words);
  return copy;
}

/** The same with halves (16 bits). */
export function withHalves(image: Uint8Array, offset: number, ...halves: number[]): Uint8Array {
  const copy = image.slice();
  setHalves(copy, offset, halves);
  return copy;
}

function setWords(image: Uint8Array, offset: number, words: readonly number[]): void {
  const view = new DataView(image.buffer, image.byteOffset);
  words.forEach((word, i) => view.setUint32(offset + 4 * i, word, true));
}

function setHalves(image: Uint8Array, offset: number, halves: readonly number[]): void {
  const view = new DataView(image.buffer, image.byteOffset);
  halves.forEach((half, i) => view.setUint16(offset + 2 * i, half, true));
}
