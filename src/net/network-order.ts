/** Fields of packets: big-endian, unsigned. */

export function get16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function get32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** 48 bits, such as the address of a network card. */
export function get48(bytes: Uint8Array, at: number): number {
  return get16(bytes, at) * 2 ** 32 + get32(bytes, at + 2);
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value);
}

export function put48(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, Math.floor(value / 2 ** 32));
  put32(bytes, at + 2, value % 2 ** 32);
}
