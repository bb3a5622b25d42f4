/**
 * Singles or doubles in lowerings for translated blocks, where they are JavaScript numbers: values the code computes with
 * directly, for the usual case, leaving the block in front of the insn wherever the case is another (`leave_if`). The
 * interpreter then does that insn by its helper, which knows all of MXCSR. Used only where `Lowering.speculates`.
 *
 * The usual case (as QEMU's hardfloat has it): rounding to nearest, all exceptions masked, the precision flag set already,
 * and operands and results that are exact zeros or normal numbers not near the ends of their range (their square tells
 * soonest). Then a JavaScript operation gives the very bits and no other flag changes (SDM 1 §11.5), with FTZ and DAZ or without.
 * One on singles does when rounded once more, since a double has more than twice the bits of a single and two. Code that finds
 * the precision flag clear when it is translated (a program that has only computed with whole numbers so far) looks at what
 * each operation loses, by the exact arithmetic of x87's pairs, and leaves where that is anything.
 *
 * A NaN that only passes through a JavaScript number may lose its payload (ECMA-262 §6.1.6.1), and a denormal operand raises
 * DE, so moves leave for both: a float in an XMM register is always *tame*, which is 0, normal or infinite. Of a tame operand
 * arithmetic has nothing to ask: where an infinity makes the result something else than infinity or NaN, it is exact.
 */
import type { Op } from "../../tcg/ir/block.ts";
import type { DoubleCond, Global, Probe } from "../../tcg/ir/types.ts";
import { memOp } from "../../tcg/ir/types.ts";
import type { Lowering, Val } from "./lowering.ts";
import type { Pair, PairLowering, Rounded } from "./pairs-ir.ts";
import { G_MXCSR } from "./state.ts";

declare const opaque: unique symbol;
/** A double that exists when the code runs; singles are doubles that rounding leaves alone. */
export interface Double { readonly [opaque]: "double" }

/** How to round to an integral value: MXCSR.RC's four (SDM 1 table 4-8). */
const INTEGRAL = ["nearest_f64", "floor_f64", "ceil_f64", "trunc_f64"] as const;
export type RoundingMode = 0 | 1 | 2 | 3;

export type FloatArithmetic = "add" | "sub" | "mul" | "div" | "sqrt";

/** Masks, rounding control and PE in MXCSR (SDM 1 §10.2.3), and what they are in the usual case; that without PE. */
const CONTROL_AND_PE = 0x7fa0, USUAL = 0x1fa0, NOTHING_LOST = 0x1f80;

const wrap = (op: Op): Double => op as unknown as Double;
const op = (x: Double | Val): Op => x as unknown as Op;
const val = (x: Op): Val => x as unknown as Val;

/** Numbers of one precision. */
export class Floats {
  /** Words of one. */
  readonly words: 1 | 2;
  private readonly b: Lowering;
  private readonly abnormal: "abnormal_f32" | "abnormal_f64";
  private readonly tiny: "tiny_f32" | "tiny_f64";

  constructor(b: Lowering, words: 1 | 2) {
    this.b = b;
    this.words = words;
    this.abnormal = words === 1 ? "abnormal_f32" : "abnormal_f64";
    this.tiny = words === 1 ? "tiny_f32" : "tiny_f64";
  }

  get isSingle(): boolean { return this.words === 1; }

  get(global: Global): Double { return wrap(this.b.ir.get(global)); }
  set(global: Global, x: Double): void { this.b.ir.set(global, op(x)); }

  /** The int32, rounded if need be. */
  ofInt(v: Val): Double {
    const exact = wrap(this.b.ir.op("f64_from_i32", op(v))), result = this.rounded(exact);
    if (this.isSingle) this.assumeExact([result], [exact]);
    return result;
  }

  get zero(): Double { return wrap(this.b.ir.op("f64_from_i32", op(this.b.imm(0)))); }

  private rounded(x: Double): Double { return this.isSingle ? wrap(this.b.ir.op("round_f32", op(x))) : x; }

  /** Leaves unless MXCSR is as usual: for whatever may round. */
  assumeUsualControl(): void {
    const { b } = this;
    b.leaveIf(b.setcond("ne", b.and(b.get(G_MXCSR), b.imm(CONTROL_AND_PE)), b.imm(b.expectsPrecisionFlag ? USUAL : NOTHING_LOST)));
  }

  /** Operands, and values that are moved: leaves for NaNs and denormals. */
  assumeTame(xs: readonly Double[]): void {
    const { b } = this;
    this.leaveIfAny(xs.map((x) => b.and(val(b.ir.op(this.tiny, op(x))), this.isNot0(x))));
  }

  /** Leaves where a value is not what it should be exactly, if that shows in a flag. */
  private assumeExact(xs: readonly Double[], exact: readonly Double[]): void {
    if (!this.b.expectsPrecisionFlag) this.leaveIfAny(xs.map((x, i) => this.compare("ne", x, exact[i])));
  }

  private leaveIfAny(conditions: readonly Val[]): void {
    const { b } = this;
    b.leaveIf(conditions.reduce((any, c) => b.or(any, c)));
  }

  private isNot0(x: Double): Val { return this.compare("ne", x, this.zero); }

  load(linear: Val): Double {
    return wrap(this.b.ir.guestLoad(this.access("read"), op(linear)));
  }

  store(linear: Val, x: Double, probe: Probe = "write"): void {
    this.b.ir.guestStore(this.access(probe), op(linear), op(x));
  }

  private access(probe: Probe): ReturnType<typeof memOp> {
    return memOp(this.isSingle ? 32 : 64, probe, false, true);
  }

  /** Each x op y, or the root of y; leaves wherever one is not a plain case. */
  arithmetic(name: FloatArithmetic, xs: readonly Double[], ys: readonly Double[]): Double[] {
    const { b } = this;
    this.assumeTame(ys);
    if (name === "sqrt") {
      this.leaveIfAny(ys.map((y) => this.compare("lt", y, this.zero)));
      if (!b.expectsPrecisionFlag) return this.exactly((pairs, y) => pairs.sqrt(y, 53), ys, ys);
      return ys.map((y) => this.rounded(wrap(b.ir.op("sqrt_f64", op(y)))));
    }
    this.assumeTame(xs);
    const results = b.expectsPrecisionFlag ? xs.map((x, i) => this.rounded(wrap(b.ir.op(`${name}_f64`, op(x), op(ys[i])))))
      : this.exactly((pairs, x, y) => pairs[name](x, y, 53), xs, ys);
    // A sum is 0 only exactly; a product or quotient may have vanished.
    this.leaveIfAny(results.map((result, i) => {
      const hasVanished = name === "mul" ? b.and(this.isNot0(xs[i]), this.isNot0(ys[i])) : this.isNot0(xs[i]), isNot0 = this.isNot0(result);
      return b.and(val(b.ir.op(this.abnormal, op(result))), name === "mul" || name === "div" ? b.or(isNot0, hasVanished) : isNot0);
    }));
    return results;
  }

  /** Results that are exact; leaves where one is not. */
  private exactly(operation: (pairs: PairLowering, x: Pair, y: Pair) => Rounded, xs: readonly Double[], ys: readonly Double[]): Double[] {
    const { b } = this, { pairs } = b.x87;
    return xs.map((x, i) => {
      const { pair: { h }, excess, isWrong } = operation(pairs, { h: x, l: null }, { h: ys[i], l: null }), result = this.rounded(h);
      b.leaveIf(excess === null ? isWrong : b.or(isWrong, this.isNot0(excess)));
      this.assumeExact([result], [h]);
      return result;
    });
  }

  /** Each lesser or greater of two; the second where they are equal (SDM 2B MINPS). */
  extreme(name: "min" | "max", xs: readonly Double[], ys: readonly Double[]): Double[] {
    this.assumeTame([...xs, ...ys]);
    return xs.map((x, i) => this.select(name === "min" ? "lt" : "gt", x, ys[i], x, ys[i]));
  }

  /** `t` if the comparison holds, else `f`. */
  select(cond: DoubleCond, x: Double, y: Double, t: Double, f: Double): Double {
    return wrap(this.b.ir.movcondF64(cond, op(x), op(y), op(t), op(f)));
  }

  // ---- integral values of any doubles
  nearest(x: Double): Double { return wrap(this.b.ir.op("nearest_f64", op(x))); }
  floor(x: Double): Double { return wrap(this.b.ir.op("floor_f64", op(x))); }
  truncation(x: Double): Double { return wrap(this.b.ir.op("trunc_f64", op(x))); }
  /** As an int32, modulo 2^32. */
  whole(x: Double): Val { return val(this.b.ir.op("f64_to_i32", op(x))); }

  compare(cond: DoubleCond, x: Double, y: Double): Val {
    return val(this.b.ir.setcondF64(cond, op(x), op(y)));
  }

  /** Numbers of the other precision as ones of this. */
  convert(xs: readonly Double[], from: Floats): Double[] {
    from.assumeTame(xs);
    if (!this.isSingle) return [...xs];
    const results = xs.map((x) => this.rounded(x));
    this.assumeExact(results, xs);
    this.leaveIfAny(results.map((r, i) => this.b.and(val(this.b.ir.op(this.abnormal, op(r))), this.isNot0(xs[i]))));
    return results;
  }

  /** Numbers rounded to integral values, with their signs; `isQuiet`: what is lost does not show. */
  integral(xs: readonly Double[], mode: RoundingMode, isQuiet: boolean): Double[] {
    this.assumeTame(xs);
    const results = this.roundedIntegral(xs, mode);
    if (!isQuiet) this.assumeExact(results, xs);
    return results;
  }

  private roundedIntegral(xs: readonly Double[], mode: RoundingMode): Double[] {
    const { b } = this, { pairs } = b.x87, rounded = (x: Double): Double => wrap(b.ir.op(INTEGRAL[mode], op(x)));
    if (mode !== 0) return xs.map(rounded);
    // From 2^51 on `nearest_f64` does not do.
    this.leaveIfAny(xs.map((x) => this.compare("ge", pairs.mul2(x, x), pairs.power(102))));
    return xs.map((x) => {
      const result = rounded(x), { zero } = this;
      return this.select("eq", result, zero, pairs.mul2(x, zero), result);
    });
  }

  /** Int32s, truncated or rounded to nearest; leaves where that does not go. */
  toInts(xs: readonly Double[], isTruncated: boolean): Val[] {
    const { b } = this, { pairs } = b.x87, one = pairs.power(0), minusOne = b.doubles.ofInt(b.imm(-1));
    const wholes = isTruncated ? xs : xs.map((x) => this.nearest(x)), results = wholes.map((x) => this.whole(x));
    this.assumeExact(results.map((v) => b.doubles.ofInt(v)), xs);
    this.leaveIfAny(wholes.map((x, i) => {
      const lost = pairs.sub2(x, b.doubles.ofInt(results[i]));
      return b.setcond("eq", b.and(this.compare("lt", lost, one), this.compare("gt", lost, minusOne)), b.imm(0));
    }));
    return results;
  }
}
