/**
 * A TCP connection with the guest, seen from our end (RFC 9293 §3.3.2 has the states, §3.10.7 what segments do in them; RFC 5961 §3 and §4 for
 * RST and SYN that are not quite right). Opened by the guest: it waits in LISTEN until `accept` or `abort`. Opened by us: `connect`.
 */
import type { ByteRing } from "./byte-ring.ts";
import { MAX_UNSCALED, RECEIVE_LIMIT, TcpReceiver } from "./tcp-receiver.ts";
import type { Sequence, TcpHeader, TcpSegment } from "./tcp-segment.ts";
import { ACK, advance, before, FIN, RST, SYN } from "./tcp-segment.ts";
import { TcpSender } from "./tcp-sender.ts";
import type { Endpoint } from "./udp.ts";

/** Names of RFC 9293. LISTEN: a SYN has come, and is not answered yet. */
export type TcpState = "LISTEN" | "SYN-SENT" | "SYN-RECEIVED" | "ESTABLISHED" | "FIN-WAIT-1" | "FIN-WAIT-2" | "CLOSE-WAIT" | "CLOSING" | "LAST-ACK" | "TIME-WAIT" | "CLOSED";

/** Who uses a connection. None of these may throw. */
export interface TcpUser {
  established(): void;
  /** Data in order. `TcpConnection.consumed` is to be called once they are dealt with. */
  data(bytes: Uint8Array): void;
  /** The guest sends no more. */
  ended(): void;
  /** `queued` has become less. */
  acknowledged(): void;
  /** It is over. @param isOrderly  both ends have said all they had to say; else it was reset or given up */
  closed(isOrderly: boolean): void;
}

/** What is under a connection. */
export interface TcpWire {
  /** Largest data of a segment, ours and the guest's. */
  readonly segmentBytes: number;
  /** The most data that may be sent in one go, if the card takes several segments in one; else 0. */
  readonly chunkBytes: number;
  nowNs(): number;
  /** False: `pump` will be called once the link takes something. */
  hasRoom(connection: TcpConnection): boolean;
  /** Sends `count` bytes of `buffer` from `offset`, or none. */
  transmit(connection: TcpConnection, header: TcpHeader, buffer: ByteRing | null, offset: number, count: number): void;
  /** `acknowledgeNow` is to be called soon. */
  acknowledgeSoon(connection: TcpConnection): void;
  /** `deadlineNs` has changed. */
  timerChanged(connection: TcpConnection): void;
  /** It is CLOSED. */
  over(connection: TcpConnection): void;
}

const NOBODY: TcpUser = { established: () => undefined, data: () => undefined, ended: () => undefined, acknowledged: () => undefined, closed: () => undefined };
/** Our window's scale: a shift that lets all of `RECEIVE_LIMIT` be told. */
const OUR_SCALE = 3;
/** What a guest without the option takes (§3.7.1). */
const DEFAULT_SEGMENT = 536, MIN_SEGMENT = 64;
/** Timeouts in a row, each twice as long, before a connection is given up: about two minutes for SYN, four for data (§3.8.3). */
const MAX_SYN_TIMEOUTS = 6, MAX_TIMEOUTS = 10;
/** Segments live as long as the card's queue keeps them; RFC 9293's two minutes are for the Internet. */
const TIME_WAIT_NS = 1e9;

export class TcpConnection {
  /** Our end, and the guest's. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
  state: TcpState = "LISTEN";
  /** When `onTimer` is to be called, ns of guest time. */
  deadlineNs = Infinity;
  /** Who uses it; to be set before anything comes. */
  user: TcpUser = NOBODY;
  private readonly wire: TcpWire;
  private readonly initial: Sequence;
  private readonly sender: TcpSender;
  private readonly receiver: TcpReceiver;
  /** Shifts of the window fields that we send and that we get; null: no scaling. */
  private ourScale: number | null = OUR_SCALE;
  private theirScale = 0;

  /** @param initial  the first sequence number of ours */
  constructor(wire: TcpWire, local: Endpoint, remote: Endpoint, initial: Sequence) {
    this.wire = wire;
    this.local = local;
    this.remote = remote;
    this.initial = initial;
    this.sender = new TcpSender({
      hasRoom: () => wire.hasRoom(this), nowNs: () => wire.nowNs(),
      data: (sequence, flags, buffer, offset, count) => this.transmit(sequence, flags, buffer, offset, count),
    });
    this.receiver = new TcpReceiver((data) => this.user.data(data));
    this.sender.start(initial);
  }

  // ---- opening

  /** The guest's SYN: remembered until somebody accepts or aborts. */
  listen(syn: TcpSegment): void {
    this.state = "LISTEN";
    this.takeSyn(syn);
  }

  /** Answers the guest's SYN. */
  accept(): void {
    if (this.state !== "LISTEN") return;
    this.state = "SYN-RECEIVED";
    this.sendSyn();
  }

  /** Calls the guest. */
  connect(): void {
    this.state = "SYN-SENT";
    this.sendSyn();
  }

  private takeSyn({ sequence, maxSegmentBytes, windowScale }: TcpSegment): void {
    if (windowScale === null) this.ourScale = null;
    else this.theirScale = windowScale;
    this.receiver.start(advance(sequence, 1), windowScale === null ? MAX_UNSCALED : RECEIVE_LIMIT);
    this.sender.segmentBytes = Math.max(MIN_SEGMENT, Math.min(this.wire.segmentBytes, maxSegmentBytes ?? DEFAULT_SEGMENT));
  }

  private sendSyn(): void {
    const { wire, state } = this, isAnswer = state === "SYN-RECEIVED";
    wire.transmit(this, {
      ...this.ports(), sequence: this.initial, acknowledgement: isAnswer ? this.receiver.next : 0, flags: isAnswer ? SYN | ACK : SYN,
      window: this.receiver.tellWindow(0, 1), options: { maxSegmentBytes: wire.segmentBytes, windowScale: this.ourScale },
    }, null, 0, 0);
    this.setTimer(wire.nowNs() + this.sender.rtt.timeoutNs);
  }

  // ---- what the user does

  /** Data of a segment to the guest. */
  get segmentBytes(): number {
    return this.sender.segmentBytes;
  }

  /** Bytes that the guest has not acknowledged. */
  get queued(): number {
    return this.sender.queued;
  }

  /** Data for the guest. */
  send(data: Uint8Array): void {
    if (this.state === "CLOSED" || this.sender.hasFin) return;
    this.sender.queue(data);
    this.pump();
  }

  /** No more data for the guest. */
  close(): void {
    if (this.state === "CLOSED" || this.sender.hasFin) return;
    this.sender.finish();
    if (this.state === "ESTABLISHED") this.state = "FIN-WAIT-1";
    else if (this.state === "CLOSE-WAIT") this.state = "LAST-ACK";
    this.pump();
  }

  /** Ends the connection at once; its user does not hear of it. Before `accept`: refuses it. */
  abort(): void {
    if (this.state === "CLOSED") return;
    if (this.state === "LISTEN") this.transmitControl(0, RST | ACK);
    else if (this.state === "SYN-SENT") this.transmitControl(this.sender.next, RST);
    else if (this.state !== "TIME-WAIT") this.transmitControl(this.sender.next, RST | ACK);
    this.leave();
  }

  /** The user has dealt with so many bytes. */
  consumed(count: number): void {
    if (this.receiver.consumed(count) && this.isSynchronised) this.wire.acknowledgeSoon(this);
  }

  /** Sends what the window and the link allow. */
  pump(): void {
    if (!this.isSynchronised || this.state === "TIME-WAIT") return;
    this.sender.chunkBytes = this.chunkBytes();
    this.sender.pump();
    this.keepTimer(false);
  }

  /** What has come is acknowledged. */
  acknowledgeNow(): void {
    if (this.isSynchronised) this.transmitControl(this.sender.next, ACK);
  }

  // ---- what comes

  /** A segment of the guest's. */
  receive(segment: TcpSegment): void {
    if (this.state === "LISTEN") {
      if ((segment.flags & RST) !== 0) this.fail();
    } else if (this.state === "SYN-SENT") this.receiveInSynSent(segment);
    else if (this.state !== "CLOSED") this.receiveSynchronised(segment);
  }

  /** §3.10.7.3. A call that crosses ours (SYN without ACK) is not taken: nobody but the guest could have made it, to a port of ours that has no service. */
  private receiveInSynSent(segment: TcpSegment): void {
    const { flags, acknowledgement } = segment, isAnswer = (flags & ACK) !== 0 && acknowledgement === this.sender.next;
    if ((flags & RST) !== 0) {
      if (isAnswer) this.fail();
      return;
    }
    if ((flags & ACK) !== 0 && !isAnswer) {
      this.transmitControl(acknowledgement, RST);
      return;
    }
    if (!isAnswer || (flags & SYN) === 0) return;
    this.takeSyn(segment);
    this.establish(segment, segment.window);
    this.acknowledgeNow();
    this.pump();
  }

  /** §3.10.7.4. */
  private receiveSynchronised(segment: TcpSegment): void {
    const { flags } = segment, { receiver } = this;
    if (!receiver.isAcceptable(segment)) {
      if ((flags & RST) === 0) this.acknowledgeUnasked();
      return;
    }
    if ((flags & RST) !== 0 && segment.sequence === receiver.next) return this.fail();
    if ((flags & (RST | SYN)) !== 0) return this.acknowledgeUnasked();
    if ((flags & ACK) === 0 || !this.takeAck(segment)) return;
    this.takeData(segment);
    if (this.isOpen) this.pump();
  }

  /** False if the segment is to be dropped. */
  private takeAck(segment: TcpSegment): boolean {
    const window = segment.window * 2 ** this.theirScale;
    if (this.state === "SYN-RECEIVED") {
      if (segment.acknowledgement !== this.sender.next) {
        this.transmitControl(segment.acknowledgement, RST);
        return false;
      }
      this.establish(segment, window);
    }
    const verdict = this.sender.acknowledge(segment, window);
    if (verdict === "unsent") {
      this.acknowledgeUnasked();
      return false;
    }
    if (verdict === "new") {
      this.user.acknowledged();
      this.keepTimer(true);
    }
    if (this.sender.isFinAcknowledged) this.finAcknowledged();
    return this.isOpen;
  }

  private takeData(segment: TcpSegment): void {
    if (segment.data.length === 0 && (segment.flags & FIN) === 0) return;
    if (this.state !== "ESTABLISHED" && this.state !== "FIN-WAIT-1" && this.state !== "FIN-WAIT-2") return this.acknowledgeUnasked();
    if (this.receiver.take(segment)) this.wire.acknowledgeSoon(this);
    else this.acknowledgeUnasked();
    if (this.isOpen && this.receiver.isFinished) this.finReceived();
  }

  private establish(segment: TcpSegment, window: number): void {
    this.state = this.sender.hasFin ? "FIN-WAIT-1" : "ESTABLISHED";
    this.sender.establish(segment, window);
    this.setTimer(Infinity);
    this.user.established();
  }

  private finReceived(): void {
    if (this.state === "ESTABLISHED") this.state = "CLOSE-WAIT";
    else if (this.state === "FIN-WAIT-1") this.state = "CLOSING";
    this.user.ended();
    if (this.state === "FIN-WAIT-2") this.enterTimeWait();
  }

  private finAcknowledged(): void {
    if (this.state === "FIN-WAIT-1") this.state = "FIN-WAIT-2";
    else if (this.state === "CLOSING") this.enterTimeWait();
    else if (this.state === "LAST-ACK") {
      this.leave();
      this.user.closed(true);
    }
  }

  private enterTimeWait(): void {
    this.acknowledgeNow();
    this.state = "TIME-WAIT";
    this.setTimer(this.wire.nowNs() + TIME_WAIT_NS);
    this.user.closed(true);
  }

  // ---- time

  /** The time has come that `deadlineNs` said. */
  onTimer(): void {
    this.deadlineNs = Infinity;
    const { state, sender: { rtt } } = this;
    if (state === "TIME-WAIT") return this.leave();
    if (state === "SYN-SENT" || state === "SYN-RECEIVED") {
      rtt.timedOut();
      if (rtt.timeouts > MAX_SYN_TIMEOUTS) this.fail();
      else this.sendSyn();
      return;
    }
    if (rtt.timeouts >= MAX_TIMEOUTS) {
      this.transmitControl(this.sender.next, RST | ACK);
      return this.fail();
    }
    this.sender.timeout();
    this.keepTimer(true);
  }

  /** @param isAnew  counted from now on, since something has come back or gone out again */
  private keepTimer(isAnew: boolean): void {
    if (this.state === "TIME-WAIT" || !this.isOpen) return;
    if (!this.sender.needsTimer) this.setTimer(Infinity);
    else if (isAnew || this.deadlineNs === Infinity) this.setTimer(this.wire.nowNs() + this.sender.rtt.timeoutNs);
  }

  private setTimer(deadlineNs: number): void {
    this.deadlineNs = deadlineNs;
    this.wire.timerChanged(this);
  }

  // ---- the rest

  /** Whether a segment may open a connection anew that is in TIME-WAIT: a SYN whose numbers go on behind the old ones (§3.6.1). */
  mayReopen({ flags, sequence }: TcpSegment): boolean {
    return this.state === "TIME-WAIT" && (flags & (SYN | ACK | RST)) === SYN && before(this.receiver.next, sequence);
  }

  /** Not CLOSED: a call to the user may have ended it. */
  private get isOpen(): boolean {
    return this.state !== "CLOSED";
  }

  private get isSynchronised(): boolean {
    return this.state !== "LISTEN" && this.state !== "SYN-SENT" && this.state !== "SYN-RECEIVED" && this.state !== "CLOSED";
  }

  /** It has ended otherwise than it should. */
  private fail(): void {
    this.leave();
    this.user.closed(false);
  }

  private leave(): void {
    this.state = "CLOSED";
    this.sender.forget();
    this.setTimer(Infinity);
    this.wire.over(this);
  }

  private chunkBytes(): number {
    const { segmentBytes } = this.sender;
    return Math.max(segmentBytes, Math.floor(this.wire.chunkBytes / segmentBytes) * segmentBytes);
  }

  private ports(): Pick<TcpHeader, "sourcePort" | "destinationPort"> {
    return { sourcePort: this.local.port, destinationPort: this.remote.port };
  }

  /** Answers what was not to be expected, so that the guest sees where we are. */
  private acknowledgeUnasked(): void {
    this.transmitControl(this.sender.next, ACK);
  }

  private transmitControl(sequence: Sequence, flags: number): void {
    this.transmit(sequence, flags, null, 0, 0);
  }

  private transmit(sequence: Sequence, flags: number, buffer: ByteRing | null, offset: number, count: number): void {
    const hasAck = (flags & ACK) !== 0;
    this.wire.transmit(this, {
      ...this.ports(), sequence, flags, acknowledgement: hasAck ? this.receiver.next : 0, window: hasAck ? this.receiver.tellWindow(this.ourScale ?? 0, this.sender.segmentBytes) : 0,
    }, buffer, offset, count);
  }
}

/** The answer to a segment of no connection (§3.10.7.1); null if there is none. */
export function resetFor(segment: TcpSegment, length: number): Pick<TcpHeader, "sequence" | "acknowledgement" | "flags"> | null {
  if ((segment.flags & RST) !== 0) return null;
  if ((segment.flags & ACK) !== 0) return { sequence: segment.acknowledgement, acknowledgement: 0, flags: RST };
  return { sequence: 0, acknowledgement: advance(segment.sequence, length), flags: RST | ACK };
}
