/** Which card has which address: ARP (RFC 826) for IPv4 on Ethernet. */
import { isOurs, macOf } from "./addresses.ts";
import type { Ipv4Address } from "./addresses.ts";
import { ETHERNET_HEADER, newFrame, TYPE_ARP } from "./ethernet.ts";
import { get16, get32, get48, put16, put32, put48 } from "./network-order.ts";

const HARDWARE = 0, PROTOCOL = 2, LENGTHS = 4, OPERATION = 6, SENDER_MAC = 8, SENDER = 14, TARGET_MAC = 18, TARGET = 24, PACKET_BYTES = 28;
const ETHERNET = 1, IPV4 = 0x0800, ADDRESS_LENGTHS = 0x0604, REQUEST = 1, REPLY = 2;

export interface ArpPacket {
  readonly isRequest: boolean;
  readonly senderMac: number;
  /** 0 in a probe for an address in use (RFC 5227). */
  readonly sender: Ipv4Address;
  readonly target: Ipv4Address;
}

/** @param packet  behind the Ethernet header. Null if it is not ARP of IPv4 on Ethernet. */
export function parseArp(packet: Uint8Array): ArpPacket | null {
  if (packet.length < PACKET_BYTES || get16(packet, HARDWARE) !== ETHERNET || get16(packet, PROTOCOL) !== IPV4 || get16(packet, LENGTHS) !== ADDRESS_LENGTHS) return null;
  const operation = get16(packet, OPERATION);
  if (operation !== REQUEST && operation !== REPLY) return null;
  return { isRequest: operation === REQUEST, senderMac: get48(packet, SENDER_MAC), sender: get32(packet, SENDER), target: get32(packet, TARGET) };
}

/** The frame that answers, or null if the question is for others. */
export function answerArp(asked: ArpPacket): Uint8Array | null {
  if (!asked.isRequest || !isOurs(asked.target)) return null;
  const mac = macOf(asked.target), frame = newFrame({ destination: asked.senderMac, source: mac, type: TYPE_ARP }, PACKET_BYTES);
  const packet = frame.subarray(ETHERNET_HEADER);
  put16(packet, HARDWARE, ETHERNET);
  put16(packet, PROTOCOL, IPV4);
  put16(packet, LENGTHS, ADDRESS_LENGTHS);
  put16(packet, OPERATION, REPLY);
  put48(packet, SENDER_MAC, mac);
  put32(packet, SENDER, asked.target);
  put48(packet, TARGET_MAC, asked.senderMac);
  put32(packet, TARGET, asked.sender);
  return frame;
}
