/** Interrupts as messages: what I/O APIC, local APIC and devices with MSI send (SDM 3A §10.1; 82093AA, §3.2.4). */

/** Delivery modes (SDM 3A §10.5.1, §10.6.1); 3 is reserved. */
export const FIXED = 0, LOWEST_PRIORITY = 1, SMI = 2, NMI = 4, INIT = 5, START_UP = 6, EXT_INT = 7;

export interface InterruptMessage {
  /** 0..7. */
  readonly mode: number;
  /** 0..255; of fixed and lowest-priority interrupts. */
  readonly vector: number;
  readonly isLevel: boolean;
  /** An APIC ID, 0xff for all; or a set of logical ones. */
  readonly destination: number;
  readonly isLogical: boolean;
}

/** Sends a message; true if a processor has taken it. */
export type InterruptBus = (message: InterruptMessage) => boolean;
