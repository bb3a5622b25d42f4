/**
 * The bridges of a PC: 82441FX (host, Intel 290549), 82371SB (ISA, Intel 290550) with its routing of PCI interrupts.
 */
import type { Line } from "../../bus/device.ts";
import { PciFunction } from "./pci-function.ts";

const INTEL = 0x8086;

/** 82441FX: its memory attribute registers (PAM) and the rest are kept, and do nothing: all of the first MiB is memory here. */
export function hostBridge(): PciFunction {
  const pam = Array.from({ length: 7 }, (_, i) => ({ offset: 0x59 + i, value: 0, writable: i === 0 ? 0xf0 : 0xff }));
  return new PciFunction({ vendor: INTEL, device: 0x1237, revision: 2, classCode: 0x060000, registers: [...pam, { offset: 0x72, value: 2, writable: 0x78 }] });
}

/** PIRQRC registers (82371SB, 60h to 63h): bit 7 off, bits 0 to 3 the request. */
export const PIRQ_ROUTING = 0x60;
const PIRQ_LINES = 4, PIRQ_OFF = 0x80, PIRQ_IRQ = 15;

export class IsaBridge {
  readonly pci: PciFunction;
  private readonly requests: (irq: number, isHigh: boolean) => void;
  /** Who holds each of PIRQA# to PIRQD# down. */
  private readonly holders: readonly Set<number>[] = Array.from({ length: PIRQ_LINES }, () => new Set<number>());
  /** Request that each of them drives now, or -1. */
  private readonly driven: number[] = new Array<number>(PIRQ_LINES).fill(-1);

  private readonly lines: (line: number, isHeld: boolean) => void;

  /**
   * @param requests  drives an interrupt request; several lines may share one: high while one of them is
   * @param lines     is told who of PIRQA# to PIRQD# (0..3) is held down, wherever they are routed to: an I/O APIC has inputs for them
   */
  constructor(requests: (irq: number, isHigh: boolean) => void, lines: (line: number, isHeld: boolean) => void) {
    this.requests = requests;
    this.lines = lines;
    this.pci = new PciFunction({
      vendor: INTEL, device: 0x7000, classCode: 0x060100, hasFunctions: true,
      registers: Array.from({ length: PIRQ_LINES }, (_, i) => ({ offset: PIRQ_ROUTING + i, value: PIRQ_OFF, writable: PIRQ_OFF | PIRQ_IRQ })),
    });
    this.pci.onChange = () => this.route();
  }

  /** INTA# (pin 1) to INTD# (pin 4) of a slot: each slot's are turned by one, so that they spread over the four lines. */
  line(slot: number, pin: number): Line {
    const holder = (slot << 2) | pin, line = pirqOf(slot, pin), holders = this.holders[line];
    return (isHigh) => {
      if (isHigh) holders.add(holder);
      else holders.delete(holder);
      this.lines(line, holders.size > 0);
      this.route();
    };
  }

  private route(): void {
    const wanted = this.holders.map((holders, i) => {
      const routing = this.pci.byteAt(PIRQ_ROUTING + i);
      return holders.size > 0 && (routing & PIRQ_OFF) === 0 ? routing & PIRQ_IRQ : -1;
    });
    const before = new Set(this.driven), after = new Set(wanted);
    for (const irq of before) if (irq >= 0 && !after.has(irq)) this.requests(irq, false);
    for (const irq of after) if (irq >= 0 && !before.has(irq)) this.requests(irq, true);
    wanted.forEach((irq, i) => { this.driven[i] = irq; });
  }
}

/** Which of PIRQA# to PIRQD# (0..3) a slot's pin (1..4) is wired to. */
export function pirqOf(slot: number, pin: number): number {
  return (slot + pin - 2) & 3;
}
