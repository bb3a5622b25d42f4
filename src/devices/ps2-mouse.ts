/** A PS/2 mouse with three buttons (IBM PS/2 Technical Reference, "Mouse"). */
import type { Ps2Registers } from "./ps2-peripheral.ts";
import { Ps2Peripheral } from "./ps2-peripheral.ts";
import type { Shape } from "./saveable.ts";
import { BYTE, FLAG, list } from "./saveable.ts";

interface Registers extends Ps2Registers {
  isReporting: boolean;
  /** Bytes that come are sent back. */
  isWrapping: boolean;
  isRemote: boolean;
  isScaled: boolean;
  resolution: number;
  sampleRate: number;
  /** Bit 0 left, 1 right, 2 middle. */
  buttons: number;
}

const MAX_QUEUE = 48;
const SHAPE: Shape<Registers> = {
  queue: list(MAX_QUEUE, BYTE), isReporting: FLAG, isWrapping: FLAG, isRemote: FLAG, isScaled: FLAG, resolution: BYTE, sampleRate: BYTE, buttons: BYTE, command: BYTE,
};

const RESET_SCALING = 0xe6, SET_SCALING = 0xe7, SET_RESOLUTION = 0xe8, STATUS_REQUEST = 0xe9, STREAM_MODE = 0xea, READ_DATA = 0xeb, RESET_WRAP = 0xec,
  WRAP_MODE = 0xee, REMOTE_MODE = 0xf0, READ_TYPE = 0xf2, SET_SAMPLE_RATE = 0xf3, ENABLE = 0xf4, DISABLE = 0xf5, SET_DEFAULTS = 0xf6, RESET = 0xff;
const ACK = 0xfa, SELF_TEST_PASSED = 0xaa, NOT_KNOWN = 0xfe, TYPE = 0;
const DEFAULT_RESOLUTION = 2, DEFAULT_RATE = 100;
/** Packet, byte 0: always 1; signs and overflows of the movement. */
const ALWAYS = 8, SIGN_X = 0x10, SIGN_Y = 0x20, OVERFLOW_X = 0x40, OVERFLOW_Y = 0x80;
const MAX_MOVE = 255;

const powerOn = (): Registers => ({
  queue: [], isReporting: false, isWrapping: false, isRemote: false, isScaled: false, resolution: DEFAULT_RESOLUTION, sampleRate: DEFAULT_RATE, buttons: 0, command: 0,
});

export class Ps2Mouse extends Ps2Peripheral<Registers> {
  constructor() {
    super("PS/2 mouse", SHAPE, powerOn);
  }

  /** It moves, right and up being positive, with buttons held: bit 0 left, 1 right, 2 middle. */
  move(dx: number, dy: number, buttons: number): void {
    const { r } = this;
    r.buttons = buttons & 7;
    if (!r.isReporting || r.isRemote || r.queue.length + 3 > MAX_QUEUE) return;
    this.sendPacket(dx, dy);
    this.onReady();
  }

  protected override take(byte: number, command: number): void {
    if (this.r.isWrapping && byte !== RESET && byte !== RESET_WRAP) this.say(byte);
    else if (command !== 0) this.takeArgument(command, byte);
    else this.execute(byte);
  }

  private sendPacket(dx: number, dy: number): void {
    const clamp = (d: number): number => Math.max(-MAX_MOVE - 1, Math.min(MAX_MOVE, Math.trunc(d))), x = clamp(dx), y = clamp(dy);
    const flags = (x < 0 ? SIGN_X : 0) | (y < 0 ? SIGN_Y : 0) | (x === Math.trunc(dx) ? 0 : OVERFLOW_X) | (y === Math.trunc(dy) ? 0 : OVERFLOW_Y);
    this.say(ALWAYS | flags | this.r.buttons, x & 0xff, y & 0xff);
  }

  private execute(command: number): void {
    const { r } = this;
    switch (command) {
      case RESET:
        Object.assign(r, powerOn());
        return this.say(ACK, SELF_TEST_PASSED, TYPE);
      case READ_TYPE: return this.say(ACK, TYPE);
      case STATUS_REQUEST: return this.say(ACK, this.statusByte(), r.resolution, r.sampleRate);
      case READ_DATA:
        this.say(ACK);
        return this.sendPacket(0, 0);
      case SET_DEFAULTS:
        Object.assign(r, powerOn(), { buttons: r.buttons });
        break;
      case SET_RESOLUTION:
      case SET_SAMPLE_RATE:
        r.command = command;
        break;
      case RESET_SCALING:
      case SET_SCALING:
        r.isScaled = command === SET_SCALING;
        break;
      case STREAM_MODE:
      case REMOTE_MODE:
        r.isRemote = command === REMOTE_MODE;
        break;
      case WRAP_MODE:
      case RESET_WRAP:
        r.isWrapping = command === WRAP_MODE;
        break;
      case ENABLE:
      case DISABLE:
        r.isReporting = command === ENABLE;
        break;
      default: return this.say(NOT_KNOWN);
    }
    this.say(ACK);
  }

  private takeArgument(command: number, byte: number): void {
    if (command === SET_RESOLUTION) this.r.resolution = byte & 3;
    else this.r.sampleRate = byte;
    this.say(ACK);
  }

  /** First byte of the answer to a status request. */
  private statusByte(): number {
    const { r } = this;
    return (r.isRemote ? 0x40 : 0) | (r.isReporting ? 0x20 : 0) | (r.isScaled ? 0x10 : 0) | ((r.buttons & 1) << 2) | ((r.buttons & 4) >>> 1) | ((r.buttons & 2) >>> 1);
  }
}
