/**
 * Checks the invariants of the IR on one block. Called after every pass in tests and in debug builds of the translator;
 * a broken invariant is our mistake, never the guest's.
 *
 * - I1 Values are defined before use: an operand is a constant or a value of an earlier op of the block. Constants stand
 *      in operand lists only, and no op stands in a block twice.
 * - I2 Operands match the op table in number and type, attributes are of the op's kind and in range, constants are int32.
 * - I3 Every path ends in one exit op.
 * - I4 Use counts are exact. A block all of whose counts are 0 has not been counted yet; constants are not counted.
 * - I5 Guest state is as of the start of the insn wherever the block may leave: within one insn nothing writes state
 *      before an op that may leave. Exempt is `retry_if`, which leaves with the state written so far; a `guest_st` is no
 *      such write, since running the insn again stores the same again, nor is a helper that only restates what is there.
 * - I6 Nothing follows an exit.
 * - I7 Only declared globals are touched, with the ops of their type; no two of a type share a slot.
 * - I8 A helper's declared effects cover what it does. What it does cannot be seen from here; checked is only that a
 *      helper declared pure declares no effects and has a result.
 */
import type { Block, Op } from "../ir/block.ts";
import { faultOf, globalOf, helperOf, isConst, mayLeave, memOpOf } from "../ir/block.ts";
import type { AttrKind } from "../ir/ops.ts";
import { OPS } from "../ir/ops.ts";
import type { Global } from "../ir/types.ts";
import { CONDS, DOUBLE_CONDS, memOp } from "../ir/types.ts";
import { printBlock, printOp } from "../text/print.ts";
import type { Invariant } from "../support/assert.ts";
import { InternalError } from "../support/errors.ts";

/** What `verify` knows besides the block. */
export interface VerifyOptions {
  /** The declared globals (I7); when absent, only that none share a slot is checked. */
  readonly globals?: readonly Global[];
}

/**
 * Throws an InternalError unless the block keeps every invariant. The message names the invariant and the op and shows
 * the block; the context holds `invariant`, `op` and `block`, all but the first as text.
 */
export function verify(block: Block, options: VerifyOptions = {}): void {
  const check: Check = (condition, invariant, op, detail) => {
    if (!condition) fail(block, invariant, op, detail());
  };
  checkValues(block, check);
  for (const op of block.ops) checkShape(block, op, check);
  checkExit(block, check);
  checkUses(block, check);
  checkCommit(block, check);
  checkGlobals(block, options.globals, check);
  checkHelpers(block, check);
}

type Check = (condition: boolean, invariant: Invariant, op: Op | null, detail: () => string) => void;

function fail(block: Block, invariant: Invariant, op: Op | null, detail: string): never {
  const text = printBlock(block);
  const where = op === null ? block.name : opInBlock(block, op, text);
  throw new InternalError(`invariant ${invariant} broken: ${detail}, in ${where}\n${text}`, {
    invariant, op: op === null ? null : where, block: text,
  });
}

/** The op as its line in the printed block. */
function opInBlock(block: Block, op: Op, text: string): string {
  const printed = block.ops.filter((other) => other.name !== "param");
  return text.split("\n")[printed.indexOf(op) + 1]?.trim() ?? printOp(op);
}

function checkValues(block: Block, check: Check): void {
  const defined = new Set<Op>();
  for (const op of block.ops) {
    check(!isConst(op), "I1", op, () => "a constant among the ops");
    check(!defined.has(op), "I1", op, () => "the op stands in the block twice");
    op.args.forEach((arg, i) => {
      check(isConst(arg) || defined.has(arg), "I1", op, () => `operand ${i} (${arg.name}) is not defined before`);
    });
    defined.add(op);
  }
}

const isInt32 = (n: number): boolean => (n | 0) === n && !Object.is(n, -0);

function checkShape(block: Block, op: Op, check: Check): void {
  const params = op.def.variadic ? helperOf(op).params : op.def.params;
  check(op.def === OPS[op.name], "I2", op, () => `${op.name} is not from the op table`);
  check(op.args.length === params.length, "I2", op, () => `${op.args.length} operands where ${params.length} belong`);
  op.args.forEach((arg, i) => {
    check(arg.type === params[i], "I2", op, () => `operand ${i} is ${arg.type}, not ${params[i]}`);
    check(!isConst(arg) || isInt32(arg.imm), "I2", op, () => `operand ${i}, ${arg.imm}, is not an int32`);
  });
  const complaint = ATTR_COMPLAINT[op.def.attr](op, block);
  check(complaint === null, "I2", op, () => complaint ?? "");
}

/** What is wrong with an attribute of each kind; null if nothing is. */
const ATTR_COMPLAINT: { readonly [K in AttrKind]: (op: Op, block: Block) => string | null } = {
  none: (op) => (op.imm === 0 && op.imm2 === 0 && op.ref === null ? null : "an attribute where none belongs"),
  const: () => null,   // I1 has refused it
  cond: (op) => (op.imm in (op.def === OPS.setcond_f64 || op.def === OPS.movcond_f64 ? DOUBLE_CONDS : CONDS) ? null : `there is no condition ${op.imm}`),
  bits: ({ imm, imm2 }) =>
    isInt32(imm) && isInt32(imm2) && imm >= 0 && imm2 >= 1 && imm + imm2 <= 32 ? null : `there are no bits ${imm}, ${imm2}`,
  global: (op) => (hasName(op) && "index" in op.ref ? null : "not a global"),
  field: (op) => (hasName(op) ? null : "not a field"),
  helper: (op) => (hasName(op) && "params" in op.ref ? null : "not a helper"),
  mem(op) {
    if (op.ref === null || !("probe" in op.ref)) return "not a memory access";
    const { bits, probe, signed, isFloat } = memOpOf(op);
    if (op.ref !== memOp(bits, probe, signed, isFloat)) return "a MemOp that is not from memOp()";
    const wantsFloat = op.def === OPS.guest_ld_f64 || op.def === OPS.guest_st_f64, isStore = op.def.result === "void";
    if (isFloat !== wantsFloat || (isFloat ? bits < 32 : bits > 32)) return `${bits} bits`;
    return isStore && (signed || probe === "read") ? "a store neither extends nor probes for reading" : null;
  },
  fault(op) {
    if (op.ref === null || !("vector" in op.ref)) return "not a fault";
    const { vector } = faultOf(op);
    return isInt32(vector) && vector >= 0 && vector <= 255 ? null : `there is no vector ${vector}`;
  },
  insn: ({ imm, imm2 }) => (isInt32(imm) && imm2 >= 1 && imm2 <= 15 ? null : `no insn is ${imm2} bytes long at ${imm}`),
  target: (op) => (op.imm === 0 || op.imm === 1 ? null : `there is no target ${op.imm}`),
  param: (op, block) => (op.imm >= 0 && op.imm < block.params ? null : `there is no parameter ${op.imm}`),
};

function hasName(op: Op): op is Op & { readonly ref: { readonly name: string } } {
  return op.ref !== null && "name" in op.ref;
}

function checkExit(block: Block, check: Check): void {
  const exit = block.ops.findIndex((op) => op.def.effect === "exit");
  check(exit >= 0, "I3", null, () => "the block has no exit");
  const after = block.ops[exit + 1];
  check(after === undefined, "I6", after ?? null, () => "an op after the exit");
}

function checkUses(block: Block, check: Check): void {
  if (block.ops.every((op) => op.uses === 0)) return;
  const uses = new Map<Op, number>();
  for (const op of block.ops) for (const arg of op.args) uses.set(arg, (uses.get(arg) ?? 0) + 1);
  for (const op of block.ops) {
    const count = uses.get(op) ?? 0;
    check(op.uses === count, "I4", op, () => `counted ${op.uses} uses where there are ${count}`);
  }
}

function checkCommit(block: Block, check: Check): void {
  let write: Op | null = null;
  for (const op of block.ops) {
    if (op.def === OPS.insn_start) write = null;
    else if (op.def !== OPS.retry_if && mayLeave(op)) {
      check(write === null, "I5", op, () => `may leave after the insn has written state (${write?.name})`);
    }
    if (writesState(op)) write = op;
  }
}

function writesState(op: Op): boolean {
  if (op.def !== OPS.call) return op.def.effect === "write";
  const { writes, restates } = helperOf(op);
  return restates !== true && (writes === "all" || writes.length > 0);
}

function checkGlobals(block: Block, declared: readonly Global[] | undefined, check: Check): void {
  const owners = new Map<string, Global>(), place = (g: Global): string => `${g.type} ${g.index}`;
  for (const g of declared ?? []) owners.set(place(g), g);
  for (const op of block.ops) {
    if (op.def.attr !== "global") continue;
    const g = globalOf(op);
    const owner = owners.get(place(g)), isFloat = op.def === OPS.get_f64 || op.def === OPS.set_f64;
    check(isFloat === (g.type !== "i32"), "I7", op, () => `global ${g.name} is ${g.type}`);
    check(g.type !== "f64" || g.index % 2 === 0, "I7", op, () => `global ${g.name} is not aligned`);
    check(declared === undefined || declared.includes(g), "I7", op, () => `global ${g.name} is not declared`);
    check(owner === undefined || owner === g, "I7", op, () => `globals ${g.name} and ${owner?.name} share slot ${g.index}`);
    owners.set(place(g), g);
  }
}

function checkHelpers(block: Block, check: Check): void {
  for (const op of block.ops) {
    if (op.def !== OPS.call) continue;
    const { name, pure, reads, writes, mayFault, result } = helperOf(op);
    const isSilent = reads !== "all" && reads.length === 0 && writes !== "all" && writes.length === 0 && !mayFault;
    check(!pure || isSilent, "I8", op, () => `helper ${name} is declared pure and with effects`);
    check(!pure || result !== "void", "I8", op, () => `helper ${name} is declared pure and without result`);
  }
}
