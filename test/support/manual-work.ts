// The host, for tests of devices: works at once, and has ended when it is told to.

import type { HostWork } from "../../src/bus/host-work.ts";

export class ManualWork implements HostWork {
  private readonly jobs: (() => Promise<void>)[] = [];

  start(work: () => Promise<void>, latencyNs: number, done: (hasFailed: boolean) => void): number {
    this.resume(work, latencyNs, done);
    return latencyNs;
  }

  resume(work: () => Promise<void>, _endsNs: number, done: (hasFailed: boolean) => void): void {
    const settled = work().then(() => false, () => true);
    this.jobs.push(async () => done(await settled));
  }

  /** Jobs under way. */
  get count(): number {
    return this.jobs.length;
  }

  async finish(): Promise<void> {
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift()) await job();
  }
}
