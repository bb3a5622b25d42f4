/** The multiple APIC description table (ACPI 6.4, §5.2.12): which interrupt controllers there are besides the 8259A, and what is wired to them. */
import { le16, le32 } from "./aml.ts";

export const IO_APIC_BASE = 0xfec00000, LOCAL_APIC_BASE = 0xfee00000;
/** The I/O APIC's inputs of request 0, whose own is the 8259A's output on other boards; of PIRQA#; those below are the other ISA requests'. */
export const TIMER_PIN = 2, PIRQ_PIN = 16;

/** There are 8259A as well. */
const PCAT_COMPAT = 1;
const LOCAL_APIC = 0, IO_APIC = 1, SOURCE_OVERRIDE = 2, LOCAL_APIC_NMI = 4;
const ALL_PROCESSORS = 0xff, ISA = 0, LINT1 = 1, ENABLED = 1;
/** Polarity and trigger mode: the bus's own; active high, by level. */
const CONFORMS = 0, HIGH_LEVEL = 0x0d;

/** The table's body. @param sciIrq  the system control interrupt */
export function madt(sciIrq: number): number[] {
  return [
    ...le32(LOCAL_APIC_BASE), ...le32(PCAT_COMPAT),
    LOCAL_APIC, 8, 0, 0, ...le32(ENABLED),
    IO_APIC, 12, 0, 0, ...le32(IO_APIC_BASE), ...le32(0),
    SOURCE_OVERRIDE, 10, ISA, 0, ...le32(TIMER_PIN), ...le16(CONFORMS),
    SOURCE_OVERRIDE, 10, ISA, sciIrq, ...le32(sciIrq), ...le16(HIGH_LEVEL),
    LOCAL_APIC_NMI, 6, ALL_PROCESSORS, ...le16(CONFORMS), LINT1,
  ];
}
