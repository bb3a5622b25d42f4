/** What the CPU needs from whoever owns its ports and the physical addresses without memory. */

/**
 * Port and memory-mapped I/O as the CPU sees it. `size` is 1, 2 or 4 bytes; values are unsigned within it (as int32).
 * An implementation may throw to leave the CPU in mid-insn; the insn is then executed again from its start.
 */
export interface IoSpace {
  /** IN: reads a port. */
  portRead(port: number, size: number): number;
  /** OUT: writes a port. */
  portWrite(port: number, size: number, value: number): void;
  /** Reads guest-physical addresses that have no memory. */
  mmioRead(phys: number, size: number): number;
  /** Writes guest-physical addresses that have no (writable) memory. */
  mmioWrite(phys: number, size: number, value: number): void;
}
