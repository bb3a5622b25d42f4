/**
 * Joins work of the host to guest time: a device hears of its end at a time of the guest's. Where the host is slower, virtual time stands
 * still meanwhile; that is what makes runs with disks repeatable.
 */
import type { Alarm, Clock } from "../bus/clock.ts";
import type { HostWork } from "../bus/host-work.ts";

interface Job {
  readonly alarm: Alarm;
  readonly settled: Promise<void>;
  readonly done: (hasFailed: boolean) => void;
  isSettled: boolean;
  hasFailed: boolean;
  isDue: boolean;
}

export class MachineWork implements HostWork {
  private readonly clock: Clock;
  private readonly jobs = new Set<Job>();
  /** Alarms of jobs that have ended. */
  private readonly spare: { alarm: Alarm; job: Job | null }[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  start(work: () => Promise<void>, latencyNs: number, done: (hasFailed: boolean) => void): number {
    const endsNs = this.clock.nowNs() + latencyNs;
    this.resume(work, endsNs, done);
    return endsNs;
  }

  resume(work: () => Promise<void>, endsNs: number, done: (hasFailed: boolean) => void): void {
    const slot = this.slot();
    const job: Job = {
      alarm: slot.alarm, done, isSettled: false, hasFailed: false, isDue: false,
      settled: work().then(() => { job.isSettled = true; }, () => { job.isSettled = job.hasFailed = true; }),
    };
    slot.job = job;
    this.jobs.add(job);
    job.alarm.setAt(endsNs);
  }

  /** Ends what is due and done. Returns what is to be waited for before guest time may go on, or null. */
  finishDue(): Promise<void> | null {
    for (const job of this.jobs) {
      if (!job.isDue) continue;
      if (!job.isSettled) return job.settled;
      this.jobs.delete(job);
      const slot = this.spare.find((s) => s.job === job);
      if (slot !== undefined) slot.job = null;
      job.done(job.hasFailed);
    }
    return null;
  }

  /** An alarm that no job has: a new one only if all are taken, since a clock keeps them. */
  private slot(): { alarm: Alarm; job: Job | null } {
    const free = this.spare.find((s) => s.job === null);
    if (free !== undefined) return free;
    const slot: { alarm: Alarm; job: Job | null } = {
      job: null,
      alarm: this.clock.newAlarm(() => {
        if (slot.job !== null) slot.job.isDue = true;
      }),
    };
    this.spare.push(slot);
    return slot;
  }
}
