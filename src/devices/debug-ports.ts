/** Ports for people who look at machines: that of POST codes, and two that Bochs and QEMU have given the PC: a console, and one that ends the run. */
import type { BytePorts, WidePorts } from "../bus/device.ts";
import type { Saveable, SavedState } from "./saveable.ts";
import { BYTE, restoreFields, saveFields } from "./saveable.ts";

/** What a guest reads at the console's port to know that it is there. */
const PRESENT = 0xe9;

/** Port 0x80: how far firmware has come, in bytes that a card would show. Systems write it to pass the time. */
export class PostPort implements Saveable, BytePorts {
  private readonly r = { code: 0 };

  readByte(): number {
    return this.r.code;
  }

  writeByte(_offset: number, value: number): void {
    this.r.code = value;
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("POST port", this.r, { code: BYTE }, state);
  }
}

/** Port 0xe9: bytes written are printed. */
export class DebugConsole implements BytePorts {
  private readonly print: (byte: number) => void;

  constructor(print: (byte: number) => void) {
    this.print = print;
  }

  readByte(): number {
    return PRESENT;
  }

  writeByte(_offset: number, value: number): void {
    this.print(value);
  }
}

/** QEMU's isa-debug-exit: writing V ends the run with status (V << 1) | 1. */
export class DebugExit implements WidePorts {
  private readonly end: (status: number) => void;

  constructor(end: (status: number) => void) {
    this.end = end;
  }

  read(): number {
    return 0;
  }

  write(_offset: number, _size: number, value: number): void {
    this.end(((value << 1) | 1) >>> 0);
  }
}
