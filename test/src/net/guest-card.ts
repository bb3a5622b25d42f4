// A guest's card, and packets as a guest would write them: made and read by code that shares nothing with src/net.

import type { EthernetCard, EthernetFrame, EthernetNetwork } from "../../../src/bus/ethernet.ts";

export const GUEST_MAC = 0x525400123456, GATEWAY_MAC = 0x52550a000202, DNS_MAC = 0x52550a000203, ALL = 0xffffffffffff;
export const GUEST = "10.0.2.15", GATEWAY = "10.0.2.2", DNS = "10.0.2.3";

/** Bytes from numbers, strings of hexadecimal digits, and bytes. */
export function bytes(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.of(part) : typeof part === "string" ? Buffer.from(part.replaceAll(" ", ""), "hex") : part))));
}

export function be16(value: number): Uint8Array {
  return bytes(value >>> 8, value & 0xff);
}

export function be32(value: number): Uint8Array {
  return bytes(be16(value >>> 16), be16(value & 0xffff));
}

export function address(text: string): Uint8Array {
  return Uint8Array.from(text.split(".").map(Number));
}

export function mac(value: number): Uint8Array {
  return bytes(value.toString(16).padStart(12, "0"));
}

/** RFC 1071, the slow way. */
function checksum(data: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) {
    sum += data[i] * 256 + (i + 1 < data.length ? data[i + 1] : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return 0xffff - sum;
}

export function ethernet(type: number, data: Uint8Array, to = GATEWAY_MAC, from = GUEST_MAC): Uint8Array {
  return bytes(mac(to), mac(from), be16(type), data);
}

export interface IpFields {
  readonly source?: string;
  readonly destination?: string;
  readonly identification?: number;
  /** The whole field: flags and offset. */
  readonly fragment?: number;
  readonly options?: Uint8Array;
}

export function ip(protocol: number, data: Uint8Array, { source = GUEST, destination = GATEWAY, identification = 1, fragment = 0, options = bytes() }: IpFields = {}): Uint8Array {
  const header = (sum: number): Uint8Array => bytes(
    0x45 + options.length / 4, 0, be16(20 + options.length + data.length), be16(identification), be16(fragment), 64, protocol, be16(sum), address(source), address(destination), options,
  );
  return ethernet(0x0800, bytes(header(checksum(header(0))), data));
}

function pseudo(protocol: number, length: number, source: string, destination: string): Uint8Array {
  return bytes(address(source), address(destination), 0, protocol, be16(length));
}

export function udp(from: number, to: number, data: Uint8Array, { source = GUEST, destination = GATEWAY }: IpFields = {}): Uint8Array {
  const header = (sum: number): Uint8Array => bytes(be16(from), be16(to), be16(8 + data.length), be16(sum), data);
  return header(checksum(bytes(pseudo(17, 8 + data.length, source, destination), header(0))));
}

export function udpFrame(from: number, to: number, data: Uint8Array, fields: IpFields = {}): Uint8Array {
  return ip(17, udp(from, to, data, fields), fields);
}

export function icmp(type: number, code: number, data: Uint8Array): Uint8Array {
  return bytes(type, code, be16(checksum(bytes(type, code, 0, 0, data))), data);
}

/** Flags of TCP. */
export const FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;

export interface TcpFields extends IpFields {
  readonly from?: number;
  readonly to?: number;
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly window?: number;
  readonly tcpOptions?: Uint8Array;
  readonly data?: Uint8Array;
}

export function tcpFrame(fields: TcpFields): Uint8Array {
  const { from = 1000, to = 80, seq, ack = 0, flags, window = 65535, tcpOptions = bytes(), data = bytes(), source = GUEST, destination = GATEWAY } = fields;
  const segment = (sum: number): Uint8Array => bytes(be16(from), be16(to), be32(seq), be32(ack), (5 + tcpOptions.length / 4) << 4, flags, be16(window), be16(sum), 0, 0, tcpOptions, data);
  return ip(6, segment(checksum(bytes(pseudo(6, 20 + tcpOptions.length + data.length, source, destination), segment(0)))), fields);
}

/** A packet that the guest got; every checksum has been held to be right. */
export interface Packet {
  readonly to: number;
  readonly from: number;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** The whole field: flags and offset. */
  readonly fragment: number;
  readonly data: Uint8Array;
}

export function readPacket(frame: Uint8Array): Packet {
  const view = new DataView(frame.buffer, frame.byteOffset), length = view.getUint16(16);
  if (view.getUint16(12) !== 0x0800 || frame[14] !== 0x45 || checksum(frame.subarray(14, 34)) !== 0 || 14 + length > frame.length) throw new Error("a damaged packet");
  const number = (at: number): number => view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
  return {
    to: number(0), from: number(6), source: frame.subarray(26, 30).join("."), destination: frame.subarray(30, 34).join("."), protocol: frame[23], fragment: view.getUint16(20),
    data: frame.slice(34, 14 + length),
  };
}

function checkSum({ data, source, destination, protocol }: Packet): void {
  if (checksum(bytes(pseudo(protocol, data.length, source, destination), data)) !== 0) throw new Error("a wrong checksum");
}

export interface Datagram {
  readonly source: string;
  readonly from: number;
  readonly to: number;
  readonly data: Uint8Array;
}

export function readUdp(packet: Packet): Datagram {
  const view = new DataView(packet.data.buffer);
  if (packet.protocol !== 17 || view.getUint16(4) !== packet.data.length) throw new Error("no datagram");
  checkSum(packet);
  return { source: packet.source, from: view.getUint16(0), to: view.getUint16(2), data: packet.data.slice(8) };
}

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly options: Uint8Array;
  readonly data: Uint8Array;
}

export function readTcp(packet: Packet): Segment {
  const view = new DataView(packet.data.buffer), header = (packet.data[12] >>> 4) * 4;
  if (packet.protocol !== 6) throw new Error("no segment");
  checkSum(packet);
  return {
    from: view.getUint16(0), to: view.getUint16(2), seq: view.getUint32(4), ack: view.getUint32(8), flags: packet.data[13], window: view.getUint16(14),
    options: packet.data.slice(20, header), data: packet.data.slice(header),
  };
}

/** Keeps what comes. */
export class GuestCard implements EthernetCard {
  readonly mac = GUEST_MAC;
  takesUnsummed = false;
  largestFrame = 0;
  /** How many more frames it takes. */
  room = Infinity;
  frames: EthernetFrame[] = [];
  private readonly network: EthernetNetwork;

  constructor(network: EthernetNetwork) {
    this.network = network;
    network.attach(this);
  }

  receive(frame: EthernetFrame): boolean {
    if (this.room <= 0) return false;
    this.room--;
    this.frames.push(frame);
    return true;
  }

  /** Sends frames in a burst; gives what came back. */
  send(...frames: readonly Uint8Array[]): Uint8Array[] {
    for (const frame of frames) this.network.send({ bytes: frame, isSummed: true, segmentBytes: 0 });
    this.network.endBurst();
    return this.take();
  }

  /** What has come since the last time. */
  take(): Uint8Array[] {
    const { frames } = this;
    this.frames = [];
    return frames.map((frame) => frame.bytes);
  }
}
