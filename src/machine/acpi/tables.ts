/** The ACPI tables of a PC (ACPI 6.4, chapter 5), in the forms of ACPI 1.0 and 2.0 that every 32-bit system knows. */
import { ascii, le16, le32 } from "./aml.ts";
import type { AcpiBoard } from "./dsdt.ts";
import { pcNamespace } from "./dsdt.ts";
import { hpetTable } from "./hpet-table.ts";
import { madt } from "./madt.ts";

/** Where the power-management registers are: fixed by the board (devices/acpi-pm.ts). */
export const PM_BASE = 0x600, SMI_COMMAND = 0xb2, ACPI_ENABLE = 0xf1, ACPI_DISABLE = 0xf0, SCI_IRQ = 9, RESET_PORT = 0xcf9, RESET_VALUE = 6;
/** Offsets from PM_BASE. */
const PM1_EVENT = 0, PM1_CONTROL = 4, PM_TIMER = 8;
/** The CMOS byte with the century. */
const CENTURY = 0x32;

const OEM_ID = "TCGJS ", OEM_TABLE_ID = "TCGJS PC", CREATOR = "TCGJ";
const HEADER_BYTES = 36, FACS_BYTES = 64, FACS_ALIGNMENT = 64, ROOT_POINTER_BYTES = 20;
/** Where a table has its sum, and the root pointer its own. */
const TABLE_SUM = 9, ROOT_SUM = 8;
/** Addresses in the FADT: FIRMWARE_CTRL, DSDT, X_FIRMWARE_CTRL, X_DSDT; and in the root pointer. */
const FADT_POINTERS = [36, 40, 132, 140], ROOT_POINTER = 16;
/** Root pointers are looked for on 16-byte boundaries. */
const ALIGNMENT = 16;

/** Tables as they lie in memory. */
export interface AcpiTables {
  /** All of them, for the address they were made for. */
  readonly bytes: Uint8Array;
  /** Physical address of the root pointer, which is their last part. */
  readonly rsdp: number;
  /** For who moves them: offsets in `bytes` of the fields of 32 bits that hold addresses. */
  readonly pointers: readonly number[];
  /** And the sums: offset of the byte that makes `length` bytes from `first` sum to 0. */
  readonly sums: readonly { readonly at: number; readonly first: number; readonly length: number }[];
}

/** What makes all bytes sum to 0. */
function checksum(bytes: readonly number[]): number {
  return -bytes.reduce((sum, b) => sum + b, 0) & 0xff;
}

/** A table with its header (§5.2.6). */
function table(signature: string, revision: number, body: readonly number[]): number[] {
  const bytes = [
    ...ascii(signature), ...le32(HEADER_BYTES + body.length), revision, 0, ...ascii(OEM_ID), ...ascii(OEM_TABLE_ID), ...le32(1), ...ascii(CREATOR), ...le32(1), ...body,
  ];
  bytes[TABLE_SUM] = checksum(bytes);
  return bytes;
}

/** Generic address structure (§5.2.3.2): a port. */
const port = (address: number, bits: number): number[] => [1, bits, 0, 0, ...le32(address), ...le32(0)];
const NO_ADDRESS = port(0, 0).map(() => 0);

/** Feature flags (table 5.10): WBINVD works, C1 works, RTC wakes not by fixed hardware, no sleep button, 24-bit timer, reset register. */
const FADT_FLAGS = 1 | 4 | 0x20 | 0x40 | 0x400;
/** IA-PC boot architecture (table 5.11): ISA devices are there, and an 8042. */
const BOOT_ARCHITECTURE = 3;
/** No C2, no C3. */
const LATENCY_NONE = 0xffff;

/** Fixed ACPI description table, revision 3 (§5.2.9). */
function fadt(facs: number, dsdt: number): number[] {
  return table("FACP", 3, [
    ...le32(facs), ...le32(dsdt), 0, 0, ...le16(SCI_IRQ), ...le32(SMI_COMMAND), ACPI_ENABLE, ACPI_DISABLE, 0, 0,
    ...le32(PM_BASE + PM1_EVENT), ...le32(0), ...le32(PM_BASE + PM1_CONTROL), ...le32(0), ...le32(0), ...le32(PM_BASE + PM_TIMER), ...le32(0), ...le32(0),
    4, 2, 0, 4, 0, 0, 0, 0, ...le16(LATENCY_NONE), ...le16(LATENCY_NONE), ...le16(0), ...le16(0), 0, 0, 0, 0, CENTURY, ...le16(BOOT_ARCHITECTURE), 0,
    ...le32(FADT_FLAGS), ...port(RESET_PORT, 8), RESET_VALUE, 0, 0, 0, ...le32(facs), ...le32(0), ...le32(dsdt), ...le32(0),
    ...port(PM_BASE + PM1_EVENT, 32), ...NO_ADDRESS, ...port(PM_BASE + PM1_CONTROL, 16), ...NO_ADDRESS, ...NO_ADDRESS, ...port(PM_BASE + PM_TIMER, 32), ...NO_ADDRESS, ...NO_ADDRESS,
  ]);
}

/** Firmware ACPI control structure (§5.2.10). */
function facs(): number[] {
  return [...ascii("FACS"), ...le32(FACS_BYTES), ...new Array<number>(FACS_BYTES - 8).fill(0)];
}

/** Root system description pointer of ACPI 1.0 (§5.2.5.3). */
function rootPointer(rsdt: number): number[] {
  const bytes = [...ascii("RSD PTR "), 0, ...ascii(OEM_ID), 0, ...le32(rsdt)];
  bytes[ROOT_SUM] = checksum(bytes);
  return bytes;
}

/** @param address  where they will lie: a multiple of 64 */
export function acpiTables(address: number, board: AcpiBoard): AcpiTables {
  const image: number[] = [];
  const place = (bytes: readonly number[], alignment: number): number => {
    while (image.length % alignment !== 0) image.push(0);
    image.push(...bytes);
    return address + image.length - bytes.length;
  };
  const facsAt = place(facs(), FACS_ALIGNMENT), dsdtAt = place(table("DSDT", 1, pcNamespace(board)), ALIGNMENT);
  const fadtTable = fadt(facsAt, dsdtAt), fadtAt = place(fadtTable, ALIGNMENT);
  const hpetAt = place(table("HPET", 1, hpetTable()), ALIGNMENT), listed = [fadtAt, hpetAt, ...(board.hasApic ? [place(table("APIC", 1, madt(SCI_IRQ)), ALIGNMENT)] : [])];
  const rsdtTable = table("RSDT", 1, listed.flatMap(le32)), rsdtAt = place(rsdtTable, ALIGNMENT);
  const rsdp = place(rootPointer(rsdtAt), ALIGNMENT);
  const summed = (at: number, { length }: { readonly length: number }, sum: number) => ({ at: at - address + sum, first: at - address, length });
  return {
    bytes: Uint8Array.from(image), rsdp,
    pointers: [...FADT_POINTERS.map((at) => fadtAt - address + at), ...listed.map((_, i) => rsdtAt - address + HEADER_BYTES + 4 * i), rsdp - address + ROOT_POINTER],
    sums: [summed(fadtAt, fadtTable, TABLE_SUM), summed(rsdtAt, rsdtTable, TABLE_SUM), summed(rsdp, { length: ROOT_POINTER_BYTES }, ROOT_SUM)],
  };
}
