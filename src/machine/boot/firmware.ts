/** A PC with firmware: where the ROM goes, and what the board tells it (CMOS as QEMU's firmware reads it, fw_cfg). */
import { FW_CFG_MAX_CPUS, FW_CFG_NB_CPUS, FW_CFG_RAM_SIZE } from "../../devices/fw-cfg.ts";
import { KVM_MEM_READONLY } from "../../kvm/constants.ts";
import type { Vm } from "../../kvm/vm.ts";
import { acpiFiles } from "../acpi/loader.ts";
import type { AcpiBoard } from "../acpi/dsdt.ts";
import { addressMap, EXTENDED_MEMORY, SLOT_ROM } from "../memory-map.ts";
import type { BootPlan } from "./plan.ts";
import { smbiosFiles } from "../smbios.ts";
import { lowRom, planRom, romBase } from "./rom.ts";

/** A PC that starts with firmware, which finds something to start on its drives. */
export interface FirmwareBoot {
  /** A ROM that ends at 4 GiB. */
  readonly bios: Uint8Array;
  /** What to start from, in order: letters of `BOOT_ORDER_HELP`. Default: cad. */
  readonly order?: string | undefined;
}

const KIB = 1024, MIB = 2 ** 20, KIB64 = 65_536, E820_ENTRY_BYTES = 20;
/** CMOS bytes (QEMU's, after IBM's and SeaBIOS's): pairs are low byte first. */
const CMOS_BASE_KIB = 0x15, CMOS_EXTENDED_KIB = 0x17, CMOS_EXTENDED_KIB_2 = 0x30, CMOS_ABOVE_16M_64K = 0x34, CMOS_BOOT_LAST = 0x38, CMOS_BOOT_FIRST = 0x3d;
const BOOT_CODES: Readonly<Record<string, number>> = { a: 1, c: 2, d: 3, n: 4 };
export const BOOT_ORDER_HELP = "a (floppy), c (hard disk), d (CD), n (network), up to three of them";
const COM1 = 0x3f8;

/**
 * Puts the ROM at the end of the addresses.
 * @throws VmError EINVAL for a ROM of a size that is none
 */
export function mapFirmware(vm: Vm, rom: Uint8Array, memoryBytes: number): void {
  planRom(rom, memoryBytes);
  vm.setUserMemoryRegion({ slot: SLOT_ROM, guestPhysAddr: romBase(rom), memorySize: rom.length, flags: KVM_MEM_READONLY });
}

/**
 * Fills the ROM, and puts what of it is below 1 MiB into memory there: as if it had been copied to shadow memory, which firmware then does again.
 * @returns how the processor starts
 */
export function installFirmware(vm: Vm, rom: Uint8Array, memoryBytes: number): BootPlan {
  const low = lowRom(rom);
  vm.writePhys(romBase(rom), rom);
  vm.writePhys(low.base, low.bytes);
  return planRom(rom, memoryBytes);
}

/** CMOS bytes by address. */
export function cmosOf(memoryBytes: number, order: string): ReadonlyMap<number, number> {
  const word = (at: number, value: number): [number, number][] => [[at, value & 0xff], [at + 1, (value >>> 8) & 0xff]];
  const extended = Math.min(0xffff, (memoryBytes - EXTENDED_MEMORY) / KIB), above16M = Math.min(0xffff, Math.max(0, memoryBytes - 16 * MIB) / KIB64);
  const [first = 0, second = 0, third = 0] = [...order].map((letter) => BOOT_CODES[letter] ?? 0);
  return new Map([
    ...word(CMOS_BASE_KIB, 640), ...word(CMOS_EXTENDED_KIB, extended), ...word(CMOS_EXTENDED_KIB_2, extended), ...word(CMOS_ABOVE_16M_64K, above16M),
    // Bit 0: start from a disk without the signature too.
    [CMOS_BOOT_FIRST, first | (second << 4)], [CMOS_BOOT_LAST, (third << 4) | 1],
  ]);
}

/** fw_cfg's numbered items. */
export function firmwareItems(memoryBytes: number): ReadonlyMap<number, Uint8Array> {
  const ram = new Uint8Array(8);
  new DataView(ram.buffer).setBigUint64(0, BigInt(memoryBytes), true);
  return new Map([[FW_CFG_RAM_SIZE, ram], [FW_CFG_NB_CPUS, Uint8Array.of(1, 0)], [FW_CFG_MAX_CPUS, Uint8Array.of(1, 0)]]);
}

/** fw_cfg's files: memory, tables to be placed, and that the console of text programs is the first serial line. */
export function firmwareFiles(memoryBytes: number, board: AcpiBoard): ReadonlyMap<string, Uint8Array> {
  const map = addressMap(memoryBytes);
  const e820 = new Uint8Array(E820_ENTRY_BYTES * map.length), view = new DataView(e820.buffer);
  map.forEach(({ address, sizeBytes, type }, i) => {
    view.setBigUint64(E820_ENTRY_BYTES * i, BigInt(address), true);
    view.setBigUint64(E820_ENTRY_BYTES * i + 8, BigInt(sizeBytes), true);
    view.setUint32(E820_ENTRY_BYTES * i + 16, type, true);
  });
  return new Map([["etc/e820", e820], ["etc/sercon-port", Uint8Array.of(COM1 & 0xff, COM1 >>> 8)], ...acpiFiles(board), ...smbiosFiles(memoryBytes)]);
}
