/** Multiboot kernels (Multiboot Specification 0.6.96): ELF files, or any image whose header has the address fields. */
import { VmError } from "../../../tcg/support/errors.ts";
import type { AddressRangeEntry } from "../memory-map.ts";
import { E820_RAM, EXTENDED_MEMORY, VIDEO_MEMORY } from "../memory-map.ts";
import type { BootScreen } from "./boot-screen.ts";
import { bootScreen } from "./boot-screen.ts";
import { isElf, readElf } from "./elf.ts";
import type { MultibootAddresses, MultibootHeader } from "./multiboot-header.ts";
import { bad, readMultibootHeader } from "./multiboot-header.ts";
import type { LoadedModule, MultibootFacts } from "./multiboot-info.ts";
import { multibootInfo, multibootInfoBytes } from "./multiboot-info.ts";
import type { BootPlan, Segment } from "./plan.ts";
import { checkEntry, checkInMap, checkSegments, endOf, hex, highestGap } from "./segments.ts";

/** A file for the kernel, loaded behind it on a page of its own. */
export interface BootModule {
  readonly bytes: Uint8Array;
  /** What the kernel is told it is; by custom a name and arguments. */
  readonly text: string;
}

export interface MultibootRequest {
  readonly memoryBytes: number;
  /** The kernel's command line. Default: empty. */
  readonly cmdline?: string | undefined;
  readonly modules?: readonly BootModule[] | undefined;
  /** A PC that the kernel is to find itself in. Default: the bare machine, which is memory alone. */
  readonly pc?: MultibootPc | undefined;
}

export interface MultibootPc {
  /** What lies where, by address. */
  readonly map: readonly AddressRangeEntry[];
  /** Physical address of video memory. */
  readonly videoMemory: number;
}

/** On a PC there is a screen, too. */
export interface MultibootPlan extends BootPlan {
  readonly screen: BootScreen | null;
}

/** What EAX holds at the entry (§3.2). */
const LOADER_MAGIC = 0x2badb002;
const PAGE_SIZE = 4096;

/** @throws VmError EINVAL for an image that is not multiboot, or malformed, or does not fit with its modules */
export function planMultiboot(image: Uint8Array, { memoryBytes, cmdline = "", modules = [], pc }: MultibootRequest): MultibootPlan {
  const header = readMultibootHeader(image, pc !== undefined), kernel = kernelOf(image, header, memoryBytes);
  if (pc !== undefined) checkInMap("the multiboot image", kernel.segments, pc.map);
  const modulesFrom = Math.max(endOf(kernel.segments), pc === undefined ? 0 : EXTENDED_MEMORY);
  const loaded = placeModules(modulesFrom, modules, memoryBytes), segments = [...kernel.segments, ...loaded.map((l) => l.segment)];
  const screen = pc === undefined ? null : bootScreen(header.video, pc.videoMemory);
  const info = placeInfo(segments, memoryBytes, { map: pc?.map ?? bareMap(memoryBytes), cmdline, modules: loaded.map((l) => l.module), screen });
  return {
    format: "multiboot", segments: [...segments, info], rom: null, screen,
    start: { kind: "protected", entry: kernel.entry, eax: LOADER_MAGIC, ebx: info.address },
  };
}

/** The bare machine does not tell of memory between the two: kernels look for devices there. */
function bareMap(memoryBytes: number): AddressRangeEntry[] {
  const ranges = [{ address: 0, sizeBytes: Math.min(memoryBytes, VIDEO_MEMORY) }, { address: EXTENDED_MEMORY, sizeBytes: memoryBytes - EXTENDED_MEMORY }];
  return ranges.filter((r) => r.sizeBytes > 0).map((r) => ({ ...r, type: E820_RAM }));
}

/** By the header's address fields if it has them, which come first (§3.1.3), else by the ELF headers. */
function kernelOf(image: Uint8Array, header: MultibootHeader, memoryBytes: number): { segments: readonly Segment[]; entry: number } {
  if (header.addresses !== null) return planByAddresses(image, header.offset, header.addresses, memoryBytes);
  if (isElf(image)) return readElf(image, memoryBytes);
  throw bad("it is no ELF file, and its header has no address fields (flags bit 16)");
}

function planByAddresses(image: Uint8Array, offset: number, at: MultibootAddresses, memoryBytes: number) {
  const { headerAddr, loadAddr, loadEndAddr, bssEndAddr, entryAddr } = at, before = headerAddr - loadAddr, from = offset - before;
  if (before < 0) throw bad(`load_addr ${hex(loadAddr)} is above header_addr ${hex(headerAddr)}`);
  if (from < 0) throw bad(`load_addr ${hex(loadAddr)} is ${hex(before)} bytes before header_addr, but the file has only ${hex(offset)} bytes before the header`);
  if (loadEndAddr !== 0 && loadEndAddr <= headerAddr) throw bad(`load_end_addr ${hex(loadEndAddr)} is not above header_addr ${hex(headerAddr)}`);
  const length = loadEndAddr === 0 ? image.length - from : loadEndAddr - loadAddr;
  if (from + length > image.length) {
    throw bad(`load_end_addr ${hex(loadEndAddr)} asks for ${hex(length)} bytes from ${hex(from)} of the file, which has ${hex(image.length)}`);
  }
  if (bssEndAddr !== 0 && bssEndAddr < loadAddr + length) throw bad(`bss_end_addr ${hex(bssEndAddr)} is below the end of what is loaded, ${hex(loadAddr + length)}`);
  const sizeBytes = bssEndAddr === 0 ? length : bssEndAddr - loadAddr;
  const segments = [{ address: loadAddr, bytes: image.subarray(from, from + length), sizeBytes, isCode: true }];
  checkSegments("the multiboot image", segments, memoryBytes);
  checkEntry("the multiboot image", entryAddr, segments);
  return { segments, entry: entryAddr };
}

/** Modules one after the other, on page boundaries (§3.1.2, bit 0). */
function placeModules(from: number, modules: readonly BootModule[], memoryBytes: number): { module: LoadedModule; segment: Segment }[] {
  let next = pageAbove(from);
  return modules.map(({ bytes, text }) => {
    const start = next, end = start + bytes.length;
    if (end > memoryBytes) {
      throw new VmError("EINVAL", `module "${text}" of ${hex(bytes.length)} bytes goes to ${hex(start)}, beyond memory, which ends at ${hex(memoryBytes - 1)}`);
    }
    next = pageAbove(end);
    return { module: { start, end, text }, segment: { address: start, bytes, sizeBytes: bytes.length, isCode: false } };
  });
}

function pageAbove(address: number): number {
  return Math.ceil(address / PAGE_SIZE) * PAGE_SIZE;
}

/** In the first megabyte, as other loaders do it, or where there is room. */
function placeInfo(segments: readonly Segment[], memoryBytes: number, facts: MultibootFacts): Segment {
  const size = multibootInfoBytes(facts), lower = facts.map.find((r) => r.address === 0)?.sizeBytes ?? 0;
  const address = highestGap(segments, size, lower) ?? highestGap(segments, size, memoryBytes);
  if (address === null) throw bad(`there is no room in memory for the ${hex(size)} bytes of information that it wants`);
  return { address, bytes: multibootInfo(facts, address), sizeBytes: size, isCode: false };
}
