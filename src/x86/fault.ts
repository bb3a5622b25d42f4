/** Guest faults: what the architecture says follows when the guest does something wrong. Not errors of ours. */

/** Exception vectors (SDM 3A table 6-1). */
export const DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DFAULT = 8, TS = 10, NP = 11, SSF = 12, GP = 13, PF = 14, MF = 16,
  AC = 17, XM = 19;

/**
 * Thrown by helpers and memory accesses, caught by the engine only. One object per CPU is thrown again and again:
 * no stack is captured and nothing is allocated. State is as of the start of the faulting insn.
 */
export class GuestFault {
  vector = 0;
  /** Error code to push, or -1 for none. */
  error = -1;

  set(vector: number, error: number): this {
    this.vector = vector;
    this.error = error;
    return this;
  }
}

/** Vectors that push an error code (SDM 3A §6.13). */
export function pushesErrorCode(vector: number): boolean {
  return vector === DFAULT || (vector >= TS && vector <= PF) || vector === AC;
}
