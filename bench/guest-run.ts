/** A guest on a machine of its own, run in pieces, again from the start if wanted, and held to what it should do: figures of a guest gone astray mean nothing. */
import { VmError } from "../tcg/support/errors.ts";
import { nowMs } from "../src/host/time.ts";
import type { KvmRegs } from "../src/kvm/regs.ts";
import type { KvmSregs } from "../src/kvm/sregs.ts";
import { BareMachine } from "../src/machine/bare.ts";
import type { BenchGuest } from "./guests.ts";
import { enablePaging } from "./identity-paging.ts";

/** How a guest is run. */
export interface Setting {
  readonly engine: "interp" | "jit";
  readonly paging: boolean;
}

const PAGE_BYTES = 4096;

export class GuestRun {
  private readonly guest: BenchGuest;
  private readonly machine: BareMachine;
  private readonly regs: KvmRegs;
  private readonly sregs: KvmSregs;
  private printed: number[] = [];
  private ended = "budget";
  /** Insns the machine had retired at the start of this pass. */
  private insnsBefore = 0;

  constructor(guest: BenchGuest, { engine, paging }: Setting) {
    this.guest = guest;
    this.machine = new BareMachine(guest.image, {
      bits: guest.bits, loadAddress: guest.load, memoryBytes: guest.memoryBytes, vm: { engine, now: nowMs },
      onOutput: (byte) => { this.printed.push(byte); },
    });
    if (paging) enablePaging(this.machine, guest.memoryBytes);
    const { vcpu } = this.machine;
    this.regs = vcpu.getRegs();
    this.sregs = vcpu.getSregs();
  }

  /** Insns retired since the start. */
  get insns(): number {
    return this.machine.insns - this.insnsBefore;
  }

  /** Goes on until `goal` insns have retired since the start, or to the end. */
  runTo(goal: number): void {
    this.ended = this.machine.run({ maxInsns: goal - this.insns }).kind;
  }

  /** Back to the start. Pages as they were are not written, so what has been made of the code in them stays. */
  rewind(): void {
    const { machine: { vm, vcpu }, guest: { memoryBytes, image, load } } = this;
    const start = Buffer.alloc(memoryBytes), now = vm.readPhys(0, memoryBytes);
    image.copy(start, load);
    for (let at = 0; at < memoryBytes; at += PAGE_BYTES) {
      const page = start.subarray(at, at + PAGE_BYTES);
      if (!page.equals(now.subarray(at, at + PAGE_BYTES))) vm.writePhys(at, page);
    }
    vcpu.setSregs(this.sregs);
    vcpu.setRegs(this.regs);
    this.printed = [];
    this.ended = "budget";
    this.insnsBefore = this.machine.insns;
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

  /** @throws VmError unless the guest has done all it should, or `goal` insns have retired and it still runs */
  requireDoneOrAt(goal: number): void {
    if (this.ended === "budget") this.requireRunning(goal);
    else this.requireDone();
  }

  /** @throws VmError unless `goal` insns have retired and the guest still runs */
  requireRunning(goal: number): void {
    if (this.ended !== "budget" || this.insns !== goal) {
      throw new VmError("EINVAL", `${this.guest.name} ended with ${this.ended} after ${this.insns} of ${goal} insns`);
    }
  }
}
