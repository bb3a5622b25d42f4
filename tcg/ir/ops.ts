/**
 * THE op table: every IR operation with its operands, attribute, effects, meaning and documentation. Builder, printer,
 * parser, verifier, evaluator, passes and the JavaScript emitter's completeness check all derive from it.
 *
 * Adding an op: a row here and a template in `tcg/js/templates.ts` (the compiler asks for it).
 */
import type { Type } from "./types.ts";
import { CONDS } from "./types.ts";

/** What an op carries besides its operands. */
export type AttrKind =
  | "none"
  | "const"   // imm = the int32 value
  | "cond"    // imm = index into CONDS
  | "bits"    // imm = first bit, imm2 = bit count
  | "global"  // ref = Global
  | "field"   // ref = Field
  | "mem"     // ref = MemOp
  | "helper"  // ref = Helper
  | "fault"   // ref = Fault
  | "insn"    // imm = guest pc of an insn, imm2 = its length in bytes
  | "target"  // imm = 0 (next) or 1 (taken): which of the block's two direct successors
  | "param";  // imm = index of a test function's parameter

/** What an op does besides computing its result. */
export type Effect =
  | "pure"      // nothing: may be moved, merged, dropped
  | "read"      // reads guest state, the decoded insn or guest memory
  | "write"     // writes guest state
  | "access"    // guest memory access; may leave the block before anything of this insn is committed
  | "fault"     // may leave the block as an access may
  | "call"      // as the Helper declares
  | "marker"    // no code of its own
  | "exit";     // ends the block

/** A row of the table: all that is known of an op by its name. */
export interface OpDef {
  readonly name: OpName;
  /** Its row number: index for tables with one entry per op. */
  readonly code: number;
  readonly params: readonly Type[];
  /** Operands are the helper's instead of `params`. */
  readonly variadic: boolean;
  readonly result: Type | "void";
  readonly attr: AttrKind;
  readonly effect: Effect;
  /** Meaning of a pure op on int32 operands with an int32 result; null where there is none. */
  readonly evaluate: ((x: number, y: number, z: number, w: number, imm: number, imm2: number) => number) | null;
  /** `x op y` equals `y op x`. */
  readonly commutes: boolean;
  readonly doc: string;
}

type Row = Omit<OpDef, "name" | "code">;
type Eval = NonNullable<OpDef["evaluate"]>;

const I = "i32" as const, D = "f64" as const;
const row = (r: Partial<Row> & { doc: string }): Row => ({
  params: [], variadic: false, result: "void", attr: "none", effect: "pure", evaluate: null, commutes: false, ...r,
});
const unary = (evaluate: Eval, doc: string): Row => row({ params: [I], result: I, evaluate, doc });
const binary = (evaluate: Eval, doc: string): Row => row({ params: [I, I], result: I, evaluate, doc });
const commuting = (evaluate: Eval, doc: string): Row => row({ params: [I, I], result: I, evaluate, commutes: true, doc });

const TWO32 = 4294967296n;
const u = (x: number): bigint => BigInt(x >>> 0);
/** `hi:lo` as an unsigned or signed 64-bit number. Reference meaning only: emitted code has no BigInt. */
const wide = (lo: number, hi: number): bigint => (u(hi) << 32n) | u(lo);
const toI32 = (x: bigint): number => Number(BigInt.asIntN(32, x));
const udiv = (lo: number, hi: number, d: number): [number, number] =>
  d === 0 ? [0, 0] : [toI32(wide(lo, hi) / u(d)), toI32(wide(lo, hi) % u(d))];
const sdiv = (lo: number, hi: number, d: number): [number, number] => {
  if (d === 0) return [0, 0];
  const n = BigInt.asIntN(64, wide(lo, hi));
  return [toI32(n / BigInt(d)), toI32(n % BigInt(d))];
};

/** Evaluates one comparison (index into CONDS). */
export function evalCond(cond: number, x: number, y: number): boolean {
  switch (CONDS[cond]) {
    case "eq": return x === y;
    case "ne": return x !== y;
    case "lt": return x < y;
    case "ge": return x >= y;
    case "le": return x <= y;
    case "gt": return x > y;
    case "ltu": return x >>> 0 < y >>> 0;
    case "geu": return x >>> 0 >= y >>> 0;
    case "leu": return x >>> 0 <= y >>> 0;
    case "gtu": return x >>> 0 > y >>> 0;
    case "tsteq": return (x & y) === 0;
    default: return (x & y) !== 0;
  }
}

const bitMask = (len: number): number => (len === 32 ? -1 : (1 << len) - 1);

const TABLE = {
  // ---- constants and test-function parameters
  const: row({ result: I, attr: "const", evaluate: (_x, _y, _z, _w, imm) => imm, doc: "An int32 constant." }),
  param: row({ result: I, attr: "param", effect: "read", doc: "A parameter of a test function." }),

  // ---- arithmetic and logic, modulo 2^32
  add: commuting((x, y) => (x + y) | 0, "x + y."),
  sub: binary((x, y) => (x - y) | 0, "x - y."),
  mul: commuting((x, y) => Math.imul(x, y), "Low 32 bits of x * y."),
  muluh: commuting((x, y) => toI32((u(x) * u(y)) / TWO32), "High 32 bits of the unsigned product."),
  mulsh: commuting((x, y) => toI32((BigInt(x) * BigInt(y)) >> 32n), "High 32 bits of the signed product."),
  mulso: commuting((x, y) => (BigInt(x) * BigInt(y) === BigInt(Math.imul(x, y)) ? 0 : 1), "1 if the signed product needs more than 32 bits, else 0."),
  neg: unary((x) => -x | 0, "-x."),
  not: unary((x) => ~x, "Bitwise complement."),
  and: commuting((x, y) => x & y, "Bitwise and."),
  or: commuting((x, y) => x | y, "Bitwise or."),
  xor: commuting((x, y) => x ^ y, "Bitwise exclusive or."),
  shl: binary((x, y) => x << y, "x shifted left by y modulo 32."),
  shr: binary((x, y) => (x >>> y) | 0, "x shifted right by y modulo 32, zeros entering."),
  sar: binary((x, y) => x >> y, "x shifted right by y modulo 32, the sign entering."),
  rotl: binary((x, y) => (y & 31) === 0 ? x : (x << y) | (x >>> (32 - (y & 31))), "x rotated left by y modulo 32."),
  rotr: binary((x, y) => (y & 31) === 0 ? x : (x >>> y) | (x << (32 - (y & 31))), "x rotated right by y modulo 32."),
  clz: unary((x) => Math.clz32(x), "Count of leading zeros; 32 for 0."),
  ctz: unary((x) => (x === 0 ? 32 : 31 - Math.clz32(x & -x)), "Count of trailing zeros; 32 for 0."),
  ctpop: unary((x) => { let n = 0; for (let v = x; v !== 0; v &= v - 1) n++; return n; }, "Count of one bits."),
  bswap: unary((x) => (x << 24) | ((x & 0xff00) << 8) | ((x >> 8) & 0xff00) | (x >>> 24), "The four bytes in reverse order."),

  // ---- division; the result is unspecified when the divisor is 0 or the quotient does not fit: guard with fault_if
  divu: binary((x, y) => (y === 0 ? 0 : ((x >>> 0) / (y >>> 0)) | 0), "Unsigned quotient."),
  remu: binary((x, y) => (y === 0 ? 0 : ((x >>> 0) % (y >>> 0)) | 0), "Unsigned remainder."),
  divs: binary((x, y) => (y === 0 ? 0 : (x / y) | 0), "Signed quotient, truncated towards 0."),
  rems: binary((x, y) => (y === 0 ? 0 : (x % y) | 0), "Signed remainder; has the dividend's sign."),
  divu2: row({ params: [I, I, I], result: I, evaluate: (lo, hi, d) => udiv(lo, hi, d)[0], doc: "Unsigned quotient of hi:lo (operands lo, hi, divisor)." }),
  remu2: row({ params: [I, I, I], result: I, evaluate: (lo, hi, d) => udiv(lo, hi, d)[1], doc: "Unsigned remainder of hi:lo." }),
  divs2: row({ params: [I, I, I], result: I, evaluate: (lo, hi, d) => sdiv(lo, hi, d)[0], doc: "Signed quotient of hi:lo." }),
  rems2: row({ params: [I, I, I], result: I, evaluate: (lo, hi, d) => sdiv(lo, hi, d)[1], doc: "Signed remainder of hi:lo." }),

  // ---- bit fields
  extract: row({ params: [I], result: I, attr: "bits", evaluate: (x, _y, _z, _w, pos, len) => ((x >>> pos) & bitMask(len)) | 0,
    doc: "Bits [pos, pos+len) of x, zero extended." }),
  sextract: row({ params: [I], result: I, attr: "bits", evaluate: (x, _y, _z, _w, pos, len) => (x << (32 - pos - len)) >> (32 - len),
    doc: "Bits [pos, pos+len) of x, sign extended." }),
  deposit: row({ params: [I, I], result: I, attr: "bits",
    evaluate: (x, y, _z, _w, pos, len) => (x & ~(bitMask(len) << pos)) | ((y & bitMask(len)) << pos),
    doc: "x with bits [pos, pos+len) replaced by the low bits of y." }),

  // ---- comparison and choice
  setcond: row({ params: [I, I], result: I, attr: "cond", evaluate: (x, y, _z, _w, cond) => (evalCond(cond, x, y) ? 1 : 0),
    doc: "1 if the comparison holds, else 0." }),
  movcond: row({ params: [I, I, I, I], result: I, attr: "cond", evaluate: (x, y, t, f, cond) => (evalCond(cond, x, y) ? t : f),
    doc: "t if the comparison x, y holds, else f (operands x, y, t, f). Both are evaluated." }),

  // ---- doubles
  f64_from_i32: row({ params: [I], result: D, doc: "x as a double, exactly." }),
  f64_to_i32: row({ params: [D], result: I, doc: "x truncated towards 0, modulo 2^32; 0 for infinities and NaNs." }),
  add_f64: row({ params: [D, D], result: D, doc: "x + y, rounded to nearest as IEEE 754 says." }),
  sub_f64: row({ params: [D, D], result: D, doc: "x - y." }),
  mul_f64: row({ params: [D, D], result: D, doc: "x * y." }),
  div_f64: row({ params: [D, D], result: D, doc: "x / y." }),
  sqrt_f64: row({ params: [D], result: D, doc: "The square root of x." }),
  round_f32: row({ params: [D], result: D, doc: "x rounded to a single, to nearest." }),
  nearest_f64: row({ params: [D], result: D, doc: "x rounded to an integer, to nearest; for x from -2^51 to 2^51." }),
  floor_f64: row({ params: [D], result: D, doc: "The largest integer up to x; with the sign of x where that is 0." }),
  ceil_f64: row({ params: [D], result: D, doc: "The least integer from x on; with the sign of x where that is 0." }),
  trunc_f64: row({ params: [D], result: D, doc: "x rounded to an integer, towards 0; with the sign of x where that is 0." }),
  setcond_f64: row({ params: [D, D], result: I, attr: "cond",
    doc: "1 if the comparison (eq, ne, lt, ge, le, gt) holds, else 0. With a NaN only ne holds." }),
  movcond_f64: row({ params: [D, D, D, D], result: D, attr: "cond", doc: "t if the comparison x, y holds, else f (operands x, y, t, f)." }),
  abnormal_f64: row({ params: [D], result: I,
    doc: "0 if 2^-1000 <= x * x < 2^1000, which only normal numbers are; else 1: also for zeros, denormals, infinities, NaNs." }),
  tiny_f64: row({ params: [D], result: I, doc: "0 if x * x >= 2^-1000; else 1: also for zeros, denormals, NaNs." }),
  tiny_f32: row({ params: [D], result: I, doc: "0 if x * x > 2^-252, which denormal singles are not; else 1: also for zeros and NaNs." }),
  abnormal_f32: row({ params: [D], result: I,
    doc: "0 if 2^-252 < x * x < 2^256, as of singles only normal ones are, and all of them but the least; else 1." }),

  // ---- guest state
  get: row({ result: I, attr: "global", effect: "read", doc: "Reads a guest-state slot." }),
  set: row({ params: [I], attr: "global", effect: "write", doc: "Writes a guest-state slot." }),
  get_f64: row({ result: D, attr: "global", effect: "read", doc: "Reads a guest-state slot that is a float." }),
  set_f64: row({ params: [D], attr: "global", effect: "write", doc: "Writes a guest-state slot that is a float; x has its precision." }),
  field: row({ result: I, attr: "field", effect: "read", doc: "A field of the decoded insn (interpreter handlers only); constant while the handler runs." }),
  env_ld8: row({ params: [I], result: I, effect: "read", doc: "Byte x of the register file, zero extended (interpreter handlers only)." }),
  env_ld16: row({ params: [I], result: I, effect: "read", doc: "Halfword x of the register file, zero extended." }),
  env_ld32: row({ params: [I], result: I, effect: "read", doc: "Word x of the state file." }),
  env_st8: row({ params: [I, I], effect: "write", doc: "Stores the low byte of y as byte x of the register file." }),
  env_st16: row({ params: [I, I], effect: "write", doc: "Stores the low half of y as halfword x of the register file." }),
  env_st32: row({ params: [I, I], effect: "write", doc: "Stores y as word x of the state file." }),

  // ---- guest memory
  guest_ld: row({ params: [I], result: I, attr: "mem", effect: "access", doc: "Loads from guest linear address x." }),
  guest_st: row({ params: [I, I], attr: "mem", effect: "access", doc: "Stores the low bits of y to guest linear address x." }),

  guest_ld_f64: row({ params: [I], result: D, attr: "mem", effect: "access", doc: "Loads a single or double. What a NaN carries may get lost: see leave_if." }),
  guest_st_f64: row({ params: [I, D], attr: "mem", effect: "access", doc: "Stores a single or double; y has its precision." }),

  // ---- calls and faults
  call: row({ variadic: true, attr: "helper", effect: "call", doc: "Calls a helper; the result has the helper's type." }),
  fault_if: row({ params: [I], attr: "fault", effect: "fault",
    doc: "Raises the fault if x is not 0. A block leaves at the start of the insn instead, and the interpreter raises it." }),
  leave_if: row({ params: [I], effect: "fault",
    doc: "If x is not 0, leaves the block at the start of this insn, and the interpreter runs it: what the ops assumed does not hold." }),
  retry_if: row({ params: [I], effect: "fault",
    doc: "If x is not 0, leaves with the committed state at the start of this insn, to run it again: a string insn not yet done." }),

  // ---- structure
  insn_start: row({ attr: "insn", effect: "marker", doc: "Ops from here on belong to the guest insn at this pc." }),
  goto_tb: row({ attr: "target", effect: "exit", doc: "Ends the block towards a direct successor, which is chained." }),
  goto_tb_if: row({ params: [I], effect: "exit", doc: "Ends the block: to `taken` if x is not 0, else to `next`; both are chained." }),
  lookup_and_goto_ptr: row({ params: [I], effect: "exit", doc: "Ends the block at the guest pc x, found through the jump cache." }),
  exit_tb: row({ effect: "exit", doc: "Ends the block; a helper has set pc and mode, and what runs next is found by them." }),
  exit_tb_if: row({ params: [I], effect: "exit", doc: "Ends the block: if x is not 0 as exit_tb does, else to `next`, which is chained." }),
  ret: row({ params: [I], effect: "exit", doc: "Returns a value from a test function." }),
} satisfies Record<string, Row>;

/** The names of the ops. */
export type OpName = keyof typeof TABLE;

/** The table, by name. */
export const OPS = Object.fromEntries(
  Object.entries(TABLE).map(([name, r], code) => [name, { name, code, ...r }]),
) as { readonly [K in OpName]: OpDef };

/** Names of the ops that are pure functions without attribute: what a builder offers as `b.add(x, y)`. */
export type PlainOp =
  | "add" | "sub" | "mul" | "muluh" | "mulsh" | "mulso" | "neg" | "not" | "and" | "or" | "xor" | "shl" | "shr" | "sar" | "rotl" | "rotr"
  | "clz" | "ctz" | "ctpop" | "bswap" | "divu" | "remu" | "divs" | "rems" | "divu2" | "remu2" | "divs2" | "rems2"
  | "f64_from_i32" | "f64_to_i32" | "add_f64" | "sub_f64" | "mul_f64" | "div_f64" | "sqrt_f64" | "round_f32" | "nearest_f64" | "floor_f64" | "ceil_f64" | "trunc_f64" | "abnormal_f64" | "abnormal_f32" | "tiny_f64" | "tiny_f32";
