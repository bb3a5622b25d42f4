/**
 * 8259A programmable interrupt controller (Intel 231468): eight inputs in order of priority, one output. One chip; a PC has two,
 * joined in i8259-pair.ts. Only 8086 mode is offered: a chip told to be in MCS-80/85 mode still gives vectors.
 */
import type { BytePorts, Device, Line } from "../bus/device.ts";
import { BYTE, FLAG, restoreFields, saveFields, upTo } from "./saveable.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";

/** What the chip remembers. */
interface Registers {
  /** Inputs as they are now, a bit each. */
  inputs: number;
  /** IRR: edges that were seen, for inputs that trigger by edge. */
  edges: number;
  /** ISR: acknowledged and not ended. */
  inService: number;
  /** IMR (OCW1). */
  mask: number;
  /** Inputs that trigger by level (ELCR; all of them with ICW1.LTIM). */
  levels: number;
  isLevelMode: boolean;
  /** ICW2: upper five bits of the vectors. */
  vectorBase: number;
  icw3: number;
  /** The next write to port 1 is ICW2, 3, 4; 0: OCW1. */
  nextIcw: number;
  isSingle: boolean;
  wantsIcw4: boolean;
  /** ICW4. */
  isAutoEoi: boolean;
  isSpecialFullyNested: boolean;
  /** The input of the lowest priority; the next one has the highest. */
  lowest: number;
  rotatesOnAutoEoi: boolean;
  isSpecialMask: boolean;
  /** OCW3: port 0 reads the ISR instead of the IRR. */
  readsInService: boolean;
  /** OCW3: the next read is a poll. */
  polls: boolean;
}

const SHAPE: Shape<Registers> = {
  inputs: BYTE, edges: BYTE, inService: BYTE, mask: BYTE, levels: BYTE, isLevelMode: FLAG, vectorBase: BYTE, icw3: BYTE, nextIcw: upTo(4),
  isSingle: FLAG, wantsIcw4: FLAG, isAutoEoi: FLAG, isSpecialFullyNested: FLAG, lowest: upTo(7), rotatesOnAutoEoi: FLAG, isSpecialMask: FLAG,
  readsInService: FLAG, polls: FLAG,
};

const ICW1 = 0x10, ICW1_IC4 = 1, ICW1_SNGL = 2, ICW1_LTIM = 8;
const ICW4_AEOI = 2, ICW4_SFNM = 0x10;
const OCW3 = 0x08, OCW3_RIS = 1, OCW3_RR = 2, OCW3_POLL = 4, OCW3_SMM = 0x20, OCW3_ESMM = 0x40;
/** OCW2, bits 7 to 5: rotate, specific, end of interrupt. */
const OCW2_R = 0x80, OCW2_SL = 0x40, OCW2_EOI = 0x20;
/** Bit 7 of what a poll reads: there was a request. */
const POLL_REQUEST = 0x80;
/** The input a request stands for that has gone before it was acknowledged. */
const SPURIOUS = 7;

const powerOn = (): Registers => ({
  inputs: 0, edges: 0, inService: 0, mask: 0, levels: 0, isLevelMode: false, vectorBase: 0, icw3: 0, nextIcw: 0, isSingle: false, wantsIcw4: false,
  isAutoEoi: false, isSpecialFullyNested: false, lowest: 7, rotatesOnAutoEoi: false, isSpecialMask: false, readsInService: false, polls: false,
});

export class I8259 implements Device, Saveable, BytePorts {
  private readonly r = powerOn();
  private readonly cascadeInputs: number;
  private readonly output: Line;

  /**
   * @param cascadeInputs  inputs that other chips' outputs are connected to, a bit each
   * @param output         INT
   */
  constructor(cascadeInputs: number, output: Line) {
    this.cascadeInputs = cascadeInputs;
    this.output = output;
  }

  // ---- the board's side

  /** Drives an input, 0..7. */
  setInput(input: number, isHigh: boolean): void {
    const { r } = this, bit = 1 << input;
    if (((r.inputs & bit) !== 0) === isHigh) return;
    if (isHigh) {
      r.inputs |= bit;
      r.edges |= bit;
    } else {
      r.inputs &= ~bit;
      // A request must stay until it is acknowledged (data sheet, "Interrupt Request Register").
      r.edges &= ~bit;
    }
    this.update();
  }

  /** INT is high: there is a request that the processor should hear of. */
  get hasRequest(): boolean {
    return this.requested() >= 0;
  }

  /** The input that an acknowledge would choose now; `SPURIOUS` if the request has gone. */
  get acknowledgedInput(): number {
    const input = this.requested();
    return input < 0 ? SPURIOUS : input;
  }

  /** The processor acknowledges (INTA): the request is in service. Returns its vector. */
  acknowledge(): number {
    const { r } = this, input = this.requested();
    if (input >= 0) this.serve(input);
    return r.vectorBase | (input < 0 ? SPURIOUS : input);
  }

  /** Which inputs trigger by level, a bit each: the south bridge's ELCR register of this chip (82371SB, "ELCR1"). */
  get edgeLevelControl(): number {
    return this.r.levels;
  }

  set edgeLevelControl(levels: number) {
    this.r.levels = levels;
    this.update();
  }

  // ---- the processor's side

  readByte(offset: number): number {
    const { r } = this;
    if (r.polls) return this.poll();
    if (offset === 1) return r.mask;
    return r.readsInService ? r.inService : this.requests();
  }

  writeByte(offset: number, value: number): void {
    if (offset === 1) this.writeData(value);
    else if ((value & ICW1) !== 0) this.startInitialisation(value);
    else if ((value & OCW3) !== 0) this.writeOcw3(value);
    else this.writeOcw2(value);
    this.update();
  }

  reset(): void {
    const { inputs } = this.r;
    Object.assign(this.r, powerOn(), { inputs });
    this.update();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("8259", this.r, SHAPE, state);
    this.update();
  }

  // ---- inside

  /** IRR. */
  private requests(): number {
    const { r } = this, levels = r.isLevelMode ? 0xff : r.levels;
    return (r.edges & ~levels) | (r.inputs & levels);
  }

  /** The request of the highest priority that may interrupt what is in service, or -1. */
  private requested(): number {
    const { r } = this, requests = this.requests() & ~r.mask;
    if (requests === 0) return -1;
    for (let i = 1; i <= 8; i++) {
      const input = (r.lowest + i) & 7, bit = 1 << input;
      // In special fully nested mode another chip may interrupt its own handler: it has priorities of its own.
      const isInService = (r.inService & bit) !== 0 && !(r.isSpecialFullyNested && (this.cascadeInputs & bit) !== 0);
      if (isInService && !r.isSpecialMask) return -1;
      if (!isInService && (requests & bit) !== 0) return input;
    }
    return -1;
  }

  private serve(input: number): void {
    const { r } = this, bit = 1 << input;
    r.edges &= ~bit;
    if (!r.isAutoEoi) r.inService |= bit;
    else if (r.rotatesOnAutoEoi) r.lowest = input;
    // INT falls with the acknowledge; if there is more to do, the next edge follows.
    this.output(false);
    this.update();
  }

  private poll(): number {
    const input = this.requested();
    this.r.polls = false;
    if (input < 0) return 0;
    this.serve(input);
    return POLL_REQUEST | input;
  }

  /** ICW1 (data sheet, "Initialization Command Word 1"): what it clears. */
  private startInitialisation(value: number): void {
    const { r } = this;
    r.edges = 0;
    r.mask = 0;
    r.inService = 0;
    r.lowest = 7;
    r.icw3 = 0;
    r.isSpecialMask = r.readsInService = r.polls = r.isAutoEoi = r.isSpecialFullyNested = r.rotatesOnAutoEoi = false;
    r.isLevelMode = (value & ICW1_LTIM) !== 0;
    r.isSingle = (value & ICW1_SNGL) !== 0;
    r.wantsIcw4 = (value & ICW1_IC4) !== 0;
    r.nextIcw = 2;
  }

  private writeData(value: number): void {
    const { r } = this, icw = r.nextIcw;
    switch (icw) {
      case 2:
        r.vectorBase = value & 0xf8;
        break;
      case 3:
        r.icw3 = value;
        break;
      case 4:
        r.isAutoEoi = (value & ICW4_AEOI) !== 0;
        r.isSpecialFullyNested = (value & ICW4_SFNM) !== 0;
        break;
      default:
        r.mask = value;
        return;
    }
    r.nextIcw = icw === 2 && !r.isSingle ? 3 : icw < 4 && r.wantsIcw4 ? 4 : 0;
  }

  private writeOcw2(value: number): void {
    const { r } = this, rotates = (value & OCW2_R) !== 0;
    if ((value & OCW2_EOI) !== 0) {
      const input = (value & OCW2_SL) !== 0 ? value & 7 : this.highestInService();
      if (input < 0) return;
      r.inService &= ~(1 << input);
      if (rotates) r.lowest = input;
    } else if ((value & OCW2_SL) === 0) {
      r.rotatesOnAutoEoi = rotates;
    } else if (rotates) {
      r.lowest = value & 7;
    }
  }

  /** What an EOI without a level ends; special mask mode leaves masked ones alone. -1 for none. */
  private highestInService(): number {
    const { r } = this, served = r.isSpecialMask ? r.inService & ~r.mask : r.inService;
    for (let i = 1; i <= 8; i++) {
      const input = (r.lowest + i) & 7;
      if ((served & (1 << input)) !== 0) return input;
    }
    return -1;
  }

  private writeOcw3(value: number): void {
    const { r } = this;
    if ((value & OCW3_ESMM) !== 0) r.isSpecialMask = (value & OCW3_SMM) !== 0;
    r.polls = (value & OCW3_POLL) !== 0;
    if ((value & OCW3_RR) !== 0) r.readsInService = (value & OCW3_RIS) !== 0;
  }

  private update(): void {
    this.output(this.requested() >= 0);
  }
}
