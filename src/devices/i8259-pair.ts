/**
 * The two 8259A of an AT: sixteen interrupt requests, the second chip's output being input 2 of the first. With them the
 * edge/level registers that the south bridge adds (82371SB, ELCR1 and ELCR2).
 */
import type { BytePorts, Line } from "../bus/device.ts";
import { I8259 } from "./i8259.ts";

const CASCADE = 2;
/** Requests that trigger by edge whatever is written: timer, keyboard, cascade; clock, coprocessor. */
const ALWAYS_EDGE = [0x07, 0x21] as const;

export class I8259Pair {
  readonly master: I8259;
  readonly slave: I8259;
  /** ELCR1 and ELCR2. */
  readonly edgeLevel: BytePorts;

  /** @param output  INTR of the processor */
  constructor(output: Line) {
    this.master = new I8259(1 << CASCADE, output);
    this.slave = new I8259(0, (isHigh) => this.master.setInput(CASCADE, isHigh));
    const chips = [this.master, this.slave];
    this.edgeLevel = {
      readByte: (offset) => chips[offset & 1].edgeLevelControl,
      writeByte: (offset, value) => {
        chips[offset & 1].edgeLevelControl = value & ~ALWAYS_EDGE[offset & 1];
      },
    };
  }

  /** The line of an interrupt request, 0..15 but not 2. */
  line(irq: number): Line {
    return (isHigh) => this.setIrq(irq, isHigh);
  }

  setIrq(irq: number, isHigh: boolean): void {
    if (irq < 8) this.master.setInput(irq, isHigh);
    else this.slave.setInput(irq - 8, isHigh);
  }

  /** The processor should be interrupted. */
  get hasRequest(): boolean {
    return this.master.hasRequest;
  }

  /** The processor acknowledges; returns the vector, 0..255. */
  acknowledge(): number {
    const isCascade = this.master.acknowledgedInput === CASCADE, vector = this.master.acknowledge();
    // The second chip puts its vector on the bus, once the first has put the request in service.
    return isCascade ? this.slave.acknowledge() : vector;
  }

  reset(): void {
    this.master.reset();
    this.slave.reset();
  }
}
