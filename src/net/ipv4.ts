/** IPv4 (RFC 791): headers in and out. Fragments are put together in fragments.ts. */
import type { Ipv4Address } from "./addresses.ts";
import { checksumOf, fold, sumOf } from "./checksum.ts";
import { get16, get32, put16, put32 } from "./network-order.ts";

const VERSION_AND_LENGTH = 0, TOTAL_LENGTH = 2, IDENTIFICATION = 4, FRAGMENT = 6, TIME_TO_LIVE = 8, PROTOCOL = 9, CHECKSUM = 10, SOURCE = 12, DESTINATION = 16;
/** Our packets have no options. */
export const IPV4_HEADER = 20;
export const MAX_PACKET = 0xffff;
export const ICMP = 1, TCP = 6, UDP = 17;
const DO_NOT_FRAGMENT = 0x4000, MORE_FRAGMENTS = 0x2000, OFFSET_BITS = 0x1fff, OFFSET_UNIT = 8;
const INITIAL_TIME_TO_LIVE = 64;

export interface Ipv4Packet {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly identification: number;
  /** Where the data belong in the whole, bytes. */
  readonly fragmentOffset: number;
  readonly hasMoreFragments: boolean;
  readonly data: Uint8Array;
  /** With its header and without what follows, for ICMP to quote. */
  readonly bytes: Uint8Array;
}

/** @param bytes  behind the Ethernet header, with padding or without. Null for what is no IPv4, damaged or cut short. */
export function parseIpv4Packet(bytes: Uint8Array): Ipv4Packet | null {
  if (bytes.length < IPV4_HEADER || bytes[VERSION_AND_LENGTH] >>> 4 !== 4) return null;
  const headerBytes = (bytes[VERSION_AND_LENGTH] & 15) * 4, totalBytes = get16(bytes, TOTAL_LENGTH);
  if (headerBytes < IPV4_HEADER || totalBytes < headerBytes || totalBytes > bytes.length) return null;
  if (fold(sumOf(bytes, 0, headerBytes)) !== 0xffff) return null;
  const fragment = get16(bytes, FRAGMENT);
  return {
    source: get32(bytes, SOURCE), destination: get32(bytes, DESTINATION), protocol: bytes[PROTOCOL], identification: get16(bytes, IDENTIFICATION),
    fragmentOffset: (fragment & OFFSET_BITS) * OFFSET_UNIT, hasMoreFragments: (fragment & MORE_FRAGMENTS) !== 0,
    data: bytes.subarray(headerBytes, totalBytes), bytes: bytes.subarray(0, totalBytes),
  };
}

/** What a header of ours says. */
export interface Ipv4Header {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  readonly dataBytes: number;
  /** 0 with `fragmentOffset` undefined: must not be fragmented. */
  readonly identification?: number;
  /** Given for a fragment: a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly hasMoreFragments?: boolean;
}

/** Writes a header. */
export function putIpv4Header(bytes: Uint8Array, at: number, header: Ipv4Header): void {
  const { fragmentOffset } = header;
  put16(bytes, at, 0x4500);
  put16(bytes, at + TOTAL_LENGTH, IPV4_HEADER + header.dataBytes);
  put16(bytes, at + IDENTIFICATION, header.identification ?? 0);
  put16(bytes, at + FRAGMENT, fragmentOffset === undefined ? DO_NOT_FRAGMENT : fragmentOffset / OFFSET_UNIT | (header.hasMoreFragments === true ? MORE_FRAGMENTS : 0));
  bytes[at + TIME_TO_LIVE] = INITIAL_TIME_TO_LIVE;
  bytes[at + PROTOCOL] = header.protocol;
  put16(bytes, at + CHECKSUM, 0);
  put32(bytes, at + SOURCE, header.source);
  put32(bytes, at + DESTINATION, header.destination);
  put16(bytes, at + CHECKSUM, checksumOf(sumOf(bytes, at, at + IPV4_HEADER)));
}
