/** UDP (RFC 768): headers in and out. */
import { checksumOf, fold, pseudoHeaderSum, sumOf } from "./checksum.ts";
import type { Ipv4Address } from "./addresses.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { IPV4_HEADER, MAX_PACKET, UDP } from "./ipv4.ts";
import { get16, put16 } from "./network-order.ts";

const SOURCE_PORT = 0, DESTINATION_PORT = 2, LENGTH = 4, CHECKSUM = 6, HEADER_BYTES = 8;
export const MAX_DATAGRAM = MAX_PACKET - IPV4_HEADER - HEADER_BYTES;

/** An end of a conversation. */
export interface Endpoint {
  readonly address: Ipv4Address;
  readonly port: number;
}

export interface UdpDatagram {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly data: Uint8Array;
}

/** Null for what is damaged or cut short. @param isSummed  see EthernetFrame */
export function parseUdp(packet: Ipv4Packet, isSummed: boolean): UdpDatagram | null {
  const { data: bytes, source, destination } = packet;
  if (bytes.length < HEADER_BYTES) return null;
  const length = get16(bytes, LENGTH);
  if (length < HEADER_BYTES || length > bytes.length) return null;
  if (isSummed && get16(bytes, CHECKSUM) !== 0 && fold(sumOf(bytes, 0, length, pseudoHeaderSum(source, destination, UDP, length))) !== 0xffff) return null;
  return {
    source: { address: source, port: get16(bytes, SOURCE_PORT) }, destination: { address: destination, port: get16(bytes, DESTINATION_PORT) },
    data: bytes.subarray(HEADER_BYTES, length),
  };
}

/** The data of the packet that carries a datagram. */
export function udpBytes({ source, destination, data }: UdpDatagram): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + data.length);
  put16(bytes, SOURCE_PORT, source.port);
  put16(bytes, DESTINATION_PORT, destination.port);
  put16(bytes, LENGTH, bytes.length);
  bytes.set(data, HEADER_BYTES);
  // A checksum of zero would mean that there is none.
  put16(bytes, CHECKSUM, checksumOf(sumOf(bytes, 0, bytes.length, pseudoHeaderSum(source.address, destination.address, UDP, bytes.length))) || 0xffff);
  return bytes;
}
