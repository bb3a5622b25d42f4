/**
 * The arithmetic unit of the x87: operands, result and exception flags of one operation on 80-bit numbers, and the rounding
 * that all operations end with. One object per CPU; nothing is allocated while it runs.
 *
 * A number is three int32: sign and exponent in the low 16 bits (`se`), the significand's upper and lower half (`hi`, `lo`).
 * Operations read the operands a (and b), write the result and add to `flags`; each is a function of its own file that takes
 * the unit. What follows from flags (storing or not, the status word) is the caller's business.
 */

/** Exception flags and condition codes: their places in the status word (SDM 1 §8.1.3). */
export const IE = 0x1, DE = 0x2, ZE = 0x4, OE = 0x8, UE = 0x10, PE = 0x20, SF = 0x40, ES = 0x80,
  C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000, BUSY = 0x8000;
export const EXCEPTIONS = 0x3f;
/** Exceptions that keep an operation from delivering anything if they are unmasked (SDM 1 §8.7). */
export const PRE_EXCEPTIONS = IE | DE | ZE;

/** Rounding control, bits 10 and 11 of the control word. */
export const RC_NEAREST = 0, RC_DOWN = 1, RC_UP = 2, RC_ZERO = 3;
/** Precision and rounding control together, and their value at 64 bits, to nearest. */
const MODE = 0xf00, MODE_DEFAULT = 0x300;

export const BIAS = 0x3fff, MAX_EXP = 0x7fff, SIGN = 0x8000;
/** Integer bit of a significand, as the upper half. */
export const INTEGER_BIT = 0x80000000 | 0;
/** Added to or taken from the exponent where an unmasked underflow or overflow is delivered in a register (SDM 1 §8.5.4). */
const BIAS_ADJUST = 0x6000;

export class FloatUnit {
  /** Control word in force. */
  control = 0x37f;
  /** Exception flags of the running operation, C1 if it rounded away from zero. */
  flags = 0;
  // ---- operands
  aSe = 0;
  aHi = 0;
  aLo = 0;
  bSe = 0;
  bHi = 0;
  bLo = 0;
  // ---- result
  se = 0;
  hi = 0;
  lo = 0;
  /** Bits that were shifted out, the lowest one sticky: third word of a significand on its way to be rounded. */
  ext = 0;
  /** Word above a remainder in hi:lo (square root). */
  restTop = 0;
  /** Set by `increment`: it has added one. */
  private wasRoundedUp = false;

  /** Starts an operation. */
  begin(control: number): void {
    this.control = control;
    this.flags = 0;
  }

  setA(se: number, hi: number, lo: number): void {
    this.aSe = se;
    this.aHi = hi;
    this.aLo = lo;
  }

  setB(se: number, hi: number, lo: number): void {
    this.bSe = se;
    this.bHi = hi;
    this.bLo = lo;
  }

  set(se: number, hi: number, lo: number): void {
    this.se = se;
    this.hi = hi;
    this.lo = lo;
  }

  /** The result becomes operand b of the next operation. */
  resultToB(): void {
    this.setB(this.se, this.hi, this.lo);
  }

  swap(): void {
    const { aSe, aHi, aLo } = this;
    this.setA(this.bSe, this.bHi, this.bLo);
    this.setB(aSe, aHi, aLo);
  }

  get rounding(): number {
    return (this.control >> 10) & 3;
  }

  isMasked(exception: number): boolean {
    return (this.control & exception) !== 0;
  }

  /** The default NaN ("real indefinite") with an invalid-operation exception. */
  invalid(): void {
    this.flags |= IE;
    this.set(0xffff, 0xc0000000 | 0, 0);
  }

  zero(sign: number): void {
    this.set(sign, 0, 0);
  }

  infinity(sign: number): void {
    this.set(sign | MAX_EXP, INTEGER_BIT, 0);
  }

  /**
   * Rounds and delivers a number: `sign` 0 or 0x8000, biased exponent `exp` (any range), significand hi:lo with the integer
   * bit set, and what is behind it in `ext`, sticky.
   */
  round(sign: number, exp: number, hi: number, lo: number, ext: number): void {
    if ((this.control & MODE) !== MODE_DEFAULT || exp < 1 || exp > 0x7ffd) return this.roundSlow(sign, exp, hi, lo, ext);
    if (ext !== 0) {
      this.flags |= PE;
      // Up from one half, on a tie only to the even neighbour.
      if (ext < 0 && (ext !== INTEGER_BIT || (lo & 1) !== 0)) {
        this.flags |= C1;
        lo = (lo + 1) | 0;
        if (lo === 0) {
          hi = (hi + 1) | 0;
          if (hi === 0) {
            hi = INTEGER_BIT;
            exp++;
          }
        }
      }
    }
    this.se = sign | exp;
    this.hi = hi;
    this.lo = lo;
  }

  /** The same for every control word, and for exponents at and past the ends of the range. */
  roundSlow(sign: number, exp: number, hi: number, lo: number, ext: number): void {
    this.roundTo((this.control >> 8) & 3, sign, exp, hi, lo, ext);
  }

  /** Rounds to 64 bits whatever the precision control says. */
  roundFull(sign: number, exp: number, hi: number, lo: number, ext: number): void {
    this.roundTo(3, sign, exp, hi, lo, ext);
  }

  private roundTo(precision: number, sign: number, exp: number, hi: number, lo: number, ext: number): void {
    this.set(0, hi, lo);
    this.ext = ext;
    this.cut(precision);
    const carries = this.increment(precision, sign);
    const isInexact = this.ext !== 0, roundedUp = this.wasRoundedUp;
    const rounded = carries ? exp + 1 : exp;
    if (rounded >= MAX_EXP) return this.overflow(precision, sign, rounded, isInexact, roundedUp);
    if (exp <= 0) {
      const isTiny = rounded <= 0, adjusted = rounded + BIAS_ADJUST;
      if (isTiny && !this.isMasked(UE)) {
        this.flags |= UE;
        this.se = sign | adjusted;
        if (adjusted > 0) return this.report(isInexact, roundedUp);
        this.flags |= PE;
        return this.zero(sign);
      }
      this.denormalize(precision, sign, exp, hi, lo, ext, isTiny);
      return;
    }
    this.report(isInexact, roundedUp);
    this.se = sign | rounded;
  }

  private report(isInexact: boolean, roundedUp: boolean): void {
    if (isInexact) this.flags |= roundedUp ? PE | C1 : PE;
  }

  /** Notes what `cut` and `increment` have done to a result. */
  reportRounding(): void {
    this.report(this.ext !== 0, this.wasRoundedUp);
  }

  /** Moves the bits beyond the precision from the result to `ext`. */
  cut(precision: number): void {
    const { hi, lo, ext } = this;
    if (precision === 2) {
      this.ext = (lo << 21) | (ext !== 0 ? 1 : 0);
      this.lo = lo & ~0x7ff;
    } else if (precision === 0) {
      this.ext = (hi << 24) | (lo >>> 8) | ((lo & 0xff) !== 0 || ext !== 0 ? 1 : 0);
      this.hi = hi & ~0xff;
      this.lo = 0;
    }
  }

  /** Adds one unit of the last place if rounding wants it; true if that carries out of the significand, which then is one. */
  increment(precision: number, sign: number): boolean {
    this.wasRoundedUp = false;
    const { ext } = this;
    if (ext === 0) return false;
    const last = precision === 0 ? (this.hi >> 8) & 1 : precision === 2 ? (this.lo >> 11) & 1 : this.lo & 1;
    if (!roundsUp(this.rounding, sign, ext, last)) return false;
    this.wasRoundedUp = true;
    if (precision !== 0) {
      this.lo = (this.lo + (precision === 2 ? 0x800 : 1)) | 0;
      if (this.lo !== 0) return false;
    }
    this.hi = (this.hi + (precision === 0 ? 0x100 : 1)) | 0;
    if (this.hi !== 0) return false;
    this.hi = INTEGER_BIT;
    return true;
  }

  private overflow(precision: number, sign: number, exp: number, isInexact: boolean, roundedUp: boolean): void {
    this.flags |= OE;
    if (!this.isMasked(OE)) {
      const adjusted = exp - BIAS_ADJUST;
      this.se = sign | adjusted;
      if (adjusted < MAX_EXP) return this.report(isInexact, roundedUp);
      // FSCALE can go beyond even that: infinity, whatever the rounding.
      this.flags |= PE | C1;
      return this.infinity(sign);
    }
    this.flags |= PE;
    const { rounding } = this;
    if (rounding === RC_ZERO || rounding === (sign !== 0 ? RC_UP : RC_DOWN)) {
      this.set(sign | (MAX_EXP - 1), precision === 0 ? ~0xff : -1, precision === 0 ? 0 : precision === 2 ? ~0x7ff : -1);
      return;
    }
    this.flags |= C1;
    this.infinity(sign);
  }

  private denormalize(precision: number, sign: number, exp: number, hi: number, lo: number, ext: number, isTiny: boolean): void {
    this.set(0, hi, lo);
    this.ext = ext;
    shiftRightJam(this, 1 - exp);
    this.cut(precision);
    this.increment(precision, sign);
    if (isTiny && this.ext !== 0) this.flags |= UE;
    this.reportRounding();
    this.se = this.hi < 0 ? sign | 1 : sign;
  }
}

/** Whether rounding takes the magnitude up: `ext` is what is left over, not 0; `last` the last bit that is kept. */
export function roundsUp(rounding: number, sign: number, ext: number, last: number): boolean {
  if (rounding === RC_NEAREST) return ext < 0 && (ext !== INTEGER_BIT || last !== 0);
  if (rounding === RC_DOWN) return sign !== 0;
  return rounding === RC_UP && sign === 0;
}

/** Shifts hi:lo:ext of the unit right by `count` >= 0; what falls out stays visible in the lowest bit of ext. */
export function shiftRightJam(u: FloatUnit, count: number): void {
  const { hi, lo, ext } = u;
  if (count === 0) return;
  if (count < 32) {
    u.ext = (lo << (32 - count)) | (ext !== 0 ? 1 : 0);
    u.lo = (lo >>> count) | (hi << (32 - count));
    u.hi = hi >>> count;
  } else if (count === 32) {
    u.ext = lo | (ext !== 0 ? 1 : 0);
    u.lo = hi;
    u.hi = 0;
  } else if (count < 64) {
    const s = count - 32;
    u.ext = (hi << (32 - s)) | (lo >>> s) | ((lo << (32 - s)) !== 0 || ext !== 0 ? 1 : 0);
    u.lo = hi >>> s;
    u.hi = 0;
  } else {
    const s = count - 64;
    if (s === 0) u.ext = hi | (lo !== 0 || ext !== 0 ? 1 : 0);
    else if (s < 32) u.ext = (hi >>> s) | ((hi << (32 - s)) !== 0 || lo !== 0 || ext !== 0 ? 1 : 0);
    else u.ext = (hi | lo | ext) !== 0 ? 1 : 0;
    u.lo = 0;
    u.hi = 0;
  }
}
