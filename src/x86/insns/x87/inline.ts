/**
 * x87 insns in translated blocks without helpers: on pairs of doubles, as far as the block's register stack is known
 * (register-stack.ts). Each function returns false, and has done nothing, where the insn has to call its helper.
 *
 * Pointers to insn and operand are the caller's to note.
 */
import { doubleToSingle, singleToDouble } from "../../helpers/fpu/float-bits.ts";
import type { Double } from "../../floats.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import type { Pair, PairLowering, Precision, Rounded } from "../../pairs-ir.ts";
import { loadExtendedPair, loadLongPair, storeExtended, storeInteger } from "./inline-formats.ts";
import { load16, load32, requireFpu } from "./lowering.ts";

export type PairOperation = (pairs: PairLowering, x: Pair, y: Pair, precision: Precision) => Rounded;

export const PAIR_OPERATIONS = {
  fadd: (pairs, x, y, precision) => pairs.add(x, y, precision),
  fsub: (pairs, x, y, precision) => pairs.sub(x, y, precision),
  fsubr: (pairs, x, y, precision) => pairs.sub(y, x, precision),
  fmul: (pairs, x, y, precision) => pairs.mul(x, y, precision),
  fdiv: (pairs, x, y, precision) => pairs.div(x, y, precision),
  fdivr: (pairs, x, y, precision) => pairs.div(y, x, precision),
} satisfies Record<string, PairOperation>;

/** Memory formats of arithmetic, of loads, of stores. */
export type Format = "m32" | "m64" | "i16" | "i32";
export type LoadFormat = Format | "m80" | "i64";
/** `t16` and so on: integers truncated, whatever the rounding control says. */
export type StoreFormat = LoadFormat | "t16" | "t32" | "t64";

function mayInline(b: Lowering, used: readonly number[], pushes = false): boolean {
  if (!b.x87.mayInline(used, pushes)) return false;
  requireFpu(b);
  return true;
}

// ---- operands in memory

/** Exponent of a single; least and most of those that are dealt with, and from there on too large. */
const SINGLE_EXP = 0x7f800000, LEAST_EXP = 0x01000000, EXPS = 0x7e800000;

/** Whether bits are a denormal or the least normal number, an infinity or NaN; also for zeros. */
function isSpecialSingle(b: Lowering, bits: Val): Val {
  return b.setcond("geu", b.sub(b.and(bits, b.imm(SINGLE_EXP)), b.imm(LEAST_EXP)), b.imm(EXPS));
}

const doubleOf = (b: Lowering, bits: Val): Double => b.call(singleToDouble, bits) as unknown as Double;
const singleOf = (b: Lowering, x: Double): Val => b.call(doubleToSingle, x as unknown as Val);

/** The operand in memory; leaves where it is no pair. */
function loadPair(b: Lowering, m: Operand, format: LoadFormat): Pair {
  if (format === "m80") return loadExtendedPair(b, m);
  if (format === "i64") return loadLongPair(b, m);
  if (format === "i16") return { h: b.doubles.ofInt(b.sext(16, load16(b, m))), l: null };
  if (format === "i32") return { h: b.doubles.ofInt(load32(b, m)), l: null };
  if (format === "m32") {
    const bits = load32(b, m);
    b.leaveIf(b.and(isSpecialSingle(b, bits), b.setcond("ne", b.shl(bits, b.imm(1)), b.imm(0))));
    return { h: doubleOf(b, bits), l: null };
  }
  const h = b.doubles.load(m.linear(8, false));
  b.leaveIf(b.x87.pairs.isNoPair(h));
  return { h, l: null };
}

// ---- arithmetic

/** ST(dst) = a result. */
function deliver(b: Lowering, dst: number, result: Rounded): void {
  const { x87 } = b;
  b.leaveIf(b.or(result.isWrong, x87.isNewPrecisionLoss(result)));
  x87.setC1(result);
  x87.write(dst, result.pair);
}

/** ST(0) = ST(0) op ST(i). */
export function operateOnTop(b: Lowering, operation: PairOperation, operand: Val): boolean {
  return operateOnRegisters(b, operation, 0, b.x87.indexOf(operand), 0);
}

/** ST(i) = ST(i) op ST(0), then pops. */
export function operateOnSti(b: Lowering, operation: PairOperation, operand: Val, pops: 0 | 1): boolean {
  const i = b.x87.indexOf(operand);
  if (!operateOnRegisters(b, operation, i, 0, i)) return false;
  if (pops === 1) b.x87.pop();
  return true;
}

/** ST(dst) = ST(x) op ST(y). */
function operateOnRegisters(b: Lowering, operation: PairOperation, x: number, y: number, dst: number): boolean {
  const { x87 } = b;
  if (!mayInline(b, [x, y])) return false;
  deliver(b, dst, operation(x87.pairs, x87.read(x), x87.read(y), x87.precision));
  return true;
}

/** ST(0) = ST(0) op memory. */
export function operateOnMemory(b: Lowering, operation: PairOperation, m: Operand, format: Format): boolean {
  const { x87 } = b;
  if (!mayInline(b, [0])) return false;
  const x = x87.read(0);
  deliver(b, 0, operation(x87.pairs, x, loadPair(b, m, format), x87.precision));
  return true;
}

export function squareRoot(b: Lowering): boolean {
  const { x87 } = b;
  if (!mayInline(b, [0])) return false;
  deliver(b, 0, x87.pairs.sqrt(x87.read(0), x87.precision));
  return true;
}

/** FCHS, FABS. */
export function changeSign(b: Lowering, change: (pairs: PairLowering, x: Pair) => Pair): boolean {
  const { x87 } = b;
  if (!mayInline(b, [0])) return false;
  const x = x87.read(0);
  x87.setC1();
  x87.write(0, change(x87.pairs, x));
  return true;
}

// ---- comparison

type Pops = 0 | 1 | 2;

function setOrder(b: Lowering, x: Pair, y: Pair, pops: Pops): true {
  const { x87 } = b, order = x87.pairs.order(x, y), { zero } = b.doubles;
  x87.setCodes(b.doubles.compare("lt", order, zero), b.doubles.compare("eq", order, zero));
  for (let i = 0; i < pops; i++) x87.pop();
  return true;
}

export function compareWithRegister(b: Lowering, operand: Val, pops: Pops): boolean {
  const i = b.x87.indexOf(operand);
  return mayInline(b, [0, i]) && setOrder(b, b.x87.read(0), b.x87.read(i), pops);
}

export function compareWithMemory(b: Lowering, m: Operand, format: Format, pops: Pops): boolean {
  return mayInline(b, [0]) && setOrder(b, b.x87.read(0), loadPair(b, m, format), pops);
}

export function compareWithZero(b: Lowering): boolean {
  return mayInline(b, [0]) && setOrder(b, b.x87.read(0), { h: b.doubles.zero, l: null }, 0);
}

/** FCOMI and its like: C1 stays. */
export function compareToFlags(b: Lowering, operand: Val, pops: 0 | 1): boolean {
  const { x87, doubles } = b, i = x87.indexOf(operand);
  if (!mayInline(b, [0, i])) return false;
  const order = x87.pairs.order(x87.read(0), x87.read(i));
  b.flags.unsignedOrder(doubles.compare("lt", order, doubles.zero), doubles.compare("eq", order, doubles.zero));
  if (pops === 1) x87.pop();
  x87.endGroup();
  return true;
}

// ---- transfer

function push(b: Lowering, value: Pair): true {
  b.x87.setC1();
  b.x87.push(value);
  return true;
}

export function loadMemory(b: Lowering, m: Operand, format: LoadFormat): boolean {
  return mayInline(b, [], true) && push(b, loadPair(b, m, format));
}

export function loadRegister(b: Lowering, operand: Val): boolean {
  const i = b.x87.indexOf(operand);
  return mayInline(b, [i], true) && push(b, b.x87.read(i));
}

/** FLD1, FLDZ. */
export function loadSmall(b: Lowering, value: 0 | 1): boolean {
  return mayInline(b, [], true) && push(b, { h: b.doubles.ofInt(b.imm(value)), l: null });
}

/** ST(i) = ST(0), then pops. */
export function storeRegister(b: Lowering, operand: Val, pops: 0 | 1): boolean {
  const { x87 } = b, i = x87.indexOf(operand);
  if (!mayInline(b, [0])) return false;
  const value = x87.read(0);
  x87.setC1();
  if (i !== 0) x87.write(i, value);
  if (pops === 1) x87.pop();
  return true;
}

export function exchange(b: Lowering, operand: Val): boolean {
  const { x87 } = b, i = x87.indexOf(operand);
  if (!mayInline(b, [0, i])) return false;
  const x = x87.read(0), y = x87.read(i);
  x87.setC1();
  x87.write(0, y);
  x87.write(i, x);
  return true;
}

/** ST(0) = ST(i) if `c` is not 0: FCMOVcc. */
export function moveIf(b: Lowering, operand: Val, c: Val): boolean {
  const { x87, doubles } = b, i = x87.indexOf(operand);
  if (!mayInline(b, [0, i])) return false;
  const x = x87.read(0), y = x87.read(i), condition = doubles.ofInt(c);
  const choose = (then: Double, otherwise: Double): Double => doubles.select("ne", condition, doubles.zero, then, otherwise);
  x87.write(0, { h: choose(y.h, x.h), l: x.l === null && y.l === null ? null : choose(y.l ?? doubles.zero, x.l ?? doubles.zero) });
  return true;
}

/** ST(0) in a format of memory, then pops. */
export function storeMemory(b: Lowering, m: Operand, format: StoreFormat, pops: 0 | 1): boolean {
  const { x87 } = b;
  if (!mayInline(b, [0])) return false;
  const value = x87.read(0);
  switch (format) {
    case "m32": storeSingle(b, m, value); break;
    case "m64": storeDouble(b, m, value); break;
    case "m80": storeExtended(b, m, value); break;
    default: storeInteger(b, m, value, Number(format.slice(1)) as 16 | 32 | 64, format.startsWith("t"));
  }
  x87.endGroup();
  if (pops === 1) x87.pop();
  return true;
}

function storeDouble(b: Lowering, m: Operand, value: Pair): void {
  const { x87 } = b, result = x87.pairs.toDouble(value);
  x87.assumeUsualControl();
  b.leaveIf(x87.isNewPrecisionLoss(result));
  b.doubles.store(m.linear(8, true), result.pair.h);
  x87.setC1(result);
}

function storeSingle(b: Lowering, m: Operand, value: Pair): void {
  const { x87, doubles } = b, { pairs } = x87, { h, l } = value, bits = singleOf(b, h), single = doubleOf(b, bits);
  x87.assumeUsualControl();
  const result = pairs.asRounded(value, single);
  let isWrong = b.and(isSpecialSingle(b, bits), doubles.compare("ne", h, doubles.zero));
  if (l !== null) {
    // Where h is halfway between two singles, the rest decides.
    const next = pairs.reflected(h, single), isHalfway = b.and(doubles.compare("ne", h, single), doubles.compare("eq", doubleOf(b, singleOf(b, next)), next));
    isWrong = b.or(isWrong, b.and(isHalfway, doubles.compare("ne", l, doubles.zero)));
  }
  b.leaveIf(b.or(isWrong, x87.isNewPrecisionLoss(result)));
  b.store(32, m.linear(4, true), bits);
  x87.setC1(result);
}
