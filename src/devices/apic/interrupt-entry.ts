/** Entries of the I/O APIC's redirection table and of the local vector table, which have these fields alike (82093AA, §3.2.4; SDM 3A §10.5.1). */
import { INIT, NMI } from "../../bus/interrupt-message.ts";

export const VECTOR = 0xff, MODE_SHIFT = 8, MODE = 7, ACTIVE_LOW = 0x2000, REMOTE_IRR = 0x4000, LEVEL = 0x8000, MASKED = 0x10000;

/** Delivery mode (bus/interrupt-message.ts); in the same place of the interrupt command register, too. */
export function modeOf(entry: number): number {
  return (entry >>> MODE_SHIFT) & MODE;
}

/** It brings an NMI or INIT, which wakes even a processor with its interrupts off. */
export function wakes(entry: number): boolean {
  return (entry & MASKED) === 0 && [NMI, INIT].includes(modeOf(entry));
}
