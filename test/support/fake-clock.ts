// A clock for tests of devices: time goes where the test says, and alarms go off on the way, each at its own time.

import type { Alarm, Clock } from "../../src/bus/clock.ts";

class FakeAlarm implements Alarm {
  deadlineNs = Infinity;
  readonly ring: () => void;

  constructor(ring: () => void) {
    this.ring = ring;
  }

  setAt(deadlineNs: number): void {
    this.deadlineNs = deadlineNs;
  }

  cancel(): void {
    this.deadlineNs = Infinity;
  }
}

/** Alarms that go off over and over without time going on mean that a device is stuck. */
const MAX_RINGS = 100_000;

export class FakeClock implements Clock {
  /** How far time goes on between two looks at it, as the host's does: ns. */
  nsPerLook = 0;
  private ns = 0;
  private readonly alarms: FakeAlarm[] = [];

  nowNs(): number {
    this.ns += this.nsPerLook;
    return this.ns;
  }

  newAlarm(ring: () => void): Alarm {
    const alarm = new FakeAlarm(ring);
    this.alarms.push(alarm);
    return alarm;
  }

  /** When the next alarm goes off. */
  get nextNs(): number {
    return Math.min(Infinity, ...this.alarms.map((a) => a.deadlineNs));
  }

  /** Goes on by so many ns at once; then alarms go off that should have on the way, as on a host that was busy. */
  leap(ns: number): void {
    this.ns += ns;
    this.advance(0);
  }

  /** Goes on by so many ns. */
  advance(ns: number): void {
    const goal = this.ns + ns;
    for (let rings = 0; this.nextNs <= goal; rings++) {
      if (rings > MAX_RINGS) throw new Error(`an alarm goes off for ever at ${this.nextNs} ns`);
      this.ns = Math.max(this.ns, this.nextNs);
      const due = this.alarms.find((a) => a.deadlineNs === this.nextNs);
      due?.cancel();
      due?.ring();
    }
    this.ns = Math.max(this.ns, goal);
  }
}
