/**
 * What goes over a TCP connection (RFC 9293 §3.8): data wait in a buffer until they are acknowledged, go out as the window allows, and go
 * again after a timeout (RFC 6298) or three duplicate acknowledgements (RFC 5681 §3.2, RFC 6582). There is no congestion
 * window: the link has one sender, and says itself when it takes nothing.
 */
import { ByteRing } from "./byte-ring.ts";
import { RttEstimator } from "./rtt-estimator.ts";
import type { Sequence, TcpSegment } from "./tcp-segment.ts";
import { ACK, advance, before, distance, FIN, PSH, SYN } from "./tcp-segment.ts";

/** Duplicates that mean a loss. */
const DUPLICATES = 3;

/** Where segments go. */
export interface SegmentSink {
  /** False while no more data should be sent: `pump` is to be called once that has changed. */
  hasRoom(): boolean;
  nowNs(): number;
  /** Sends `count` bytes of `buffer` from `offset`. */
  data(sequence: Sequence, flags: number, buffer: ByteRing, offset: number, count: number): void;
}

/** What an acknowledgement was. */
export type AckVerdict = "new" | "old" | "unsent";

export class TcpSender {
  readonly rtt = new RttEstimator();
  /** SND.UNA, SND.NXT. */
  unacknowledged: Sequence = 0;
  next: Sequence = 0;
  /** The most data of one segment on the wire. */
  segmentBytes = 536;
  /** The most that is sent at once: `segmentBytes`, or several times as much if the card takes that apart. */
  chunkBytes = 536;
  /** Data that are not acknowledged: those from `unacknowledged` on. */
  private readonly buffer = new ByteRing();
  private isFinQueued = false;
  private isFinSent = false;
  /** SND.WND, SND.WL1, SND.WL2. */
  private window = 0;
  private windowSequence: Sequence = 0;
  private windowAck: Sequence = 0;
  private duplicates = 0;
  /** A loss is being made good: all up to here was sent before it was noticed. */
  private recovery: Sequence | null = null;
  /** The segment whose time is taken ends here. */
  private timed: { readonly end: Sequence; readonly sentNs: number } | null = null;
  private readonly sink: SegmentSink;

  constructor(sink: SegmentSink) {
    this.sink = sink;
  }

  /** @param first  the initial sequence number: SYN has it, and counts as sent */
  start(first: Sequence): void {
    this.unacknowledged = first;
    this.next = advance(first, 1);
  }

  /** SYN is acknowledged. @param window  scaled */
  establish(segment: TcpSegment, window: number): void {
    this.unacknowledged = this.next;
    this.window = window;
    this.windowSequence = segment.sequence;
    this.windowAck = segment.acknowledgement;
    this.rtt.answered();
  }

  /** Bytes that wait or are under way. */
  get queued(): number {
    return this.buffer.length;
  }

  get isFinAcknowledged(): boolean {
    return this.isFinSent && this.unacknowledged === this.next;
  }

  get hasFin(): boolean {
    return this.isFinQueued;
  }

  /** True while something is to be sent again or probed for if nothing comes back. */
  get needsTimer(): boolean {
    return this.next !== this.unacknowledged || this.buffer.length > 0;
  }

  queue(data: Uint8Array): void {
    this.buffer.push(data);
  }

  /** No more data. */
  finish(): void {
    this.isFinQueued = true;
  }

  forget(): void {
    this.buffer.clear();
  }

  /** Data under way, without FIN. */
  private get flight(): number {
    return distance(this.unacknowledged, this.next) - (this.isFinSent ? 1 : 0);
  }

  /** Sends what may be sent. */
  pump(): void {
    while (!this.isFinSent) {
      const { flight } = this, waiting = this.buffer.length - flight, count = Math.min(waiting, this.window - flight, this.chunkBytes);
      if (waiting === 0 && !this.isFinQueued) return;
      // The window is closed; or it lets a part of a segment through, which waits until all before is acknowledged (§3.8.6.2.1).
      if (waiting > 0 && (count <= 0 || (count < waiting && count < this.segmentBytes && flight > 0))) return;
      if (!this.sink.hasRoom()) return;
      this.sendNext(waiting > 0 ? count : 0, count >= waiting);
    }
  }

  /** Nothing has come back for the time that `rtt` says: sends the first segment again, or a byte into a closed window (§3.8.6.1). */
  timeout(): void {
    this.rtt.timedOut();
    if (this.next === this.unacknowledged) this.sendNext(Math.min(1, this.buffer.length), this.buffer.length <= 1);
    else this.recover();
  }

  /** Takes the acknowledgement and the window of a segment. @param window  scaled */
  acknowledge(segment: TcpSegment, window: number): AckVerdict {
    const { acknowledgement } = segment, gained = distance(this.unacknowledged, acknowledgement);
    if (before(this.next, acknowledgement)) return "unsent";
    if (gained < 0) return "old";
    const old = this.window;
    this.setWindow(segment, window);
    if (gained === 0) {
      this.noteDuplicate(segment, this.window !== old);
      // What was sent into a closed window has been dropped there.
      if (this.flight > old && this.window > old) this.recover();
      this.rtt.answered();
      return "old";
    }
    this.take(gained);
    return "new";
  }

  /** `gained` bytes, or FIN, have arrived. */
  private take(gained: number): void {
    const { timed, recovery } = this;
    this.unacknowledged = advance(this.unacknowledged, gained);
    this.buffer.drop(Math.min(gained, this.buffer.length));
    this.duplicates = 0;
    this.rtt.answered();
    if (timed !== null && !before(this.unacknowledged, timed.end)) {
      this.rtt.sample(this.sink.nowNs() - timed.sentNs);
      this.timed = null;
    }
    if (recovery === null) return;
    if (before(this.unacknowledged, recovery)) this.sendAgain();
    else this.recovery = null;
  }

  private noteDuplicate({ data, flags }: TcpSegment, isWindowUpdate: boolean): void {
    if (data.length > 0 || (flags & (FIN | SYN)) !== 0 || isWindowUpdate || this.next === this.unacknowledged) return;
    this.duplicates++;
    if (this.duplicates === DUPLICATES && this.recovery === null) this.recover();
  }

  /** If the segment is new enough to say (§3.10.7.4, ACK). */
  private setWindow({ sequence, acknowledgement }: TcpSegment, window: number): void {
    if (before(sequence, this.windowSequence) || (sequence === this.windowSequence && before(acknowledgement, this.windowAck))) return;
    this.window = window;
    this.windowSequence = sequence;
    this.windowAck = acknowledgement;
  }

  private sendNext(count: number, isLast: boolean): void {
    const fin = isLast && this.isFinQueued, offset = this.flight;
    this.sink.data(this.next, flagsOf(isLast && count > 0, fin), this.buffer, offset, count);
    this.next = advance(this.next, count + (fin ? 1 : 0));
    this.isFinSent = fin;
    this.timed ??= { end: this.next, sentNs: this.sink.nowNs() };
  }

  private recover(): void {
    this.recovery = this.next;
    this.sendAgain();
  }

  /** The first of what is under way. Its time is not taken: nobody could tell which of the two was acknowledged (Karn). */
  private sendAgain(): void {
    const { flight } = this, count = Math.min(flight, this.chunkBytes, Math.max(1, this.window));
    this.timed = null;
    this.sink.data(this.unacknowledged, flagsOf(count === flight && count > 0, this.isFinSent && count === flight), this.buffer, 0, count);
  }
}

function flagsOf(isPushed: boolean, isFin: boolean): number {
  return ACK | (isPushed ? PSH : 0) | (isFin ? FIN : 0);
}
