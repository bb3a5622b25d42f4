/**
 * A decoded insn: the object that the interpreter links and runs, and that the translator lowers.
 * `Facts` are what generated code is specialised on; the other numbers are values, read when a handler runs.
 */
import type { Field } from "../../../tcg/ir/types.ts";
import type { Form } from "./forms.ts";
import type { Mode, SegClass } from "./mode.ts";

/** Runs one decoded insn and returns the next. */
export type Handler = (insn: Insn) => Insn;

/** Shape of the ModRM operand: a register, or which parts its address has. */
export const SHAPE_NONE = 0, SHAPE_REG = 1, SHAPE_D = 2, SHAPE_B = 3, SHAPE_I = 4, SHAPE_BI = 5;
export type Shape = 0 | 1 | 2 | 3 | 4 | 5;

/** Repeat prefix that applies: none, F3 (REP, REPE), F2 (REPNE). */
export type Rep = 0 | 1 | 2;

/** What a lowering may test: equal facts and form, equal handler. */
export interface Facts {
  /** Operand size in bits. */
  readonly opsize: 16 | 32;
  /** Address size in bits. */
  readonly adsize: 16 | 32;
  readonly shape: Shape;
  readonly rep: Rep;
  /** Class of the memory operand's segment. */
  readonly segClass: SegClass;
  /** The memory operand's segment is SS (its faults are #SS). */
  readonly segIsSs: boolean;
  /** The memory operand's base register is ESP. */
  readonly baseIsEsp: boolean;
  /** Number of the S, C or D register operand, or -1. */
  readonly sreg: number;
  readonly mode: Mode;
}

/** One object per insn address and mode, linked to its successors. ONE shape for ever: every field is set here. */
export class Insn implements Facts {
  run: Handler;
  /** The handler proper of a solo insn, whose `run` only leaves for the engine. */
  exec: Handler;
  next: Insn;
  tgt: Insn;
  // ---- values
  /** Register-file index of the E, R or Z register operand, in units of its width; state-file slot of W, U, Q, N; i of ST(i). */
  a = 0;
  /** Register-file index of the G operand; state-file slot of V, P. */
  b = 0;
  base = 0;
  idx = 0;
  /** Index shift, 0..3. */
  sc = 0;
  disp = 0;
  imm = 0;
  imm2 = 0;
  /** State-file slot of the memory operand's segment base. */
  seg = 0;
  /** Offset in CS of this insn, of the next, and of the direct target. */
  eip = 0;
  neip = 0;
  teip = 0;
  // ---- engine
  /** Linear address of the first byte. */
  lin = 0;
  /** How often the engine has started here (the start of a block) while it was not translated. */
  heat = 0;
  /** How often its translation as a block start was written over. */
  invalidations = 0;
  /** Code for the usual case only may be made of it: if its definition offers that (see `Lowering.speculates`), or of accesses to one frame. */
  isTrusted = true;
  /** How often of late a block has left in front of it, and the retired count, modulo 2^32, as of when that was 0. */
  leaves = 0;
  leavesSince = 0;
  /** How this start of a block expects the x87 unit to be, as it was when it was translated (register-stack.ts); negative for nothing. */
  unitState = -1;
  /** Ends a block. */
  ends = false;
  /** The engine executes it where it is interpreted; in front of it a block ends, unless it is `inBlock`. */
  solo = false;
  inBlock = true;
  // ---- facts
  form: Form | null = null;
  opsize: 16 | 32 = 16;
  adsize: 16 | 32 = 16;
  shape: Shape = 0;
  rep: Rep = 0;
  segClass: SegClass = 0;
  segIsSs = false;
  baseIsEsp = false;
  sreg = -1;
  segOverride = -1;
  lock = false;
  length = 0;
  /** Where its bytes beyond the page are, physically, if it has any (paging only). */
  tailPhys = 0;
  mode: Mode;

  constructor(mode: Mode, eip: number, lin: number, run: Handler, nil: Insn | null) {
    this.mode = mode;
    this.eip = eip;
    this.lin = lin;
    this.run = run;
    this.exec = run;
    this.next = nil ?? this;
    this.tgt = nil ?? this;
  }
}

/** Values a handler reads from the insn it runs for. */
export type FieldName = "a" | "b" | "base" | "idx" | "sc" | "disp" | "imm" | "imm2" | "seg" | "eip" | "neip" | "teip";

const FIELD_NAMES: readonly FieldName[] = ["a", "b", "base", "idx", "sc", "disp", "imm", "imm2", "seg", "eip", "neip", "teip"];

/** The same as IR declarations. */
export const FIELDS = Object.fromEntries(FIELD_NAMES.map((name) => [name, { name }])) as Readonly<Record<FieldName, Field>>;

/** Identifies the handler an insn needs: its form and all facts its generated code depends on. */
export function handlerKey(insn: Insn): number {
  const { form, mode } = insn;
  if (form === null) return -1;
  let key = form.id;
  key = key * 2 + (insn.opsize === 32 ? 1 : 0);
  key = key * 2 + (insn.adsize === 32 ? 1 : 0);
  key = key * 8 + insn.shape;
  key = key * 4 + insn.segClass;
  key = key * 4 + insn.rep;
  key = key * 8 + ((insn.segIsSs ? 1 : 0) | (insn.baseIsEsp ? 2 : 0) | (mode.a20 || mode.paging ? 4 : 0));
  key = key * 4 + (mode.watching ? 3 : mode.paging ? (mode.cpl === 3 ? 2 : 1) : 0);
  // Facts of the mode that only some forms look at, so that others share a handler.
  let extra = 0;
  if (form.usesStack) extra |= (mode.stack32 ? 1 : 0) | (mode.segClass[2] << 1);
  if (form.usesEs) extra |= mode.segClass[0] << 3;
  if (form.def.branch !== undefined) extra |= mode.segClass[1] << 5;
  if (insn.sreg >= 0) extra |= (insn.sreg << 7) | ((mode.segClass[insn.sreg] ?? 0) << 10) | (mode.protectedMode && !mode.v86 ? 1 << 12 : 0);
  if (form.def.privilege === true) extra |= (mode.protectedMode ? 1 << 13 : 0) | (mode.v86 ? 1 << 14 : 0) | (mode.cpl << 15);
  return key * 131072 + extra;
}
