/** What all devices have in common, and how they are joined. A board (src/machine) joins them; devices know only these. */

/** A wire that one device drives and another one (or the board) listens to: an interrupt request, a reset, a gate. */
export type Line = (isHigh: boolean) => void;

/** A wire that leads nowhere. */
export const NOT_CONNECTED: Line = () => undefined;

/** A chip, or a part of one. */
export interface Device {
  /** As after power-on, or a pulse on the reset line. Drives its outputs accordingly. */
  reset(): void;
}

/** Eight-bit registers on the ISA bus: wider accesses reach them byte by byte. Offsets count from the first port. */
export interface BytePorts {
  /** IN: 0..0xff. */
  readByte(offset: number): number;
  /** OUT: `value` is 0..0xff. */
  writeByte(offset: number, value: number): void;
}

/** Registers that care for the width of an access: `size` is 1, 2 or 4 bytes, values are unsigned. */
export interface WidePorts {
  read(offset: number, size: number): number;
  write(offset: number, size: number, value: number): void;
}
