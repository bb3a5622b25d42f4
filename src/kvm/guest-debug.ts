/** KVM_SET_GUEST_DEBUG: single steps and breakpoints of the caller, which the guest does not see. */
import { VmError } from "../../tcg/support/errors.ts";
import { requireUint32 } from "./check.ts";
import { MAX_BREAKPOINTS } from "./offer.ts";

/** What to stop for; what is left out is off. */
export interface KvmGuestDebug {
  /** Leave with KVM_EXIT_DEBUG after each insn. */
  readonly singleStep?: boolean;
  /** Linear addresses of insns to leave in front of; at most four. */
  readonly breakpoints?: readonly number[];
}

const DR6_FIXED = 0xffff0ff0, DR6_SINGLE_STEP = 0x4000, DR7_FIXED = 0x400;
/** Exact breakpoints: LE and GE. */
const DR7_EXACT = 0x300;

export class GuestDebug {
  singleStep = false;
  /** As int32. */
  private breakpoints: readonly number[] = [];
  /** The breakpoint met last, and where that was: it is not met again before an insn has retired. */
  private hit = -1;
  private hitLinear = 0;
  private hitRetired = -1;

  /** @throws VmError EINVAL for more than four breakpoints, or addresses that are not unsigned 32-bit integers */
  set(debug: KvmGuestDebug): void {
    const breakpoints = debug.breakpoints ?? [];
    if (breakpoints.length > MAX_BREAKPOINTS) {
      throw new VmError("EINVAL", `setGuestDebug: ${breakpoints.length} breakpoints; the CPU has ${MAX_BREAKPOINTS}`);
    }
    this.breakpoints = breakpoints.map((address, i) => requireUint32(`setGuestDebug: breakpoint ${i}`, address) | 0);
    this.singleStep = debug.singleStep === true;
    this.hitRetired = -1;
  }

  get hasBreakpoints(): boolean {
    return this.breakpoints.length > 0;
  }

  /** Forgets what was met: whatever is met next counts anew. */
  resume(): void {
    this.hit = -1;
  }

  /** True if the insn at `linear` is to be stopped at; `retired` insns have retired before it. */
  stopsAt(linear: number, retired: number): boolean {
    const at = this.breakpoints.indexOf(linear);
    if (at < 0 || (linear === this.hitLinear && retired === this.hitRetired)) return false;
    this.hit = at;
    this.hitLinear = linear;
    this.hitRetired = retired;
    return true;
  }

  /** DR6 as the debug exception would set it for what was met last. */
  get dr6(): number {
    return (DR6_FIXED | (this.hit >= 0 ? 1 << this.hit : DR6_SINGLE_STEP)) >>> 0;
  }

  /** DR7 with the global enable bits of all breakpoints. */
  get dr7(): number {
    let dr7 = DR7_FIXED | (this.hasBreakpoints ? DR7_EXACT : 0);
    for (let i = 0; i < this.breakpoints.length; i++) dr7 |= 2 << (2 * i);
    return dr7;
  }
}
