/** Datagrams that come in fragments (RFC 791 §3.2, RFC 815), put together. */
import type { Clock } from "../bus/clock.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { IPV4_HEADER, MAX_PACKET } from "./ipv4.ts";

/** As many are put together at a time; the oldest gives way. */
const MAX_DATAGRAMS = 16;
/** Fragments of one datagram: as many as an MTU of 576 makes of the longest, and some. */
const MAX_PIECES = 128;
/** RFC 1122 §3.3.2 wants 60 to 120 s; what is on this cable for so long is lost. */
const LIFETIME_NS = 30e9;

interface Piece {
  readonly from: number;
  readonly data: Uint8Array;
}

interface Datagram {
  readonly startedNs: number;
  /** In order, not overlapping. */
  pieces: Piece[];
  /** Known with the last fragment; else Infinity. */
  totalBytes: number;
  /** The first fragment, whose header the whole gets. */
  first: Ipv4Packet | null;
}

export class FragmentAssembler {
  private readonly clock: Clock;
  /** By source, destination, protocol and identification, oldest first. */
  private readonly datagrams = new Map<string, Datagram>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The packet itself if it is whole; the whole datagram if it was the last that was missing; else null. */
  add(packet: Ipv4Packet): Ipv4Packet | null {
    if (packet.fragmentOffset === 0 && !packet.hasMoreFragments) return packet;
    const key = `${packet.source} ${packet.destination} ${packet.protocol} ${packet.identification}`, datagram = this.datagramOf(key);
    if (!insert(datagram, packet)) {
      this.datagrams.delete(key);
      return null;
    }
    const whole = joined(datagram);
    if (whole !== null) this.datagrams.delete(key);
    return whole;
  }

  private datagramOf(key: string): Datagram {
    const nowNs = this.clock.nowNs();
    for (const [old, { startedNs }] of this.datagrams) if (nowNs - startedNs > LIFETIME_NS) this.datagrams.delete(old);
    const known = this.datagrams.get(key);
    if (known !== undefined) return known;
    for (const oldest of this.datagrams.keys()) {
      if (this.datagrams.size < MAX_DATAGRAMS) break;
      this.datagrams.delete(oldest);
    }
    const made: Datagram = { startedNs: nowNs, pieces: [], totalBytes: Infinity, first: null };
    this.datagrams.set(key, made);
    return made;
  }
}

/** False if the fragment contradicts others: overlapping ones (RFC 5722 drops the datagram) and two ends. A repeated one is no contradiction. */
function insert(datagram: Datagram, packet: Ipv4Packet): boolean {
  const { fragmentOffset: from, data } = packet, to = from + data.length, { pieces } = datagram;
  if (to > MAX_PACKET - IPV4_HEADER || pieces.length >= MAX_PIECES || (packet.hasMoreFragments && (data.length === 0 || data.length % 8 !== 0))) return false;
  if (pieces.some((piece) => piece.from === from && piece.data.length === data.length)) return true;
  if (pieces.some((piece) => from < piece.from + piece.data.length && piece.from < to)) return false;
  if (!packet.hasMoreFragments) {
    if (datagram.totalBytes !== Infinity) return false;
    datagram.totalBytes = to;
  }
  if (from === 0) datagram.first = packet;
  pieces.push({ from, data });
  return pieces.every((piece) => piece.from + piece.data.length <= datagram.totalBytes);
}

function joined({ pieces, totalBytes, first }: Datagram): Ipv4Packet | null {
  if (first === null || pieces.reduce((sum, piece) => sum + piece.data.length, 0) !== totalBytes) return null;
  const data = new Uint8Array(totalBytes);
  for (const piece of pieces) data.set(piece.data, piece.from);
  return { ...first, data, hasMoreFragments: false };
}
