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

/** Where messages of devices (MSI) go, and fields of their addresses and data (SDM 3A §10.11). */
const MESSAGE_ADDRESS = 0xfee, LOGICAL = 4, LEVEL_TRIGGERED = 0x8000;

/** What a device's message means: a word written to an address; null if that is none for interrupts. */
export function messageOf(address: number, data: number): InterruptMessage | null {
  if (address >>> 20 !== MESSAGE_ADDRESS) return null;
  return { mode: (data >>> 8) & 7, vector: data & 0xff, isLevel: (data & LEVEL_TRIGGERED) !== 0, destination: (address >>> 12) & 0xff, isLogical: (address & LOGICAL) !== 0 };
}
