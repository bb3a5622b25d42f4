/** How long to wait for an acknowledgement (RFC 6298). Times are ns of guest time. */

const INITIAL_NS = 1e9, MAX_NS = 60e9;
/** Shorter than the second of the RFC, as in systems of today: guests do not delay acknowledgements for longer. */
const MIN_NS = 200e6;
const ALPHA = 1 / 8, BETA = 1 / 4, DEVIATIONS = 4;

export class RttEstimator {
  /** Timeout, doubled with each in a row. */
  private smoothedNs = 0;
  private variationNs = 0;
  private hasSample = false;
  private doublings = 0;

  get timeoutNs(): number {
    const base = this.hasSample ? Math.max(MIN_NS, this.smoothedNs + DEVIATIONS * this.variationNs) : INITIAL_NS;
    return Math.min(MAX_NS, base * 2 ** this.doublings);
  }

  /** Timeouts since something was acknowledged. */
  get timeouts(): number {
    return this.doublings;
  }

  /** A segment that was sent once has been acknowledged. */
  sample(ns: number): void {
    if (this.hasSample) {
      this.variationNs = (1 - BETA) * this.variationNs + BETA * Math.abs(this.smoothedNs - ns);
      this.smoothedNs = (1 - ALPHA) * this.smoothedNs + ALPHA * ns;
    } else {
      this.smoothedNs = ns;
      this.variationNs = ns / 2;
      this.hasSample = true;
    }
  }

  timedOut(): void {
    this.doublings++;
  }

  /** The other end has been heard of. */
  answered(): void {
    this.doublings = 0;
  }
}
