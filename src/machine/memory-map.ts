/** What lies where in the physical addresses of a PC, and how firmware tells (INT 15h, E820). */
import type { Vm } from "../kvm/vm.ts";

/** Types of address ranges (ACPI 6.4, table 15.4). */
export const E820_RAM = 1, E820_RESERVED = 2;

export interface AddressRangeEntry {
  readonly address: number;
  readonly sizeBytes: number;
  readonly type: number;
}

/** Base memory ends here; above it, up to 640 KiB, is the extended BIOS data area. */
export const BASE_MEMORY_END = 0x9fc00;
export const VIDEO_MEMORY = 0xa0000, UPPER_MEMORY = 0xc0000, FIRMWARE_AREA = 0xe0000, EXTENDED_MEMORY = 0x100000;
/** Memory ends here at the latest: PCI devices and the firmware's ROM are above. */
export const MAX_MEMORY_BYTES = 0xe0000000;
export const MIN_MEMORY_BYTES = 0x200000;

/** Memory slots: below the video memory and above it; firmware's ROM; those that devices' memory may have. */
const SLOTS = [0, 2] as const;
export const SLOT_ROM = 1, DEVICE_SLOTS: readonly number[] = Array.from({ length: 16 }, (_, i) => 16 + i);

/** Physical addresses with memory. */
export interface MemoryRange {
  readonly address: number;
  readonly sizeBytes: number;
}

/** Where the memory of a PC is: around its video memory. */
export function memoryRanges(memoryBytes: number): readonly [low: MemoryRange, high: MemoryRange] {
  return [{ address: 0, sizeBytes: VIDEO_MEMORY }, { address: UPPER_MEMORY, sizeBytes: memoryBytes - UPPER_MEMORY }];
}

/** Gives a PC its memory, in one buffer: what would be where video memory is, is not used. @throws VmError ENOMEM */
export function installMemory(vm: Vm, memoryBytes: number): void {
  const bytes = vm.allocateMemory(memoryBytes);
  memoryRanges(memoryBytes).forEach(({ address, sizeBytes }, i) => {
    vm.setUserMemoryRegion({ slot: SLOTS[i], guestPhysAddr: address, memorySize: sizeBytes, userspaceAddr: bytes.subarray(address, address + sizeBytes), isHandedOver: true });
  });
}

/** The address map of a PC with so much memory. */
export function addressMap(memoryBytes: number): AddressRangeEntry[] {
  return [
    { address: 0, sizeBytes: BASE_MEMORY_END, type: E820_RAM },
    { address: BASE_MEMORY_END, sizeBytes: VIDEO_MEMORY - BASE_MEMORY_END, type: E820_RESERVED },
    { address: FIRMWARE_AREA, sizeBytes: EXTENDED_MEMORY - FIRMWARE_AREA, type: E820_RESERVED },
    { address: EXTENDED_MEMORY, sizeBytes: memoryBytes - EXTENDED_MEMORY, type: E820_RAM },
  ];
}
