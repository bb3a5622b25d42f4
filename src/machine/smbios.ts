/** SMBIOS structures of a PC (DMTF DSP0134, SMBIOS 2.8): what machine it is, for fw_cfg; firmware places them. */
import { le16, le32 } from "./acpi/aml.ts";

const BIOS = 0, SYSTEM = 1, ENCLOSURE = 3, PROCESSOR = 4, MEMORY_ARRAY = 16, MEMORY_DEVICE = 17, ARRAY_ADDRESS = 19, BOOT = 32, END = 127;
const ENTRY_BYTES = 31;
/** BIOS characteristics (§7.1.1): PCI, CD boot, boot order, EDD; the extension: ACPI, and that it is a virtual machine. */
const BIOS_FEATURES = (1 << 7) | (1 << 15) | (1 << 16) | (1 << 19), BIOS_FEATURES_1 = 1, BIOS_FEATURES_2 = 0x10;
const KIB = 1024, MIB = 2 ** 20, MAX_MODULE_MIB = 0x7fff;
const VERSION = "2.8";
const OTHER = 1, UNKNOWN = 2, SAFE = 3;

/** A structure and its texts, which fields name by their numbers from 1. */
function structure(type: number, handle: number, fields: readonly number[], texts: readonly string[] = []): number[] {
  const strings = texts.length === 0 ? [0] : texts.flatMap((text) => [...new TextEncoder().encode(text), 0]);
  return [type, 4 + fields.length, ...le16(handle), ...fields, ...strings, 0];
}

/** Files of fw_cfg: the structures, and the entry point without address and sums. */
export function smbiosFiles(memoryBytes: number): ReadonlyMap<string, Uint8Array> {
  const megabytes = Math.floor(memoryBytes / MIB), zeroes = (n: number): number[] => new Array<number>(n).fill(0);
  const structures = [
    // Vendor, version, no segment, date, 64 KiB, features, releases.
    structure(BIOS, 0, [1, 2, ...le16(0xf000), 3, 0, ...le32(BIOS_FEATURES), ...le32(0), BIOS_FEATURES_1, BIOS_FEATURES_2, 0, 0, 0xff, 0xff], ["tcgjs", "1", "11/21/2026"]),
    // Maker, product, version, no serial number, UUID, woken by the power switch.
    structure(SYSTEM, 0x100, [1, 2, 3, 0, ...zeroes(16), 6, 0, 0], ["tcgjs", "PC (i440FX + PIIX)", "1"]),
    structure(ENCLOSURE, 0x300, [1, OTHER, 0, 0, 0, SAFE, SAFE, SAFE, UNKNOWN, ...le32(0), 0, 0, 0, 0, 0], ["tcgjs"]),
    // Socket, central processor, family other, maker, id, no speeds, on.
    structure(PROCESSOR, 0x400, [1, 3, OTHER, 2, ...zeroes(8), 0, 0, ...le16(0), ...le16(0), ...le16(0), 0x41, OTHER, ...le16(0xffff), ...le16(0xffff), ...le16(0xffff), 0, 0, 0, 1, 1, 1, ...le16(2), ...le16(OTHER)], ["CPU 0", "tcgjs"]),
    // On the board, system memory, no correction.
    structure(MEMORY_ARRAY, 0x1000, [3, 3, 3, ...le32(megabytes * KIB), ...le16(0xfffe), ...le16(1), ...zeroes(8)]),
    structure(MEMORY_DEVICE, 0x1100, [
      ...le16(0x1000), ...le16(0xfffe), ...le16(0xffff), ...le16(0xffff), ...le16(Math.min(megabytes, MAX_MODULE_MIB)), 9, 0, 1, 0, 7, ...le16(2), ...le16(0), 0, 0, 0, 0, 0,
      ...le32(megabytes > MAX_MODULE_MIB ? megabytes : 0), ...le16(0), ...zeroes(6),
    ], ["DIMM 0"]),
    structure(ARRAY_ADDRESS, 0x1300, [...le32(0), ...le32(memoryBytes / KIB - 1), ...le16(0x1000), 1, ...zeroes(16)]),
    structure(BOOT, 0x2000, zeroes(7)),
    structure(END, 0x7f00, []),
  ];
  const bytes = structures.flat(), largest = Math.max(...structures.map((s) => s.length)), [major, minor] = VERSION.split(".").map(Number);
  const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
  const anchor = [
    ...ascii("_SM_"), 0, ENTRY_BYTES, major, minor, ...le16(largest), 0, ...zeroes(5), ...ascii("_DMI_"), 0, ...le16(bytes.length), ...le32(0), ...le16(structures.length), (major << 4) | minor,
  ];
  return new Map([["etc/smbios/smbios-anchor", Uint8Array.from(anchor)], ["etc/smbios/smbios-tables", Uint8Array.from(bytes)]]);
}
