/** The commands of an 82077AA (Intel 290166, "Command Set/Descriptions"): how they are told apart, and how many bytes follow. */

export type FloppyOperation =
  | "read" | "read-deleted" | "read-track" | "write" | "verify" | "format" | "read-id" | "recalibrate" | "seek" | "relative-seek" | "sense-interrupt" | "sense-drive"
  | "specify" | "configure" | "perpendicular" | "lock" | "version" | "dump-registers";

export interface FloppyCommand {
  readonly operation: FloppyOperation;
  /** Bytes behind the first. */
  readonly parameters: number;
  /** Has an execution phase on the disk, an interrupt at its end, and a result that acknowledges it. */
  readonly moves: boolean;
}

interface Row extends FloppyCommand {
  /** The first byte, without the bits that modify it: MT, MFM, SK; the direction of a relative seek; LOCK. */
  readonly opcode: number;
  readonly modifiers: number;
}

const row = (opcode: number, modifiers: number, parameters: number, operation: FloppyOperation, moves = false): Row => ({ opcode, modifiers, parameters, operation, moves });

const MT = 0x80, MFM = 0x40, SK = 0x20;
const ROWS: readonly Row[] = [
  row(0x02, MFM | SK, 8, "read-track", true), row(0x06, MT | MFM | SK, 8, "read", true), row(0x0c, MT | MFM | SK, 8, "read-deleted", true),
  row(0x05, MT | MFM, 8, "write", true), row(0x09, MT | MFM, 8, "write", true), row(0x16, MT | MFM | SK, 8, "verify", true),
  row(0x0d, MFM, 5, "format", true), row(0x0a, MFM, 1, "read-id", true),
  row(0x07, 0, 1, "recalibrate"), row(0x0f, 0, 2, "seek"), row(0x8f, 0x40, 2, "relative-seek"), row(0x08, 0, 0, "sense-interrupt"), row(0x04, 0, 1, "sense-drive"),
  row(0x03, 0, 2, "specify"), row(0x13, 0, 3, "configure"), row(0x12, 0, 1, "perpendicular"), row(0x14, 0x80, 0, "lock"), row(0x10, 0, 0, "version"), row(0x0e, 0, 0, "dump-registers"),
];
const BY_BYTE: readonly (FloppyCommand | null)[] = Array.from({ length: 256 }, (_, byte) => ROWS.find(({ opcode, modifiers }) => (byte & ~modifiers & 0xff) === opcode) ?? null);

/** The command that begins with a byte; null for none. */
export function commandOf(byte: number | undefined): FloppyCommand | null {
  return byte === undefined ? null : BY_BYTE[byte];
}
