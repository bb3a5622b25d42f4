/** CRC-32 as zlib and Ethernet have it (ISO 3309; RFC 1952 §8). */

const POLYNOMIAL = 0xedb88320;

function tableEntry(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? POLYNOMIAL ^ (crc >>> 1) : crc >>> 1;
  return crc;
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => tableEntry(byte));

/** Unsigned. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
