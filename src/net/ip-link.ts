/**
 * IPv4 on the cable, from our end: packets into frames, fragments of those that are too long, and a queue for what the guest's card has no
 * room for at the moment.
 */
import type { EthernetCard, EthernetFrame } from "../bus/ethernet.ts";
import { BROADCAST, BROADCAST_MAC, GATEWAY, isOurs, macOf } from "./addresses.ts";
import type { Ipv4Address } from "./addresses.ts";
import { ETHERNET_HEADER, newFrame, TYPE_IPV4 } from "./ethernet.ts";
import type { Ipv4Header } from "./ipv4.ts";
import { IPV4_HEADER, MAX_PACKET, putIpv4Header } from "./ipv4.ts";

/** The most that a frame of Ethernet carries. */
export const MTU = 1500;
/** Where a packet's data begin in a frame of ours. */
export const FRAME_DATA = ETHERNET_HEADER + IPV4_HEADER;
/** Frames that wait for the card; more are lost, as in a switch. */
const MAX_QUEUE = 256;
/** Addresses of the guest whose cards are remembered. */
const MAX_NEIGHBOURS = 256;

export class IpLink {
  private card: EthernetCard | null = null;
  private queue: EthernetFrame[] = [];
  /** Cards by address, as seen in what came from them: a guest may have bridges and several addresses. */
  private readonly neighbours = new Map<Ipv4Address, number>();
  private identification = 0;

  attach(card: EthernetCard): void {
    this.card = card;
  }

  /** False while the card takes nothing: who can wait should. */
  get hasRoom(): boolean {
    return this.queue.length === 0;
  }

  get takesUnsummed(): boolean {
    return this.card?.takesUnsummed ?? false;
  }

  /** The longest packet that may stand for several, bytes; 0 for none. */
  get largestPacket(): number {
    return Math.max(0, Math.min(MAX_PACKET, (this.card?.largestFrame ?? 0) - ETHERNET_HEADER));
  }

  /** A frame from `mac` came from `address`. */
  learn(address: Ipv4Address, mac: number): void {
    if (this.neighbours.get(address) === mac) return;
    if (this.neighbours.size >= MAX_NEIGHBOURS) this.neighbours.clear();
    this.neighbours.set(address, mac);
  }

  /**
   * A frame with an IPv4 header and room for data behind it, at `FRAME_DATA`.
   * @param mac  where it goes, if that is not to be looked up
   */
  newPacket(header: Ipv4Header, mac = this.macFor(header.destination)): Uint8Array {
    const frame = newFrame({ destination: mac, source: macOf(isOurs(header.source) ? header.source : GATEWAY), type: TYPE_IPV4 }, IPV4_HEADER + header.dataBytes);
    putIpv4Header(frame, ETHERNET_HEADER, header);
    return frame;
  }

  /** Sends data in one packet, or in fragments where they are longer than a frame carries. */
  sendData(header: Omit<Ipv4Header, "dataBytes" | "identification">, data: Uint8Array, mac = this.macFor(header.destination)): void {
    const room = MTU - IPV4_HEADER;
    if (data.length <= room) {
      const frame = this.newPacket({ ...header, dataBytes: data.length }, mac);
      frame.set(data, FRAME_DATA);
      this.sendPlain(frame);
      return;
    }
    const identification = this.identification = (this.identification + 1) & 0xffff, step = room & ~7;
    for (let at = 0; at < data.length; at += step) {
      const part = data.subarray(at, at + step);
      const frame = this.newPacket({ ...header, dataBytes: part.length, identification, fragmentOffset: at, hasMoreFragments: at + step < data.length }, mac);
      frame.set(part, FRAME_DATA);
      this.sendPlain(frame);
    }
  }

  /** Sends a frame that is complete. */
  sendPlain(bytes: Uint8Array): void {
    this.send({ bytes, isSummed: true, segmentBytes: 0 });
  }

  send(frame: EthernetFrame): void {
    if (this.queue.length === 0 && this.card?.receive(frame) === true) return;
    if (this.card !== null && this.queue.length < MAX_QUEUE) this.queue.push(frame);
  }

  /** Offers what waits. */
  drain(): void {
    const { queue, card } = this;
    const refused = card === null ? -1 : queue.findIndex((frame) => !card.receive(frame));
    this.queue = refused < 0 ? [] : queue.slice(refused);
  }

  /** The card of an address; the guest's only one unless another has been seen. */
  private macFor(address: Ipv4Address): number {
    if (address === BROADCAST) return BROADCAST_MAC;
    return this.neighbours.get(address) ?? this.card?.mac ?? BROADCAST_MAC;
  }
}
