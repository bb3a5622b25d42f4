// Little-endian byte lists, the form in which the generator builds code and memory.

/** The low `count` bytes of a value. */
export function le(value: number | bigint, count: number): number[] {
  const wide = BigInt(value);
  return Array.from({ length: count }, (_, i) => Number((wide >> BigInt(8 * i)) & 0xffn));
}

export function toHex(bytes: Iterable<number>): string {
  return Buffer.from(Uint8Array.from(bytes)).toString("hex");
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}
