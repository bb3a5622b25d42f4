/**
 * The timer of a local APIC (SDM 3A §10.5.4): counts down from its initial count, once or over and over; or waits for a deadline, a value of
 * the processor's time-stamp counter (§10.5.4.1). Its clock, before it is divided, has 1 GHz, as QEMU's.
 */
import type { Alarm, Clock } from "../../bus/clock.ts";
import type { Saveable, SavedState, Shape } from "../saveable.ts";
import { DWORD, nullable, oneOf, QWORD, restoreFields, saveFields, TIME } from "../saveable.ts";

interface Registers {
  initialCount: number;
  /** Divide configuration register: bits 0, 1 and 3. */
  divide: number;
  /** When the count comes to 0, ns; null while it stands at 0. */
  endsNs: number | null;
  /** The time-stamp counter at which it goes off, in the mode with deadlines; 0: never. */
  deadline: bigint;
}

const DIVIDE_BITS = 0x0b;

const SHAPE: Shape<Registers> = { initialCount: DWORD, divide: oneOf(0, 1, 2, 3, 8, 9, 10, 11), endsNs: nullable(TIME), deadline: QWORD };

const powerOn = (): Registers => ({ initialCount: 0, divide: 0, endsNs: null, deadline: 0n });

/** The processor's time-stamp counter. */
export interface TimeStamp {
  read(): bigint;
  /** What a tick takes, ns; it may take less now and then, but not more. */
  readonly tickNs: number;
}

/** The local APIC that the timer is a part of. */
export interface TimerUser {
  /** LVT: it begins anew when it has come to 0. */
  readonly isPeriodic: boolean;
  /** LVT: it waits for deadlines. */
  readonly isByDeadline: boolean;
  /** Somebody would notice now that the count comes to 0. */
  readonly listens: boolean;
  /** The count has come to 0, once or more, or the counter to the deadline. */
  expired(): void;
}

export class ApicTimer implements Saveable {
  private readonly r: Registers = powerOn();
  private readonly clock: Clock;
  private readonly timeStamp: TimeStamp;
  private readonly user: TimerUser;
  private readonly alarm: Alarm;

  /** @param ring  called when the count has come to 0 while the user listens; it is to call `catchUp` and `schedule` */
  constructor(clock: Clock, timeStamp: TimeStamp, user: TimerUser, ring: () => void) {
    this.clock = clock;
    this.timeStamp = timeStamp;
    this.user = user;
    this.alarm = clock.newAlarm(ring);
  }

  get initialCount(): number {
    return this.r.initialCount;
  }

  /** Starts it; 0 stops it. Ignored while it waits for deadlines. */
  set initialCount(count: number) {
    if (this.user.isByDeadline) return;
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

  /** IA32_TSC_DEADLINE: 0 while there is none ahead. */
  get deadline(): bigint {
    const { deadline } = this.r;
    return this.timeStamp.read() < deadline ? deadline : 0n;
  }

  /** 0 for none; one that is over is so at once. Ignored in other modes. */
  set deadline(counter: bigint) {
    if (!this.user.isByDeadline) return;
    this.r.deadline = counter;
    this.catchUp();
  }

  /** It waits for deadlines from now on, or no longer: what was set is lost. */
  disarm(): void {
    Object.assign(this.r, { initialCount: 0, endsNs: null, deadline: 0n });
  }

  /** Takes note of what has happened up to now. To be called before anything changes that decides what happens then. */
  catchUp(): void {
    const { r, user } = this, { endsNs } = r, nowNs = this.clock.nowNs();
    if (r.deadline !== 0n && r.deadline <= this.timeStamp.read()) {
      r.deadline = 0n;
      user.expired();
    }
    if (endsNs === null || endsNs > nowNs) return;
    const periodNs = r.initialCount * this.tickNs;
    r.endsNs = user.isPeriodic && periodNs > 0 ? endsNs + (Math.floor((nowNs - endsNs) / periodNs) + 1) * periodNs : null;
    user.expired();
  }

  /** Sets the alarm, if there is somebody to hear it: a short period does not keep the machine busy with what nobody sees. */
  schedule(): void {
    this.alarm.setAt(this.user.listens ? this.endNs : Infinity);
  }

  reset(): void {
    Object.assign(this.r, powerOn());
    this.schedule();
  }

  save(): SavedState {
    return saveFields(this.r);
  }

  restore(state: SavedState): void {
    restoreFields("APIC timer", this.r, SHAPE, state);
    if (!this.user.isByDeadline) this.r.deadline = 0n;
    this.schedule();
  }

  /** When it will go off; a counter that is late then is asked again. What is months away does not come. */
  private get endNs(): number {
    const { endsNs, deadline } = this.r;
    if (deadline === 0n) return endsNs ?? Infinity;
    const wantedNs = this.clock.nowNs() + Math.max(0, Number(deadline - this.timeStamp.read())) * this.timeStamp.tickNs;
    return Number.isSafeInteger(wantedNs) ? wantedNs : Infinity;
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
