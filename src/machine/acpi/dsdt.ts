/** The PC's ACPI namespace: what a system cannot find out by looking at the hardware. */
import type { Aml } from "./aml.ts";
import { argument0, busNumbers, device, eisaId, integer, ioPorts, ioWindow, irq, memoryWindow, method, name, pack, reference, resources, returnOf, scope, store, when } from "./aml.ts";
import { MAX_MEMORY_BYTES, UPPER_MEMORY, VIDEO_MEMORY } from "../memory-map.ts";
import { IO_APIC_BASE, PIRQ_PIN } from "./madt.ts";

/** What the tables are about. */
export interface AcpiBoard {
  /** Requests that PIRQA# to PIRQD# are routed to, where the 8259A are used. */
  readonly pirqs: readonly number[];
  /** The processor has a local APIC. */
  readonly hasApic: boolean;
}

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

const SLOTS = 32, PINS = 4;

/** What `_PIC` is told (§5.8.1): 0 for the 8259A, 1 for APICs. */
const INTERRUPT_MODEL = "\\PICM";

/** Routing of each slot's pins, all functions of a slot being one. @param inputs  what PIRQA# to PIRQD# lead to */
function routes(inputs: readonly number[]): Aml {
  const entries: Aml[] = [];
  for (let slot = 1; slot < SLOTS; slot++) {
    for (let pin = 0; pin < PINS; pin++) entries.push(pack(integer(((slot << 16) | 0xffff) >>> 0), integer(pin), integer(0), integer(inputs[(slot + pin - 1) & 3])));
  }
  return pack(...entries);
}

/** `_PRT` (§6.2.13): by the I/O APIC's own inputs, or by requests of the 8259A. */
function interruptRouting({ pirqs, hasApic }: AcpiBoard): Aml {
  if (!hasApic) return name("_PRT", routes(pirqs));
  return method("_PRT", 0, when(reference(INTERRUPT_MODEL), returnOf(routes(pirqs.map((_, i) => PIRQ_PIN + i)))), returnOf(routes(pirqs)));
}

function pciRoot(board: AcpiBoard): Aml {
  return device("PCI0",
    name("_HID", eisaId("PNP0A03")), name("_ADR", integer(0)), name("_UID", integer(0)),
    name("_CRS", resources(busNumbers(0, 0xff), ioPorts(0xcf8, 8), ioWindow(0, 0xcf7), ioWindow(0xd00, 0xffff), memoryWindow(VIDEO_MEMORY, UPPER_MEMORY - 1), memoryWindow(MAX_MEMORY_BYTES, IO_APIC_BASE - 1))),
    interruptRouting(board),
    device("ISA", name("_ADR", integer(0x10000)), ...ISA_DEVICES));
}

/** The definition block's terms. */
export function pcNamespace(board: AcpiBoard): Aml {
  return [
    ...name(INTERRUPT_MODEL, integer(0)), ...method("\\_PIC", 1, store(argument0, reference(INTERRUPT_MODEL))),
    ...name("\\_S5", pack(integer(SOFT_OFF_TYPE), integer(SOFT_OFF_TYPE), integer(0), integer(0))),
    ...scope("\\_SB", pciRoot(board)),
  ];
}
