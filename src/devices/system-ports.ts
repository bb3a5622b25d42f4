/**
 * Ports of the board itself. System control A, 0x92, with A20 and a fast reset; B, 0x61, with the speaker and counter 2 of the
 * timer (IBM PS/2 Technical Reference, "System Control Port"). Reset control, 0xcf9 (82371SB, "RC").
 */
import type { Clock } from "../bus/clock.ts";
import type { BytePorts, Device, Line } from "../bus/device.ts";
import type { Saveable, SavedState } from "./saveable.ts";
import { BYTE, restoreFields, saveFields } from "./saveable.ts";

const A_RESET = 1, A_A20 = 2;

export class SystemControlA implements Device, Saveable, BytePorts {
  private readonly r = { value: A_A20 };
  private readonly a20: Line;
  private readonly resetCpu: () => void;

  constructor(pins: { readonly a20: Line; readonly resetCpu: () => void }) {
    this.a20 = pins.a20;
    this.resetCpu = pins.resetCpu;
  }

  /** A20 was set from elsewhere (the keyboard controller): the bit reads so. */
  set isA20On(isOn: boolean) {
    this.r.value = isOn ? this.r.value | A_A20 : this.r.value & ~A_A20;
  }

  readByte(): number {
    return this.r.value;
  }

  /** A rising bit 0 resets the processor. */
  writeByte(_offset: number, value: number): void {
    const rises = (value & ~this.r.value & A_RESET) !== 0;
    this.r.value = value & (A_RESET | A_A20);
    this.a20((value & A_A20) !== 0);
    if (rises) this.resetCpu();
  }

  reset(): void {
    this.r.value = A_A20;
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("port 0x92", this.r, { value: BYTE }, state);
  }
}

/** Counter 2 of the timer, as the port sees it. */
export interface SpeakerCounter {
  gate: boolean;
  readonly isHigh: boolean;
}

const B_GATE = 1, B_WRITABLE = 15, B_REFRESH = 0x10, B_OUTPUT = 0x20;
/** The refresh bit changes with each refresh of a row, every 15.085 µs. */
const REFRESH_NS = 15_085;

export class SystemControlB implements Device, Saveable, BytePorts {
  private readonly r = { value: 0 };
  private readonly clock: Clock;
  private readonly counter: SpeakerCounter;

  constructor(clock: Clock, counter: SpeakerCounter) {
    this.clock = clock;
    this.counter = counter;
    counter.gate = false;
  }

  readByte(): number {
    const refresh = Math.floor(this.clock.nowNs() / REFRESH_NS) % 2 === 0 ? 0 : B_REFRESH;
    return this.r.value | refresh | (this.counter.isHigh ? B_OUTPUT : 0);
  }

  writeByte(_offset: number, value: number): void {
    this.r.value = value & B_WRITABLE;
    this.counter.gate = (value & B_GATE) !== 0;
  }

  reset(): void {
    this.writeByte(0, 0);
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("port 0x61", this.r, { value: BYTE }, state);
  }
}

const RC_HARD = 2, RC_RESET = 4;

export class ResetControl implements Device, Saveable, BytePorts {
  private readonly r = { value: 0 };
  private readonly resetMachine: () => void;

  constructor(resetMachine: () => void) {
    this.resetMachine = resetMachine;
  }

  readByte(): number {
    return this.r.value;
  }

  /** A person presses the reset button. */
  press(): void {
    this.resetMachine();
  }

  /** A rising bit 2 resets; bit 1 says whether the whole machine or the processor alone, which is not told apart. */
  writeByte(_offset: number, value: number): void {
    const rises = (value & ~this.r.value & RC_RESET) !== 0;
    this.r.value = value & (RC_HARD | RC_RESET);
    if (rises) this.resetMachine();
  }

  reset(): void {
    this.r.value = 0;
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("port 0xcf9", this.r, { value: BYTE }, state);
  }
}
