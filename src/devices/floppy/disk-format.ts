/** Formats of floppy disks for PCs, by the size of their images. */
import { VmError } from "../../../tcg/support/errors.ts";

export const SECTOR_BYTES = 512;
/** Data rates as the controller's registers have them: 500, 300, 250 and 1000 kbit/s. */
const RATE_500K = 0, RATE_300K = 1, RATE_250K = 2, RATE_1M = 3;

export interface DiskFormat {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
  /** Rates at which it can be read: more than one if drives turn at different speeds. */
  readonly rates: readonly number[];
  /** The kind of drive for it, as CMOS has it (IBM AT: 1 360K, 2 1.2M, 3 720K, 4 1.44M; since then 5 2.88M). */
  readonly driveType: number;
}

const format = (cylinders: number, sectors: number, driveType: number, ...rates: readonly number[]): DiskFormat => ({ cylinders, heads: 2, sectors, rates, driveType });

export const FORMAT_1440K = format(80, 18, 4, RATE_500K), FORMAT_2880K = format(80, 36, 5, RATE_1M);
const FORMATS: readonly DiskFormat[] = [
  format(40, 9, 1, RATE_250K, RATE_300K), format(80, 9, 3, RATE_250K), format(80, 15, 2, RATE_500K), FORMAT_1440K, format(80, 21, 4, RATE_500K), FORMAT_2880K,
];

function bytesOf({ cylinders, heads, sectors }: DiskFormat): number {
  return cylinders * heads * sectors * SECTOR_BYTES;
}

/** True for as many bytes as a floppy disk of some format has. */
export function isFloppySize(sizeBytes: number): boolean {
  return FORMATS.some((f) => bytesOf(f) === sizeBytes);
}

/** The format that has just so many bytes; else one of 3.5 inches with room for them. @throws VmError EINVAL if there is none */
export function formatOf(sizeBytes: number): DiskFormat {
  const found = FORMATS.find((f) => bytesOf(f) === sizeBytes) ?? [FORMAT_1440K, FORMAT_2880K].find((f) => bytesOf(f) >= sizeBytes);
  if (found === undefined) throw new VmError("EINVAL", `a floppy disk has up to ${bytesOf(FORMAT_2880K)} bytes, not ${sizeBytes}`);
  return found;
}
