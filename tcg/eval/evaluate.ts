/**
 * The reference evaluator: runs a block op by op, straight from the op table. The oracle against which folding, the
 * passes and the JavaScript emitter are tested; slow, and meant to be read.
 */
import type { Block, Op } from "../ir/block.ts";
import { faultOf, globalOf, helperOf, isConst, memOpOf } from "../ir/block.ts";
import { evalCond } from "../ir/ops.ts";
import type { OpName } from "../ir/ops.ts";
import type { Fault, Field, Global, Helper, MemOp } from "../ir/types.ts";
import { InternalError } from "../support/errors.ts";

/** Said by guest memory and helpers when the access or call leaves the block. */
export const LEAVE = Symbol("leave");

/** The guest around the block. */
export interface EvalEnv {
  /** The state file: `get` and `set` by global index, `env_ld32` and `env_st32` by word number. Changed in place. */
  readonly state: Int32Array;
  /** What `env_ld8` … `env_st16` index: bytes of `state`, in the same memory. */
  readonly registers: Uint8Array;
  /** A test function's arguments. */
  readonly args?: readonly number[];
  field?(field: Field): number;
  /** The `bits` low bits of the result count, unless it is a float. */
  load?(address: number, mem: MemOp): number | typeof LEAVE;
  store?(address: number, mem: MemOp, value: number): typeof LEAVE | void;
  /** The helper may change `state`. */
  call?(helper: Helper, args: readonly number[]): number | typeof LEAVE | void;
}

/** How a block ended. `pc` is that of the insn it left in, null before the first `insn_start`. */
export type Outcome =
  | { readonly end: "goto_tb"; readonly target: 0 | 1 }
  | { readonly end: "lookup_and_goto_ptr"; readonly pc: number }
  | { readonly end: "exit_tb" }
  | { readonly end: "ret"; readonly value: number }
  | { readonly end: "leave" | "retry"; readonly pc: number | null }
  | { readonly end: "fault"; readonly pc: number | null; readonly fault: Fault };

/**
 * Runs the block once.
 * Throws an InternalError when the block uses a part of the guest that `env` does not have, or runs off its end.
 */
export function evaluate(block: Block, env: EvalEnv): Outcome {
  const run = new Run(env);
  for (const op of block.ops) {
    const outcome = run.step(op);
    if (outcome !== null) return outcome;
  }
  throw new InternalError(`invariant I3 broken: ${block.name} runs off its end`, { invariant: "I3" });
}

type Step = (run: Run, op: Op, x: number, y: number, z: number, w: number) => Outcome | null;

class Run {
  readonly env: EvalEnv;
  readonly #values = new Map<Op, number>();
  /** Of the insn that the ops belong to. */
  pc: number | null = null;

  constructor(env: EvalEnv) {
    this.env = env;
  }

  value(op: Op): number {
    if (isConst(op)) return op.imm;
    const value = this.#values.get(op);
    if (value === undefined) throw new InternalError(`invariant I1 broken: ${op.name} has no value yet`, { invariant: "I1" });
    return value;
  }

  /** Gives the op a value of type f64, and goes on. */
  defineDouble(op: Op, value: number): null {
    this.#values.set(op, value);
    return null;
  }

  /** Gives the op its value, and goes on. */
  define(op: Op, value: number | void): null {
    this.#values.set(op, (value ?? 0) | 0);
    return null;
  }

  leave(): Outcome {
    return { end: "leave", pc: this.pc };
  }

  step(op: Op): Outcome | null {
    const [x = 0, y = 0, z = 0, w = 0] = op.args.map((arg) => this.value(arg));
    const { evaluate: compute } = op.def;
    if (compute !== null) return this.define(op, compute(x, y, z, w, op.imm, op.imm2));
    const step = STEPS[op.name];
    if (step === undefined) throw new InternalError(`the evaluator does not know ${op.name}`);
    return step(this, op, x, y, z, w);
  }
}

function provided<T>(part: T | undefined, op: Op): T {
  if (part === undefined) throw new InternalError(`the environment of the evaluator has nothing for ${op.name}`);
  return part;
}

/** Sign or zero extension of the low bits, as the access says. */
function extended(value: number, { bits, signed }: MemOp): number {
  const shift = 32 - bits;
  return signed ? value << shift >> shift : value << shift >>> shift;
}

/** Little-endian access to the register file; bytes beyond it read as 0. */
function loadRegister({ registers }: EvalEnv, at: number, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value |= (registers[at + i] ?? 0) << 8 * i;
  return value;
}

function storeRegister({ registers }: EvalEnv, at: number, bytes: number, value: number): null {
  for (let i = 0; i < bytes; i++) registers[at + i] = value >> 8 * i;
  return null;
}

function loadFloat(state: Int32Array, { index, type }: Global): number {
  const words = new DataView(new ArrayBuffer(8));
  words.setInt32(0, state[index], true);
  if (type === "f32") return words.getFloat32(0, true);
  words.setInt32(4, state[index + 1], true);
  return words.getFloat64(0, true);
}

function storeFloat(state: Int32Array, { index, type }: Global, value: number): null {
  const words = new DataView(new ArrayBuffer(8));
  if (type === "f32") words.setFloat32(0, value, true);
  else words.setFloat64(0, value, true);
  state[index] = words.getInt32(0, true);
  if (type === "f64") state[index + 1] = words.getInt32(4, true);
  return null;
}

/** 1.5 * 2^52: a number of which the last bit is 1. */
const NEAREST = 6755399441055744;

/** Meaning of the ops that do more than compute, or compute with doubles. */
const STEPS: { readonly [K in OpName]?: Step } = {
  param: (run, op) => run.define(op, provided(run.env.args?.[op.imm], op)),
  get: (run, op) => run.define(op, run.env.state[globalOf(op).index]),
  set(run, op, x) {
    run.env.state[globalOf(op).index] = x;
    return null;
  },
  f64_from_i32: (run, op, x) => run.defineDouble(op, x),
  f64_to_i32: (run, op, x) => run.define(op, x),
  add_f64: (run, op, x, y) => run.defineDouble(op, x + y),
  sub_f64: (run, op, x, y) => run.defineDouble(op, x - y),
  mul_f64: (run, op, x, y) => run.defineDouble(op, x * y),
  div_f64: (run, op, x, y) => run.defineDouble(op, x / y),
  sqrt_f64: (run, op, x) => run.defineDouble(op, Math.sqrt(x)),
  round_f32: (run, op, x) => run.defineDouble(op, Math.fround(x)),
  nearest_f64: (run, op, x) => run.defineDouble(op, x + NEAREST - NEAREST),
  floor_f64: (run, op, x) => run.defineDouble(op, Math.floor(x)),
  ceil_f64: (run, op, x) => run.defineDouble(op, Math.ceil(x)),
  trunc_f64: (run, op, x) => run.defineDouble(op, Math.trunc(x)),
  setcond_f64: (run, op, x, y) => run.define(op, evalCond(op.imm, x, y) ? 1 : 0),
  movcond_f64: (run, op, x, y, t, f) => run.defineDouble(op, evalCond(op.imm, x, y) ? t : f),
  abnormal_f64: (run, op, x) => run.define(op, x * x >= 2 ** -1000 && x * x < 2 ** 1000 ? 0 : 1),
  abnormal_f32: (run, op, x) => run.define(op, x * x > 2 ** -252 && x * x < 2 ** 256 ? 0 : 1),
  tiny_f64: (run, op, x) => run.define(op, x * x >= 2 ** -1000 ? 0 : 1),
  tiny_f32: (run, op, x) => run.define(op, x * x > 2 ** -252 ? 0 : 1),
  get_f64: (run, op) => run.defineDouble(op, loadFloat(run.env.state, globalOf(op))),
  set_f64: (run, op, x) => storeFloat(run.env.state, globalOf(op), x),
  field: (run, op) => run.define(op, provided(run.env.field, op).call(run.env, op.ref as Field)),
  env_ld8: (run, op, x) => run.define(op, loadRegister(run.env, x, 1)),
  env_ld16: (run, op, x) => run.define(op, loadRegister(run.env, 2 * x, 2)),
  env_ld32: (run, op, x) => run.define(op, run.env.state[x] ?? 0),
  env_st8: (run, _op, x, y) => storeRegister(run.env, x, 1, y),
  env_st16: (run, _op, x, y) => storeRegister(run.env, 2 * x, 2, y),
  env_st32(run, _op, x, y) {
    run.env.state[x] = y;
    return null;
  },

  guest_ld(run, op, x) {
    const value = provided(run.env.load, op).call(run.env, x, memOpOf(op));
    return value === LEAVE ? run.leave() : run.define(op, extended(value, memOpOf(op)));
  },
  guest_st(run, op, x, y) {
    const { bits } = memOpOf(op);
    const low = bits === 32 ? y : y & (1 << bits) - 1;
    return provided(run.env.store, op).call(run.env, x, memOpOf(op), low) === LEAVE ? run.leave() : null;
  },
  guest_ld_f64(run, op, x) {
    const value = provided(run.env.load, op).call(run.env, x, memOpOf(op));
    return value === LEAVE ? run.leave() : run.defineDouble(op, value);
  },
  guest_st_f64: (run, op, x, y) => (provided(run.env.store, op).call(run.env, x, memOpOf(op), y) === LEAVE ? run.leave() : null),
  call(run, op) {
    const value = provided(run.env.call, op).call(run.env, helperOf(op), op.args.map((arg) => run.value(arg)));
    return value === LEAVE ? run.leave() : run.define(op, value);
  },
  fault_if: (run, op, x) => (x === 0 ? null : { end: "fault", pc: run.pc, fault: faultOf(op) }),
  leave_if: (run, _op, x) => (x === 0 ? null : run.leave()),
  retry_if: (run, _op, x) => (x === 0 ? null : { end: "retry", pc: run.pc }),

  insn_start(run, op) {
    run.pc = op.imm;
    return null;
  },
  goto_tb: (_run, op) => ({ end: "goto_tb", target: op.imm === 0 ? 0 : 1 }),
  goto_tb_if: (_run, _op, x) => ({ end: "goto_tb", target: x === 0 ? 0 : 1 }),
  lookup_and_goto_ptr: (_run, _op, x) => ({ end: "lookup_and_goto_ptr", pc: x }),
  exit_tb: () => ({ end: "exit_tb" }),
  exit_tb_if: (_run, _op, x) => (x === 0 ? { end: "goto_tb", target: 0 } : { end: "exit_tb" }),
  ret: (_run, _op, x) => ({ end: "ret", value: x }),
};
