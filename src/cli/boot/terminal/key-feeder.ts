/** Keys on their way to the guest: a keyboard has room for few, and a person can paste many. */
import type { Ps2Keyboard } from "../../../devices/ps2-keyboard.ts";
import { scanCodesOf } from "./keys.ts";

/** Beyond so many waiting groups nothing is taken any more: the guest does not read. */
const MAX_WAITING = 4096;

export class KeyFeeder {
  private readonly keyboard: Ps2Keyboard;
  private waiting: (readonly number[])[] = [];

  constructor(keyboard: Ps2Keyboard) {
    this.keyboard = keyboard;
  }

  /** Keys that are pressed together and released. @throws VmError EINVAL for names of no key */
  press(keys: readonly string[]): void {
    const codes = scanCodesOf(keys);
    if (this.waiting.length < MAX_WAITING) this.waiting.push(codes);
  }

  /** To be called now and then, between slices of the guest. */
  feed(): void {
    if (this.keyboard.hasBytes) return;
    const codes = this.waiting.shift();
    if (codes !== undefined) this.keyboard.type(codes);
  }
}
