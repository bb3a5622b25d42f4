/** ICMP (RFC 792): echo, and what cannot be reached. */
import { checksumOf, fold, sumOf } from "./checksum.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { ICMP, IPV4_HEADER } from "./ipv4.ts";
import { put16 } from "./network-order.ts";

const TYPE = 0, CODE = 1, CHECKSUM = 2, HEADER_BYTES = 8;
const ECHO_REPLY = 0, DESTINATION_UNREACHABLE = 3, ECHO_REQUEST = 8;
/** Codes of "destination unreachable" (RFC 792; RFC 1812 §5.2.7.1 for the last). */
export const UNREACHABLE = { host: 1, protocol: 2, port: 3, prohibited: 13 } as const;
/** So much of a packet's data is quoted. */
const QUOTED_DATA = 8;

/** The answer to an echo request; null if the message is something else or damaged. */
export function answerEcho(message: Uint8Array): Uint8Array | null {
  if (message.length < HEADER_BYTES || message[TYPE] !== ECHO_REQUEST || message[CODE] !== 0 || fold(sumOf(message, 0, message.length)) !== 0xffff) return null;
  const answer = Uint8Array.from(message);
  answer[TYPE] = ECHO_REPLY;
  return summed(answer);
}

/** The message that a packet did not get to where it was to go. */
export function unreachable(packet: Ipv4Packet, code: number): Uint8Array {
  const headerBytes = packet.bytes.length - packet.data.length, quoted = packet.bytes.subarray(0, Math.min(packet.bytes.length, Math.max(IPV4_HEADER, headerBytes) + QUOTED_DATA));
  const message = new Uint8Array(HEADER_BYTES + quoted.length);
  message[TYPE] = DESTINATION_UNREACHABLE;
  message[CODE] = code;
  message.set(quoted, HEADER_BYTES);
  return summed(message);
}

/** Whether a packet may be answered with an error at all (RFC 1122 §3.2.2): not if it is itself one. */
export function mayBeAnsweredByError({ protocol, data }: Ipv4Packet): boolean {
  return protocol !== ICMP || data[TYPE] === ECHO_REQUEST;
}

function summed(message: Uint8Array): Uint8Array {
  put16(message, CHECKSUM, 0);
  put16(message, CHECKSUM, checksumOf(sumOf(message, 0, message.length)));
  return message;
}
