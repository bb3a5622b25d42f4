/** The TCP connections with the guest: which segment belongs to which, their timers, and the frames that carry them. */
import type { Alarm, Clock } from "../bus/clock.ts";
import type { ByteRing } from "./byte-ring.ts";
import type { IpLink } from "./ip-link.ts";
import { FRAME_DATA, MTU } from "./ip-link.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { IPV4_HEADER, TCP } from "./ipv4.ts";
import type { TcpWire } from "./tcp-connection.ts";
import { resetFor, TcpConnection } from "./tcp-connection.ts";
import type { Sequence, TcpHeader, TcpSegment } from "./tcp-segment.ts";
import { ACK, headerLength, parseTcp, putTcpChecksum, putTcpHeader, RST, sequenceLength, SYN, TCP_HEADER } from "./tcp-segment.ts";
import type { Endpoint } from "./udp.ts";

/** More are not taken until one of them ends. Each has up to half a megabyte of buffers. */
const MAX_CONNECTIONS = 256;
/** Initial sequence numbers go on with time, a step each 4 microseconds, and from one connection to the next (RFC 9293 §3.4.1). */
const NS_PER_STEP = 4000, STEPS_PER_CONNECTION = 64_000;
const FIRST_EPHEMERAL = 49_152, EPHEMERALS = 16_384;

/** Who takes the guest's calls. */
export interface TcpOperator {
  /** False: the guest is told that it may not go there. */
  reaches(to: Endpoint): boolean;
  /** A new call: becomes its user, and accepts or aborts it later. */
  answer(connection: TcpConnection): void;
}

export class TcpTable implements TcpWire {
  readonly segmentBytes = MTU - IPV4_HEADER - TCP_HEADER;
  private readonly link: IpLink;
  private readonly clock: Clock;
  private readonly operator: TcpOperator;
  /** By both ends. */
  private readonly connections = new Map<string, TcpConnection>();
  /** Those whose guest is to get an acknowledgement at the end of the burst. */
  private readonly unacknowledged = new Set<TcpConnection>();
  /** Those that have something to send as soon as the link takes it. */
  private readonly waiting = new Set<TcpConnection>();
  private isBurst = false;
  /** Rings at or before the first deadline. */
  private readonly alarm: Alarm;
  private made = 0;

  constructor(link: IpLink, clock: Clock, operator: TcpOperator) {
    this.link = link;
    this.clock = clock;
    this.operator = operator;
    this.alarm = clock.newAlarm(() => this.ring());
  }

  /** Connections that something may still come from. */
  get openCount(): number {
    let count = 0;
    for (const { state } of this.connections.values()) if (state !== "TIME-WAIT") count++;
    return count;
  }

  /** False if the guest may not go where the packet is to go. */
  receive(packet: Ipv4Packet, isSummed: boolean): boolean {
    const segment = parseTcp(packet, isSummed);
    if (segment === null) return true;
    this.isBurst = true;
    const local: Endpoint = { address: packet.destination, port: segment.destinationPort }, remote: Endpoint = { address: packet.source, port: segment.sourcePort };
    const known = this.connections.get(keyOf(local, remote));
    if (known?.mayReopen(segment) === true) known.abort();
    else if (known !== undefined) {
      known.receive(segment);
      return true;
    }
    if ((segment.flags & (SYN | ACK | RST)) !== SYN) {
      this.refuse(segment, local, remote);
      return true;
    }
    if (!this.operator.reaches(local)) return false;
    if (!this.makeRoom()) return true;
    const call = this.add(local, remote);
    call.listen(segment);
    this.operator.answer(call);
    return true;
  }

  /** A connection with the guest that is to be opened from here. Null if there is no room for it. @param from  another port is taken if it is in use */
  newCall(from: Endpoint, to: Endpoint): TcpConnection | null {
    if (!this.makeRoom()) return null;
    const port = this.freePort(from, to);
    return port === null ? null : this.add({ address: from.address, port }, to);
  }

  /** What has come is acknowledged. */
  endBurst(): void {
    this.isBurst = false;
    for (const connection of this.unacknowledged) connection.acknowledgeNow();
    this.unacknowledged.clear();
  }

  /** The link takes frames again. */
  roomAgain(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const connection of waiting) connection.pump();
  }

  // ---- what is under a connection

  get chunkBytes(): number {
    return Math.max(0, this.link.largestPacket - IPV4_HEADER - TCP_HEADER);
  }

  nowNs(): number {
    return this.clock.nowNs();
  }

  hasRoom(connection: TcpConnection): boolean {
    if (this.link.hasRoom) return true;
    this.waiting.add(connection);
    return false;
  }

  transmit(connection: TcpConnection, header: TcpHeader, buffer: ByteRing | null, offset: number, count: number): void {
    if ((header.flags & ACK) !== 0) this.unacknowledged.delete(connection);
    this.transmitTo(connection.local, connection.remote, header, count > connection.segmentBytes ? connection.segmentBytes : 0, buffer, offset, count);
  }

  acknowledgeSoon(connection: TcpConnection): void {
    if (this.isBurst) this.unacknowledged.add(connection);
    else connection.acknowledgeNow();
  }

  timerChanged({ deadlineNs }: TcpConnection): void {
    if (deadlineNs < this.alarm.deadlineNs) this.alarm.setAt(deadlineNs);
  }

  over(connection: TcpConnection): void {
    const key = keyOf(connection.local, connection.remote);
    if (this.connections.get(key) === connection) this.connections.delete(key);
    this.unacknowledged.delete(connection);
    this.waiting.delete(connection);
  }

  // ---- the rest

  private transmitTo(local: Endpoint, remote: Endpoint, header: TcpHeader, segmentBytes: number, buffer: ByteRing | null, offset: number, count: number): void {
    const headerBytes = headerLength(header), length = headerBytes + count, isSummed = !this.link.takesUnsummed;
    const bytes = this.link.newPacket({ source: local.address, destination: remote.address, protocol: TCP, dataBytes: length });
    buffer?.copy(offset, count, bytes, FRAME_DATA + headerBytes);
    putTcpHeader(bytes, FRAME_DATA, header);
    putTcpChecksum(bytes, FRAME_DATA, length, local.address, remote.address, isSummed);
    this.link.send({ bytes, isSummed, segmentBytes });
  }

  private refuse(segment: TcpSegment, local: Endpoint, remote: Endpoint): void {
    const reset = resetFor(segment, sequenceLength(segment));
    if (reset !== null) this.transmitTo(local, remote, { ...reset, sourcePort: local.port, destinationPort: remote.port, window: 0 }, 0, null, 0, 0);
  }

  private add(local: Endpoint, remote: Endpoint): TcpConnection {
    const connection = new TcpConnection(this, local, remote, this.initialSequence());
    this.connections.set(keyOf(local, remote), connection);
    return connection;
  }

  private initialSequence(): Sequence {
    return (Math.floor(this.clock.nowNs() / NS_PER_STEP) + STEPS_PER_CONNECTION * this.made++) | 0;
  }

  /** Whether there is a place for one more connection; one in TIME-WAIT gives way. */
  private makeRoom(): boolean {
    if (this.connections.size < MAX_CONNECTIONS) return true;
    for (const connection of this.connections.values()) {
      if (connection.state !== "TIME-WAIT") continue;
      connection.abort();
      return true;
    }
    return false;
  }

  private freePort(from: Endpoint, to: Endpoint): number | null {
    for (let i = -1; i < EPHEMERALS; i++) {
      const port = i < 0 ? from.port : FIRST_EPHEMERAL + i;
      if (port !== 0 && !this.connections.has(keyOf({ address: from.address, port }, to))) return port;
    }
    return null;
  }

  private ring(): void {
    const nowNs = this.clock.nowNs();
    for (const connection of [...this.connections.values()]) if (connection.deadlineNs <= nowNs) connection.onTimer();
    let next = Infinity;
    for (const { deadlineNs } of this.connections.values()) next = Math.min(next, deadlineNs);
    this.alarm.setAt(next);
  }
}

function keyOf(local: Endpoint, remote: Endpoint): string {
  return `${local.address}:${local.port} ${remote.address}:${remote.port}`;
}
