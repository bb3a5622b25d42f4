/** Guest time as devices see it. Who keeps it, and whether it follows the host's, is the machine's business (machine/clock.ts). */

/** Calls a device back at a time of its choice. Made by `Clock.newAlarm`. */
export interface Alarm {
  /** When it goes off, ns of guest time; Infinity while it is off. */
  readonly deadlineNs: number;
  /**
   * Sets the time at which it goes off, once; replaces the time set before.
   * @param deadlineNs  ns of guest time. A time that has passed means at once, but not before this call returns; Infinity means never
   */
  setAt(deadlineNs: number): void;
  /** It will not go off. */
  cancel(): void;
}

export interface Clock {
  /** Guest time in ns since the machine was made: never goes back. Exact to the insn while the guest accesses a device. */
  nowNs(): number;
  /**
   * A new alarm, switched off.
   * @param ring  is told when it goes off; not before its time, and as soon after as the CPU is between two insns
   */
  newAlarm(ring: () => void): Alarm;
}
