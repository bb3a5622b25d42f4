/** Why the engine came back to its caller. */

/** Outcome of `Engine.run`. */
export type EngineExit =
  /** The budget is used up, or a stop was requested. */
  | { readonly kind: "budget" }
  /** HLT has retired. */
  | { readonly kind: "halt" }
  /** The machine's I/O wants the hypervisor: the insn either has retired (`isComplete`) or will run again. */
  | { readonly kind: "io" }
  /** Triple fault. */
  | { readonly kind: "shutdown" }
  /** Interrupts can be taken now, as the caller asked to be told. */
  | { readonly kind: "irq-window" }
  /** A breakpoint or single step of the debugger. */
  | { readonly kind: "debug" }
  /** Code would have to be fetched from where there is no memory. */
  | { readonly kind: "no-code"; readonly physical: number };

/**
 * Thrown by an IoSpace to leave the CPU in the middle of an insn, which commits nothing and is executed again later.
 * One object is enough: what is wanted is known to whoever throws it.
 */
export class IoRequest {
  readonly what = "leave for the hypervisor";
}

/** Thrown where code bytes have no memory behind them: at a physical address. */
export class NoCode {
  readonly physical: number;

  constructor(physical: number) {
    this.physical = physical;
  }
}
