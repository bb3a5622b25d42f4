/** A PS/2 keyboard with scan code set 2 (IBM PS/2 Technical Reference, "Keyboards"): answers commands, and sends the codes it is given. */
import type { Ps2Registers } from "./ps2-peripheral.ts";
import { Ps2Peripheral } from "./ps2-peripheral.ts";
import type { Shape } from "./saveable.ts";
import { BYTE, FLAG, list } from "./saveable.ts";

interface Registers extends Ps2Registers {
  isScanning: boolean;
  /** Lock lights: bit 0 scroll, 1 num, 2 caps. */
  leds: number;
  typematic: number;
  scanCodeSet: number;
  lastSent: number;
}

/** As long as the original's buffer, with room for answers. */
const MAX_QUEUE = 32;
const SHAPE: Shape<Registers> = {
  queue: list(MAX_QUEUE, BYTE), isScanning: FLAG, leds: BYTE, typematic: BYTE, scanCodeSet: BYTE, command: BYTE, lastSent: BYTE,
};

const SET_LEDS = 0xed, ECHO = 0xee, SCAN_CODE_SET = 0xf0, READ_ID = 0xf2, SET_TYPEMATIC = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, SET_DEFAULTS = 0xf6, RESEND = 0xfe,
  RESET = 0xff;
const ACK = 0xfa, SELF_TEST_PASSED = 0xaa, RESEND_PLEASE = 0xfe, OVERRUN = 0x00;
const ID = [0xab, 0x83];
/** Half a second until a key repeats, then 10.9 times a second. */
const DEFAULT_TYPEMATIC = 0x2b, DEFAULT_SET = 2;

const powerOn = (): Registers => ({ queue: [], isScanning: true, leds: 0, typematic: DEFAULT_TYPEMATIC, scanCodeSet: DEFAULT_SET, command: 0, lastSent: 0 });

export class Ps2Keyboard extends Ps2Peripheral<Registers> {
  constructor() {
    super("PS/2 keyboard", SHAPE, powerOn);
  }

  /** Something it has to send has not been fetched. */
  get hasBytes(): boolean {
    return this.r.queue.length > 0;
  }

  /** Keys go down or up: their codes in set 2. Lost while scanning is off; an overrun is marked where there is no room. */
  type(codes: readonly number[]): void {
    const { r } = this;
    if (!r.isScanning) return;
    r.queue = r.queue.length + codes.length < MAX_QUEUE ? [...r.queue, ...codes] : [...r.queue.slice(0, MAX_QUEUE - 1), OVERRUN];
    this.onReady();
  }

  override next(): number | null {
    const byte = super.next();
    if (byte !== null) this.r.lastSent = byte;
    return byte;
  }

  protected override take(byte: number, command: number): void {
    if (command !== 0 && byte < SET_LEDS) this.takeArgument(command, byte);
    else this.execute(byte);
  }

  private execute(command: number): void {
    const { r } = this;
    switch (command) {
      case SET_LEDS:
      case SCAN_CODE_SET:
      case SET_TYPEMATIC:
        r.command = command;
        return this.say(ACK);
      case ECHO: return this.say(ECHO);
      case READ_ID: return this.say(ACK, ...ID);
      case ENABLE:
        r.isScanning = true;
        return this.say(ACK);
      case DISABLE:
      case SET_DEFAULTS:
        Object.assign(r, powerOn(), { isScanning: command === SET_DEFAULTS && r.isScanning });
        return this.say(ACK);
      case RESEND: return this.say(r.lastSent);
      case RESET:
        Object.assign(r, powerOn());
        return this.say(ACK, SELF_TEST_PASSED);
      default: return this.say(command >= SET_LEDS ? ACK : RESEND_PLEASE);
    }
  }

  private takeArgument(command: number, byte: number): void {
    const { r } = this;
    this.say(ACK);
    if (command === SET_LEDS) r.leds = byte & 7;
    else if (command === SET_TYPEMATIC) r.typematic = byte & 0x7f;
    else if (byte === 0) this.say(r.scanCodeSet);
    else r.scanCodeSet = byte <= 3 ? byte : DEFAULT_SET;
  }
}
