/**
 * Arithmetic on pairs of doubles (float80/pair.ts) as IR: what a translated block does with x87 registers in place of calls.
 * Exact like that, for fewer cases: each operation says when its result must not be used, and then the insn leaves the block
 * for the interpreter's helper.
 *
 * One condition per operation, for V8 moves what only the way out needs off the straight way. Magnitudes of results are
 * within 2^-500 … 2^500, so that a square tells; operands may be anything a pair can be.
 */
import type { Op } from "../../tcg/ir/block.ts";
import type { DoubleCond } from "../../tcg/ir/types.ts";
import type { Double } from "./floats.ts";
import type { Lowering, Val } from "./lowering.ts";

/** h + l; `l` null where it is known to be 0. A rest of 0 may have either sign: the number is h then. */
export interface Pair {
  readonly h: Double;
  readonly l: Double | null;
}

export interface Rounded {
  readonly pair: Pair;
  /** How much more the result is than the exact one; null for not at all. */
  readonly excess: Double | null;
  /** Not 0 where the result must not be used. */
  readonly isWrong: Val;
}

/** Precision control as far as it is dealt with. */
export type Precision = 64 | 53;

/** A double and its halves, of at most 26 bits each. */
interface Split {
  readonly upper: Double;
  readonly lower: Double;
}

/** Sum of two doubles, rounded, and its error. */
interface SumAndError {
  readonly sum: Double;
  readonly error: Double;
}

const op = (x: Double | Val): Op => x as unknown as Op;
const double = (x: Op): Double => x as unknown as Double;
const val = (x: Op): Val => x as unknown as Val;

/** x * (2^27 + 1) - (x * (2^27 + 1) - x) is the upper half of x's bits. */
const SPLIT_BITS = 27;

export class PairLowering {
  private readonly b: Lowering;
  private readonly powers = new Map<number, Double>();
  private readonly splits = new Map<Double, Split>();

  constructor(b: Lowering) {
    this.b = b;
  }

  // ---- doubles

  add2(x: Double, y: Double): Double { return double(this.b.ir.op("add_f64", op(x), op(y))); }
  sub2(x: Double, y: Double): Double { return double(this.b.ir.op("sub_f64", op(x), op(y))); }
  mul2(x: Double, y: Double): Double { return double(this.b.ir.op("mul_f64", op(x), op(y))); }
  private div2(x: Double, y: Double): Double { return double(this.b.ir.op("div_f64", op(x), op(y))); }
  private is(cond: DoubleCond, x: Double, y: Double): Val { return val(this.b.ir.setcondF64(cond, op(x), op(y))); }

  private get zero(): Double { return this.b.doubles.zero; }

  /** A constant, 2^exp; JavaScript folds what it is made of. */
  power(exp: number): Double {
    let found = this.powers.get(exp);
    if (found === undefined) {
      if (exp < 0) found = this.div2(this.power(0), this.power(-exp));
      else if (exp <= 30) found = this.b.doubles.ofInt(this.b.imm(1 << exp));
      else found = this.mul2(this.power(exp >> 1), this.power(exp - (exp >> 1)));
      this.powers.set(exp, found);
    }
    return found;
  }

  /** x + y and what was rounded off, exactly (Knuth). */
  private exactSum(x: Double, y: Double): SumAndError {
    const sum = this.add2(x, y), z = this.sub2(sum, x);
    return { sum, error: this.add2(this.sub2(x, this.sub2(sum, z)), this.sub2(y, z)) };
  }

  private exactDifference(x: Double, y: Double): SumAndError {
    const sum = this.sub2(x, y), z = this.sub2(sum, x);
    return { sum, error: this.sub2(this.sub2(x, this.sub2(sum, z)), this.add2(y, z)) };
  }

  /** Veltkamp's splitting. */
  private split(x: Double): Split {
    let found = this.splits.get(x);
    if (found === undefined) {
      const c = this.mul2(x, this.add2(this.power(SPLIT_BITS), this.power(0))), upper = this.sub2(c, this.sub2(c, x));
      found = { upper, lower: this.sub2(x, upper) };
      this.splits.set(x, found);
    }
    return found;
  }

  /** x * y - product, exactly (Dekker). */
  private productError(x: Split, y: Split, product: Double): Double {
    const most = this.sub2(this.mul2(x.upper, y.upper), product);
    const next = this.add2(this.add2(most, this.mul2(x.upper, y.lower)), this.mul2(x.lower, y.upper));
    return this.add2(next, this.mul2(x.lower, y.lower));
  }

  // ---- rounding

  private either(...conditions: Val[]): Val { return conditions.reduce((x, y) => this.b.or(x, y)); }
  /**
   * Both. The second is looked at only if the first holds, which therefore has to be the usual case: when V8 comes where it never
   * was it throws its optimised code away.
   */
  private both(x: Val, y: Val): Val { return this.b.and(x, y); }
  /** The first without the second; both are always looked at. */
  private butNot(x: Val, y: Val): Val { return this.b.setcond("gt", x, y); }
  private isNot0(x: Double): Val { return this.is("ne", x, this.zero); }
  private is0(x: Double): Val { return this.is("eq", x, this.zero); }

  /** True unless the magnitude is in the range, as its square tells; also for zeros. Not for NaNs. */
  private isOut(h: Double): Val {
    const square = this.mul2(h, h);
    return this.either(this.is("le", square, this.power(-1000)), this.is("ge", square, this.power(1000)));
  }

  /** The same, but a zero is not out. */
  private isFar(h: Double): Val {
    return this.both(this.isNot0(h), this.isOut(h));
  }

  /** (h, l) where |l| may be more than half a unit of h's last place, as one where it is not. A zero keeps its sign. */
  private normalized(h: Double, l: Double): { h: Double; l: Double } {
    const sum = this.sub2(h, this.sub2(this.zero, l));
    return { h: sum, l: this.sub2(l, this.sub2(sum, h)) };
  }

  /**
   * h + l rounded; |l| is at most half a unit of h's last place. `isExact`: 1 if l is, 0 if it may be off by up to
   * |h| * 2^-98; null if it always is. `isWrong`: what else makes the result useless.
   */
  private round(h: Double, l: Double, precision: Precision, isExact: Val | null, isWrong: Val): Rounded {
    // The unit in h's first place, with the sign of h (Rump).
    const { b } = this, wide = this.mul2(h, this.add2(this.power(52), this.power(0)));
    const first = this.sub2(wide, this.mul2(wide, this.sub2(this.power(0), this.power(-53))));
    // Below a power of two units are half as large; what is above one is left out too.
    const isBelow = this.both(this.isNot0(l), this.is("eq", h, first));
    if (precision === 53) {
      const isDoubtful = isExact === null ? null : this.butNot(this.either(isBelow, this.isClose(l, first, 53)), isExact);
      return { pair: { h, l: null }, excess: this.sub2(this.zero, l), isWrong: isDoubtful === null ? isWrong : this.either(isWrong, isDoubtful) };
    }
    // Adding and taking off 1.5 * 2^52 units of the 64th place rounds to it.
    const anchor = this.mul2(first, this.div2(b.doubles.ofInt(b.imm(3)), this.power(12)));
    const rounded = this.sub2(this.add2(l, anchor), anchor), excess = this.sub2(rounded, l);
    const wrong = this.either(isWrong, isBelow);
    return {
      pair: { h, l: rounded }, excess,
      isWrong: isExact === null ? wrong : this.either(wrong, this.butNot(this.isClose(excess, first, 64), isExact)),
    };
  }

  /**
   * Whether a value, relative to `first` * 2^-bits, is so close to 0 or to 1 in magnitude that an error matters. Squares spare the
   * sign; where they vanish the answer is yes.
   */
  private isClose(x: Double, first: Double, bits: number): Val {
    const scaled = this.mul2(x, this.power(bits)), square = this.mul2(scaled, scaled), unit = this.mul2(first, first);
    return this.either(
      this.is("le", square, this.mul2(unit, this.power(-60))),
      this.is("ge", square, this.mul2(unit, this.sub2(this.power(0), this.power(-28)))));
  }

  /** C1 of a result: 1 if its magnitude is larger than the exact one's. */
  roundedUp({ pair, excess }: Rounded): Val {
    if (excess === null) return this.b.imm(0);
    return this.is("gt", this.mul2(this.mul2(excess, this.power(800)), pair.h), this.zero);
  }

  // ---- arithmetic

  add(x: Pair, y: Pair, precision: Precision): Rounded {
    const rests = x.l !== null && y.l !== null ? this.exactSum(x.l, y.l) : { sum: x.l ?? y.l, error: null };
    return this.sum(this.exactSum(x.h, y.h), rests, precision);
  }

  sub(x: Pair, y: Pair, precision: Precision): Rounded {
    const rests = x.l !== null && y.l !== null ? this.exactDifference(x.l, y.l) : { sum: x.l ?? (y.l === null ? null : this.sub2(this.zero, y.l)), error: null };
    return this.sum(this.exactDifference(x.h, y.h), rests, precision);
  }

  private sum({ sum: s, error: t }: SumAndError, rests: { sum: Double | null; error: Double | null }, precision: Precision): Rounded {
    if (rests.sum === null) return this.round(s, t, precision, null, this.isFar(s));
    const { sum: v, error } = this.exactSum(t, rests.sum), { h, l } = this.normalized(s, v);
    const isExact = rests.error === null ? this.is0(error) : this.both(this.is0(error), this.is0(rests.error));
    return this.round(h, l, precision, isExact, this.isFar(h));
  }

  mul(x: Pair, y: Pair, precision: Precision): Rounded {
    const p = this.mul2(x.h, y.h), a = this.split(x.h), b = this.split(y.h), e = this.productError(a, b, p);
    if (x.l === null && y.l === null) return this.round(p, e, precision, null, this.isNoProduct(p, x.h, y.h));
    const across: Double[] = [], exact: Val[] = [];
    if (x.l !== null) {
      across.push(this.mul2(x.l, y.h));
      // A rest, of 11 bits, times half a double is exact.
      exact.push(this.is0(this.mul2(x.l, b.lower)));
    }
    if (y.l !== null) {
      across.push(this.mul2(x.h, y.l));
      exact.push(this.is0(this.mul2(y.l, a.lower)));
    }
    if (x.l !== null && y.l !== null) exact.push(this.is0(this.mul2(x.l, y.l)));
    const { sum, error } = this.exactSum(e, across.reduce((u, v) => this.add2(u, v))), { h, l } = this.normalized(p, sum);
    return this.round(h, l, precision, exact.reduce((u, v) => this.both(u, v), this.is0(error)), this.isNoProduct(p, x.h, y.h));
  }

  /** Whether a product is too far out; 0 it may only be of 0. */
  private isNoProduct(product: Double, x: Double, y: Double): Val {
    return this.both(this.both(this.isNot0(x), this.isNot0(y)), this.isOut(product));
  }

  div(x: Pair, y: Pair, precision: Precision): Rounded {
    const q = this.div2(x.h, y.h), product = this.mul2(q, y.h);
    const rest = this.sub2(this.sub2(x.h, product), this.productError(this.split(q), this.split(y.h), product));
    const above = x.l === null ? rest : this.add2(rest, x.l), all = y.l === null ? above : this.sub2(above, this.mul2(q, y.l));
    const isWrong = this.either(this.is0(y.h), this.both(this.isNot0(x.h), this.isOut(q)));
    return this.approximated(q, this.div2(all, y.h), this.areAll0(rest, x.l, y.l), isWrong, precision);
  }

  sqrt(x: Pair, precision: Precision): Rounded {
    const r = double(this.b.ir.op("sqrt_f64", op(x.h))), square = this.mul2(r, r), half = this.split(r);
    const rest = this.sub2(this.sub2(x.h, square), this.productError(half, half, square)), all = x.l === null ? rest : this.add2(rest, x.l);
    return this.approximated(r, this.div2(all, this.add2(r, r)), this.areAll0(rest, x.l, null), this.is("le", x.h, this.zero), precision);
  }

  private areAll0(rest: Double, xl: Double | null, yl: Double | null): Val {
    return [xl, yl].reduce<Val>((is0, l) => (l === null ? is0 : this.both(is0, this.is0(l))), this.is0(rest));
  }

  private approximated(first: Double, second: Double, isExact: Val, isWrong: Val, precision: Precision): Rounded {
    const { h, l } = this.normalized(first, second);
    return this.round(h, l, precision, isExact, isWrong);
  }

  // ---- signs, order, formats

  negate({ h, l }: Pair): Pair {
    const minus = this.b.doubles.ofInt(this.b.imm(-1));
    return { h: this.mul2(h, minus), l: l === null ? null : this.mul2(l, minus) };
  }

  absolute({ h, l }: Pair): Pair {
    const { b } = this, sign = b.doubles.ofInt(b.sub(b.imm(1), b.shl(this.is("lt", h, this.zero), b.imm(1))));
    // + 0 for -0, which is not less than 0.
    return { h: this.add2(this.mul2(h, sign), this.zero), l: l === null ? null : this.mul2(l, sign) };
  }

  /** A double that is less than, equal to or greater than 0 as x is than y. */
  order(x: Pair, y: Pair): Double {
    const first = this.sub2(x.h, y.h);
    if (x.l === null && y.l === null) return first;
    const second = this.sub2(x.l ?? this.zero, y.l ?? this.zero);
    return this.add2(first, second);
  }

  /** Whether any double is no pair: leaves out more than has to be. */
  isNoPair(x: Double): Val {
    return this.either(this.isFar(x), this.is("ne", x, x));
  }

  /** The nearest double to a pair; always right. */
  toDouble({ h, l }: Pair): Rounded {
    const isWrong = this.b.imm(0);
    if (l === null) return { pair: { h, l: null }, excess: null, isWrong };
    const sum = this.normalized(h, l);
    return { pair: { h: sum.h, l: null }, excess: this.sub2(this.zero, sum.l), isWrong };
  }

  /** A double that a pair has been rounded to, elsewhere. */
  asRounded({ h, l }: Pair, result: Double): Rounded {
    const excess = this.sub2(result, h);
    return { pair: { h: result, l: null }, excess: l === null ? excess : this.sub2(excess, l), isWrong: this.b.imm(0) };
  }

  /** As far from x as y, on the other side. */
  reflected(x: Double, y: Double): Double {
    const distance = this.sub2(x, y);
    return this.add2(x, distance);
  }
}
