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

/** Where the parts of `operands` begin; their bits: of places in a register file or the state file, of address registers, of the shift. */
const A_AT = 0, B_AT = 9, BASE_AT = 18, IDX_AT = 22, SC_AT = 26;
const PLACE_BITS = 9, REGISTER_BITS = 4, SHIFT_BITS = 2;
const PLACE = (1 << PLACE_BITS) - 1, REGISTER = (1 << REGISTER_BITS) - 1, SHIFT = (1 << SHIFT_BITS) - 1;

/** What is known of few insns only: of those that have run alone, left a block, been written over, or lie in two pages. */
class InsnRarities {
  /** The handler proper, where `run` does something else first. */
  exec: Handler;
  invalidations = 0;
  isTrusted = true;
  leaves = 0;
  leavesSince = 0;
  unitState = -1;
  tailPhys = 0;

  constructor(exec: Handler) {
    this.exec = exec;
  }
}

/**
 * One object per insn address and mode, linked to its successors. ONE shape for ever: every field is set here.
 * Cold code is read from memory each time it runs, and there is much of it: so the object is small (numbers that have few bits
 * share a word), and what the interpreter needs of each insn comes first, in one or two of the processor's lines of 64 bytes.
 */
export class Insn implements Facts {
  run: Handler;
  next: Insn;
  tgt: Insn;
  /** Ends a block. */
  ends = false;
  /** How often the engine has started here (the start of a block) while it was not translated. */
  heat = 0;
  // ---- values
  /** a, b, base, idx, sc: see their accessors. */
  operands = 0;
  disp = 0;
  imm = 0;
  /** Offset in CS of the next insn, of the direct target, and of this insn. */
  neip = 0;
  teip = 0;
  eip = 0;
  /** State-file slot of the memory operand's segment base. */
  seg = 0;
  imm2 = 0;
  // ---- engine
  /** Where its record is in the VM's memory, 0 for nowhere (exec/insn-records.ts). */
  record = 0;
  /** Linear address of the first byte. */
  lin = 0;
  form: Form | null = null;
  mode: Mode;
  /** The other facts: see the accessors. */
  private facts = 0;
  private rarities: InsnRarities | null = null;

  constructor(mode: Mode, eip: number, lin: number, run: Handler, nil: Insn | null) {
    this.run = run;
    this.next = nil ?? this;
    this.tgt = nil ?? this;
    this.eip = eip;
    this.lin = lin;
    this.mode = mode;
  }

  /** As before it was decoded: all but where it is. */
  clear(): void {
    this.operands = this.disp = this.imm = this.imm2 = this.seg = this.teip = this.facts = 0;
    this.sreg = this.segOverride = -1;
  }

  // ---- operands
  /** Register-file index of the E, R or Z register operand, in units of its width; state-file slot of W, U, Q, N; i of ST(i). */
  get a(): number { return (this.operands >> A_AT) & PLACE; }
  set a(n: number) { this.operands = (this.operands & ~(PLACE << A_AT)) | (n << A_AT); }
  /** Register-file index of the G operand; state-file slot of V, P. */
  get b(): number { return (this.operands >> B_AT) & PLACE; }
  set b(n: number) { this.operands = (this.operands & ~(PLACE << B_AT)) | (n << B_AT); }
  get base(): number { return (this.operands >> BASE_AT) & REGISTER; }
  set base(n: number) { this.operands = (this.operands & ~(REGISTER << BASE_AT)) | (n << BASE_AT); }
  get idx(): number { return (this.operands >> IDX_AT) & REGISTER; }
  set idx(n: number) { this.operands = (this.operands & ~(REGISTER << IDX_AT)) | (n << IDX_AT); }
  /** Index shift, 0..3. */
  get sc(): number { return (this.operands >> SC_AT) & SHIFT; }
  set sc(n: number) { this.operands = (this.operands & ~(SHIFT << SC_AT)) | (n << SC_AT); }

  // ---- facts
  get opsize(): 16 | 32 { return (this.facts & 1) !== 0 ? 32 : 16; }
  set opsize(n: 16 | 32) { this.setFlag(1, n === 32); }
  get adsize(): 16 | 32 { return (this.facts & 2) !== 0 ? 32 : 16; }
  set adsize(n: 16 | 32) { this.setFlag(2, n === 32); }
  get segIsSs(): boolean { return (this.facts & 4) !== 0; }
  set segIsSs(is: boolean) { this.setFlag(4, is); }
  get baseIsEsp(): boolean { return (this.facts & 8) !== 0; }
  set baseIsEsp(is: boolean) { this.setFlag(8, is); }
  get lock(): boolean { return (this.facts & 16) !== 0; }
  set lock(is: boolean) { this.setFlag(16, is); }
  /** The engine executes it where it is interpreted; in front of it a block ends, unless it is `inBlock`. */
  get solo(): boolean { return (this.facts & 32) !== 0; }
  set solo(is: boolean) { this.setFlag(32, is); }
  get inBlock(): boolean { return (this.facts & 64) === 0; }
  set inBlock(is: boolean) { this.setFlag(64, !is); }
  get shape(): Shape { return ((this.facts >> 7) & 7) as Shape; }
  set shape(n: Shape) { this.facts = (this.facts & ~(7 << 7)) | (n << 7); }
  get rep(): Rep { return ((this.facts >> 10) & 3) as Rep; }
  set rep(n: Rep) { this.facts = (this.facts & ~(3 << 10)) | (n << 10); }
  get segClass(): SegClass { return ((this.facts >> 12) & 3) as SegClass; }
  set segClass(n: SegClass) { this.facts = (this.facts & ~(3 << 12)) | (n << 12); }
  get sreg(): number { return ((this.facts >> 14) & 15) - 1; }
  set sreg(n: number) { this.facts = (this.facts & ~(15 << 14)) | ((n + 1) << 14); }
  get segOverride(): number { return ((this.facts >> 18) & 7) - 1; }
  set segOverride(n: number) { this.facts = (this.facts & ~(7 << 18)) | ((n + 1) << 18); }
  /** Bytes; 0 before it is decoded. */
  get length(): number { return (this.facts >> 21) & 15; }
  set length(n: number) { this.facts = (this.facts & ~(15 << 21)) | (n << 21); }

  private setFlag(bit: number, is: boolean): void {
    this.facts = is ? this.facts | bit : this.facts & ~bit;
  }

  // ---- what few have
  private get ownRarities(): InsnRarities {
    this.rarities ??= new InsnRarities(this.run);
    return this.rarities;
  }

  /** The handler proper of an insn whose `run` only leaves for the engine, or looks at its second page first. */
  get exec(): Handler { return this.rarities?.exec ?? this.run; }
  set exec(handler: Handler) { this.ownRarities.exec = handler; }
  /** How often its translation as a block start was written over. */
  get invalidations(): number { return this.rarities?.invalidations ?? 0; }
  set invalidations(n: number) { this.ownRarities.invalidations = n; }
  /** Code for the usual case only may be made of it: if its definition offers that (see `Lowering.speculates`), or of accesses to one frame. */
  get isTrusted(): boolean { return this.rarities?.isTrusted ?? true; }
  set isTrusted(is: boolean) { this.ownRarities.isTrusted = is; }
  /** How often of late a block has left in front of it, and the retired count, modulo 2^32, as of when that was 0. */
  get leaves(): number { return this.rarities?.leaves ?? 0; }
  set leaves(n: number) { this.ownRarities.leaves = n; }
  get leavesSince(): number { return this.rarities?.leavesSince ?? 0; }
  set leavesSince(n: number) { this.ownRarities.leavesSince = n; }
  /** How this start of a block expects the floating-point units to be, as they were when it was translated (register-stack.ts); negative for nothing. */
  get unitState(): number { return this.rarities?.unitState ?? -1; }
  set unitState(n: number) { this.ownRarities.unitState = n; }
  /** Where its bytes beyond the page are, physically, if it has any (paging only). */
  get tailPhys(): number { return this.rarities?.tailPhys ?? 0; }
  set tailPhys(n: number) { this.ownRarities.tailPhys = n; }
}

/** Values a handler reads from the insn it runs for, and those that are bits of `operands`: from which on, and how many. */
export type FieldName = "disp" | "imm" | "imm2" | "seg" | "eip" | "neip" | "teip" | "operands";
export type OperandName = "a" | "b" | "base" | "idx" | "sc";

const FIELD_NAMES: readonly FieldName[] = ["disp", "imm", "imm2", "seg", "eip", "neip", "teip", "operands"];

/** The same as IR declarations. */
export const FIELDS = Object.fromEntries(FIELD_NAMES.map((name) => [name, { name }])) as Readonly<Record<FieldName, Field>>;
export const OPERAND_BITS: Readonly<Record<OperandName, readonly [at: number, count: number]>> = {
  a: [A_AT, PLACE_BITS], b: [B_AT, PLACE_BITS], base: [BASE_AT, REGISTER_BITS], idx: [IDX_AT, REGISTER_BITS], sc: [SC_AT, SHIFT_BITS],
};

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
  key = key * 8 + (mode.watching ? 4 : mode.paging ? (mode.cpl === 3 ? 2 : mode.reachesUser ? 3 : 1) : 0);
  // Facts of the mode that only some forms look at, so that others share a handler.
  let extra = 0;
  if (form.usesStack) extra |= (mode.stack32 ? 1 : 0) | (mode.segClass[2] << 1);
  if (form.usesEs) extra |= mode.segClass[0] << 3;
  if (form.def.branch !== undefined) extra |= mode.segClass[1] << 5;
  if (insn.sreg >= 0) extra |= (insn.sreg << 7) | ((mode.segClass[insn.sreg] ?? 0) << 10) | (mode.protectedMode && !mode.v86 ? 1 << 12 : 0);
  if (form.def.privilege === true) extra |= (mode.protectedMode ? 1 << 13 : 0) | (mode.v86 ? 1 << 14 : 0) | (mode.cpl << 15);
  return key * 131072 + extra;
}
