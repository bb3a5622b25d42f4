/**
 * Where interrupts go on a PC's board: requests of the ISA bus to both 8259A and I/O APIC, the 8259's output to LINT0 of the local APIC, or
 * to a processor without one; messages to the local APIC.
 */
import type { Clock } from "../bus/clock.ts";
import type { Line } from "../bus/device.ts";
import { messageOf } from "../bus/interrupt-message.ts";
import type { TimeStamp } from "../devices/apic/apic-timer.ts";
import { IO_APIC_BYTES, IO_APIC_PINS, IoApic } from "../devices/apic/io-apic.ts";
import { APIC_LVT, APIC_SPURIOUS, LocalApic, LVT_LINT0, LVT_LINT1 } from "../devices/apic/local-apic.ts";
import { I8259Pair } from "../devices/i8259-pair.ts";
import type { MessageWriter } from "../devices/pci/msix.ts";
import type { RegisterMapper } from "../devices/pci/pci-function.ts";
import { IO_APIC_BASE, PIRQ_PIN, TIMER_PIN } from "./acpi/madt.ts";

/** The processor's side. */
export interface ProcessorPins {
  /** INTR. */
  readonly interrupt: Line;
  readonly nmi: () => void;
  readonly init: () => void;
  /** IA32_APIC_BASE; null: the processor has no local APIC. */
  readonly apicBase: (() => number) | null;
  /** Its counter, for the APIC's timer; null: it cannot have deadlines. */
  readonly timeStamp: TimeStamp | null;
}

/** What firmware sets up so that the 8259 goes on to interrupt the processor, "virtual wire mode" (MP specification 1.4, §3.6.2.2). */
const VIRTUAL_WIRE = [[APIC_SPURIOUS, 0x1ff], [APIC_LVT + 16 * LVT_LINT0, 0x700], [APIC_LVT + 16 * LVT_LINT1, 0x400]] as const;

export class PcInterrupts {
  readonly pic: I8259Pair;
  readonly ioApic: IoApic;
  /** Null if the processor has none. */
  readonly localApic: LocalApic | null;

  constructor(clock: Clock, memory: RegisterMapper, { interrupt, nmi, init, apicBase, timeStamp }: ProcessorPins) {
    const localApic = apicBase === null ? null : new LocalApic({
      clock, timeStamp, base: apicBase, memory, interrupt, nmi, init, endOfInterrupt: (vector) => this.ioApic.endOfInterrupt(vector), mayTakeMore: () => this.ioApic.sendPending(),
    });
    this.localApic = localApic;
    this.pic = new I8259Pair(localApic === null ? interrupt : (isHigh) => localApic.setPin(0, isHigh));
    this.ioApic = new IoApic((message) => localApic?.receive(message) ?? false);
    for (let input = PIRQ_PIN; input < IO_APIC_PINS; input++) this.setPciInput(input, false);
    memory.map(IO_APIC_BASE, IO_APIC_BYTES, this.ioApic);
  }

  /** The line of an interrupt request, 0..15 but not 2. */
  line(irq: number): Line {
    return (isHigh) => this.setIrq(irq, isHigh);
  }

  setIrq(irq: number, isHigh: boolean): void {
    this.pic.setIrq(irq, isHigh);
    this.ioApic.setInput(irq === 0 ? TIMER_PIN : irq, isHigh);
  }

  /** Inputs 16 to 23 of the I/O APIC, PIRQA# to PIRQH#: low while somebody holds them. */
  setPciInput(input: number, isHeld: boolean): void {
    this.ioApic.setInput(input, !isHeld);
  }

  /** Where devices send messages; null without a local APIC. */
  get messages(): MessageWriter | null {
    const { localApic } = this;
    if (localApic === null) return null;
    return (address, data) => {
      const message = messageOf(address, data);
      if (message !== null) localApic.receive(message);
    };
  }

  /** The processor should be interrupted. */
  get hasRequest(): boolean {
    return (this.localApic ?? this.pic).hasRequest;
  }

  /** The processor acknowledges; returns the vector, 0..255. */
  acknowledge(): number {
    return this.localApic === null ? this.pic.acknowledge() : this.localApic.acknowledge(() => this.pic.acknowledge());
  }

  /** Something may wake a processor that is halted with its interrupts off. */
  get mayWake(): boolean {
    return this.localApic !== null && (this.localApic.wakesBy(0) || this.ioApic.wakesByPin);
  }

  /** What firmware would have set up. */
  initialise(): void {
    for (const [register, value] of VIRTUAL_WIRE) this.localApic?.write(register, 4, value);
  }
}
