/**
 * KVM_INTERRUPT, KVM_NMI and the interrupt window: what is waiting for the CPU to take interrupts. While an insn is in the middle
 * of its accesses all are held back, since devices have seen a part of it already.
 */
import { VmError } from "../../tcg/support/errors.ts";
import { requireInteger } from "./check.ts";

/** The engine's side. */
interface InterruptSink {
  pendingInterrupt: number;
  pendingNmi: boolean;
  wantsIrqWindow: boolean;
  acceptsInterrupts(): boolean;
  acceptsNmi(): boolean;
}

export class InterruptQueue {
  private readonly engine: InterruptSink;
  private isHeld = false;
  private heldVector = -1;
  private heldNmi = false;
  private windowRequested = false;

  constructor(engine: InterruptSink) {
    this.engine = engine;
  }

  /** The vector that waits, or -1. */
  get vector(): number {
    return this.isHeld ? this.heldVector : this.engine.pendingInterrupt;
  }

  /** @throws VmError EINVAL if `vector` is not in 0..255, EEXIST if one is waiting */
  queue(vector: number): void {
    requireInteger("interrupt: vector", vector, 0, 255);
    if (this.vector >= 0) throw new VmError("EEXIST", `interrupt: vector ${this.vector} is waiting already; one can`);
    if (this.isHeld) this.heldVector = vector;
    else this.engine.pendingInterrupt = vector;
  }

  /** A non-maskable interrupt waits. Setting it again while one waits changes nothing. */
  get hasNmi(): boolean {
    return this.isHeld ? this.heldNmi : this.engine.pendingNmi;
  }

  set hasNmi(pending: boolean) {
    if (this.isHeld) this.heldNmi = pending;
    else this.engine.pendingNmi = pending;
  }

  /** Takes back the vector that waits. */
  cancel(): void {
    if (this.isHeld) this.heldVector = -1;
    else this.engine.pendingInterrupt = -1;
  }

  get requestsWindow(): boolean {
    return this.windowRequested;
  }

  set requestsWindow(requested: boolean) {
    this.windowRequested = requested;
    if (!this.isHeld) this.engine.wantsIrqWindow = requested;
  }

  /** True if something would happen now. */
  get isDue(): boolean {
    const { engine } = this, waits = this.vector >= 0 || this.windowRequested;
    return (waits && engine.acceptsInterrupts()) || (this.hasNmi && engine.acceptsNmi());
  }

  hold(): void {
    this.heldVector = this.engine.pendingInterrupt;
    this.heldNmi = this.engine.pendingNmi;
    this.isHeld = true;
    this.engine.pendingInterrupt = -1;
    this.engine.pendingNmi = false;
    this.engine.wantsIrqWindow = false;
  }

  release(): void {
    this.isHeld = false;
    this.engine.pendingInterrupt = this.heldVector;
    this.engine.pendingNmi = this.heldNmi;
    this.engine.wantsIrqWindow = this.windowRequested;
  }
}
