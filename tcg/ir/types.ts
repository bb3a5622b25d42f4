/**
 * What the IR is made of besides ops: value types, memory operations, guest-state slots, helper declarations.
 * Everything here is declared by the guest front end (names, layouts) and only read by the code generator.
 */

/** The type of a value. `i32` is a JavaScript int32 (signed); `f32` is a double that `Math.fround` leaves alone. */
export type Type = "i32" | "f32" | "f64";

/** Comparison of two i32 values, named as TCG names them; `u` compares unsigned, `tst` tests `(x & y)` against 0. */
export const CONDS = ["eq", "ne", "lt", "ge", "le", "gt", "ltu", "geu", "leu", "gtu", "tsteq", "tstne"] as const;
/** The name of a comparison of i32 values. */
export type Cond = (typeof CONDS)[number];

/** The opposite of a condition, both as indices into CONDS, which lists them in pairs. */
export function invert(cond: number): number {
  return cond ^ 1;
}

/** Those that compare doubles: the first of CONDS. */
export const DOUBLE_CONDS = ["eq", "ne", "lt", "ge", "le", "gt"] as const;
/** The name of a comparison of doubles. */
export type DoubleCond = (typeof DOUBLE_CONDS)[number];

/**
 * What a guest memory access checks before it touches memory.
 * - `read`, `write`: the access may fail (leave the block, or raise the fault in an interpreter handler);
 * - `none`: an earlier access of the same insn with the same address and size has checked already. `guest_ld` with
 *   `write` followed by `guest_st` with `none` is a read-modify-write with a single probe.
 */
export type Probe = "read" | "write" | "none";

/**
 * A guest memory access: `bits` wide, little endian. An integer is extended to i32 as `signed` says (loads only); a float,
 * of 32 or 64 bits, is a value of type f64, to be stored only if it is of that precision.
 */
export interface MemOp {
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
  readonly isFloat: boolean;
  readonly probe: Probe;
}

const memOps = new Map<string, MemOp>();

/** The one MemOp object for these properties (so that they compare by identity). */
export function memOp(bits: MemOp["bits"], probe: Probe, signed = false, isFloat = bits === 64): MemOp {
  const name = memOpName({ bits, signed, isFloat, probe });
  let found = memOps.get(name);
  if (found === undefined) {
    found = Object.freeze({ bits, signed, isFloat, probe });
    memOps.set(name, found);
  }
  return found;
}

/** The printed name: `u8.read`, `s16.read`, `i32.write`, `f32.read`, `f64.read`, … */
export function memOpName(m: MemOp): string {
  return `${m.isFloat ? "f" : m.bits === 32 ? "i" : m.signed ? "s" : "u"}${m.bits}.${m.probe}`;
}

/**
 * A guest-state slot that ops name statically (TCG: a global). `index` is its place in the int32 state file. One of type
 * f64 takes two places, the first of an even index. One of type f32 or f64, both of which hold values of type f64, may be
 * another view of places that have globals of their own.
 */
export interface Global {
  readonly name: string;
  readonly index: number;
  readonly type: "i32" | "f32" | "f64";
  /** A float that is only ever set to what is *tame*: 0, normal or infinite. (Its words may be set to anything.) */
  readonly isTame?: boolean;
}

/** True if the two share a place in the state file. */
export function overlaps(a: Global, b: Global): boolean {
  const low = a.type === "f64" || b.type === "f64" ? 1 : 0;
  return (a.index | low) === (b.index | low);
}

/** A field of the decoded insn an interpreter handler runs for: a value known only when the handler runs. */
export interface Field {
  readonly name: string;
}

/** Which globals a helper touches: a list, or all of them. */
export type GlobalSet = readonly Global[] | "all";

/**
 * A pure function of int32 numbers in the JavaScript that emitters write, for a back end that writes it in place: `$0` … are
 * the parameters, then the steps, each an expression of those before it; the last is the result.
 */
export interface Inline {
  readonly params: number;
  readonly steps: readonly string[];
}

/**
 * A function of the run-time library that emitted code may call.
 * Declared effects are what passes and emitters rely on (invariant I8): a helper must do no more.
 */
export interface Helper {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type | "void";
  /** No effect at all, and the result depends on the arguments only. */
  readonly pure: boolean;
  readonly reads: GlobalSet;
  readonly writes: GlobalSet;
  /** May throw a guest fault or leave the engine: state is committed before the call (invariant I5). */
  readonly mayFault: boolean;
  /** Needs the count of retired insns: is told by way of the state file. Only one that may fault. */
  readonly counts?: boolean;
  /** Only writes down in another way what the state says already: may come before an op that may leave (invariant I5). */
  readonly restates?: boolean;
  readonly inline?: Inline;
  readonly doc: string;
}

/** An architectural fault an op may raise: vector and error code (undefined where the vector pushes none). */
export interface Fault {
  readonly vector: number;
  readonly error?: number;
}
