/**
 * What comes over a TCP connection (RFC 9293 §3.8, §3.10.7.4): puts segments in order, keeps those that came too early, and says how much may
 * come.
 */
import type { Sequence, TcpSegment } from "./tcp-segment.ts";
import { advance, before, distance, FIN, sequenceLength } from "./tcp-segment.ts";

/** The most that may be under way to whoever reads: the window, with and without scaling. */
export const RECEIVE_LIMIT = 256 * 1024, MAX_UNSCALED = 0xffff;
/** Segments that came too early; more are dropped, since each costs more than its bytes. */
const MAX_EARLY = 128;

interface Early {
  readonly from: Sequence;
  readonly data: Uint8Array;
}

export class TcpReceiver {
  /** RCV.NXT. */
  next: Sequence = 0;
  /** FIN has come, and all before it. */
  isFinished = false;
  private limit = MAX_UNSCALED;
  /** Handed on and not yet consumed. */
  private held = 0;
  /** By `from`; they may overlap. */
  private early: Early[] = [];
  /** Where FIN was seen. */
  private fin: Sequence | null = null;
  /** The right edge of the window as the sender knows it. */
  private told: Sequence = 0;
  private readonly deliver: (data: Uint8Array) => void;

  /** @param deliver  gets data in order; must not come back to the receiver before it returns, but for `consumed` */
  constructor(deliver: (data: Uint8Array) => void) {
    this.deliver = deliver;
  }

  /** @param first  the sequence number behind SYN @param limit  the largest window */
  start(first: Sequence, limit: number): void {
    this.next = this.told = first;
    this.limit = limit;
  }

  private get window(): number {
    return this.limit - this.held;
  }

  /** Whether any of a segment is within the window. One that begins in time passes even if there is no room, for its ACK and RST. */
  isAcceptable(segment: TcpSegment): boolean {
    const start = distance(this.next, segment.sequence), length = sequenceLength(segment), end = start + length;
    return length === 0 ? start === 0 || (start > 0 && start < this.window) : end > 0 && (start <= 0 || start < this.window);
  }

  /** Takes data and FIN of an acceptable segment. Returns whether it was next in order. */
  take(segment: TcpSegment): boolean {
    const late = Math.max(0, distance(segment.sequence, this.next)), from = advance(segment.sequence, Math.min(late, segment.data.length));
    const end = this.fin === null ? this.window : Math.min(this.window, distance(this.next, this.fin));
    const room = Math.max(0, end - distance(this.next, from)), given = segment.data.subarray(late), data = given.subarray(0, room);
    if ((segment.flags & FIN) !== 0 && data.length === given.length && this.fin === null) this.fin = advance(from, data.length);
    const isNext = from === this.next;
    if (isNext) this.append(data);
    else this.keep(from, data);
    this.reachFin();
    return isNext && this.early.length === 0;
  }

  /** Whoever reads has done with so many bytes. Returns whether the sender should be told of a larger window. */
  consumed(count: number): boolean {
    this.held -= count;
    const growth = distance(this.told, advance(this.next, this.window)), left = distance(this.next, this.told), quarter = this.limit / 4;
    return growth >= quarter || (left < quarter && growth >= quarter / 2);
  }

  /**
   * The window as the next segment tells it.
   * @param scale     shift of the field
   * @param leastGrowth  smaller growth is kept back, against silly windows (§3.8.6.2.2): a full segment
   * @returns 0..0xffff
   */
  tellWindow(scale: number, leastGrowth: number): number {
    const edge = advance(this.next, this.window), kept = distance(this.told, edge) < leastGrowth && !before(this.told, this.next) ? this.told : edge;
    const field = Math.min(0xffff, distance(this.next, kept) >>> scale);
    this.told = advance(this.next, field << scale);
    return field;
  }

  private append(data: Uint8Array): void {
    this.hand(data);
    while (this.early.length > 0 && !before(this.next, this.early[0].from)) {
      const [{ from, data: more }] = this.early.splice(0, 1);
      this.hand(more.subarray(distance(from, this.next)));
    }
  }

  private hand(data: Uint8Array): void {
    if (data.length === 0) return;
    this.next = advance(this.next, data.length);
    this.held += data.length;
    this.deliver(data);
  }

  private keep(from: Sequence, data: Uint8Array): void {
    if (data.length === 0 || this.early.length >= MAX_EARLY || this.early.some((other) => other.from === from && other.data.length >= data.length)) return;
    const at = this.early.findIndex((other) => before(from, other.from));
    this.early.splice(at < 0 ? this.early.length : at, 0, { from, data });
  }

  private reachFin(): void {
    if (this.isFinished || this.fin === null || this.fin !== this.next) return;
    this.isFinished = true;
    this.next = advance(this.next, 1);
    this.early = [];
  }
}
