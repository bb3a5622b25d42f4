// A guest under interpreter and translator side by side.

import { BareMachine } from "../../src/index.ts";
import type { VmOptions } from "../../src/index.ts";
import type { LockstepOutcome } from "../../src/machine/lockstep.ts";
import { Lockstep } from "../../src/machine/lockstep.ts";
import type { Guest } from "./guests.ts";

/** How the guest ended, `difference` if the engines differ, and what it printed. */
export function runLockstep({ image, bits }: Pick<Guest, "image" | "bits">, vm: VmOptions, maxInsns: number): { kind: LockstepOutcome["kind"]; output: string } {
  let output = "";
  const lockstep = new Lockstep((engine, listener) => new BareMachine(image, { bits, vm: engine, ...listener }), vm, maxInsns, {
    onOutput: (byte) => { output += String.fromCharCode(byte); },
    onUnhandled: () => undefined,
  });
  return { kind: lockstep.run({ maxInsns }).kind, output };
}
