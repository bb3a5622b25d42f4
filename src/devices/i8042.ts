/**
 * 8042 keyboard controller of a PC (IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device Controller"): between the
 * processor and two serial ports, for a keyboard and a mouse; with two pins of its own for A20 and the reset line.
 *
 * | offset | reads | writes |
 * |---|---|---|
 * | 0 (port 0x60) | output buffer | byte for the keyboard, or a command's argument |
 * | 4 (port 0x64) | status | command |
 */
import type { BytePorts, Device, Line } from "../bus/device.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { BYTE, FLAG, list, restoreFields, saveFields, WORD } from "./saveable.ts";

/** A keyboard or mouse at one of the ports. */
export interface Ps2Device {
  /** Takes a byte from the controller. What it has to say to that is in `next`, at once. */
  receive(byte: number): void;
  /** The next byte for the controller, taken away; null for none. */
  next(): number | null;
  /** To be called when there is something to fetch. */
  onReady: () => void;
}

/** The pins of the controller's output port. */
export interface I8042Pins {
  /** Output buffer full: from the keyboard, and from the mouse. */
  readonly keyboardInterrupt: Line;
  readonly auxInterrupt: Line;
  readonly a20: Line;
  /** Pulsed low: the processor is reset. */
  readonly resetCpu: () => void;
}

interface Registers {
  /** Bytes in the output buffer's way, the next one first; bit 8: from the auxiliary port; bit 9: from the controller itself. */
  output: readonly number[];
  /** Controller command byte. */
  mode: number;
  /** The output port's pins as they were written: bit 1 is A20. */
  outputPort: number;
  /** The command that waits for its argument; 0 for none. */
  command: number;
  /** The last write was a command: status bit 3. */
  lastWasCommand: boolean;
  /** Internal memory; byte 0 is the mode. */
  memory: readonly number[];
}

const MEMORY_BYTES = 32, MAX_OUTPUT = 16;
const SHAPE: Shape<Registers> = { output: list(MAX_OUTPUT, WORD), mode: BYTE, outputPort: BYTE, command: BYTE, lastWasCommand: FLAG, memory: list(MEMORY_BYTES, BYTE) };

const FROM_AUX = 0x100, FROM_CONTROLLER = 0x200;

const STATUS_PORT = 4;
const STATUS_OUTPUT_FULL = 1, STATUS_SYSTEM = 4, STATUS_COMMAND = 8, STATUS_UNLOCKED = 0x10, STATUS_AUX = 0x20;
const MODE_KEYBOARD_INTERRUPT = 1, MODE_AUX_INTERRUPT = 2, MODE_SYSTEM = 4, MODE_KEYBOARD_OFF = 0x10, MODE_AUX_OFF = 0x20, MODE_TRANSLATE = 0x40;
const PIN_RESET = 1, PIN_A20 = 2, PIN_AUX_FULL = 0x20, PIN_KEYBOARD_FULL = 0x10;

const READ_MEMORY = 0x20, WRITE_MEMORY = 0x60, MEMORY_MASK = 0x1f;
const DISABLE_AUX = 0xa7, ENABLE_AUX = 0xa8, TEST_AUX = 0xa9, SELF_TEST = 0xaa, TEST_KEYBOARD = 0xab, DISABLE_KEYBOARD = 0xad, ENABLE_KEYBOARD = 0xae;
const READ_INPUT_PORT = 0xc0, READ_OUTPUT_PORT = 0xd0, WRITE_OUTPUT_PORT = 0xd1, WRITE_KEYBOARD_BUFFER = 0xd2, WRITE_AUX_BUFFER = 0xd3, WRITE_AUX = 0xd4;
const DISABLE_A20 = 0xdd, ENABLE_A20 = 0xdf, PULSE = 0xf0;
const SELF_TEST_PASSED = 0x55, LINE_TEST_PASSED = 0;
/** Keyboard not locked, and no manufacturing jumper. */
const INPUT_PORT = 0xa0;

const powerOn = (): Registers => ({
  output: [], mode: MODE_SYSTEM | MODE_KEYBOARD_INTERRUPT | MODE_AUX_INTERRUPT | MODE_TRANSLATE, outputPort: PIN_RESET | PIN_A20, command: 0, lastWasCommand: false,
  memory: new Array<number>(MEMORY_BYTES).fill(0),
});

export class I8042 implements Device, Saveable, BytePorts {
  private readonly r = powerOn();
  private readonly pins: I8042Pins;
  private readonly keyboard: Ps2Device | null;
  private readonly mouse: Ps2Device | null;
  /** Turns scan codes of set 2 into those of set 1, which software of the PC expects (mode bit 6). */
  private readonly translate: ScanCodeTranslation;

  /** @param translate  see `ScanCodeTranslation` */
  constructor(pins: I8042Pins, devices: { readonly keyboard: Ps2Device | null; readonly mouse: Ps2Device | null }, translate: ScanCodeTranslation) {
    this.pins = pins;
    this.keyboard = devices.keyboard;
    this.mouse = devices.mouse;
    this.translate = translate;
    for (const device of [this.keyboard, this.mouse]) if (device !== null) device.onReady = () => this.update();
  }

  readByte(offset: number): number {
    return offset === STATUS_PORT ? this.status() : this.takeOutput();
  }

  writeByte(offset: number, value: number): void {
    this.r.lastWasCommand = offset === STATUS_PORT;
    if (offset === STATUS_PORT) this.execute(value);
    else this.writeData(value);
    this.update();
  }

  reset(): void {
    Object.assign(this.r, powerOn());
    this.pins.a20(true);
    this.update();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("8042", this.r, SHAPE, state);
    this.pins.a20((this.r.outputPort & PIN_A20) !== 0);
    this.update();
  }

  /** A20 was set from elsewhere (port 0x92): the pin reads so. */
  set a20(isOn: boolean) {
    this.r.outputPort = isOn ? this.r.outputPort | PIN_A20 : this.r.outputPort & ~PIN_A20;
  }

  // ---- inside

  private status(): number {
    const { r } = this, first = r.output.at(0) ?? -1;
    return (first >= 0 ? STATUS_OUTPUT_FULL : 0) | (first >= 0 && (first & FROM_AUX) !== 0 ? STATUS_AUX : 0) | STATUS_UNLOCKED
      | ((r.mode & MODE_SYSTEM) !== 0 ? STATUS_SYSTEM : 0) | (r.lastWasCommand ? STATUS_COMMAND : 0);
  }

  /** The output buffer keeps its last byte. */
  private takeOutput(): number {
    const { r } = this;
    if (r.output.length === 0) return 0;
    const [first, ...rest] = r.output;
    r.output = rest;
    // The buffer is empty for a moment: each byte has an edge of its own.
    this.pins.keyboardInterrupt(false);
    this.pins.auxInterrupt(false);
    this.update();
    return first & 0xff;
  }

  private put(byte: number, from = FROM_CONTROLLER): void {
    const { r } = this;
    if (r.output.length < MAX_OUTPUT) r.output = [...r.output, byte | from];
  }

  private execute(command: number): void {
    const { r } = this;
    r.command = 0;
    if ((command & ~MEMORY_MASK) === READ_MEMORY) return this.put(this.memoryAt(command & MEMORY_MASK));
    if (command >= PULSE) {
      if ((command & PIN_RESET) === 0) this.pins.resetCpu();
      return;
    }
    switch (command) {
      case DISABLE_AUX: return this.setMode(r.mode | MODE_AUX_OFF);
      case ENABLE_AUX: return this.setMode(r.mode & ~MODE_AUX_OFF);
      case TEST_AUX:
      case TEST_KEYBOARD: return this.put(LINE_TEST_PASSED);
      case SELF_TEST:
        r.output = [];
        this.setMode(r.mode | MODE_SYSTEM);
        return this.put(SELF_TEST_PASSED);
      case DISABLE_KEYBOARD: return this.setMode(r.mode | MODE_KEYBOARD_OFF);
      case ENABLE_KEYBOARD: return this.setMode(r.mode & ~MODE_KEYBOARD_OFF);
      case READ_INPUT_PORT: return this.put(INPUT_PORT);
      case READ_OUTPUT_PORT: return this.put(this.outputPort());
      case DISABLE_A20: return this.setOutputPort(r.outputPort & ~PIN_A20);
      case ENABLE_A20: return this.setOutputPort(r.outputPort | PIN_A20);
      default: r.command = takesArgument(command) ? command : 0;
    }
  }

  private writeData(value: number): void {
    const { r } = this, { command } = r;
    r.command = 0;
    if ((command & ~MEMORY_MASK) === WRITE_MEMORY) return this.setMemory(command & MEMORY_MASK, value);
    switch (command) {
      case WRITE_OUTPUT_PORT: return this.setOutputPort(value);
      case WRITE_KEYBOARD_BUFFER: return this.put(value, 0);
      case WRITE_AUX_BUFFER: return this.put(value, FROM_AUX);
      case WRITE_AUX:
        this.setMode(r.mode & ~MODE_AUX_OFF);
        return this.mouse?.receive(value);
      default:
        this.setMode(r.mode & ~MODE_KEYBOARD_OFF);
        this.keyboard?.receive(value);
    }
  }

  private memoryAt(address: number): number {
    return address === 0 ? this.r.mode : this.r.memory[address] ?? 0;
  }

  private setMemory(address: number, value: number): void {
    if (address === 0) this.setMode(value);
    else this.r.memory = this.r.memory.with(address, value);
  }

  private setMode(mode: number): void {
    this.r.mode = mode;
  }

  private outputPort(): number {
    const { r } = this, first = r.output.at(0) ?? -1;
    return r.outputPort | (first < 0 ? 0 : (first & FROM_AUX) !== 0 ? PIN_AUX_FULL : PIN_KEYBOARD_FULL);
  }

  private setOutputPort(value: number): void {
    this.r.outputPort = (value & (PIN_A20 | PIN_RESET)) | PIN_RESET;
    this.pins.a20((value & PIN_A20) !== 0);
    if ((value & PIN_RESET) === 0) this.pins.resetCpu();
  }

  /** Fetches the next byte if the output buffer is free, and drives the interrupts. */
  private update(): void {
    const { r } = this;
    if (r.output.length === 0) this.fetch();
    this.interrupt();
  }

  private fetch(): void {
    const { r } = this;
    if ((r.mode & MODE_KEYBOARD_OFF) === 0) {
      for (let byte = this.keyboard?.next() ?? null; byte !== null; byte = this.keyboard?.next() ?? null) {
        const code = (r.mode & MODE_TRANSLATE) !== 0 ? this.translate.next(byte) : byte;
        // A prefix of set 2 becomes a part of the code that follows.
        if (code !== null) return this.put(code, 0);
      }
    }
    if ((r.mode & MODE_AUX_OFF) === 0) {
      const byte = this.mouse?.next() ?? null;
      if (byte !== null) this.put(byte, FROM_AUX);
    }
  }

  private interrupt(): void {
    const { r } = this, first = r.output.at(0) ?? -1, isAux = first >= 0 && (first & FROM_AUX) !== 0;
    this.pins.keyboardInterrupt(first >= 0 && !isAux && (r.mode & MODE_KEYBOARD_INTERRUPT) !== 0);
    this.pins.auxInterrupt(isAux && (r.mode & MODE_AUX_INTERRUPT) !== 0);
  }
}

/** See scan-codes.ts. */
export interface ScanCodeTranslation {
  /** The byte of set 1 for the next byte of set 2, or null if it is a prefix that has no byte of its own. */
  next(byte: number): number | null;
}

function takesArgument(command: number): boolean {
  return (command & ~MEMORY_MASK) === WRITE_MEMORY || (command >= WRITE_OUTPUT_PORT && command <= WRITE_AUX);
}
