/**
 * Paging for a guest that knows nothing of it: every page lies where its address says. The tables are in memory of their
 * own behind the guest's, so that the guest has all of its own and reads and writes what it would without paging.
 */
import type { BareMachine } from "../src/machine/bare.ts";

const PAGE_BYTES = 4096, ENTRIES = 1024;
/** Bits of an entry (SDM 3A, table 4-6): present, writable. A and D are the processor's to set. */
const PRESENT_WRITABLE = 3;
const CR0_PG = 0x80000000;

/**
 * Maps the guest's memory in pages of 4 KiB and sets CR3 and CR0.PG. Call it before the machine runs, on one in protected
 * mode (CR0.PE; real mode has no paging).
 * @param memoryBytes  of the machine's own memory, which starts at 0; a multiple of 4096
 */
export function enablePaging({ vm, vcpu }: BareMachine, memoryBytes: number): void {
  const pages = memoryBytes / PAGE_BYTES, tables = Math.ceil(pages / ENTRIES);
  const entries = new Uint32Array((1 + tables) * ENTRIES);
  for (let i = 0; i < tables; i++) entries[i] = memoryBytes + (1 + i) * PAGE_BYTES + PRESENT_WRITABLE;
  for (let i = 0; i < pages; i++) entries[ENTRIES + i] = i * PAGE_BYTES + PRESENT_WRITABLE;
  vm.setUserMemoryRegion({ slot: 1, guestPhysAddr: memoryBytes, memorySize: entries.byteLength });
  vm.writePhys(memoryBytes, new Uint8Array(entries.buffer));
  vcpu.setSregs({ cr3: memoryBytes, cr0: (vcpu.getSregs().cr0 | CR0_PG) >>> 0 });
}
