/**
 * The IR unit: a block is a list of ops in execution order, ended by its one exit op. An op is its own value:
 * operands point at the ops that computed them.
 */
import type { OpDef, OpName } from "./ops.ts";
import { OPS } from "./ops.ts";
import type { Fault, Field, Global, Helper, MemOp, Type } from "./types.ts";
import { overlaps } from "./types.ts";

/** The object an attribute names, by the op's `attr` kind; null for the numeric kinds. */
export type Ref = Global | Field | Helper | MemOp | Fault | null;

/**
 * One operation, and the value it computes.
 * All fields are set here, once, so that every op has one shape.
 */
export class Op {
  def: OpDef;
  args: Op[];
  imm: number;
  imm2: number;
  ref: Ref;
  /** Operand positions that name this op; kept by `countUses` (invariant I4). */
  uses = 0;
  /** Number within the block, for printing (`v7`) and for side tables; set by `renumber`. */
  id = -1;

  constructor(def: OpDef, args: Op[], imm = 0, imm2 = 0, ref: Ref = null) {
    this.def = def;
    this.args = args;
    this.imm = imm;
    this.imm2 = imm2;
    this.ref = ref;
  }

  get name(): OpName {
    return this.def.name;
  }

  /** The type of the value, or `void`. */
  get type(): Type | "void" {
    return this.def === OPS.call ? helperOf(this).result : this.def.result;
  }
}

/** A block: ops in order. `name` appears in dumps; `params` counts a test function's parameters. */
export class Block {
  readonly name: string;
  ops: Op[] = [];
  params = 0;

  constructor(name: string) {
    this.name = name;
  }
}

export function isConst(op: Op): boolean {
  return op.def === OPS.const;
}

/** The helper a `call` names. */
export function helperOf(op: Op): Helper {
  return op.ref as Helper;
}

/** The slot a `get` or `set` names. */
export function globalOf(op: Op): Global {
  return op.ref as Global;
}

/** Reads a slot, as whatever it is. */
export function isGet(op: Op): boolean {
  return op.def === OPS.get || op.def === OPS.get_f64;
}

export function isSet(op: Op): boolean {
  return op.def === OPS.set || op.def === OPS.set_f64;
}

/** The access a `guest_ld` or `guest_st` makes. */
export function memOpOf(op: Op): MemOp {
  return op.ref as MemOp;
}

/** The fault a `fault_if` raises. */
export function faultOf(op: Op): Fault {
  return op.ref as Fault;
}

/** True if the op does something besides computing its value, so that it must stay although nobody uses the value. */
export function hasEffect(op: Op): boolean {
  switch (op.def.effect) {
    case "pure":
    case "read":
      return false;
    case "call":
      return !helperOf(op).pure;
    default:
      return true;
  }
}

/**
 * True if the op may leave the block with the state as of the start of its insn (invariant I5 keeps that state right).
 * A `guest_ld` or `guest_st` with probe `none` cannot.
 */
export function mayLeave(op: Op): boolean {
  switch (op.def.effect) {
    case "access":
      return memOpOf(op).probe !== "none";
    case "fault":
      return true;
    case "call":
      return helperOf(op).mayFault;
    default:
      return false;
  }
}


/** True if the op may change the global. */
export function writesGlobal(op: Op, g: Global): boolean {
  if (isSet(op)) return overlaps(globalOf(op), g);
  if (op.def === OPS.call) {
    const { writes } = helperOf(op);
    return writes === "all" || writes.some((w) => overlaps(w, g));
  }
  return op.def === OPS.env_st8 || op.def === OPS.env_st16 || op.def === OPS.env_st32;
}

/** Recounts `uses` from the operand lists. */
export function countUses(block: Block): void {
  for (const op of block.ops) {
    op.uses = 0;
    for (const a of op.args) a.uses = 0;
  }
  for (const op of block.ops) for (const a of op.args) a.uses++;
}

/** Numbers the ops for printing: values get 1, 2, 3 … in order; constants and ops without result get -1. */
export function renumber(block: Block): void {
  let n = 0;
  for (const op of block.ops) op.id = op.type === "void" || isConst(op) ? -1 : ++n;
}
