/** The checksum of IPv4, ICMP, UDP and TCP (RFC 1071). */

/**
 * The sum of 16-bit words, an odd byte counting as if a zero followed.
 * @param start  what other parts have added up to
 * @returns not folded: to be added to, or finished by `fold`
 */
export function sumOf(bytes: Uint8Array, from: number, to: number, start = 0): number {
  let high = 0, low = 0;
  for (let i = from; i < to; i += 2) high += bytes[i];
  for (let i = from + 1; i < to; i += 2) low += bytes[i];
  return start + high * 256 + low;
}

/** The sum in ones' complement, 16 bits. */
export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = Math.floor(folded / 0x10000) + (folded % 0x10000);
  return folded;
}

/** What goes into the checksum field. */
export function checksumOf(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/**
 * The sum of the header that TCP and UDP put in front of themselves for the checksum only (RFC 9293 §3.1, RFC 768).
 * @param length  of the segment or datagram with its header, bytes
 */
export function pseudoHeaderSum(source: number, destination: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length;
}
