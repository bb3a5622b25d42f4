/** The functions of tcg/js/runtime.ts as WebAssembly instructions. Operands are on the stack; so is the result, in the end. */
import type { CodeWriter } from "./code-writer.ts";
import { I32, OP } from "./code-writer.ts";
import type { Kind } from "./kinds.ts";

/** Gives the number of a new local. */
type NewLocal = (kind: Kind) => number;

interface Intrinsic {
  readonly params: readonly Kind[];
  readonly result: Kind;
  readonly write: (code: CodeWriter, newLocal: NewLocal) => void;
}

const get = (code: CodeWriter, local: number): CodeWriter => code.byte(OP.local_get).unsigned(local);
const set = (code: CodeWriter, local: number): CodeWriter => code.byte(OP.local_set).unsigned(local);
const tee = (code: CodeWriter, local: number): CodeWriter => code.byte(OP.local_tee).unsigned(local);

const simple = (param: Kind, result: Kind, ...ops: readonly number[]): Intrinsic => ({ params: [param], result, write: (code) => code.byte(...ops) });

/** Makes a divisor on the stack 1 if it is 0, for which WebAssembly traps. */
function guardZero(code: CodeWriter, newLocal: NewLocal): void {
  const y = newLocal("i32");
  tee(code, y);
  get(code, y).byte(OP.i32_eqz, OP.i32_or);
}

/** `x / y | 0` or `x % y | 0` of words, which is 0 for a divisor of 0: as if that were 0 by 1. */
export function divide(code: CodeWriter, isSigned: boolean, isRemainder: boolean, newLocal: NewLocal): void {
  const y = newLocal("i32");
  set(code, y);
  code.i32Const(0);
  get(code, y).byte(OP.select);
  get(code, y);
  guardZero(code, newLocal);
  divideBySome(code, isSigned, isRemainder, newLocal);
}

/** A quotient or remainder of words; the divisor is not 0. The least number by -1, for which WebAssembly traps as well, is left to a subtraction. */
function divideBySome(code: CodeWriter, isSigned: boolean, isRemainder: boolean, newLocal: NewLocal): void {
  if (isRemainder || !isSigned) {
    code.byte(isSigned ? OP.i32_rem_s : isRemainder ? OP.i32_rem_u : OP.i32_div_u);
    return;
  }
  const y = newLocal("i32"), x = newLocal("i32");
  set(code, y);
  set(code, x);
  code.i32Const(0);
  get(code, x).byte(OP.i32_sub);
  get(code, x).i32Const(1);
  get(code, y);
  get(code, y).i32Const(-1).byte(OP.i32_eq, OP.select, OP.i32_div_s);
  get(code, y).i32Const(-1).byte(OP.i32_eq, OP.select);
}

/** ToInt32 of a double (ECMA-262 §7.1.6): modulo 2^32, and 0 where it is no number. */
export function toWord(code: CodeWriter, newLocal: NewLocal): void {
  const x = newLocal("f64");
  tee(code, x).byte(OP.f64_abs).f64Const(2 ** 31).byte(OP.f64_lt, OP.if, I32);
  get(code, x).truncate32().byte(OP.else);
  // Each step is exact.
  get(code, x).byte(OP.f64_trunc);
  tee(code, x);
  get(code, x).f64Const(2 ** -32).byte(OP.f64_mul, OP.f64_floor).f64Const(2 ** 32).byte(OP.f64_mul, OP.f64_sub).truncate64().byte(OP.i32_wrap_i64, OP.end);
}

/** hi:lo by d: with 64 bits only if 32 do not do, since these take several times as long. By 0 it is anything: nobody asks. */
function divideWide(isSigned: boolean, isRemainder: boolean): Intrinsic {
  return {
    params: ["i32", "i32", "i32"], result: "i32",
    write: (code, newLocal) => {
      const lo = newLocal("i32"), hi = newLocal("i32"), d = newLocal("i32");
      guardZero(code, newLocal);
      set(code, d);
      set(code, hi);
      set(code, lo);
      get(code, hi);
      if (isSigned) get(code, lo).i32Const(31).byte(OP.i32_shr_s);
      else code.i32Const(0);
      code.byte(OP.i32_eq, OP.if, I32);
      get(code, lo);
      get(code, d);
      divideBySome(code, isSigned, isRemainder, newLocal);
      code.byte(OP.else);
      const n = newLocal("wide");
      get(code, hi).byte(OP.i64_extend_i32_u).i64Const(32).byte(OP.i64_shl);
      get(code, lo).byte(OP.i64_extend_i32_u, OP.i64_or);
      if (isSigned && !isRemainder) {
        // -2^63 by -1 would trap.
        set(code, n);
        code.i64Const(0);
        get(code, n).byte(OP.i64_sub);
        get(code, n);
        code.i64Const(1);
        get(code, d).byte(OP.i64_extend_i32_s);
        get(code, d).i32Const(-1).byte(OP.i32_eq, OP.select, OP.i64_div_s);
        get(code, d).i32Const(-1).byte(OP.i32_eq, OP.select);
      } else {
        get(code, d).byte(isSigned ? OP.i64_extend_i32_s : OP.i64_extend_i32_u, isSigned ? OP.i64_rem_s : isRemainder ? OP.i64_rem_u : OP.i64_div_u);
      }
      code.byte(OP.i32_wrap_i64, OP.end);
    },
  };
}

/** The high word of a product. */
const highWord = (extend: number): Intrinsic => ({
  params: ["i32", "i32"], result: "i32",
  write: (code, newLocal) => {
    const y = newLocal("i32");
    set(code, y);
    code.byte(extend);
    get(code, y).byte(extend, OP.i64_mul).i64Const(32).byte(OP.i64_shr_u, OP.i32_wrap_i64);
  },
});

/**
 * An exponent's test. A double's is in the word from bit 31 on (above one bit of no account), a single's in its bits
 * without the sign; in range where that word is from `low` on and below `high`.
 */
function inRange(code: CodeWriter, low: number, high: number): void {
  code.i32Const(-low).byte(OP.i32_add).i32Const(high - low).byte(OP.i32_lt_u);
}

/** Biased exponents of doubles where `inRange` looks: of 2^-500, 2^500, of infinities. */
const LOW_64 = 523 << 21, HIGH_64 = 1523 << 21, INFINITE_64 = 2047 << 21;
/** Twice the bits of the singles 2^-126 and infinity: above the one, below the other, lie those that are not abnormal. */
const LEAST_32 = 0x01000000, INFINITE_32 = 0xff000000;

const exponent64 = (code: CodeWriter): CodeWriter => code.byte(OP.i64_reinterpret_f64).i64Const(31).byte(OP.i64_shr_u, OP.i32_wrap_i64);
const bits32 = (code: CodeWriter): CodeWriter => code.byte(OP.i32_reinterpret_f32).i32Const(1).byte(OP.i32_shl);

/** For operands that are singles: the intrinsic takes it as one. */
export const OF_SINGLES: Readonly<Record<string, Intrinsic | undefined>> = {
  isAbnormal32: {
    params: ["f32"], result: "bool",
    write: (code) => {
      inRange(bits32(code), LEAST_32 + 2, INFINITE_32);
      code.byte(OP.i32_eqz);
    },
  },
  isTiny32: {
    params: ["f32"], result: "bool",
    write: (code) => {
      inRange(bits32(code), LEAST_32 + 2, INFINITE_32 + 2);
      code.byte(OP.i32_eqz);
    },
  },
};

/** A local with the square of the double on the stack. */
function squareOf(code: CodeWriter, newLocal: NewLocal): number {
  const x = newLocal("f64"), square = newLocal("f64");
  set(get(tee(code, x), x).byte(OP.f64_mul), square);
  return square;
}

/** By name of the function. */
export const INTRINSICS: Readonly<Record<string, Intrinsic | undefined>> = {
  imul: { params: ["i32", "i32"], result: "i32", write: (code) => code.byte(OP.i32_mul) },
  muluh: highWord(OP.i64_extend_i32_u),
  mulsh: highWord(OP.i64_extend_i32_s),
  mulso: {
    params: ["i32", "i32"], result: "bool",
    write: (code, newLocal) => {
      const y = newLocal("i32"), product = newLocal("wide");
      set(code, y);
      code.byte(OP.i64_extend_i32_s);
      tee(get(code, y).byte(OP.i64_extend_i32_s, OP.i64_mul), product);
      get(code, product).byte(OP.i64_extend32_s, OP.i64_ne);
    },
  },
  clz32: simple("i32", "i32", OP.i32_clz),
  ctz32: simple("i32", "i32", OP.i32_ctz),
  ctpop: simple("i32", "i32", OP.i32_popcnt),
  bswap32: {
    params: ["i32"], result: "i32",
    write: (code, newLocal) => {
      const x = newLocal("i32");
      tee(code, x).i32Const(8).byte(OP.i32_rotl).i32Const(0x00ff00ff).byte(OP.i32_and);
      get(code, x).i32Const(8).byte(OP.i32_rotr).i32Const(0xff00ff00).byte(OP.i32_and, OP.i32_or);
    },
  },
  divu2: divideWide(false, false),
  remu2: divideWide(false, true),
  divs2: divideWide(true, false),
  rems2: divideWide(true, true),
  isAbnormal64: {
    params: ["f64"], result: "bool",
    write: (code) => {
      inRange(exponent64(code), LOW_64, HIGH_64);
      code.byte(OP.i32_eqz);
    },
  },
  isTiny64: {
    params: ["f64"], result: "bool",
    write: (code, newLocal) => {
      const x = newLocal("f64");
      inRange(exponent64(tee(code, x)), LOW_64, INFINITE_64);
      // An infinity is not told from a NaN by its high word.
      code.byte(OP.if, I32).i32Const(0).byte(OP.else);
      get(code, x);
      get(code, x).byte(OP.f64_mul).f64Const(2 ** -1000).byte(OP.f64_ge, OP.i32_eqz, OP.end);
    },
  },
  isAbnormal32: {
    params: ["f64"], result: "bool",
    write: (code, newLocal) => {
      const square = squareOf(code, newLocal);
      get(code, square).f64Const(2 ** -252).byte(OP.f64_gt);
      get(code, square).f64Const(2 ** 256).byte(OP.f64_lt, OP.i32_and, OP.i32_eqz);
    },
  },
  isTiny32: {
    params: ["f64"], result: "bool",
    write: (code, newLocal) => {
      const square = squareOf(code, newLocal);
      get(code, square).f64Const(2 ** -252).byte(OP.f64_gt, OP.i32_eqz);
    },
  },
  abs: simple("f64", "f64", OP.f64_abs),
  sqrt: simple("f64", "f64", OP.f64_sqrt),
  floor: simple("f64", "f64", OP.f64_floor),
  ceil: simple("f64", "f64", OP.f64_ceil),
  trunc: simple("f64", "f64", OP.f64_trunc),
};
