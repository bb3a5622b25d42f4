/** Segments of TCP (RFC 9293 §3.1), their options MSS and window scale (RFC 7323 §2), and arithmetic on sequence numbers. */
import type { Ipv4Address } from "./addresses.ts";
import { checksumOf, fold, pseudoHeaderSum, sumOf } from "./checksum.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { TCP } from "./ipv4.ts";
import { get16, get32, put16, put32 } from "./network-order.ts";

const SOURCE_PORT = 0, DESTINATION_PORT = 2, SEQUENCE = 4, ACKNOWLEDGEMENT = 8, DATA_OFFSET = 12, FLAGS = 13, WINDOW = 14, CHECKSUM = 16;
export const TCP_HEADER = 20;
export const FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;
const FLAG_BITS = 0x3f;
const OPTION_END = 0, OPTION_NOTHING = 1, OPTION_MSS = 2, OPTION_SCALE = 3;
/** RFC 7323 §2.3. */
const MAX_SCALE = 14;
/** Both options, as we send them. */
const OPTION_BYTES = 8;

/** A sequence number: any int32; they wrap. */
export type Sequence = number;

/** True if `a` comes before `b`. */
export function before(a: Sequence, b: Sequence): boolean {
  return ((a - b) | 0) < 0;
}

/** How far `b` is behind `a`. */
export function distance(a: Sequence, b: Sequence): number {
  return (b - a) | 0;
}

export function advance(a: Sequence, by: number): Sequence {
  return (a + by) | 0;
}

/** The fields of every header. */
interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: Sequence;
  /** Means something if `flags` has ACK. */
  readonly acknowledgement: Sequence;
  readonly flags: number;
  /** 0..0xffff, as the header has it: what it says is this times 2 to the window scale. */
  readonly window: number;
}

/** A segment of the other side's. */
export interface TcpSegment extends TcpFields {
  /** Options, or null. */
  readonly maxSegmentBytes: number | null;
  readonly windowScale: number | null;
  readonly data: Uint8Array;
}

/** Null for what is damaged or cut short. @param isSummed  see EthernetFrame */
export function parseTcp({ data: bytes, source, destination }: Ipv4Packet, isSummed: boolean): TcpSegment | null {
  if (bytes.length < TCP_HEADER) return null;
  const headerBytes = (bytes[DATA_OFFSET] >>> 4) * 4;
  if (headerBytes < TCP_HEADER || headerBytes > bytes.length) return null;
  if (isSummed && fold(sumOf(bytes, 0, bytes.length, pseudoHeaderSum(source, destination, TCP, bytes.length))) !== 0xffff) return null;
  return {
    sourcePort: get16(bytes, SOURCE_PORT), destinationPort: get16(bytes, DESTINATION_PORT), sequence: get32(bytes, SEQUENCE) | 0, acknowledgement: get32(bytes, ACKNOWLEDGEMENT) | 0,
    flags: bytes[FLAGS] & FLAG_BITS, window: get16(bytes, WINDOW), ...parseOptions(bytes, headerBytes), data: bytes.subarray(headerBytes),
  };
}

function parseOptions(bytes: Uint8Array, end: number): Pick<TcpSegment, "maxSegmentBytes" | "windowScale"> {
  let maxSegmentBytes: number | null = null, windowScale: number | null = null;
  for (let at = TCP_HEADER; at < end && bytes[at] !== OPTION_END;) {
    if (bytes[at] === OPTION_NOTHING) {
      at++;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1] : 0;
    if (length < 2 || at + length > end) break;
    if (bytes[at] === OPTION_MSS && length === 4) maxSegmentBytes = get16(bytes, at + 2);
    if (bytes[at] === OPTION_SCALE && length === 3) windowScale = Math.min(MAX_SCALE, bytes[at + 2]);
    at += length;
  }
  return { maxSegmentBytes, windowScale };
}

/** How much a segment takes of the sequence numbers: its data, SYN and FIN. */
export function sequenceLength({ data, flags }: TcpSegment): number {
  return data.length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
}

/** What a segment of ours says. */
export interface TcpHeader extends TcpFields {
  /** With SYN: the options; a scale of null is not offered. */
  readonly options?: { readonly maxSegmentBytes: number; readonly windowScale: number | null } | undefined;
}

export function headerLength({ options }: TcpHeader): number {
  return options === undefined ? TCP_HEADER : TCP_HEADER + OPTION_BYTES;
}

/** Writes the header; the data are in place behind it, and the checksum is still to be set. */
export function putTcpHeader(bytes: Uint8Array, at: number, header: TcpHeader): void {
  const { options } = header;
  put16(bytes, at + SOURCE_PORT, header.sourcePort);
  put16(bytes, at + DESTINATION_PORT, header.destinationPort);
  put32(bytes, at + SEQUENCE, header.sequence);
  put32(bytes, at + ACKNOWLEDGEMENT, header.acknowledgement);
  bytes[at + DATA_OFFSET] = (headerLength(header) / 4) << 4;
  bytes[at + FLAGS] = header.flags;
  put16(bytes, at + WINDOW, header.window);
  if (options === undefined) return;
  const option = at + TCP_HEADER;
  bytes[option] = OPTION_MSS;
  bytes[option + 1] = 4;
  put16(bytes, option + 2, options.maxSegmentBytes);
  bytes.fill(OPTION_NOTHING, option + 4, option + OPTION_BYTES);
  if (options.windowScale === null) return;
  bytes[option + 5] = OPTION_SCALE;
  bytes[option + 6] = 3;
  bytes[option + 7] = options.windowScale;
}

/** Sets the checksum of a segment of `length` bytes at `at`, or what stands for it in a frame that is not summed. */
export function putTcpChecksum(bytes: Uint8Array, at: number, length: number, source: Ipv4Address, destination: Ipv4Address, isSummed: boolean): void {
  const pseudo = pseudoHeaderSum(source, destination, TCP, length);
  put16(bytes, at + CHECKSUM, 0);
  put16(bytes, at + CHECKSUM, isSummed ? checksumOf(sumOf(bytes, at, at + length, pseudo)) : fold(pseudo));
}
