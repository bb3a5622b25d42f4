/**
 * The timer of a local APIC (SDM 3A §10.5.4): counts down from its initial count, once or over and over. Its clock, before it is divided,
 * has 1 GHz, as QEMU's.
 */
import type { Alarm, Clock } from "../../bus/clock.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { DWORD, nullable, oneOf, restoreFields, saveFields, TIME } from "../saveable.ts";

interface Registers {
  initialCount: number;
  /** Divide configuration register: bits 0, 1 and 3. */
  divide: number;
  /** When the count comes to 0, ns; null while it stands at 0. */
  endsNs: number | null;
}

const DIVIDE_BITS = 0x0b;

const SHAPE: Shape<Registers> = { initialCount: DWORD, divide: oneOf(0, 1, 2, 3, 8, 9, 10, 11), endsNs: nullable(TIME) };

/** The local APIC that the timer is a part of. */
export interface TimerUser {
  /** LVT: it begins anew when it has come to 0. */
  readonly isPeriodic: boolean;
  /** Somebody would notice now that the count comes to 0. */
  readonly listens: boolean;
  /** The count has come to 0, once or more. */
  expired(): void;
}

export class ApicTimer implements Saveable {
  private readonly r: Registers = { initialCount: 0, divide: 0, endsNs: null };
  private readonly clock: Clock;
  private readonly user: TimerUser;
  private readonly alarm: Alarm;

  /** @param ring  called when the count has come to 0 while the user listens; it is to call `catchUp` and `schedule` */
  constructor(clock: Clock, user: TimerUser, ring: () => void) {
    this.clock = clock;
    this.user = user;
    this.alarm = clock.newAlarm(ring);
  }

  get initialCount(): number {
    return this.r.initialCount;
  }

  /** Starts it; 0 stops it. */
  set initialCount(count: number) {
    this.r.initialCount = count;
    this.start(count);
  }

  get currentCount(): number {
    const { endsNs } = this.r;
    return endsNs === null ? 0 : Math.max(0, Math.ceil((endsNs - this.clock.nowNs()) / this.tickNs));
  }

  get divide(): number {
    return this.r.divide;
  }

  /** It goes on from its count. */
  set divide(value: number) {
    const count = this.currentCount;
    this.r.divide = value & DIVIDE_BITS;
    this.start(count);
  }

  /** Takes note of what has happened up to now. To be called before anything changes that decides what happens then. */
  catchUp(): void {
    const { r, user } = this, { endsNs } = r, nowNs = this.clock.nowNs();
    if (endsNs === null || endsNs > nowNs) return;
    const periodNs = r.initialCount * this.tickNs;
    r.endsNs = user.isPeriodic && periodNs > 0 ? endsNs + (Math.floor((nowNs - endsNs) / periodNs) + 1) * periodNs : null;
    user.expired();
  }

  /** Sets the alarm, if there is somebody to hear it: a short period does not keep the machine busy with what nobody sees. */
  schedule(): void {
    this.alarm.setAt(this.user.listens ? this.r.endsNs ?? Infinity : Infinity);
  }

  reset(): void {
    Object.assign(this.r, { initialCount: 0, divide: 0, endsNs: null });
    this.schedule();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("APIC timer", this.r, SHAPE, state);
    this.schedule();
  }

  private start(count: number): void {
    this.r.endsNs = count === 0 ? null : this.clock.nowNs() + count * this.tickNs;
  }

  /** Figure 10-10: 2, 4, 8, 16, 32, 64, 128, 1. */
  private get tickNs(): number {
    const { divide } = this.r, code = (divide & 3) | ((divide & 8) >>> 1);
    return 1 << ((code + 1) & 7);
  }
}
