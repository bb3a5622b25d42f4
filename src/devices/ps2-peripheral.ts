/** What keyboard and mouse have in common (IBM PS/2 Technical Reference): bytes to send, commands of one or two bytes, a state. */
import type { Device } from "../bus/device.ts";
import type { Ps2Device } from "./i8042.ts";
import type { Saveable, SavedState, Shape } from "./saveable.ts";
import { restoreFields, saveFields } from "./saveable.ts";

export interface Ps2Registers {
  /** Bytes to send, the next one first. */
  queue: readonly number[];
  /** The command whose argument comes next; 0 for none. */
  command: number;
}

export abstract class Ps2Peripheral<R extends Ps2Registers> implements Ps2Device, Device, Saveable {
  onReady: () => void = () => undefined;
  protected readonly r: R;
  private readonly name: string;
  private readonly shape: Shape<R>;
  private readonly powerOn: () => R;

  /** @param name  for messages */
  constructor(name: string, shape: Shape<R>, powerOn: () => R) {
    this.name = name;
    this.shape = shape;
    this.powerOn = powerOn;
    this.r = powerOn();
  }

  /** A byte of the host: it clears what was to be sent. */
  receive(byte: number): void {
    const { r } = this, { command } = r;
    r.command = 0;
    r.queue = [];
    this.take(byte, command);
    this.onReady();
  }

  next(): number | null {
    const { r } = this;
    if (r.queue.length === 0) return null;
    const [byte, ...rest] = r.queue;
    r.queue = rest;
    return byte;
  }

  reset(): void {
    Object.assign(this.r, this.powerOn());
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields(this.name, this.r, this.shape, state);
  }

  /** Does what a byte asks for. @param command  whose argument it is; 0 for none */
  protected abstract take(byte: number, command: number): void;

  /** Queues an answer. */
  protected say(...bytes: number[]): void {
    this.r.queue = [...this.r.queue, ...bytes];
  }
}
