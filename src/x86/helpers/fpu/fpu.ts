/**
 * The x87 unit of one CPU: the register stack, what follows from exception flags (SDM 1 §8.7), and the arithmetic unit.
 * The helpers of this folder are written with it. State is in the state file; nothing here outlives an insn.
 */
import type { Global } from "../../../../tcg/ir/types.ts";
import type { Cpu } from "../../cpu.ts";
import { loadDouble } from "../../float80/formats.ts";
import { BUSY, C1, ES, EXCEPTIONS, FloatUnit, IE, OE, PE, PRE_EXCEPTIONS, SF, UE } from "../../float80/unit.ts";
import { CR0, CR0_NE, FPU_CONTROL, FPU_FIRSTS, FPU_PAIRS, FPU_SECONDS, FPU_SIGN_EXP, FPU_SIGN_EXPS, FPU_SIGNIFICAND, FPU_STATUS, FPU_TAGS, FPU_TOP, G_FPU_PAIRS, G_FPU_STATUS, G_FPU_TAGS, G_FPU_TOP, MMX_WORDS } from "../../state.ts";
import { PairRegisters } from "./pairs.ts";

/** What helpers on the register stack read and write. */
export const FPU_STATE: readonly Global[] = [...MMX_WORDS, ...FPU_SIGN_EXPS, G_FPU_TOP, G_FPU_TAGS, G_FPU_STATUS, G_FPU_PAIRS, ...FPU_FIRSTS, ...FPU_SECONDS];

/** Masked and unmasked exceptions of a store: an overflow or underflow that is not masked stores nothing either. */
const STORE_EXCEPTIONS = PRE_EXCEPTIONS | OE | UE;

export class Fpu {
  readonly u = new FloatUnit();
  readonly pairs: PairRegisters;
  readonly cpu: Cpu;
  readonly R: Int32Array;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.R = cpu.R;
    this.pairs = new PairRegisters(cpu);
  }

  /** Starts an insn. */
  begin(): FloatUnit {
    this.u.begin(this.R[FPU_CONTROL]);
    return this.u;
  }

  isEmpty(i: number): boolean {
    const { R } = this;
    return ((R[FPU_TAGS] >> ((R[FPU_TOP] + i) & 7)) & 1) === 0;
  }

  /** Operand a = ST(i); false if that is empty, and then the result is a stack underflow's. */
  loadA(i: number): boolean {
    const { R, u } = this, n = (R[FPU_TOP] + i) & 7;
    if (((R[FPU_TAGS] >> n) & 1) === 0) return this.underflow();
    if (((R[FPU_PAIRS] >> n) & 1) !== 0) this.pairs.toWords(n);
    u.aLo = R[FPU_SIGNIFICAND + 2 * n];
    u.aHi = R[FPU_SIGNIFICAND + 1 + 2 * n];
    u.aSe = R[FPU_SIGN_EXP + n];
    return true;
  }

  /** The same for operand b. */
  loadB(i: number): boolean {
    const { R, u } = this, n = (R[FPU_TOP] + i) & 7;
    if (((R[FPU_TAGS] >> n) & 1) === 0) return this.underflow();
    if (((R[FPU_PAIRS] >> n) & 1) !== 0) this.pairs.toWords(n);
    u.bLo = R[FPU_SIGNIFICAND + 2 * n];
    u.bHi = R[FPU_SIGNIFICAND + 1 + 2 * n];
    u.bSe = R[FPU_SIGN_EXP + n];
    return true;
  }

  /** Stack underflow: invalid, C1 clear, the default NaN. */
  underflow(): false {
    this.u.flags = SF;
    this.u.invalid();
    return false;
  }

  /** Stack overflow: invalid, C1 set, the default NaN. */
  overflow(): void {
    this.u.flags = SF | C1;
    this.u.invalid();
  }

  // ---- results

  /** Puts flags into the status word; C1 as they say. True if the result may be delivered. */
  settle(): boolean {
    const { R, u } = this, { flags } = u;
    if ((flags & ~u.control & EXCEPTIONS) !== 0) return this.settleUnmasked(PRE_EXCEPTIONS);
    R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | flags;
    return true;
  }

  /** The same for a store to memory. */
  settleStore(): boolean {
    const { R, u } = this, { flags } = u;
    if ((flags & ~u.control & EXCEPTIONS) !== 0) return this.settleUnmasked(STORE_EXCEPTIONS);
    R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | flags;
    return true;
  }

  /** The same for a load, which an unmasked denormal does not stop. */
  private settleLoad(): boolean {
    const { R, u } = this, { flags } = u;
    if ((flags & ~u.control & EXCEPTIONS) !== 0) return this.settleUnmasked(IE);
    R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | flags;
    return true;
  }

  /** `fatal`: the exceptions that, unmasked, keep the result back; what would have come after them is not reported. */
  private settleUnmasked(fatal: number): boolean {
    const { R, u } = this, unmasked = u.flags & ~u.control & EXCEPTIONS;
    let { flags } = u;
    const delivers = (unmasked & fatal) === 0;
    if ((unmasked & PRE_EXCEPTIONS) !== 0) flags &= (flags & SF) !== 0 ? PRE_EXCEPTIONS | SF | C1 : PRE_EXCEPTIONS;
    else if (!delivers) flags &= ~(PE | C1);
    R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | flags;
    this.signal();
    return delivers;
  }

  /** An unmasked exception pends from now on. */
  signal(): void {
    const { R, cpu } = this;
    R[FPU_STATUS] |= ES | BUSY;
    if ((R[CR0] & CR0_NE) === 0) cpu.onFpuError();
  }

  /** Makes ES and B follow from flags and masks. */
  summarize(): void {
    const { R } = this;
    if ((R[FPU_STATUS] & ~R[FPU_CONTROL] & EXCEPTIONS) !== 0) this.signal();
    else R[FPU_STATUS] &= ~(ES | BUSY);
  }

  /** ST(i) = the result, whatever was there. */
  write(i: number): void {
    const { R, u } = this, n = (R[FPU_TOP] + i) & 7;
    R[FPU_SIGNIFICAND + 2 * n] = u.lo;
    R[FPU_SIGNIFICAND + 1 + 2 * n] = u.hi;
    R[FPU_SIGN_EXP + n] = u.se;
    R[FPU_TAGS] |= 1 << n;
    R[FPU_PAIRS] &= ~(1 << n);
  }

  /** Only a stack fault changes C1: FCMOVcc. */
  keepC1(): void {
    const { R, u } = this;
    if ((u.flags & SF) === 0) u.flags |= R[FPU_STATUS] & C1;
  }

  /** ST(dst) = ST(x) op ST(y) in words, then pops. */
  operate(operation: (u: FloatUnit) => void, x: number, y: number, dst: number, pops: number): void {
    const u = this.begin();
    if (this.loadA(x) && this.loadB(y)) operation(u);
    this.deliver(dst, pops);
  }

  /** ST(0) = ST(0) op the operand of `pairs`, in words. */
  operateOnOperand(operation: (u: FloatUnit) => void): void {
    const u = this.begin();
    if (this.loadA(0)) {
      loadDouble(u, this.pairs.operandLow, this.pairs.operandHigh);
      operation(u);
    }
    this.deliver(0, 0);
  }

  /** Settles flags, writes the result to ST(i), then pops `pops` (0, 1) values. */
  deliver(i: number, pops: number): void {
    if (!this.settle()) return;
    this.write(i);
    if (pops !== 0) this.pop();
  }

  pop(): void {
    const { R } = this, top = R[FPU_TOP];
    R[FPU_TAGS] &= ~(1 << top);
    R[FPU_TOP] = (top + 1) & 7;
  }

  /** Settles flags and pushes the result, or what a stack overflow makes of it. */
  push(): void {
    const { R } = this, top = (R[FPU_TOP] - 1) & 7;
    if (((R[FPU_TAGS] >> top) & 1) !== 0) this.overflow();
    if (!this.settleLoad()) return;
    R[FPU_TOP] = top;
    this.write(0);
  }

  /** Operand a = ST(0), for an insn that replaces it by one value and pushes another; false as for `loadA`, or if there is no room. */
  loadForPush(): boolean {
    if (!this.loadA(0)) return false;
    if (this.isEmpty(-1)) return true;
    this.overflow();
    return false;
  }

  /** Settles flags, writes operand b of the unit to ST(0) and pushes the result. */
  deliverAndPush(): void {
    const { R, u } = this;
    if (!this.settle()) return;
    const { se, hi, lo } = u;
    u.set(u.bSe, u.bHi, u.bLo);
    this.write(0);
    u.set(se, hi, lo);
    R[FPU_TOP] = (R[FPU_TOP] - 1) & 7;
    this.write(0);
  }

  /** Clears C1 as insns do that raise nothing. */
  clearC1(): void {
    this.R[FPU_STATUS] &= ~C1;
  }

  /** The status word with TOP in its place. */
  get statusWord(): number {
    return this.R[FPU_STATUS] | (this.R[FPU_TOP] << 11);
  }

  set statusWord(value: number) {
    this.R[FPU_TOP] = (value >> 11) & 7;
    this.R[FPU_STATUS] = value & 0xc7ff;
  }

  /** The control word; bits 7 and 13 to 15 do not exist, bit 6 is 1. */
  set control(value: number) {
    this.R[FPU_CONTROL] = (value & 0x1f3f) | 0x40;
  }

  /** FNINIT's part but for the pointers (SDM 2A FINIT). */
  reset(): void {
    const { R } = this;
    R[FPU_CONTROL] = 0x37f;
    R[FPU_STATUS] = 0;
    R[FPU_TOP] = 0;
    R[FPU_TAGS] = 0;
  }
}

const units = new WeakMap<Cpu, Fpu>();

/** The x87 unit of a CPU. */
export function fpuOf(cpu: Cpu): Fpu {
  let fpu = units.get(cpu);
  if (fpu === undefined) {
    fpu = new Fpu(cpu);
    units.set(cpu, fpu);
  }
  return fpu;
}
