/**
 * Numbers as pairs of doubles: a 64-bit significand is the sum of a double and a small rest, so that arithmetic on most
 * numbers is a dozen JavaScript operations instead of carries between words. An operation either delivers exactly what the
 * x87 would, or says that it cannot and changes nothing; then the arithmetic on words (unit.ts) does it.
 *
 * A pair (h, l), two neighbours in an array, has the value h + l; |l| is less than one unit of the last place of h. h is a zero, with l = 0, or its
 * magnitude is within `LEAST` … `MOST`, where neither products nor their errors leave the range of normal doubles. Only
 * rounding to nearest, to 64 or 53 bits, is done here, and only while the precision exception is masked.
 *
 * The building blocks are the classical error-free ones: sum and error (Knuth), product and error (Dekker, after Veltkamp's
 * splitting), and the unit in the first place (Rump). Doubles go from function to function in arrays: V8 would box them as
 * arguments of a call.
 */
import { C1, PE } from "./unit.ts";

/** Range of magnitudes. */
const LEAST = 2 ** -900, MOST = 2 ** 900;
/** x * SPLITTER - (x * SPLITTER - x) is the upper half of x's bits. */
const SPLITTER = 2 ** 27 + 1;
/** What an operation returns that cannot deliver; otherwise they return flags (PE, C1). */
export const NOT_DONE = -1;

/** Bits of the control word that matter, and their values for 64 and for 53 bits, to nearest, PE masked. */
const CONTROL = 0xf20, WIDE = 0x320, NARROW = 0x220;

/** Whether arithmetic may be done on pairs. */
export function isUsualArithmetic(control: number): boolean {
  return (control & CONTROL) === WIDE || (control & CONTROL) === NARROW;
}

/** The same for rounding to memory formats, which precision control does not concern. */
export function isUsualRounding(control: number): boolean {
  return (control & 0xc20) === 0x20;
}

/** The same for truncation. */
export function isTruncating(control: number): boolean {
  return (control & 0xc20) === 0xc20;
}

/** True for doubles that are pairs by themselves. */
export function isPlain(x: number): boolean {
  const magnitude = Math.abs(x);
  return (magnitude >= LEAST && magnitude <= MOST) || x === 0;
}

/** Places in `work`: the two parts of a result on its way to be rounded, and how much the second may be off. */
const FIRST = 0, SECOND = 1, SLACK = 2;

/** Arithmetic on the pairs of an array; operands and results are indices of their first halves. */
export class PairUnit {
  private readonly F: Float64Array;
  private readonly work = new Float64Array(3);

  constructor(pairs: Float64Array) {
    this.F = pairs;
  }

  /** a + sign * b. */
  add(to: number, a: number, b: number, sign: 1 | -1, control: number): number {
    const { F, work } = this, ah = F[a], al = F[a + 1], bh = F[b] * sign, bl = F[b + 1] * sign;
    const s = ah + bh, z = s - ah, t = (ah - (s - z)) + (bh - z);
    work[FIRST] = s;
    work[SECOND] = t;
    work[SLACK] = 0;
    if (al !== 0 || bl !== 0) {
      const u = al + bl, y = u - al, v = t + u, w = v - t;
      // The sum of the rests has to be exact too.
      if ((al - (u - y)) + (bl - y) !== 0 || (t - (v - w)) + (u - w) !== 0) return NOT_DONE;
      work[SECOND] = v;
    }
    return this.finish(to, control);
  }

  /** a * b. */
  mul(to: number, a: number, b: number, control: number): number {
    const { F, work } = this, ah = F[a], al = F[a + 1], bh = F[b], bl = F[b + 1], p = ah * bh, magnitude = Math.abs(p);
    // 0 by underflow, or too far out: not here.
    if (!(magnitude >= LEAST && magnitude <= MOST)) return ah === 0 || bh === 0 ? this.deliverZero(to, p) : NOT_DONE;
    const ca = ah * SPLITTER, a1 = ca - (ca - ah), a2 = ah - a1, cb = bh * SPLITTER, b1 = cb - (cb - bh), b2 = bh - b1;
    const e = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;
    work[FIRST] = p;
    work[SECOND] = e;
    work[SLACK] = 0;
    if (al === 0 && bl === 0) return this.finish(to, control);
    work[SECOND] = e + (ah * bl + al * bh);
    work[SLACK] = magnitude * 2 ** -98;
    const flags = this.finish(to, control);
    return flags !== NOT_DONE ? flags : this.mulExactly(to, a, b, control);
  }

  /** The same where the products of the rests are exact, and their sum: factors of few bits. */
  private mulExactly(to: number, a: number, b: number, control: number): number {
    const { F, work } = this, ah = F[a], al = F[a + 1], bh = F[b], bl = F[b + 1], p = ah * bh;
    const ca = ah * SPLITTER, a1 = ca - (ca - ah), a2 = ah - a1, cb = bh * SPLITTER, b1 = cb - (cb - bh), b2 = bh - b1;
    let sum = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;
    for (let i = 0; i < 5; i++) {
      // A rest, of 11 bits, times half a double is exact.
      const term = i === 0 ? a1 * bl : i === 1 ? a2 * bl : i === 2 ? al * b1 : i === 3 ? al * b2 : al * bl;
      const next = sum + term, part = next - sum;
      if ((sum - (next - part)) + (term - part) !== 0) return NOT_DONE;
      sum = next;
    }
    work[SECOND] = sum;
    work[SLACK] = 0;
    return this.finish(to, control);
  }

  /** a / b. */
  div(to: number, a: number, b: number, control: number): number {
    const { F, work } = this, ah = F[a], al = F[a + 1], bh = F[b], bl = F[b + 1], q = ah / bh, magnitude = Math.abs(q);
    if (!(magnitude >= LEAST && magnitude <= MOST)) return ah === 0 && bh !== 0 ? this.deliverZero(to, q) : NOT_DONE;
    const p = q * bh, cq = q * SPLITTER, q1 = cq - (cq - q), q2 = q - q1, cb = bh * SPLITTER, b1 = cb - (cb - bh), b2 = bh - b1;
    const rest = (ah - p) - (((q1 * b1 - p) + q1 * b2 + q2 * b1) + q2 * b2), isExact = al === 0 && bl === 0;
    work[FIRST] = q;
    work[SECOND] = (isExact ? rest : rest + al - q * bl) / bh;
    work[SLACK] = isExact && rest === 0 ? 0 : magnitude * 2 ** -98;
    return this.finish(to, control);
  }

  sqrt(to: number, a: number, control: number): number {
    const { F, work } = this, ah = F[a], al = F[a + 1];
    if (ah === 0) return this.deliverZero(to, ah);
    if (ah < 0) return NOT_DONE;
    const r = Math.sqrt(ah), square = r * r, c = r * SPLITTER, r1 = c - (c - r), r2 = r - r1;
    const rest = (ah - square) - (((r1 * r1 - square) + 2 * r1 * r2) + r2 * r2);
    work[FIRST] = r;
    work[SECOND] = (rest + al) / (2 * r);
    work[SLACK] = rest === 0 && al === 0 ? 0 : r * 2 ** -98;
    return this.finish(to, control);
  }

  /** Negative, 0 or positive as a - b is. */
  compare(a: number, b: number): number {
    const { F } = this, order = (F[a] - F[b]) + (F[a + 1] - F[b + 1]);
    // The first difference is exact where the second matters.
    return order > 0 ? 1 : order < 0 ? -1 : 0;
  }

  private deliverZero(to: number, zero: number): number {
    this.F[to] = zero;
    this.F[to + 1] = 0;
    return 0;
  }

  /**
   * Rounds the sum of the two parts in `work` and writes it. The first is larger, or a multiple of the last place of the
   * second. If it matters that the second may be off, nothing is done.
   */
  private finish(to: number, control: number): number {
    const { F, work } = this, s = work[FIRST], t = work[SECOND], slack = work[SLACK];
    // -0 + 0 would not stay what it is.
    const h = t === 0 ? s : s + t, l = t - (h - s), magnitude = Math.abs(h);
    if (!(magnitude >= LEAST && magnitude <= MOST) && (h !== 0 || slack !== 0)) return NOT_DONE;
    if (l === 0) {
      if (slack !== 0) return NOT_DONE;
      F[to] = h;
      F[to + 1] = 0;
      return 0;
    }
    const scaled = magnitude * (2 ** 52 + 1), first = scaled - scaled * (1 - 2 ** -53);
    // Just below a power of two the units of the last places are half of those above.
    const unit = magnitude === first && (l < 0) === (h > 0) ? first * 0.5 : first;
    return (control & CONTROL) === NARROW ? this.deliverNarrow(to, h, l, unit, slack) : this.deliverWide(to, h, l, unit, slack);
  }

  /** (h, l) to 53 bits, that is h, which is nearest. `unit`: that in the first place. */
  private deliverNarrow(to: number, h: number, l: number, unit: number, slack: number): number {
    const { F } = this, distance = Math.abs(l);
    if (slack !== 0 && (distance <= slack || distance >= unit * 2 ** -53 - slack)) return NOT_DONE;
    F[to] = h;
    F[to + 1] = 0;
    return (l < 0) === (h > 0) ? PE | C1 : PE;
  }

  /** (h, l) to 64 bits. */
  private deliverWide(to: number, h: number, l: number, unit: number, slack: number): number {
    // Adding and taking off 1.5 * 2^52 units of the 64th place rounds to it.
    const { F } = this, anchor = unit * (1.5 * 2 ** -11), rounded = (l + anchor) - anchor;
    if (slack !== 0) {
      const error = Math.abs(l - rounded);
      if (error <= slack || Math.abs(error - unit * 2 ** -64) <= slack) return NOT_DONE;
    }
    F[to] = h;
    F[to + 1] = rounded;
    if (rounded === l) return 0;
    return (rounded > l) === (h > 0) ? PE | C1 : PE;
  }
}

/** (h, l) rounded to single precision: the rest matters where h is halfway between two singles. */
export function roundToSingle(h: number, l: number): number {
  const s = Math.fround(h), e = h - s, next = s + 2 * e;
  return l !== 0 && e !== 0 && Math.fround(next) === next && (l < 0) === (e < 0) ? next : s;
}

/** To the nearest integer, for magnitudes below 2^51. */
export function roundToInteger(x: number): number {
  return (x + 1.5 * 2 ** 52) - 1.5 * 2 ** 52;
}
