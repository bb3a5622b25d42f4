/**
 * SSE arithmetic on single elements in the state file, with MXCSR: which exceptions arise, in which order, what NaN comes
 * out (SDM 1 §4.8.3.5, §11.5). Sums, products, quotients and roots that are plainly normal are JavaScript arithmetic with
 * an exactness test by error-free transformations; everything else goes through `exact.ts`.
 *
 * An insn's helper calls `begin`, then one function per element, then `end`, which raises #XM before anything is written.
 */
import type { Cpu } from "../../cpu.ts";
import { UD, XM } from "../../fault.ts";
import { CR4, CR4_OSXMMEXCPT, MXCSR } from "../../state.ts";
import type { Exact, Format } from "./exact.ts";
import { addExact, divideExact, DOUBLE, exact, multiplyExact, ROUND_DOWN, roundExact, SINGLE, squareRootExact } from "./exact.ts";

/** MXCSR (SDM 1 §10.2.3): flags; masks are the flags shifted by 7. */
export const IE = 0x01, DE = 0x02, ZE = 0x04, OE = 0x08, UE = 0x10, PE = 0x20;
export const MXCSR_DAZ = 0x40, MXCSR_FTZ = 0x8000, MXCSR_RESERVED = ~0xffff;
const MASK_SHIFT = 7, RC_SHIFT = 13;
/** Flags of exceptions found before anything is computed (SDM 1 §11.5.2). */
const PRE_COMPUTATION = IE | DE | ZE;
/** All masked, to nearest, no FTZ or DAZ; the flags do not matter. */
const CONTROL_BITS = 0xffc0, PLAIN = 0x1f80;

/** What an element is. */
export const ZERO = 0, DENORMAL = 1, NORMAL = 2, INFINITE = 3, QUIET = 4, SIGNALING = 5;

/** Doubles whose products and quotients, and the rounding errors of these, are all normal. */
const LOW_64 = 2 ** -400, HIGH_64 = 2 ** 400;
const MIN_NORMAL_32 = 2 ** -126, MAX_32 = 3.4028234663852886e38;
const SPLITTER = 134217729;

export type Binary = "add" | "sub" | "mul" | "div";

export class FloatUnit {
  /** Rounding mode in force. */
  mode = 0;
  daz = false;
  /** Flags raised so far. */
  raised = 0;
  readonly R: Int32Array;
  private readonly F32: Float32Array;
  private readonly F64: Float64Array;
  private readonly cpu: Cpu;
  private ftz = false;
  private masks = 0;
  private isPlain = true;
  /** PE is set already: whether a result is exact does not matter. */
  private isInexactKnown = false;

  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.R = cpu.R;
    this.F32 = cpu.state.F32;
    this.F64 = cpu.state.F64;
  }

  begin(): void {
    const mxcsr = this.R[MXCSR];
    this.raised = 0;
    this.isPlain = (mxcsr & CONTROL_BITS) === PLAIN;
    this.isInexactKnown = (mxcsr & PE) !== 0;
    this.mode = (mxcsr >> RC_SHIFT) & 3;
    this.daz = (mxcsr & MXCSR_DAZ) !== 0;
    this.masks = mxcsr >> MASK_SHIFT;
    this.ftz = (mxcsr & MXCSR_FTZ) !== 0 && (this.masks & UE) !== 0;
  }

  /**
   * Sets the flags. An unmasked exception is #XM, or #UD without CR4.OSXMMEXCPT; one of those found before computing
   * keeps the later ones from being looked for.
   */
  end(): void {
    const { R, raised } = this, unmasked = raised & ~this.masks;
    if (unmasked === 0) {
      R[MXCSR] |= raised;
      return;
    }
    R[MXCSR] |= (unmasked & PRE_COMPUTATION) !== 0 ? raised & PRE_COMPUTATION : raised;
    this.cpu.fault((R[CR4] & CR4_OSXMMEXCPT) !== 0 ? XM : UD);
  }

  // ---- elements

  class32(slot: number): number {
    const magnitude = this.R[slot] & 0x7fffffff;
    if (magnitude === 0) return ZERO;
    if (magnitude < 0x00800000) return DENORMAL;
    if (magnitude < 0x7f800000) return NORMAL;
    return magnitude === 0x7f800000 ? INFINITE : magnitude >= 0x7fc00000 ? QUIET : SIGNALING;
  }

  class64(slot: number): number {
    const low = this.R[slot], high = this.R[slot + 1] & 0x7fffffff;
    if ((low | high) === 0) return ZERO;
    if (high < 0x00100000) return DENORMAL;
    if (high < 0x7ff00000) return NORMAL;
    return (high === 0x7ff00000 && low === 0) ? INFINITE : high >= 0x7ff80000 ? QUIET : SIGNALING;
  }

  classOf(slot: number, isSingle: boolean): number {
    return isSingle ? this.class32(slot) : this.class64(slot);
  }

  /** The value of an element as a double. NaNs lose what makes them different. */
  valueOf(slot: number, isSingle: boolean): number {
    return isSingle ? this.F32[slot] : this.F64[slot >> 1];
  }

  signOf(slot: number, isSingle: boolean): 0 | 1 {
    return (this.R[isSingle ? slot : slot + 1] >>> 31) as 0 | 1;
  }

  /** The default NaN, which is negative (SDM 1 table 4-7). */
  putDefaultNaN(out: number, isSingle: boolean): void {
    if (isSingle) {
      this.R[out] = 0xffc00000 | 0;
      return;
    }
    this.R[out] = 0;
    this.R[out + 1] = 0xfff80000 | 0;
  }

  putQuieted(out: number, slot: number, isSingle: boolean): void {
    if (isSingle) {
      this.R[out] = this.R[slot] | 0x00400000;
      return;
    }
    this.R[out] = this.R[slot];
    this.R[out + 1] = this.R[slot + 1] | 0x00080000;
  }

  putZero(out: number, sign: 0 | 1, isSingle: boolean): void {
    this.R[out] = isSingle ? sign << 31 : 0;
    if (!isSingle) this.R[out + 1] = sign << 31;
  }

  putInfinity(out: number, sign: 0 | 1, isSingle: boolean): void {
    this.R[out] = isSingle ? (sign << 31) | 0x7f800000 : 0;
    if (!isSingle) this.R[out + 1] = (sign << 31) | 0x7ff00000;
  }

  putDouble(out: number, value: number): void {
    this.F64[out >> 1] = value;
  }

  putSingle(out: number, value: number): void {
    this.F32[out] = value;
  }

  copy(out: number, slot: number, isSingle: boolean): void {
    this.R[out] = this.R[slot];
    if (!isSingle) this.R[out + 1] = this.R[slot + 1];
  }

  /** A finite element as exact number. */
  unpack(slot: number, isSingle: boolean): Exact {
    const { R } = this, sign = this.signOf(slot, isSingle);
    if (isSingle) {
      const field = (R[slot] >> 23) & 0xff, fraction = R[slot] & 0x7fffff;
      return exact(sign, BigInt(field === 0 ? fraction : fraction | 0x800000), Math.max(field, 1) - 150);
    }
    const field = (R[slot + 1] >> 20) & 0x7ff, high = R[slot + 1] & 0xfffff;
    return exact(sign, (BigInt(field === 0 ? high : high | 0x100000) << 32n) | BigInt(R[slot] >>> 0), Math.max(field, 1) - 1075);
  }

  /** Rounds a number that is not zero into an element, with overflow, underflow, precision and flush to zero. */
  putRounded(out: number, v: Exact, isSingle: boolean): void {
    const format: Format = isSingle ? SINGLE : DOUBLE;
    const { magnitude, isInexact, isOverflow, isTiny, isRounded } = roundExact(v, format, this.mode);
    if (isTiny && this.ftz) {
      this.raised |= UE | PE;
      return this.putZero(out, v.sign, isSingle);
    }
    if (isOverflow) this.raised |= OE;
    // A masked underflow is one only if something was lost (SDM 1 §4.9.1.5).
    if (isTiny && (isInexact || (this.masks & UE) === 0)) this.raised |= UE;
    // Unmasked, they leave the exponent out of account (SDM 1 §4.9.1.4, §4.9.1.5).
    const isUnmasked = (isOverflow && (this.masks & OE) === 0) || (isTiny && (this.masks & UE) === 0);
    if (isUnmasked ? isRounded : isInexact) this.raised |= PE;
    if (isSingle) {
      this.R[out] = Number(magnitude) | (v.sign << 31);
      return;
    }
    this.R[out] = Number(BigInt.asIntN(32, magnitude));
    this.R[out + 1] = Number(magnitude >> 32n) | (v.sign << 31);
  }

  // ---- NaNs and denormals

  /**
   * Deals with NaN operands: the first NaN, made quiet, is the result. True if there was one.
   * Operands are in the order of the manual's source operands: the destination first.
   */
  takeNaN(x: number, y: number, out: number, isSingle: boolean): boolean {
    const cx = this.classOf(x, isSingle), cy = this.classOf(y, isSingle);
    if (cx < QUIET && cy < QUIET) return false;
    if (cx === SIGNALING || cy === SIGNALING) this.raised |= IE;
    this.putQuieted(out, cx >= QUIET ? x : y, isSingle);
    return true;
  }

  /** The class with denormals as zeros under DAZ; otherwise they raise DE. */
  operandClass(slot: number, isSingle: boolean): number {
    const c = this.classOf(slot, isSingle);
    if (c !== DENORMAL) return c;
    if (this.daz) return ZERO;
    this.raised |= DE;
    return DENORMAL;
  }

  private invalid(out: number, isSingle: boolean): void {
    this.raised |= IE;
    this.putDefaultNaN(out, isSingle);
  }

  // ---- arithmetic

  /** out = x op y on doubles. */
  binary64(op: Binary, x: number, y: number, out: number): void {
    if (this.isPlain && this.tryFast64(op, this.F64[x >> 1], this.F64[y >> 1], out)) return;
    this.binarySlow(op, x, y, out, false);
  }

  binary32(op: Binary, x: number, y: number, out: number): void {
    if (this.isPlain && this.tryFast32(op, this.F32[x], this.F32[y], out)) return;
    this.binarySlow(op, x, y, out, true);
  }

  private tryFast64(op: Binary, a: number, b: number, out: number): boolean {
    const absA = Math.abs(a), absB = Math.abs(b);
    if (!((absA >= LOW_64 && absA <= HIGH_64) || a === 0) || !((absB >= LOW_64 && absB <= HIGH_64) || b === 0)) return false;
    let r: number;
    switch (op) {
      case "add": r = a + b; break;
      case "sub": r = a - b; break;
      case "mul": r = a * b; break;
      case "div":
        if (b === 0) return false;
        r = a / b;
        break;
    }
    if (!this.isInexactKnown) {
      const isExact = op === "add" ? sumError(a, b, r) === 0 : op === "sub" ? sumError(a, -b, r) === 0
        : op === "mul" ? productError(a, b, r) === 0 : r * b === a && productError(r, b, a) === 0;
      if (!isExact) this.raised |= PE;
    }
    this.F64[out >> 1] = r;
    return true;
  }

  private tryFast32(op: Binary, a: number, b: number, out: number): boolean {
    const absA = Math.abs(a), absB = Math.abs(b);
    if (!((absA >= MIN_NORMAL_32 && absA <= MAX_32) || a === 0) || !((absB >= MIN_NORMAL_32 && absB <= MAX_32) || b === 0)) return false;
    let wide: number;
    switch (op) {
      case "add": wide = a + b; break;
      case "sub": wide = a - b; break;
      case "mul": wide = a * b; break;
      case "div":
        if (b === 0) return false;
        wide = a / b;
        break;
    }
    // Rounding twice, to 53 and then to 24 bits, is rounding once for these four (53 >= 2 * 24 + 2).
    const r = Math.fround(wide), absR = Math.abs(r);
    if (!(absR > MIN_NORMAL_32 && absR <= MAX_32) && wide !== 0) return false;
    if (!this.isInexactKnown) {
      const isExact = r === wide && (op === "add" ? sumError(a, b, wide) === 0 : op === "sub" ? sumError(a, -b, wide) === 0
        : op === "mul" || r * b === a);
      if (!isExact) this.raised |= PE;
    }
    this.F32[out] = r;
    return true;
  }

  private binarySlow(op: Binary, x: number, y: number, out: number, isSingle: boolean): void {
    if (this.takeNaN(x, y, out, isSingle)) return;
    const { raised } = this, cx = this.operandClass(x, isSingle), cy = this.operandClass(y, isSingle);
    // Division by zero comes before a denormal operand.
    if (op === "div" && cy === ZERO) this.raised = raised;
    const sx = this.signOf(x, isSingle), sy = this.signOf(y, isSingle);
    if (op === "add" || op === "sub") this.sum(x, y, out, isSingle, cx, cy, sx, (op === "sub" ? sy ^ 1 : sy) as 0 | 1);
    else if (op === "mul") this.product(x, y, out, isSingle, cx, cy, (sx ^ sy) as 0 | 1);
    else this.quotient(x, y, out, isSingle, cx, cy, (sx ^ sy) as 0 | 1);
  }

  private sum(x: number, y: number, out: number, isSingle: boolean, cx: number, cy: number, sx: 0 | 1, sy: 0 | 1): void {
    if (cx === INFINITE || cy === INFINITE) {
      if (cx === cy && sx !== sy) return this.invalid(out, isSingle);
      return this.putInfinity(out, cx === INFINITE ? sx : sy, isSingle);
    }
    const a = cx === ZERO ? exact(sx, 0n, 0) : this.unpack(x, isSingle);
    const b = cy === ZERO ? exact(sy, 0n, 0) : { ...this.unpack(y, isSingle), sign: sy };
    const v = addExact(a, b);
    // An exact zero is positive, or negative when rounding down, unless both operands agree on their sign.
    if (v.significand === 0n) return this.putZero(out, sx === sy ? sx : this.mode === ROUND_DOWN ? 1 : 0, isSingle);
    this.putRounded(out, v, isSingle);
  }

  private product(x: number, y: number, out: number, isSingle: boolean, cx: number, cy: number, sign: 0 | 1): void {
    if (cx === INFINITE || cy === INFINITE) {
      if (cx === ZERO || cy === ZERO) return this.invalid(out, isSingle);
      return this.putInfinity(out, sign, isSingle);
    }
    if (cx === ZERO || cy === ZERO) return this.putZero(out, sign, isSingle);
    this.putRounded(out, multiplyExact(this.unpack(x, isSingle), this.unpack(y, isSingle)), isSingle);
  }

  private quotient(x: number, y: number, out: number, isSingle: boolean, cx: number, cy: number, sign: 0 | 1): void {
    if (cx === INFINITE) {
      if (cy === INFINITE) return this.invalid(out, isSingle);
      return this.putInfinity(out, sign, isSingle);
    }
    if (cy === INFINITE) return this.putZero(out, sign, isSingle);
    if (cy === ZERO) {
      if (cx === ZERO) return this.invalid(out, isSingle);
      this.raised |= ZE;
      return this.putInfinity(out, sign, isSingle);
    }
    if (cx === ZERO) return this.putZero(out, sign, isSingle);
    this.putRounded(out, divideExact(this.unpack(x, isSingle), this.unpack(y, isSingle)), isSingle);
  }

  /** out = square root of y. */
  squareRoot(y: number, out: number, isSingle: boolean): void {
    if (this.isPlain && this.trySquareRoot(this.valueOf(y, isSingle), out, isSingle)) return;
    if (this.takeNaN(y, y, out, isSingle)) return;
    const { raised } = this, sign = this.signOf(y, isSingle), c = this.operandClass(y, isSingle);
    if (c === ZERO) return this.putZero(out, sign, isSingle);
    if (sign === 1) {
      this.raised = raised;
      return this.invalid(out, isSingle);
    }
    if (c === INFINITE) return this.putInfinity(out, 0, isSingle);
    this.putRounded(out, squareRootExact(this.unpack(y, isSingle)), isSingle);
  }

  private trySquareRoot(v: number, out: number, isSingle: boolean): boolean {
    if (!(v >= (isSingle ? MIN_NORMAL_32 : LOW_64) && v <= (isSingle ? MAX_32 : HIGH_64))) return false;
    const root = Math.sqrt(v), r = isSingle ? Math.fround(root) : root;
    if (!this.isInexactKnown && !(r * r === v && (isSingle || productError(r, r, v) === 0))) this.raised |= PE;
    if (isSingle) this.F32[out] = r;
    else this.F64[out >> 1] = r;
    return true;
  }
}

/** a + b - r, exactly, for r = a + b rounded to nearest (Knuth's TwoSum); nothing overflows. */
function sumError(a: number, b: number, r: number): number {
  const bb = r - a;
  return (a - (r - bb)) + (b - bb);
}

/** a * b - r, exactly, for r = a * b rounded (Dekker's product); nothing over- or underflows. */
export function productError(a: number, b: number, r: number): number {
  const ta = SPLITTER * a, aHigh = ta - (ta - a), aLow = a - aHigh;
  const tb = SPLITTER * b, bHigh = tb - (tb - b), bLow = b - bHigh;
  return ((aHigh * bHigh - r) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
}
