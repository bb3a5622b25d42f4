/** A guest on a fresh machine, run in pieces, and held to what it should do: figures of a guest gone astray mean nothing. */
import { VmError } from "../tcg/support/errors.ts";
import { nowMs } from "../src/host/time.ts";
import { BareMachine } from "../src/machine/bare.ts";
import type { BenchGuest } from "./guests.ts";
import { enablePaging } from "./identity-paging.ts";

/** How a guest is run. */
export interface Setting {
  readonly engine: "interp" | "jit";
  readonly paging: boolean;
}

export class GuestRun {
  private readonly guest: BenchGuest;
  private readonly machine: BareMachine;
  private readonly printed: number[] = [];
  private ended = "budget";

  constructor(guest: BenchGuest, { engine, paging }: Setting) {
    this.guest = guest;
    this.machine = new BareMachine(guest.image, {
      bits: guest.bits, loadAddress: guest.load, memoryBytes: guest.memoryBytes, vm: { engine, now: nowMs },
      onOutput: (byte) => { this.printed.push(byte); },
    });
    if (paging) enablePaging(this.machine, guest.memoryBytes);
  }

  /** Insns retired so far. */
  get insns(): number {
    return this.machine.insns;
  }

  /** Goes on until `goal` insns have retired since the start, or to the end. */
  runTo(goal: number): void {
    this.ended = this.machine.run({ maxInsns: goal - this.machine.insns }).kind;
  }

  /** @throws VmError unless the guest has printed what it should, retired what it should, and halted */
  requireDone(): void {
    const { name, expected, retiredInsns } = this.guest;
    if (this.ended !== "halt") throw new VmError("EINVAL", `${name} did not halt, but ended with ${this.ended}`);
    if (!expected.equals(Buffer.from(this.printed))) throw new VmError("EINVAL", `${name} did not print its expected.txt`);
    if (retiredInsns !== null && retiredInsns !== this.insns) {
      throw new VmError("EINVAL", `${name} retired ${this.insns} insns; guest.json says ${retiredInsns}`);
    }
  }

  /** @throws VmError unless `goal` insns have retired and the guest still runs */
  requireRunning(goal: number): void {
    if (this.ended !== "budget" || this.insns !== goal) {
      throw new VmError("EINVAL", `${this.guest.name} ended with ${this.ended} after ${this.insns} of ${goal} insns`);
    }
  }
}
