/**
 * 8254 programmable interval timer (Intel 231164): three counters of 16 bits, clocked at 1.193182 MHz. Nothing counts by itself:
 * values follow from the time that has passed, and an alarm is set for the next edge of an output that somebody listens to.
 *
 * | offset | reads | writes |
 * |---|---|---|
 * | 0..2 | a counter's status, latched count or count | its initial count |
 * | 3 | - | control word, counter latch, read-back |
 */
import type { Clock } from "../bus/clock.ts";
import type { BytePorts, Device, Line } from "../bus/device.ts";
import { I8254Counter } from "./i8254-counter.ts";
import type { Saveable, SavedState } from "./saveable.ts";
import { restoreParts, saveParts } from "./saveable.ts";

const CONTROL = 3, READ_BACK = 3;
/** Read-back command: bits that are 0 to latch (data sheet, "Read-Back Command"). */
const NO_COUNT = 0x20, NO_STATUS = 0x10;

export class I8254 implements Device, Saveable, BytePorts {
  readonly counters: readonly I8254Counter[];

  /** @param outputs  OUT of each counter */
  constructor(clock: Clock, outputs: readonly [Line, Line, Line]) {
    this.counters = outputs.map((output) => new I8254Counter(clock, output));
  }

  readByte(offset: number): number {
    return offset === CONTROL ? 0xff : this.counters[offset].read();
  }

  writeByte(offset: number, value: number): void {
    if (offset !== CONTROL) return this.counters[offset].write(value);
    const which = value >>> 6;
    if (which !== READ_BACK) return this.counters[which].control(value & 0x3f);
    this.counters.forEach((counter, i) => {
      if ((value & (2 << i)) === 0) return;
      if ((value & NO_COUNT) === 0) counter.latchCount();
      if ((value & NO_STATUS) === 0) counter.latchStatus();
    });
  }

  reset(): void {
    for (const counter of this.counters) counter.reset();
  }

  save(): SavedState {
    return saveParts(this.parts);
  }

  restore(state: SavedState): void {
    restoreParts("8254", this.parts, state);
  }

  private get parts(): Readonly<Record<string, Saveable>> {
    const [counter0, counter1, counter2] = this.counters;
    return { counter0, counter1, counter2 };
  }
}
