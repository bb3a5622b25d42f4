/** 64-bit fields as numbers. */

/** Exact below 2^53; what is above stays above. */
export function readU64(view: DataView, at: number, isLittleEndian = false): number {
  return Number(view.getBigUint64(at, isLittleEndian));
}

/** @param value  0 .. 2^53 - 1 */
export function writeU64(view: DataView, at: number, value: number, isLittleEndian = false): void {
  view.setBigUint64(at, BigInt(value), isLittleEndian);
}

/** The least multiple of `unit` that is not below `n`. */
export function roundUp(n: number, unit: number): number {
  return Math.ceil(n / unit) * unit;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
