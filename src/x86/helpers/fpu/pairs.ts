/**
 * x87 registers as pairs of doubles (float80/pair.ts). A register is a pair or words, whichever was written last: bit n of
 * FPU_PAIRS says so, also of empty registers. What is done here is the usual case of the helpers; where a method returns
 * false it was another, nothing has changed but representations, and words do it.
 */
import type { Cpu } from "../../cpu.ts";
import { isPlain, isTruncating, isUsualArithmetic, isUsualRounding, NOT_DONE, PairUnit, roundToInteger, roundToSingle } from "../../float80/pair.ts";
import { BIAS, C1, MAX_EXP, PE, SIGN } from "../../float80/unit.ts";
import { FPU_CONTROL, FPU_OPERAND, FPU_PAIR, FPU_PAIRS, FPU_SCRATCH, FPU_SIGN_EXP, FPU_SIGNIFICAND, FPU_STATUS, FPU_TAGS, FPU_TOP } from "../../state.ts";

/** Places among the doubles: register 0's pair; the operand, which is a pair with a rest of 0. */
const PAIR = FPU_PAIR / 2, OPERAND = FPU_OPERAND / 2, SCRATCH = FPU_SCRATCH / 2;
const TWO32 = 4294967296;
/** A double's exponent: bias, and where it is in the upper word. */
const DOUBLE_BIAS = 1023, DOUBLE_EXP_SHIFT = 20;
/** Exponents of single and double. */
const SINGLE_EXP = 0x7f800000, DOUBLE_EXP = 0x7ff00000;
/** Results as singles have to be within. */
const LEAST_SINGLE = 2 ** -126, MOST_SINGLE = 2 ** 128;
/** Unbiased exponents that words are turned into pairs for. */
const MAX_PAIR_EXP = 899;

export class PairRegisters {
  private readonly R: Int32Array;
  private readonly F: Float64Array;
  private readonly S: Float32Array;
  private readonly unit: PairUnit;

  constructor(cpu: Cpu) {
    this.R = cpu.R;
    this.F = cpu.state.F64;
    this.S = cpu.state.F32;
    this.unit = new PairUnit(this.F);
  }

  // ---- representation

  /** 2^exp for normal doubles. */
  private powerOfTwo(exp: number): number {
    const { R, F } = this;
    R[FPU_SCRATCH] = 0;
    R[FPU_SCRATCH + 1] = (exp + DOUBLE_BIAS) << DOUBLE_EXP_SHIFT;
    return F[SCRATCH];
  }

  isPair(n: number): boolean {
    return ((this.R[FPU_PAIRS] >> n) & 1) !== 0;
  }

  /** Writes the words of register n, which is a pair. */
  toWords(n: number): void {
    const { R, F } = this, h = F[PAIR + 2 * n], l = F[PAIR + 2 * n + 1], top = R[FPU_PAIR + 4 * n + 1], low = R[FPU_PAIR + 4 * n];
    const sign = top < 0 ? SIGN : 0;
    R[FPU_PAIRS] &= ~(1 << n);
    if (h === 0) return this.setWords(n, sign, 0, 0);
    let exp = ((top >>> DOUBLE_EXP_SHIFT) & 0x7ff) - DOUBLE_BIAS;
    let hi = (0x80000000 | ((top & 0xfffff) << 11) | (low >>> 21)) | 0, lo = low << 11;
    if (l !== 0) {
      // In units of the last place; those of h below a power of two.
      const rest = l * this.powerOfTwo(63 - exp) * (sign !== 0 ? -1 : 1);
      if (rest < 0 && hi === (0x80000000 | 0) && lo === 0) {
        exp--;
        hi = -1;
        lo = (2 * rest) | 0;
      } else {
        const sum = (lo >>> 0) + rest;
        hi = (hi + Math.floor(sum / TWO32)) | 0;
        lo = sum | 0;
      }
    }
    this.setWords(n, sign | (exp + BIAS), hi, lo);
  }

  private setWords(n: number, se: number, hi: number, lo: number): void {
    const { R } = this;
    R[FPU_SIGNIFICAND + 2 * n] = lo;
    R[FPU_SIGNIFICAND + 1 + 2 * n] = hi;
    R[FPU_SIGN_EXP + n] = se;
  }

  /** Makes words of all pairs: for those who know nothing of them. */
  flush(): void {
    for (let n = 0; n < 8; n++) if (this.isPair(n)) this.toWords(n);
  }

  /** Makes a pair of register n if its words allow that. */
  private promote(n: number): boolean {
    const { R, F } = this, se = R[FPU_SIGN_EXP + n], hi = R[FPU_SIGNIFICAND + 1 + 2 * n], lo = R[FPU_SIGNIFICAND + 2 * n];
    const exp = (se & MAX_EXP) - BIAS, sign = (se & SIGN) !== 0 ? -1 : 1;
    if ((se & MAX_EXP) === 0 && (hi | lo) === 0) {
      F[PAIR + 2 * n] = sign * 0;
      F[PAIR + 2 * n + 1] = 0;
    } else {
      if (hi >= 0 || exp > MAX_PAIR_EXP || exp < -MAX_PAIR_EXP) return false;
      const place = this.powerOfTwo(exp - 63) * sign;
      F[PAIR + 2 * n] = ((hi >>> 0) * TWO32 + ((lo & ~0x7ff) >>> 0)) * place;
      F[PAIR + 2 * n + 1] = (lo & 0x7ff) * place;
    }
    R[FPU_PAIRS] |= 1 << n;
    return true;
  }

  /** True if register n is not empty and a pair, perhaps from now on. */
  private canUse(n: number): boolean {
    const { R } = this;
    return ((R[FPU_TAGS] >> n) & 1) !== 0 && (((R[FPU_PAIRS] >> n) & 1) !== 0 || this.promote(n));
  }

  // ---- the operand

  /** Sets the operand to a single; false for a denormal, infinity or NaN. */
  setSingle(bits: number): boolean {
    const exp = bits & SINGLE_EXP;
    if (exp === SINGLE_EXP || (exp === 0 && bits << 1 !== 0)) return false;
    this.R[FPU_SCRATCH] = bits;
    this.F[OPERAND] = this.S[FPU_SCRATCH];
    return true;
  }

  /** Sets the operand to the double hi:lo; false as above. */
  setDouble(lo: number, hi: number): boolean {
    const exp = hi & DOUBLE_EXP;
    if (exp === DOUBLE_EXP || (exp === 0 && ((hi << 1) | lo) !== 0)) return false;
    this.R[FPU_OPERAND] = lo;
    this.R[FPU_OPERAND + 1] = hi;
    return true;
  }

  setInteger(value: number): void {
    this.F[OPERAND] = value;
  }

  /** Words of the operand. */
  get operandLow(): number {
    return this.R[FPU_OPERAND];
  }

  get operandHigh(): number {
    return this.R[FPU_OPERAND + 1];
  }

  // ---- arithmetic

  /** Takes the flags of a result in register n, then pops. */
  private settle(n: number, flags: number, pops: number): boolean {
    if (flags === NOT_DONE) return false;
    const { R } = this, top = R[FPU_TOP];
    R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | flags;
    R[FPU_PAIRS] |= 1 << n;
    R[FPU_TAGS] |= 1 << n;
    if (pops !== 0) {
      R[FPU_TAGS] &= ~(1 << top);
      R[FPU_TOP] = (top + 1) & 7;
    }
    return true;
  }

  /** ST(dst) = ST(x) + sign * ST(y), then pops. */
  add(x: number, y: number, sign: 1 | -1, dst: number, pops: number): boolean {
    const { R } = this, top = R[FPU_TOP], control = R[FPU_CONTROL], nx = (top + x) & 7, ny = (top + y) & 7, n = (top + dst) & 7;
    if (!isUsualArithmetic(control) || !this.canUse(nx) || !this.canUse(ny)) return false;
    return this.settle(n, this.unit.add(PAIR + 2 * n, PAIR + 2 * nx, PAIR + 2 * ny, sign, control), pops);
  }

  mul(x: number, y: number, dst: number, pops: number): boolean {
    const { R } = this, top = R[FPU_TOP], control = R[FPU_CONTROL], nx = (top + x) & 7, ny = (top + y) & 7, n = (top + dst) & 7;
    if (!isUsualArithmetic(control) || !this.canUse(nx) || !this.canUse(ny)) return false;
    return this.settle(n, this.unit.mul(PAIR + 2 * n, PAIR + 2 * nx, PAIR + 2 * ny, control), pops);
  }

  div(x: number, y: number, dst: number, pops: number): boolean {
    const { R } = this, top = R[FPU_TOP], control = R[FPU_CONTROL], nx = (top + x) & 7, ny = (top + y) & 7, n = (top + dst) & 7;
    if (!isUsualArithmetic(control) || !this.canUse(nx) || !this.canUse(ny)) return false;
    return this.settle(n, this.unit.div(PAIR + 2 * n, PAIR + 2 * nx, PAIR + 2 * ny, control), pops);
  }

  /** Whether ST(0) and the operand can be used. */
  private canOperate(n: number, control: number): boolean {
    return isUsualArithmetic(control) && this.canUse(n) && isPlain(this.F[OPERAND]);
  }

  /** ST(0) = ST(0) + sign * operand. */
  addOperand(sign: 1 | -1): boolean {
    const { R } = this, n = R[FPU_TOP], control = R[FPU_CONTROL], a = PAIR + 2 * n;
    return this.canOperate(n, control) && this.settle(n, this.unit.add(a, a, OPERAND, sign, control), 0);
  }

  /** ST(0) = operand - ST(0). */
  subFromOperand(): boolean {
    const { R } = this, n = R[FPU_TOP], control = R[FPU_CONTROL], a = PAIR + 2 * n;
    return this.canOperate(n, control) && this.settle(n, this.unit.add(a, OPERAND, a, -1, control), 0);
  }

  mulOperand(): boolean {
    const { R } = this, n = R[FPU_TOP], control = R[FPU_CONTROL], a = PAIR + 2 * n;
    return this.canOperate(n, control) && this.settle(n, this.unit.mul(a, a, OPERAND, control), 0);
  }

  /** ST(0) = ST(0) / operand. */
  divByOperand(): boolean {
    const { R } = this, n = R[FPU_TOP], control = R[FPU_CONTROL], a = PAIR + 2 * n;
    return this.canOperate(n, control) && this.settle(n, this.unit.div(a, a, OPERAND, control), 0);
  }

  /** ST(0) = operand / ST(0). */
  divOperand(): boolean {
    const { R } = this, n = R[FPU_TOP], control = R[FPU_CONTROL], a = PAIR + 2 * n;
    return this.canOperate(n, control) && this.settle(n, this.unit.div(a, OPERAND, a, control), 0);
  }

  sqrt(): boolean {
    const { R } = this, n = R[FPU_TOP], control = R[FPU_CONTROL], a = PAIR + 2 * n;
    return isUsualArithmetic(control) && this.canUse(n) && this.settle(n, this.unit.sqrt(a, a, control), 0);
  }

  /** ST(0) = -ST(0); or only if that is negative. */
  negate(onlyIfNegative: boolean): boolean {
    const { R, F } = this, n = R[FPU_TOP], a = PAIR + 2 * n;
    if (!this.canUse(n)) return false;
    if (!onlyIfNegative || R[FPU_PAIR + 4 * n + 1] < 0) {
      F[a] = -F[a];
      F[a + 1] = -F[a + 1];
    }
    R[FPU_STATUS] &= ~C1;
    return true;
  }

  // ---- comparison

  /** True if ST(0) and ST(i) can be compared by `order`. */
  canCompare(i: number): boolean {
    const top = this.R[FPU_TOP];
    return this.canUse(top) && this.canUse((top + i) & 7);
  }

  /** Sign of ST(0) - ST(i). */
  order(i: number): number {
    const top = this.R[FPU_TOP];
    return this.unit.compare(PAIR + 2 * top, PAIR + 2 * ((top + i) & 7));
  }

  /** Sign of ST(0) - operand. */
  orderOfOperand(): number {
    return this.unit.compare(PAIR + 2 * this.R[FPU_TOP], OPERAND);
  }

  // ---- transfer

  /** Pushes the operand. */
  push(): boolean {
    const { R, F } = this, n = (R[FPU_TOP] - 1) & 7, bit = 1 << n, value = F[OPERAND];
    if ((R[FPU_TAGS] & bit) !== 0 || !isPlain(value)) return false;
    F[PAIR + 2 * n] = value;
    F[PAIR + 2 * n + 1] = 0;
    R[FPU_TOP] = n;
    R[FPU_TAGS] |= bit;
    R[FPU_PAIRS] |= bit;
    R[FPU_STATUS] &= ~C1;
    return true;
  }

  /** Pushes ST(i). */
  pushRegister(i: number): boolean {
    const { R } = this, top = R[FPU_TOP], n = (top + i) & 7, to = (top - 1) & 7;
    if (!this.canUse(n) || ((R[FPU_TAGS] >> to) & 1) !== 0) return false;
    R[FPU_TOP] = to;
    return this.copy(n, to, 0);
  }

  /** ST(i) = ST(0), then pops. */
  copyTop(i: number, pops: number): boolean {
    const n = this.R[FPU_TOP];
    return this.canUse(n) && this.copy(n, (n + i) & 7, pops);
  }

  private copy(n: number, to: number, pops: number): boolean {
    const { F } = this;
    F[PAIR + 2 * to] = F[PAIR + 2 * n];
    F[PAIR + 2 * to + 1] = F[PAIR + 2 * n + 1];
    return this.settle(to, 0, pops);
  }

  /** Exchanges ST(0) and ST(i). */
  exchange(i: number): boolean {
    const { R, F } = this, n = R[FPU_TOP], m = (n + i) & 7, a = PAIR + 2 * n, b = PAIR + 2 * m;
    if (!this.canUse(n) || !this.canUse(m)) return false;
    const h = F[a], l = F[a + 1];
    F[a] = F[b];
    F[a + 1] = F[b + 1];
    F[b] = h;
    F[b + 1] = l;
    R[FPU_STATUS] &= ~C1;
    return true;
  }

  /** Whether `store` may be called. */
  canStore(): boolean {
    return isUsualRounding(this.R[FPU_CONTROL]) && this.canUse(this.R[FPU_TOP]);
  }

  /** Sets the operand to ST(0) as a double, then pops; always a normal number or zero. */
  store(pops: number): void {
    const { R, F } = this, n = R[FPU_TOP], h = F[PAIR + 2 * n], l = F[PAIR + 2 * n + 1], value = l === 0 ? h : h + l;
    F[OPERAND] = value;
    this.settleStore(n, h, (value - h) - l, pops);
  }

  /** The bits of ST(0) as a single, then pops; null, and nothing done, where it is not a normal number or zero. */
  storeSingle(pops: number): number | null {
    if (!this.canStore()) return null;
    const { R, F, S } = this, n = R[FPU_TOP], h = F[PAIR + 2 * n], l = F[PAIR + 2 * n + 1], value = roundToSingle(h, l), magnitude = Math.abs(value);
    if (!(magnitude > LEAST_SINGLE && magnitude < MOST_SINGLE) && h !== 0) return null;
    this.settleStore(n, h, (value - h) - l, pops);
    S[FPU_SCRATCH] = value;
    return R[FPU_SCRATCH];
  }

  /** ST(0) as an int of `bits`, to nearest or truncated, then pops; null, and nothing done, if it does not fit or has a rest. */
  storeInteger(bits: 16 | 32, pops: number): number | null {
    const { R, F } = this, n = R[FPU_TOP], control = R[FPU_CONTROL], truncates = isTruncating(control);
    if (!(truncates || isUsualRounding(control)) || !this.canUse(n) || F[PAIR + 2 * n + 1] !== 0) return null;
    const h = F[PAIR + 2 * n], value = truncates ? Math.trunc(h) : roundToInteger(h), end = bits === 16 ? 0x8000 : 0x80000000;
    if (!(value >= -end && value < end)) return null;
    this.settleStore(n, h, value - h, pops);
    return value | 0;
  }

  /** Flags of a result that is `excess` more than register n, whose double is h; then pops. */
  private settleStore(n: number, h: number, excess: number, pops: number): void {
    const { R } = this, flags = excess === 0 ? 0 : (excess > 0) === (h > 0) ? PE | C1 : PE;
    R[FPU_STATUS] = (R[FPU_STATUS] & ~C1) | flags;
    if (pops === 0) return;
    R[FPU_TAGS] &= ~(1 << n);
    R[FPU_TOP] = (n + 1) & 7;
  }
}
