/**
 * I/O APIC (Intel 82093AA, 290566): 24 inputs, each of which sends a message of its own to the local APICs.
 */
import { partOf } from "../../bus/bytes.ts";
import type { Device, WidePorts } from "../../bus/device.ts";
import type { InterruptBus } from "../../bus/interrupt-message.ts";
import { FIXED, LOWEST_PRIORITY } from "../../bus/interrupt-message.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { array, BYTE, masked, restoreFields, saveFields } from "../saveable.ts";
import { ACTIVE_LOW, LEVEL, MASKED, modeOf, REMOTE_IRR, VECTOR, wakes } from "./interrupt-entry.ts";

export const IO_APIC_PINS = 24;
/** Registers in memory: an index, and the register it names (§3.0). */
export const IO_APIC_BYTES = 0x20;
const SELECT = 0x00, WINDOW = 0x10;
/** By index. */
const ID = 0, VERSION = 1, ARBITRATION = 2, TABLE = 0x10;
const VERSION_VALUE = 0x11 | ((IO_APIC_PINS - 1) << 16), ID_BITS = 0x0f000000;
/** Of a redirection entry's lower word (§3.2.4). */
const LOGICAL = 0x800, SEND_PENDING = 0x1000, LOW_WRITABLE = 0x1afff, LOW_BITS = LOW_WRITABLE | REMOTE_IRR, HIGH_BITS = 0xff000000;

interface Registers {
  select: number;
  id: number;
  /** The redirection table: upper words have the destination. */
  low: readonly number[];
  high: readonly number[];
  /** Inputs as they are now, a bit each. */
  inputs: number;
}

const SHAPE: Shape<Registers> = {
  select: BYTE, id: masked(ID_BITS), low: array(IO_APIC_PINS, masked(LOW_BITS)), high: array(IO_APIC_PINS, masked(HIGH_BITS)), inputs: masked(2 ** IO_APIC_PINS - 1),
};

const powerOn = (): Omit<Registers, "inputs"> => ({ select: 0, id: 0, low: new Array<number>(IO_APIC_PINS).fill(MASKED), high: new Array<number>(IO_APIC_PINS).fill(0) });

export class IoApic implements Device, Saveable, WidePorts {
  private readonly r: Registers = { ...powerOn(), inputs: 0 };
  private readonly bus: InterruptBus;

  constructor(bus: InterruptBus) {
    this.bus = bus;
  }

  /** Drives an input, 0..23. */
  setInput(pin: number, isHigh: boolean): void {
    const { r } = this, bit = 1 << pin;
    if (((r.inputs & bit) !== 0) === isHigh) return;
    r.inputs ^= bit;
    // An edge on an input that is masked is forgotten (§3.2.4, "Interrupt Mask").
    if ((r.low[pin] & LEVEL) !== 0) this.sendLevel(pin);
    else if (this.isActive(pin) && (r.low[pin] & MASKED) === 0) this.send(pin);
  }

  /** A local APIC has got the end of an interrupt: inputs that hold its level send it again. */
  endOfInterrupt(vector: number): void {
    const { r } = this;
    for (let pin = 0; pin < IO_APIC_PINS; pin++) {
      if ((r.low[pin] & REMOTE_IRR) === 0 || (r.low[pin] & VECTOR) !== vector) continue;
      this.setLow(pin, r.low[pin] & ~REMOTE_IRR);
      this.sendLevel(pin);
    }
  }

  /** A local APIC may take what it has refused: levels that nobody has taken are sent again (§3.2.4, "Delivery Status" and "Remote IRR"). */
  sendPending(): void {
    for (let pin = 0; pin < IO_APIC_PINS; pin++) if ((this.r.low[pin] & LEVEL) !== 0) this.sendLevel(pin);
  }

  /** An NMI or INIT may come from here: even a processor with its interrupts off may be woken. */
  get wakesByPin(): boolean {
    return this.r.low.some(wakes);
  }

  read(offset: number, size: number): number {
    const value = offset === SELECT ? this.r.select : offset === WINDOW ? this.readRegister() : 0;
    return partOf(value, 0, size);
  }

  write(offset: number, size: number, value: number): void {
    if (offset === SELECT) this.r.select = value & 0xff;
    else if (offset === WINDOW && size === 4) this.writeRegister(value);
  }

  reset(): void {
    Object.assign(this.r, powerOn());
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("82093AA", this.r, SHAPE, state);
  }

  // ---- inside

  private isActive(pin: number): boolean {
    return ((this.r.inputs & (1 << pin)) !== 0) !== ((this.r.low[pin] & ACTIVE_LOW) !== 0);
  }

  /** It triggers by level, and nobody has taken that. */
  private isPending(pin: number): boolean {
    return this.isActive(pin) && (this.r.low[pin] & (LEVEL | MASKED | REMOTE_IRR)) === LEVEL;
  }

  private sendLevel(pin: number): void {
    if (!this.isPending(pin)) return;
    if (this.send(pin)) this.setLow(pin, this.r.low[pin] | REMOTE_IRR);
  }

  private send(pin: number): boolean {
    const low = this.r.low[pin], isLevel = (low & LEVEL) !== 0;
    const isTaken = this.bus({ mode: modeOf(low), vector: low & VECTOR, isLevel: isFixed(low) && isLevel, destination: this.r.high[pin] >>> 24, isLogical: (low & LOGICAL) !== 0 });
    return isTaken && isFixed(low);
  }

  private setLow(pin: number, value: number): void {
    this.r.low = this.r.low.with(pin, value);
  }

  private readRegister(): number {
    const { r } = this, pin = (r.select - TABLE) >> 1;
    if (pin >= 0 && pin < IO_APIC_PINS) return (r.select & 1) !== 0 ? r.high[pin] : r.low[pin] | (this.isPending(pin) && isFixed(r.low[pin]) ? SEND_PENDING : 0);
    switch (r.select) {
      case ID:
      // The arbitration ID is the ID until messages have gone over a bus.
      case ARBITRATION: return r.id;
      case VERSION: return VERSION_VALUE;
      default: return 0;
    }
  }

  private writeRegister(value: number): void {
    const { r } = this, pin = (r.select - TABLE) >> 1;
    if (r.select === ID) r.id = value & ID_BITS;
    else if (pin >= 0 && pin < IO_APIC_PINS && (r.select & 1) !== 0) r.high = r.high.with(pin, (value & HIGH_BITS) >>> 0);
    else if (pin >= 0 && pin < IO_APIC_PINS) this.writeLow(pin, value);
  }

  /** An entry that triggers by edge has nothing to remember: that is how systems end an interrupt here. */
  private writeLow(pin: number, value: number): void {
    const kept = (value & LEVEL) !== 0 ? this.r.low[pin] & REMOTE_IRR : 0;
    this.setLow(pin, (value & LOW_WRITABLE) | kept);
    if ((value & LEVEL) !== 0) this.sendLevel(pin);
  }
}

/** Only such interrupts can trigger by level. */
function isFixed(low: number): boolean {
  return [FIXED, LOWEST_PRIORITY].includes(modeOf(low));
}
