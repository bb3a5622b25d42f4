/**
 * Linux kernels (bzImage), started by the 32-bit boot protocol (Linux, Documentation/arch/x86/boot.rst): no real-mode code of the
 * kernel runs; the "zero page" tells it what that would have found out.
 */
import { VmError } from "../../../tcg/support/errors.ts";
import type { AddressRangeEntry } from "../memory-map.ts";
import type { Segment } from "./plan.ts";
import { hex } from "./segments.ts";

export interface LinuxRequest {
  /** The address map; kernel and initial RAM disk go to its RAM. */
  readonly map: readonly AddressRangeEntry[];
  readonly memoryBytes: number;
  /** The kernel's command line. Default: empty. */
  readonly cmdline?: string | undefined;
  /** Initial RAM disk: an archive the kernel unpacks. Default: none. */
  readonly initrd?: Uint8Array | undefined;
  /** Physical address of the ACPI root pointer, for kernels that can be told (protocol 2.14); 0: they look for it. */
  readonly acpiRsdp?: number | undefined;
  /** A VGA shows text in mode 3. Default: no. */
  readonly hasTextScreen?: boolean | undefined;
}

/** What goes where, and where the kernel starts. */
export interface LinuxPlan {
  readonly segments: readonly Segment[];
  /** Physical addresses. */
  readonly entry: number;
  readonly zeroPage: number;
  readonly gdt: number;
}

/** Where the loader's own structures go: below the extended BIOS data area, above what real-mode code would use. */
const ZERO_PAGE = 0x10000, GDT = 0x11000, COMMAND_LINE = 0x20000;
/** Code at selector 0x10, data at 0x18, flat (boot.rst, "32-bit Boot Protocol"). */
export const BOOT_CS = 0x10, BOOT_DS = 0x18;
const FLAT_CODE = 0x00cf9b000000ffffn, FLAT_DATA = 0x00cf93000000ffffn;
const GDT_ENTRIES = 4;

/** Fields of the setup header, as offsets into the file and the zero page alike (boot.rst, "The Real-Mode Kernel Header"). */
const SETUP_SECTS = 0x1f1, BOOT_FLAG = 0x1fe, JUMP = 0x201, HEADER = 0x202, VERSION = 0x206, TYPE_OF_LOADER = 0x210, LOADFLAGS = 0x211, CODE32_START = 0x214,
  RAMDISK_IMAGE = 0x218, RAMDISK_SIZE = 0x21c, HEAP_END_PTR = 0x224, CMD_LINE_PTR = 0x228, INITRD_ADDR_MAX = 0x22c, RELOCATABLE = 0x234, CMDLINE_SIZE = 0x238,
  PREF_ADDRESS = 0x258, INIT_SIZE = 0x260;
/** Fields of the zero page alone (Linux, Documentation/arch/x86/zero-page.rst). */
const ACPI_RSDP_ADDR = 0x070, ALT_MEM_K = 0x1e0, E820_ENTRIES = 0x1e8, E820_TABLE = 0x2d0, EXT_MEM_K = 0x002;
const E820_ENTRY_BYTES = 20, E820_MAX = 128;
/** Of its screen_info: what a video BIOS would tell. */
const VIDEO_MODE = 0x06, VIDEO_COLUMNS = 0x07, VIDEO_LINES = 0x0e, VIDEO_IS_VGA = 0x0f, VIDEO_POINTS = 0x10, TEXT_MODE = 3;

const SECTOR = 512, PAGE = 4096;
const HEADER_MAGIC = 0x53726448, BOOT_MAGIC = 0xaa55;
/** The first protocol with a command line pointer (Linux 2.4), and those that brought fields which matter here. */
const MIN_VERSION = 0x202, SAYS_INITRD_ADDR_MAX = 0x203, SAYS_RELOCATABLE = 0x205, SAYS_CMDLINE_SIZE = 0x206, SAYS_INIT_SIZE = 0x20a;
/** What holds for kernels that do not say. */
const OLD_INITRD_ADDR_MAX = 0x37ffffff, OLD_CMDLINE_SIZE = 255;
const LOADED_HIGH = 1, CAN_USE_HEAP = 0x80, UNDEFINED_LOADER = 0xff;
const DEFAULT_LOAD = 0x100000;
const KIB = 1024, MIB = 2 ** 20;

/** The setup header's fields that matter here. */
interface Header {
  readonly setupBytes: number;
  readonly version: number;
  readonly initSize: number;
  readonly prefAddress: number;
  readonly isRelocatable: boolean;
  readonly initrdAddrMax: number;
  readonly cmdlineSize: number;
}

/** True for a file that has a Linux setup header. */
export function isLinuxKernel(image: Uint8Array): boolean {
  return image.length >= SECTOR * 2 && viewOf(image).getUint32(HEADER, true) === HEADER_MAGIC && viewOf(image).getUint16(BOOT_FLAG, true) === BOOT_MAGIC;
}

/** @throws VmError EINVAL for a kernel that is malformed or too old, or does not fit with its command line and RAM disk */
export function planLinux(image: Uint8Array, request: LinuxRequest): LinuxPlan {
  const header = readHeader(image), { memoryBytes, cmdline = "", initrd } = request;
  const load = header.isRelocatable ? DEFAULT_LOAD : Math.max(DEFAULT_LOAD, header.prefAddress);
  const kernel: Segment = { address: load, bytes: image.subarray(header.setupBytes), sizeBytes: image.length - header.setupBytes, isCode: true };
  const kernelEnd = Math.max(load + kernel.sizeBytes, Math.max(load, header.prefAddress) + header.initSize);
  if (kernelEnd > memoryBytes) throw bad(`it needs memory up to ${hex(kernelEnd)}; there is memory up to ${hex(memoryBytes)}`);
  const text = new TextEncoder().encode(`${cmdline}\0`);
  if (text.length - 1 > header.cmdlineSize) throw new VmError("EINVAL", `the command line has ${text.length - 1} bytes; this kernel takes ${header.cmdlineSize}`);
  const ramdisk = initrd === undefined ? [] : [placeInitrd(initrd, kernelEnd, Math.min(memoryBytes, header.initrdAddrMax + 1))];
  const facts = { image, load, ramdisk: ramdisk.at(0) ?? null, request };
  return {
    segments: [
      { address: ZERO_PAGE, bytes: zeroPage(facts), sizeBytes: PAGE, isCode: false },
      { address: GDT, bytes: bootGdt(), sizeBytes: 8 * GDT_ENTRIES, isCode: false },
      { address: COMMAND_LINE, bytes: text, sizeBytes: text.length, isCode: false },
      kernel, ...ramdisk,
    ],
    entry: load, zeroPage: ZERO_PAGE, gdt: GDT,
  };
}

/** Limit of the GDT that the plan brings. */
export const BOOT_GDT_LIMIT = 8 * GDT_ENTRIES - 1;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bad(what: string): VmError {
  return new VmError("EINVAL", `the Linux kernel: ${what}`);
}

function readHeader(image: Uint8Array): Header {
  if (!isLinuxKernel(image)) throw new VmError("EINVAL", "this is no Linux kernel: there is no setup header (\"HdrS\" at 0x202)");
  const view = viewOf(image), version = view.getUint16(VERSION, true);
  if (version < MIN_VERSION) throw bad(`it speaks boot protocol ${version >>> 8}.${String(version & 0xff).padStart(2, "0")}; 2.02 (Linux 2.4) and later are supported`);
  if ((image[LOADFLAGS] & LOADED_HIGH) === 0) throw bad("it is a zImage, which loads below 1 MiB; only bzImage is supported");
  // 0 stands for 4 (boot.rst).
  const setupBytes = ((image[SETUP_SECTS] || 4) + 1) * SECTOR;
  if (setupBytes >= image.length) throw bad(`its setup code has ${setupBytes} bytes, the file only ${image.length}`);
  const saysInitSize = version >= SAYS_INIT_SIZE;
  return {
    setupBytes, version,
    initSize: saysInitSize ? view.getUint32(INIT_SIZE, true) : 0, prefAddress: saysInitSize ? Number(view.getBigUint64(PREF_ADDRESS, true)) : DEFAULT_LOAD,
    isRelocatable: version >= SAYS_RELOCATABLE && image[RELOCATABLE] !== 0,
    initrdAddrMax: version >= SAYS_INITRD_ADDR_MAX ? view.getUint32(INITRD_ADDR_MAX, true) : OLD_INITRD_ADDR_MAX,
    cmdlineSize: version >= SAYS_CMDLINE_SIZE ? view.getUint32(CMDLINE_SIZE, true) : OLD_CMDLINE_SIZE,
  };
}

/** As high as possible: the kernel unpacks itself from below. */
function placeInitrd(initrd: Uint8Array, from: number, end: number): Segment {
  const address = Math.floor((end - initrd.length) / PAGE) * PAGE;
  if (address < from) {
    throw new VmError("EINVAL", `the initial RAM disk has ${initrd.length} bytes; between the kernel, which ends at ${hex(from)}, and ${hex(end)} are ${Math.max(0, end - from)}`);
  }
  return { address, bytes: initrd, sizeBytes: initrd.length, isCode: false };
}

interface ZeroPageFacts {
  readonly image: Uint8Array;
  readonly load: number;
  readonly ramdisk: Segment | null;
  readonly request: LinuxRequest;
}

function zeroPage({ image, load, ramdisk, request }: ZeroPageFacts): Uint8Array {
  const page = new Uint8Array(PAGE), view = viewOf(page);
  // The setup header, whose length its jump insn tells.
  page.set(image.subarray(SETUP_SECTS, HEADER + image[JUMP]), SETUP_SECTS);
  page[TYPE_OF_LOADER] = UNDEFINED_LOADER;
  page[LOADFLAGS] &= ~CAN_USE_HEAP;
  view.setUint16(HEAP_END_PTR, 0, true);
  view.setUint32(CODE32_START, load, true);
  view.setUint32(CMD_LINE_PTR, COMMAND_LINE, true);
  view.setUint32(RAMDISK_IMAGE, ramdisk?.address ?? 0, true);
  view.setUint32(RAMDISK_SIZE, ramdisk?.sizeBytes ?? 0, true);
  view.setBigUint64(ACPI_RSDP_ADDR, BigInt(request.acpiRsdp ?? 0), true);
  if (request.hasTextScreen === true) {
    page[VIDEO_MODE] = TEXT_MODE;
    page[VIDEO_COLUMNS] = 80;
    page[VIDEO_LINES] = 25;
    page[VIDEO_IS_VGA] = 1;
    view.setUint16(VIDEO_POINTS, 16, true);
  }
  const extendedKib = Math.floor((request.memoryBytes - MIB) / KIB);
  view.setUint16(EXT_MEM_K, Math.min(0xffff, extendedKib), true);
  view.setUint32(ALT_MEM_K, extendedKib, true);
  const map = request.map.slice(0, E820_MAX);
  page[E820_ENTRIES] = map.length;
  map.forEach(({ address, sizeBytes, type }, i) => {
    const at = E820_TABLE + i * E820_ENTRY_BYTES;
    view.setBigUint64(at, BigInt(address), true);
    view.setBigUint64(at + 8, BigInt(sizeBytes), true);
    view.setUint32(at + 16, type, true);
  });
  return page;
}

function bootGdt(): Uint8Array {
  const bytes = new Uint8Array(8 * GDT_ENTRIES), view = viewOf(bytes);
  view.setBigUint64(BOOT_CS, FLAT_CODE, true);
  view.setBigUint64(BOOT_DS, FLAT_DATA, true);
  return bytes;
}
