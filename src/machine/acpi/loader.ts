/**
 * The ACPI tables for firmware to place: files of fw_cfg, and a script that says what to do with them (QEMU, hw/acpi/bios-linker-loader.c). The
 * script's entries have 128 bytes: a command and its arguments, little endian.
 */
import { le32 } from "./aml.ts";
import type { AcpiBoard } from "./dsdt.ts";
import type { AcpiTables } from "./tables.ts";
import { acpiTables } from "./tables.ts";

const TABLES = "etc/acpi/tables", ROOT = "etc/acpi/rsdp", SCRIPT = "etc/table-loader";
const ENTRY_BYTES = 128, NAME_BYTES = 56;
const ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3;
const ZONE_ANYWHERE = 1, ZONE_BELOW_1M = 2;
const TABLES_ALIGNMENT = 64, ROOT_ALIGNMENT = 16, POINTER_BYTES = 4;

function entry(command: number, ...fields: readonly (string | readonly number[])[]): number[] {
  const bytes = le32(command);
  for (const field of fields) {
    const content = typeof field === "string" ? [...new TextEncoder().encode(field)] : field;
    bytes.push(...content, ...new Array<number>(typeof field === "string" ? NAME_BYTES - content.length : 0).fill(0));
  }
  return [...bytes, ...new Array<number>(ENTRY_BYTES - bytes.length).fill(0)];
}

export function acpiFiles(board: AcpiBoard): ReadonlyMap<string, Uint8Array> {
  const { bytes, rsdp, ...fields }: AcpiTables = acpiTables(0, board);
  const inFile = (at: number): [string, number] => (at >= rsdp ? [ROOT, at - rsdp] : [TABLES, at]);
  const pointers = fields.pointers.map((pointer) => {
    const [file, at] = inFile(pointer);
    return entry(ADD_POINTER, file, TABLES, le32(at), [POINTER_BYTES]);
  });
  const sums = fields.sums.map(({ at, first, length }) => {
    const [file, sumAt] = inFile(at);
    return entry(ADD_CHECKSUM, file, le32(sumAt), le32(inFile(first)[1]), le32(length));
  });
  const script = [
    ...entry(ALLOCATE, ROOT, le32(ROOT_ALIGNMENT), [ZONE_BELOW_1M]), ...entry(ALLOCATE, TABLES, le32(TABLES_ALIGNMENT), [ZONE_ANYWHERE]), ...pointers.flat(), ...sums.flat(),
  ];
  return new Map([[TABLES, bytes.slice(0, rsdp)], [ROOT, bytes.slice(rsdp)], [SCRIPT, Uint8Array.from(script)]]);
}
