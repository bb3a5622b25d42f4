/**
 * Doubles in lowerings for translated blocks, where they are JavaScript numbers: values the code computes with directly,
 * for the usual case, leaving the block in front of the insn wherever the case is another (`leave_if`). The interpreter
 * then does that insn by its helper, which knows all of MXCSR. Used only where `Lowering.speculates`.
 *
 * The usual case (as QEMU's hardfloat has it): rounding to nearest, all exceptions masked, no FTZ or DAZ, the precision
 * flag set already, and operands and results that are exact zeros or normal numbers not near the ends of their range (their
 * square tells soonest). Then a JavaScript operation gives the very bits and no other flag changes (SDM 1 §11.5).
 *
 * A NaN that only passes through a JavaScript number may lose its payload (ECMA-262 §6.1.6.1), so moves leave for NaNs.
 */
import type { Op } from "../../tcg/ir/block.ts";
import type { DoubleCond, Global } from "../../tcg/ir/types.ts";
import { memOp } from "../../tcg/ir/types.ts";
import type { Lowering, Val } from "./lowering.ts";
import { G_MXCSR } from "./state.ts";

declare const opaque: unique symbol;
/** A double that exists when the code runs. */
export interface Double { readonly [opaque]: "double" }

export type DoubleArithmetic = "add" | "sub" | "mul" | "div" | "sqrt";

/** MXCSR but for the flags other than PE (SDM 1 §10.2.3), and what it is in the usual case. */
const CONTROL_AND_PE = 0xffe0, USUAL = 0x1fa0;

const wrap = (op: Op): Double => op as unknown as Double;
const op = (x: Double | Val): Op => x as unknown as Op;
const val = (x: Op): Val => x as unknown as Val;

export class Doubles {
  private readonly b: Lowering;

  constructor(b: Lowering) {
    this.b = b;
  }

  get(global: Global): Double { return wrap(this.b.ir.get(global)); }
  set(global: Global, x: Double): void { this.b.ir.set(global, op(x)); }
  ofInt(v: Val): Double { return wrap(this.b.ir.op("f64_from_i32", op(v))); }

  /** Leaves unless MXCSR is as usual: for whatever may round. */
  assumeUsualControl(): void {
    const { b } = this;
    b.leaveIf(b.setcond("ne", b.and(b.get(G_MXCSR), b.imm(CONTROL_AND_PE)), b.imm(USUAL)));
  }

  /** An operand or result of arithmetic: leaves unless it is zero, or normal and so that its square tells. */
  assumePlain(x: Double): void {
    const { b } = this;
    b.leaveIf(b.and(val(b.ir.op("abnormal_f64", op(x))), this.compare("ne", x, this.zero)));
  }

  /** A value that is moved: leaves if it is a NaN. */
  assumeNumber(x: Double): void {
    this.b.leaveIf(this.compare("ne", x, x));
  }

  load(linear: Val): Double {
    return wrap(this.b.ir.guestLoad(memOp(64, "read"), op(linear)));
  }

  store(linear: Val, x: Double): void {
    this.b.ir.guestStore(memOp(64, "write"), op(linear), op(x));
  }

  /** x op y, or the root of y; leaves wherever it is not a plain case. */
  arithmetic(name: DoubleArithmetic, x: Double, y: Double): Double {
    const { b } = this;
    this.assumePlain(y);
    if (name === "sqrt") {
      b.leaveIf(this.compare("lt", y, this.zero));
      return wrap(b.ir.op("sqrt_f64", op(y)));
    }
    this.assumePlain(x);
    const result = wrap(b.ir.op(`${name}_f64`, op(x), op(y)));
    this.assumePlain(result);
    // A sum is 0 only exactly; a product or quotient may have vanished.
    const isNot0 = (v: Double): Val => this.compare("ne", v, this.zero);
    if (name === "mul") b.leaveIf(b.and(this.compare("eq", result, this.zero), b.and(isNot0(x), isNot0(y))));
    if (name === "div") b.leaveIf(b.and(this.compare("eq", result, this.zero), isNot0(x)));
    return result;
  }

  compare(cond: DoubleCond, x: Double, y: Double): Val {
    return val(this.b.ir.setcondF64(cond, op(x), op(y)));
  }

  /** Truncated to an int32; leaves where that does not go. */
  truncate(x: Double): Val {
    const { b } = this, result = val(b.ir.op("f64_to_i32", op(x)));
    const lost = wrap(b.ir.op("sub_f64", op(x), op(this.ofInt(result))));
    const isIn = b.and(this.compare("lt", lost, this.ofInt(b.imm(1))), this.compare("gt", lost, this.ofInt(b.imm(-1))));
    b.leaveIf(b.setcond("eq", isIn, b.imm(0)));
    return result;
  }

  get zero(): Double {
    return this.ofInt(this.b.imm(0));
  }
}
