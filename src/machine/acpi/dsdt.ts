/** The PC's ACPI namespace: what a system cannot find out by looking at the hardware. */
import type { Aml } from "./aml.ts";
import { device, eisaId, integer, ioPorts, irq, name, pack, resources, scope } from "./aml.ts";

/** What software writes as SLP_TYP to switch the machine off (`\_S5`), as the PIIX4 takes it. */
export const SOFT_OFF_TYPE = 0;

/** A device of the ISA bus: a name, a Plug and Play identifier, ports and interrupt requests. */
function isaDevice(path: string, id: string, unit: number, ports: readonly (readonly [number, number])[], irqs: readonly number[]): Aml {
  return device(path, name("_HID", eisaId(id)), name("_UID", integer(unit)), name("_CRS", resources(...ports.map(([first, count]) => ioPorts(first, count)), ...irqs.map(irq))));
}

const ISA_DEVICES: readonly Aml[] = [
  isaDevice("RTC", "PNP0B00", 0, [[0x70, 2]], [8]),
  isaDevice("KBD", "PNP0303", 0, [[0x60, 1], [0x64, 1]], [1]),
  isaDevice("MOU", "PNP0F13", 0, [], [12]),
  isaDevice("COM1", "PNP0501", 1, [[0x3f8, 8]], [4]),
  isaDevice("COM2", "PNP0501", 2, [[0x2f8, 8]], [3]),
  isaDevice("COM3", "PNP0501", 3, [[0x3e8, 8]], [4]),
  isaDevice("COM4", "PNP0501", 4, [[0x2e8, 8]], [3]),
];

/** The definition block's terms. */
export function pcNamespace(): Aml {
  return [
    ...name("\\_S5", pack(integer(SOFT_OFF_TYPE), integer(SOFT_OFF_TYPE), integer(0), integer(0))),
    ...scope("\\_SB", ...ISA_DEVICES),
  ];
}
