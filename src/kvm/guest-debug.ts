/** KVM_SET_GUEST_DEBUG: single steps and breakpoints of the caller, which the guest does not see. */
import { VmError } from "../../tcg/support/errors.ts";
import { DR6_BS, DR6_FIXED } from "../x86/state.ts";
import { watchesData } from "../x86/watchpoints.ts";
import { describe, requireUint32 } from "./check.ts";
import { MAX_BREAKPOINTS } from "./offer.ts";

/** A breakpoint as the debug registers have them (SDM 3B §17.2.4). */
export interface KvmBreakpoint {
  /** Linear; for data a multiple of `length`. */
  readonly address: number;
  /** Leave in front of the insn at `address`, or behind one that writes there, or that reads or writes there. Default: `execute`. */
  readonly on?: "execute" | "write" | "access";
  /** Bytes of data: 1, 2 or 4. Default: 1. */
  readonly length?: number;
}

/** What to stop for; what is left out is off. */
export interface KvmGuestDebug {
  /** Leave with KVM_EXIT_DEBUG after each insn. */
  readonly singleStep?: boolean;
  /** At most four; a number is the linear address of an insn to leave in front of. */
  readonly breakpoints?: readonly (number | KvmBreakpoint)[];
}

const DR7_FIXED = 0x400;
/** Exact breakpoints: LE and GE. */
const DR7_EXACT = 0x300;
/** DR7's R/W field by kind, and LEN field by length. */
const CONDITIONS: Readonly<Record<string, number>> = { execute: 0, write: 1, access: 3 };
const LENGTHS: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 3 };

export class GuestDebug {
  singleStep = false;
  /** Eight words as DR0 to DR7 would hold them. */
  readonly registers = new Int32Array(8);
  /** Numbers of the breakpoints for insns, by address. */
  private readonly stops = new Map<number, number>();
  /** The breakpoint met last, and where that was: it is not met again before an insn has retired. */
  private hit = -1;
  private hitLinear = 0;
  private hitRetired = -1;

  constructor() {
    this.set({});
  }

  /** @throws VmError EINVAL for more than four breakpoints, and breakpoints that debug registers cannot express */
  set(debug: KvmGuestDebug): void {
    const given = (debug.breakpoints ?? []).map((b, i) => checked(i, typeof b === "number" ? { address: b } : b));
    if (given.length > MAX_BREAKPOINTS) throw new VmError("EINVAL", `setGuestDebug: ${given.length} breakpoints; the CPU has ${MAX_BREAKPOINTS}`);
    this.singleStep = debug.singleStep === true;
    this.hitRetired = -1;
    this.stops.clear();
    this.registers.fill(0);
    let dr7 = DR7_FIXED | (given.length > 0 ? DR7_EXACT : 0);
    given.forEach(({ address, on, length }, n) => {
      this.registers[n] = address;
      dr7 |= (2 << (2 * n)) | (CONDITIONS[on] << (16 + 4 * n)) | (LENGTHS[length] << (18 + 4 * n));
      if (on === "execute" && !this.stops.has(address | 0)) this.stops.set(address | 0, n);
    });
    this.registers[7] = dr7;
  }

  /** True if insns are to be looked at before they run. */
  get hasStops(): boolean {
    return this.stops.size > 0;
  }

  /** True if accesses to data are to be looked at. */
  get watchesData(): boolean {
    return watchesData(this.registers);
  }

  /** Forgets what was met: whatever is met next counts anew. */
  resume(): void {
    this.hit = -1;
  }

  /** True if the insn at `linear` is to be stopped at; `retired` insns have retired before it. */
  stopsAt(linear: number, retired: number): boolean {
    const at = this.stops.get(linear);
    if (at === undefined || (linear === this.hitLinear && retired === this.hitRetired)) return false;
    this.hit = at;
    this.hitLinear = linear;
    this.hitRetired = retired;
    return true;
  }

  /** DR6 as the debug exception would set it for what was met last. @param dataHits  bits of the breakpoints for data */
  dr6(dataHits: number): number {
    return (DR6_FIXED | (this.hit >= 0 ? 1 << this.hit : dataHits !== 0 ? dataHits : DR6_BS)) >>> 0;
  }

  /** DR7 with the global enable bits of all breakpoints. */
  get dr7(): number {
    return this.registers[7] >>> 0;
  }
}

function checked(i: number, { address, on = "execute", length = 1 }: KvmBreakpoint): Required<KvmBreakpoint> {
  const name = `setGuestDebug: breakpoint ${i}`;
  requireUint32(name, address);
  if (!Object.hasOwn(CONDITIONS, on)) throw new VmError("EINVAL", `${name}: on is ${describe(on)}; allowed are ${Object.keys(CONDITIONS).join(" ")}`);
  if (!Object.hasOwn(LENGTHS, length)) throw new VmError("EINVAL", `${name}: length is ${describe(length)}; allowed are ${Object.keys(LENGTHS).join(" ")}`);
  if (on === "execute" && length !== 1) throw new VmError("EINVAL", `${name}: length is ${length}; a breakpoint for an insn has 1`);
  if (address % length !== 0) throw new VmError("EINVAL", `${name}: address is 0x${address.toString(16)}; it must be a multiple of its length ${length}`);
  return { address, on, length };
}
