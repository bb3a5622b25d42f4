/** The state file of one CPU: the memory behind the slots of state.ts, and the time-stamp counter. */
import { Arena } from "../mem/arena.ts";
import { ATTR_ACCESSED, ATTR_CODE, ATTR_P, ATTR_S, ATTR_WRITABLE, CR0, CR0_CD, CR0_ET, CR0_NW, CS, DF, DR, EAX, EDX, EIP, FLAGS_RES, FPU_CONTROL, GDT_LIMIT, IDT_LIMIT, LDTR, MISC_ENABLE, MISC_FAST_STRINGS, MISC_NO_BRANCH_TRACE, MISC_NO_PRECISE_EVENTS, MXCSR, PAT, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, STATE_SLOTS, TR } from "./state.ts";

/** The CPU's register state and its views. */
export class CpuState {
  /** All slots. */
  readonly R: Int32Array;
  /** The same memory as halfwords and bytes: sub-registers by index. */
  readonly R16: Uint16Array;
  readonly R8: Uint8Array;
  /** And as floating point. */
  readonly F32: Float32Array;
  readonly F64: Float64Array;
  /** Time-stamp counter minus retired insns, modulo 2^64: halves, unsigned. */
  private tscLow = 0;
  private tscHigh = 0;

  /** @param arena  where the state file is to lie */
  constructor(arena = Arena.plain()) {
    this.R = arena.allocateWords(STATE_SLOTS);
    const { buffer, byteOffset } = this.R;
    this.R16 = new Uint16Array(buffer, byteOffset, 2 * STATE_SLOTS);
    this.R8 = new Uint8Array(buffer, byteOffset, 4 * STATE_SLOTS);
    this.F32 = new Float32Array(buffer, byteOffset, STATE_SLOTS);
    this.F64 = new Float64Array(buffer, byteOffset, STATE_SLOTS / 2);
    this.reset();
  }

  get tscOffset(): bigint {
    return (BigInt(this.tscHigh) << 32n) | BigInt(this.tscLow);
  }

  set tscOffset(value: bigint) {
    this.tscLow = Number(BigInt.asUintN(32, value));
    this.tscHigh = Number(BigInt.asUintN(32, value >> 32n));
  }

  /** EDX:EAX = the time-stamp counter when so many insns have retired. */
  readTimeStamp(retired: number): void {
    const low = this.tscLow + retired % 2 ** 32;
    this.R[EAX] = low;
    this.R[EDX] = this.tscHigh + Math.floor(retired / 2 ** 32) + (low >= 2 ** 32 ? 1 : 0);
  }

  /** The state after RESET (SDM 3A table 9-1), but for CS:EIP = F000:FFF0 which the caller may replace. */
  reset(): void {
    const { R } = this;
    R.fill(0);
    R[EIP] = 0xfff0;
    R[FLAGS_RES] = 1;
    R[DF] = 1;
    // A processor of family 6; whoever knows which puts leaf 1's EAX here (SDM 3A §9.1.3).
    R[EDX] = 0x600;
    R[CR0] = (CR0_CD | CR0_NW | CR0_ET) | 0;
    R[MXCSR] = 0x1f80;
    // What FNINIT would set, as KVM and QEMU start a CPU; the manual has 0040h, but guests without a BIOS count on this.
    R[FPU_CONTROL] = 0x37f;
    // Write-back, write-through, UC-, uncacheable, twice (SDM 3A §11.12.4).
    R[PAT] = R[PAT + 1] = 0x00070406;
    R[MISC_ENABLE] = MISC_FAST_STRINGS | MISC_NO_BRANCH_TRACE | MISC_NO_PRECISE_EVENTS;
    for (let s = 0; s < 6; s++) {
      R[SEG_LIMIT + s] = 0xffff;
      R[SEG_ATTR + s] = ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED;
    }
    R[SEG_SELECTOR + CS] = 0xf000;
    R[SEG_BASE + CS] = 0xffff0000 | 0;
    R[SEG_ATTR + CS] = ATTR_P | ATTR_S | ATTR_CODE | ATTR_WRITABLE | ATTR_ACCESSED;
    R[GDT_LIMIT] = 0xffff;
    R[IDT_LIMIT] = 0xffff;
    R[LDTR + 2] = 0xffff;
    R[LDTR + 3] = ATTR_P | 0x2;
    R[TR + 2] = 0xffff;
    R[TR + 3] = ATTR_P | 0xb;
    R[DR + 6] = 0xffff0ff0 | 0;
    R[DR + 7] = 0x400;
  }
}
