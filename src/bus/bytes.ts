/** Numbers as the bytes they go over a bus in, the lowest first. Sizes are in bytes; numbers are unsigned. */

/** The `size` bytes at `at` as a number; exact up to six. */
export function numberAt(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}

/** Puts the `size` lowest bytes of a number, up to four, at `at`. */
export function putNumber(bytes: Uint8Array, at: number, size: number, value: number): void {
  for (let i = 0; i < size; i++) bytes[at + i] = value >>> (8 * i);
}

/** What is read where nobody answers: ones, up to four bytes of them. */
export function allOnes(size: number): number {
  return 2 ** (8 * size) - 1;
}

/** `size` bytes of a register of four, from its byte `at` on; what is beyond it is 0. */
export function partOf(dword: number, at: number, size: number): number {
  return ((dword >>> (8 * at)) & allOnes(size)) >>> 0;
}
