/** Ethernet II (IEEE 802.3 §3.2.6, with a type instead of a length). */
import { get16, get48, put16, put48 } from "./network-order.ts";

/** Offsets; the data begin behind the header. */
const DESTINATION = 0, SOURCE = 6, TYPE = 12;
export const ETHERNET_HEADER = 14;
export const TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806;
/** Shorter frames do not go over a cable: zeros fill them up. */
const MIN_FRAME = 60;

/** What is at the start of a frame. */
export interface EthernetHeader {
  readonly destination: number;
  readonly source: number;
  readonly type: number;
}

/** Null if there is not even a header. */
export function parseEthernet(frame: Uint8Array): EthernetHeader | null {
  if (frame.length < ETHERNET_HEADER) return null;
  return { destination: get48(frame, DESTINATION), source: get48(frame, SOURCE), type: get16(frame, TYPE) };
}

/** A frame with room for so many bytes of data. */
export function newFrame(header: EthernetHeader, dataBytes: number): Uint8Array {
  const frame = new Uint8Array(Math.max(MIN_FRAME, ETHERNET_HEADER + dataBytes));
  put48(frame, DESTINATION, header.destination);
  put48(frame, SOURCE, header.source);
  put16(frame, TYPE, header.type);
  return frame;
}

/** True if the address is one of a group, or of all. */
export function isGroup(mac: number): boolean {
  return (Math.floor(mac / 2 ** 40) & 1) !== 0;
}
