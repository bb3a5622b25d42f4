/**
 * Appends ops to a block. Used by the guest front end, the parser and tests.
 *
 * Constants are values without a place in the op list: they are printed inline, and every pass may make new ones.
 * Pure ops on constants fold at once, and the plainest identities (x + 0, x & -1 …) disappear, because most of what a
 * front end writes is about operands it knows; all else is left to the passes.
 */
import { Block, isConst, Op } from "./block.ts";
import type { OpName, PlainOp } from "./ops.ts";
import { OPS } from "./ops.ts";
import type { Cond, DoubleCond, Fault, Field, Global, Helper, MemOp } from "./types.ts";
import { CONDS } from "./types.ts";

/** Folds a pure op whose operands are all constants; null if it is not one. */
function foldConstants(name: OpName, args: readonly Op[], imm: number, imm2: number): number | null {
  const { evaluate } = OPS[name];
  if (evaluate === null || !args.every(isConst)) return null;
  const k = (i: number): number => args[i]?.imm ?? 0;
  return evaluate(k(0), k(1), k(2), k(3), imm, imm2);
}

/** Right-hand constants that make a binary op its left operand. */
const RIGHT_IDENTITY: Partial<Record<OpName, number>> = {
  add: 0, sub: 0, or: 0, xor: 0, shl: 0, shr: 0, sar: 0, rotl: 0, rotr: 0, and: -1, mul: 1,
};

/** A constant value. */
export function constant(value: number): Op {
  return new Op(OPS.const, [], value | 0);
}

/** Makes a block, op by op; `block` is the caller's when its exit has been appended. */
export class IrBuilder {
  readonly block: Block;

  constructor(name: string) {
    this.block = new Block(name);
  }

  /** Appends an op as it is. */
  append(op: Op): Op {
    this.block.ops.push(op);
    return op;
  }

  /** Any pure op; folds what it can. */
  pure(name: OpName, args: Op[], imm = 0, imm2 = 0): Op {
    const folded = foldConstants(name, args, imm, imm2);
    if (folded !== null) return constant(folded);
    const def = OPS[name];
    let [x, y] = args;
    if (def.commutes && x !== undefined && y !== undefined && isConst(x)) {
      [x, y] = [y, x];
      args = [x, y];
    }
    if (x !== undefined && y !== undefined && args.length === 2 && isConst(y) && RIGHT_IDENTITY[name] === y.imm) return x;
    return this.append(new Op(def, args, imm, imm2));
  }

  constant(value: number): Op {
    return constant(value);
  }

  /** A pure op without attribute, by name: `op("add", x, y)`. */
  op(name: PlainOp, ...args: Op[]): Op {
    return this.pure(name, args);
  }

  extract(x: Op, pos: number, len: number): Op {
    return len === 32 ? x : this.pure("extract", [x], pos, len);
  }

  sextract(x: Op, pos: number, len: number): Op {
    return len === 32 ? x : this.pure("sextract", [x], pos, len);
  }

  deposit(x: Op, y: Op, pos: number, len: number): Op {
    return len === 32 ? y : this.pure("deposit", [x, y], pos, len);
  }

  setcond(cond: Cond, x: Op, y: Op): Op {
    return this.pure("setcond", [x, y], CONDS.indexOf(cond));
  }

  setcondF64(cond: DoubleCond, x: Op, y: Op): Op {
    return this.pure("setcond_f64", [x, y], CONDS.indexOf(cond));
  }

  movcond(cond: Cond, x: Op, y: Op, t: Op, f: Op): Op {
    if (t === f) return t;
    if (isConst(x) && isConst(y)) return OPS.setcond.evaluate?.(x.imm, y.imm, 0, 0, CONDS.indexOf(cond), 0) === 1 ? t : f;
    return this.pure("movcond", [x, y, t, f], CONDS.indexOf(cond));
  }

  movcondF64(cond: DoubleCond, x: Op, y: Op, t: Op, f: Op): Op {
    return this.pure("movcond_f64", [x, y, t, f], CONDS.indexOf(cond));
  }

  get(global: Global): Op {
    return this.append(new Op(global.type === "i32" ? OPS.get : OPS.get_f64, [], 0, 0, global));
  }

  set(global: Global, value: Op): void {
    this.append(new Op(global.type === "i32" ? OPS.set : OPS.set_f64, [value], 0, 0, global));
  }

  field(field: Field): Op {
    return this.append(new Op(OPS.field, [], 0, 0, field));
  }

  /** Reads or writes the register file at a run-time index, in units of `bits`. */
  envLoad(bits: 8 | 16 | 32, index: Op): Op {
    return this.append(new Op(bits === 8 ? OPS.env_ld8 : bits === 16 ? OPS.env_ld16 : OPS.env_ld32, [index]));
  }

  envStore(bits: 8 | 16 | 32, index: Op, value: Op): void {
    this.append(new Op(bits === 8 ? OPS.env_st8 : bits === 16 ? OPS.env_st16 : OPS.env_st32, [index, value]));
  }

  guestLoad(mem: MemOp, address: Op): Op {
    return this.append(new Op(mem.isFloat ? OPS.guest_ld_f64 : OPS.guest_ld, [address], 0, 0, mem));
  }

  guestStore(mem: MemOp, address: Op, value: Op): void {
    this.append(new Op(mem.isFloat ? OPS.guest_st_f64 : OPS.guest_st, [address, value], 0, 0, mem));
  }

  call(helper: Helper, args: Op[]): Op {
    return this.append(new Op(OPS.call, args, 0, 0, helper));
  }

  faultIf(condition: Op, fault: Fault): void {
    if (isConst(condition) && condition.imm === 0) return;
    this.append(new Op(OPS.fault_if, [condition], 0, 0, fault));
  }

  leaveIf(condition: Op): void {
    if (isConst(condition) && condition.imm === 0) return;
    this.append(new Op(OPS.leave_if, [condition]));
  }

  retryIf(condition: Op): void {
    this.append(new Op(OPS.retry_if, [condition]));
  }

  insnStart(pc: number, length: number): void {
    this.append(new Op(OPS.insn_start, [], pc, length));
  }

  gotoTb(target: 0 | 1): void {
    this.append(new Op(OPS.goto_tb, [], target));
  }

  gotoTbIf(condition: Op): void {
    if (isConst(condition)) this.gotoTb(condition.imm !== 0 ? 1 : 0);
    else this.append(new Op(OPS.goto_tb_if, [condition]));
  }

  lookupAndGotoPtr(pc: Op): void {
    this.append(new Op(OPS.lookup_and_goto_ptr, [pc]));
  }

  exitTb(): void {
    this.append(new Op(OPS.exit_tb, []));
  }

  exitTbIf(condition: Op): void {
    this.append(new Op(OPS.exit_tb_if, [condition]));
  }
}
