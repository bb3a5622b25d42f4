/** Why `Vcpu.run` came back: KVM's exit reasons with their data, as a union on `reason`. */

interface Exit {
  /** Insns that retired in this call of `run`. */
  readonly insns: number;
}

/**
 * The guest accesses a port nobody handles. For `out` the insn has retired (a repeated one has done its elements so far) and
 * `data` holds what it wrote. For `in` the caller fills `data`; the insn finishes in the next `run`, and RIP still
 * points at it.
 */
export interface KvmExitIo extends Exit {
  readonly reason: "KVM_EXIT_IO";
  readonly direction: "in" | "out";
  /** 0..0xffff. */
  readonly port: number;
  /** Bytes per element: 1, 2 or 4. */
  readonly size: number;
  /** Elements; more than 1 only for REP OUTS. */
  readonly count: number;
  /** `size * count` bytes, little endian. */
  readonly data: Uint8Array;
}

/**
 * The guest accesses a physical address without memory, or writes read-only memory. For a read the caller fills the first
 * `len` bytes of `data` and the insn goes on in the next `run`. After a write RIP is behind the insn, unless the insn
 * has more accesses that need an exit.
 */
export interface KvmExitMmio extends Exit {
  readonly reason: "KVM_EXIT_MMIO";
  /** Guest-physical, unsigned. */
  readonly physAddr: number;
  /** 8 bytes, of which the first `len` count; little endian. */
  readonly data: Uint8Array;
  /** Bytes, 1..8. */
  readonly len: number;
  readonly isWrite: boolean;
}

/** HLT has retired. Running again goes on behind it. */
export interface KvmExitHlt extends Exit {
  readonly reason: "KVM_EXIT_HLT";
}

/** Triple fault. */
export interface KvmExitShutdown extends Exit {
  readonly reason: "KVM_EXIT_SHUTDOWN";
}

/** A breakpoint or single step of `setGuestDebug`. */
export interface KvmExitDebug extends Exit {
  readonly reason: "KVM_EXIT_DEBUG";
  /** Vector of the exception it stands for: 1. */
  readonly exception: number;
  /** Linear address of the next insn. */
  readonly pc: number;
  /** As the debug exception would set it: bit n for breakpoint n, bit 14 for a single step (SDM 3B §17.2.3). */
  readonly dr6: number;
  /** The breakpoints of `setGuestDebug`, as DR7 would have them. */
  readonly dr7: number;
}

/** The budget is used up, or `requestExit` was called. */
export interface KvmExitIntr extends Exit {
  readonly reason: "KVM_EXIT_INTR";
}

/** The CPU would accept an interrupt now, as `requestInterruptWindow` asked to be told. */
export interface KvmExitIrqWindowOpen extends Exit {
  readonly reason: "KVM_EXIT_IRQ_WINDOW_OPEN";
}

/** The state that was set is one no CPU can be in; nothing was executed. */
export interface KvmExitFailEntry extends Exit {
  readonly reason: "KVM_EXIT_FAIL_ENTRY";
  /** As VMX reports it: invalid guest state (SDM 3C §27.8). */
  readonly hardwareEntryFailureReason: number;
  /** For people: what is wrong with the state. */
  readonly detail: string;
}

/** The guest does what is right for a CPU but impossible here. */
export interface KvmExitInternalError extends Exit {
  readonly reason: "KVM_EXIT_INTERNAL_ERROR";
  /**
   * KVM_INTERNAL_ERROR_EMULATION: code would have to be fetched from `address`, where there is no memory;
   * KVM_INTERNAL_ERROR_DELIVERY_EV: an interrupt or exception cannot be delivered, since its vector or stack is at
   * `address`, where there is no memory.
   */
  readonly suberror: number;
  /** Guest-physical. */
  readonly address: number;
}

/** What `Vcpu.run` comes back with; `reason` says which, with KVM's names. */
export type KvmExit =
  | KvmExitIo | KvmExitMmio | KvmExitHlt | KvmExitShutdown | KvmExitDebug | KvmExitIntr | KvmExitIrqWindowOpen | KvmExitFailEntry
  | KvmExitInternalError;

/** The names of the exits. */
export type KvmExitReason = KvmExit["reason"];

type WithoutInsns<E> = E extends unknown ? Omit<E, "insns"> : never;

/** An exit before it is known how many insns the call has retired. */
export type ExitBody = WithoutInsns<KvmExit>;
