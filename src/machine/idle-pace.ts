/**
 * How fast the time of an idle guest goes while something may come from outside, such as over a connection: as fast as the host's. Otherwise a
 * guest that waits for an answer would see its timeouts go by before the answer can come.
 */
export class IdlePace {
  private readonly hostNs: () => number;
  /** When the guest was seen idle last, or null. */
  private seenNs: number | null = null;

  /** @param hostNs  a monotonic clock of the host, ns */
  constructor(hostNs: () => number) {
    this.hostNs = hostNs;
  }

  /** The guest is idle: how long it has been since it was seen so before; 0 the first time. */
  elapsedNs(): number {
    const nowNs = this.hostNs(), elapsed = this.seenNs === null ? 0 : nowNs - this.seenNs;
    this.seenNs = nowNs;
    return elapsed;
  }

  /** The guest has something to do. */
  end(): void {
    this.seenNs = null;
  }
}
