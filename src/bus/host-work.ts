/** Work of the host that takes time, such as reading a disk, and the guest's time, in which it ends. */

export interface HostWork {
  /**
   * Starts it. `done` is called between two insns, once the work has ended and `latencyNs` of guest time have passed: in virtual time
   * exactly then, for the guest waits where the host is slower.
   * @param work  must not throw but may reject: `done` hears that it failed
   * @returns when `done` will be called, ns of guest time: what a device saves of work that is under way
   */
  start(work: () => Promise<void>, latencyNs: number, done: (hasFailed: boolean) => void): number;
  /** Starts work anew that was under way in a machine that was saved; `done` is called at the time that `start` gave then. */
  resume(work: () => Promise<void>, endsNs: number, done: (hasFailed: boolean) => void): void;
}

/** Guest memory as a bus master sees it. Addresses are physical. */
export interface BusMemory {
  /** True if there is memory at all of the addresses. */
  has(address: number, length: number): boolean;
  /** A copy, or null if there is no memory at one of the addresses. */
  read(address: number, length: number): Uint8Array | null;
  /** False if there is no memory at one of the addresses; nothing is written then. */
  write(address: number, bytes: Uint8Array): boolean;
}
