/**
 * The x87 register stack within a translated block. What TOP, tags and precision control are is taken from how the unit was
 * when the block was first translated; the first x87 insn of the block leaves if it is not so now, and from then on all of it
 * is known: ST(i) is a register by number, its value a pair of doubles that insns hand to each other, and FXCH is no code at
 * all. Registers that are no pairs make the block leave; the interpreter's helpers then turn them into pairs where that goes.
 *
 * Insns that follow each other are one *group*: whatever makes one of them leave, the block leaves in front of the first, and
 * state is written once, after the last. (So each way out finds the same state: with one of its own for each insn, V8 takes ten
 * times as long to compile a block.) A store to memory or to EFLAGS ends a group, since it cannot be done twice.
 *
 * Calls of helpers come in between where insns are not done inline: after one that moves TOP as announced, that is assumed
 * and checked again.
 */
import type { Op } from "../../tcg/ir/block.ts";
import { isConst } from "../../tcg/ir/block.ts";
import { InternalError } from "../../tcg/support/errors.ts";
import { C0, C1, C2, C3, ES, PE } from "./float80/unit.ts";
import type { Insn } from "./isa/insn.ts";
import { SHAPE_REG } from "./isa/insn.ts";
import { SEG_64K, SEG_FLAT } from "./isa/mode.ts";
import type { Lowering, Val } from "./lowering.ts";
import type { Pair, Precision, Rounded } from "./pairs-ir.ts";
import { PairLowering } from "./pairs-ir.ts";
import { CS, FPU_CONTROL, FPU_FIRSTS, FPU_SECONDS, FPU_STATUS, FPU_TAGS, FPU_TOP, G_FPU_CONTROL, G_FPU_CS, G_FPU_DP, G_FPU_DS, G_FPU_IP, G_FPU_OPCODE, G_FPU_PAIRS, G_FPU_STATUS, G_FPU_TAGS, G_FPU_TOP, MXCSR, SEG_SELECTORS } from "./state.ts";

/** Precision and rounding control and the mask of PE, and what they are for either precision, to nearest. */
const CONTROL = 0xf20, PRECISION = 0x300, CONTROL_64 = 0x320, CONTROL_53 = 0x220;
/** Where the two PE are in `unitStateOf`: of x87, and of MXCSR. */
const PE_SHIFT = 8, SSE_PE_SHIFT = 9;
const CODES = C0 | C2 | C3;
/** Blocks that have become so long call helpers for the rest: V8 optimises no function beyond a size. */
const MAX_OPS = 2500;

/** The state of the units that code is made for, in one number: TOP, tags, precision control, PE; PE of MXCSR. */
export function unitStateOf(R: Int32Array): number {
  return R[FPU_TOP] | (R[FPU_TAGS] << 3) | ((R[FPU_CONTROL] & PRECISION) << 3) | ((R[FPU_STATUS] & PE) << PE_SHIFT) | ((R[MXCSR] & PE) << SSE_PE_SHIFT);
}

/** Whether MXCSR.PE is set in such a state, or nothing is known (negative), in which case that is likely. */
export function hasSsePrecisionFlag(state: number): boolean {
  return state < 0 || (state & (PE << SSE_PE_SHIFT)) !== 0;
}

/** What FNSTENV tells of an insn (SDM 1 §8.1.8). */
export interface Pointers {
  readonly opcode: Val;
  readonly eip: Val;
  readonly memory: { readonly offset: Val; readonly selector: Val } | null;
}

/** How much is known: nothing any more; what is to be expected; all of it, since it has been checked. */
type Knowledge = "none" | "expected" | "checked";

export class RegisterStack {
  readonly pairs: PairLowering;
  private readonly b: Lowering;
  private knowledge: Knowledge = "none";
  /** No inline insn has been made yet. */
  private isFirst = true;
  private top = 0;
  private tags = 0;
  /** Null for single precision. */
  private precisionBits: Precision | null = null;
  /** Values of registers by number; null where not known yet. */
  private readonly values: (Pair | null)[] = Array.from({ length: 8 }, () => null);
  /** Bits of FPU_PAIRS that are known to be set. */
  private pairBits = 0;
  private controlIsChecked = false;
  /** PE has been set, and always is. */
  private expectsPrecisionFlag = false;
  /** An insn has been announced that moves TOP by so much. */
  private announced: number | null = null;
  /** FPU_STATUS without C1, where that is known. */
  private status: Val | null = null;
  // ---- the group, and what is to be written at its end
  private isOpen = false;
  /** The insn that is being lowered is its last. */
  private endsHere = false;
  /** Insns that have joined it after the first. */
  private readonly joined: Insn[] = [];
  /** The insn that is being lowered, and whether it may join. */
  private insn: Insn | null = null;
  private isCandidate = false;
  /** An insn that is not trusted has been seen: groups would only hide which others should not be. */
  private isCautious = false;
  private readonly isWritten: boolean[] = Array.from({ length: 8 }, () => false);
  private movesTop = false;
  private movesTags = false;
  /** What C1 follows from; null for 0, undefined for no change. */
  private rounding: Rounded | null | undefined = undefined;
  private pointers: Pointers | null = null;
  private operand: Pointers["memory"] = null;

  constructor(b: Lowering) {
    this.b = b;
    this.pairs = new PairLowering(b);
  }

  /** What to expect at the start of the block: of `unitStateOf`, or negative for nothing. */
  start(state: number): void {
    if (state < 0) return;
    const control = (state >> 3) & PRECISION;
    this.knowledge = "expected";
    this.top = state & 7;
    this.tags = (state >> 3) & 0xff;
    this.expectsPrecisionFlag = (state & (PE << PE_SHIFT)) !== 0;
    this.precisionBits = control === (CONTROL_64 & PRECISION) ? 64 : control === (CONTROL_53 & PRECISION) ? 53 : null;
  }

  /** A new insn begins. True if it may be one of the group that is open: whether it is shows in `mayInline`. */
  begin(insn: Insn): boolean {
    this.announced = null;
    this.insn = insn;
    this.isCandidate = this.isOpen && !this.isCautious && insn.form?.def.grouped === true;
    if (!this.isCandidate) this.finish();
    return this.isCandidate;
  }

  /** The insn that is being lowered can be the last of its group only: it may not be done twice. */
  endGroup(): void {
    this.endsHere = true;
  }

  /** Ends the group: writes what it changes. */
  finish(): void {
    if (!this.isOpen) return;
    const { b } = this;
    this.isOpen = false;
    this.endsHere = false;
    this.isWritten.forEach((isWritten, n) => {
      if (isWritten) this.writeBack(n);
    });
    if (this.movesTop) b.set(G_FPU_TOP, b.imm(this.top));
    if (this.movesTags) b.set(G_FPU_TAGS, b.imm(this.tags));
    if (this.rounding !== undefined) {
      const up = this.rounding === null ? b.imm(0) : this.pairs.roundedUp(this.rounding);
      b.set(G_FPU_STATUS, b.or(this.currentStatus, b.shl(up, b.imm(9))));
    }
    this.writePointers();
    this.isWritten.fill(false);
    this.movesTop = false;
    this.movesTags = false;
    this.rounding = undefined;
    for (const { eip, length } of this.joined) b.ir.insnStart(eip, length);
    this.joined.length = 0;
  }

  private writeBack(n: number): void {
    const { b } = this, value = this.values[n];
    if (value === null) throw new InternalError("an x87 register was written without a value");
    b.doubles.set(FPU_FIRSTS[n], value.h);
    b.doubles.set(FPU_SECONDS[n], value.l ?? b.doubles.zero);
    if ((this.pairBits & (1 << n)) === 0) b.set(G_FPU_PAIRS, b.or(b.get(G_FPU_PAIRS), b.imm(1 << n)));
    this.pairBits |= 1 << n;
  }

  /** Notes where the insn is, and its operand, if it has one in memory: with the group, or at once. */
  notePointers(pointers: Pointers): void {
    this.pointers = pointers;
    this.operand = pointers.memory ?? this.operand;
    if (!this.isOpen) this.writePointers();
    else if (this.endsHere) this.finish();
  }

  private writePointers(): void {
    const { b, pointers, operand } = this;
    if (pointers !== null) {
      b.set(G_FPU_OPCODE, pointers.opcode);
      b.set(G_FPU_IP, pointers.eip);
      b.set(G_FPU_CS, b.get(SEG_SELECTORS[CS]));
    }
    if (operand !== null) {
      b.set(G_FPU_DP, operand.offset);
      b.set(G_FPU_DS, operand.selector);
    }
    this.pointers = null;
    this.operand = null;
  }

  /** The insn is left to helpers, and if no exception stops it moves TOP by `delta`: -1 for a push. */
  announce(delta: number): void {
    this.announced = delta;
  }

  /** Something has changed the unit. */
  changed(): void {
    if (this.knowledge === "none") return;
    this.knowledge = this.announced === null ? "none" : "expected";
    this.move(this.announced ?? 0);
    this.announced = 0;
  }

  private move(delta: number): void {
    if (delta < 0) this.tags |= 1 << ((this.top - 1) & 7);
    for (let i = 0; i < delta; i++) this.tags &= ~(1 << ((this.top + i) & 7));
    this.top = (this.top + delta) & 7;
    this.controlIsChecked = false;
    this.pairBits = 0;
    this.status = null;
    this.values.fill(null);
  }

  /** The number i of ST(i), which is an operand; -1 in the interpreter, where it is not known. */
  indexOf(operand: Val): number {
    const i = operand as unknown as Op;
    return isConst(i) ? i.imm : -1;
  }

  /**
   * True if the insn may be done inline: one that needs ST(i) for each of `used` and, if `pushes`, an empty register. It then
   * belongs to the group; otherwise that is ended.
   */
  mayInline(used: readonly number[], pushes = false): boolean {
    const { insn, isCandidate } = this;
    if (insn === null) throw new InternalError("an x87 insn before the block's first");
    this.isCandidate = false;
    if (this.canInline(insn, used, pushes)) {
      if (isCandidate) this.joined.push(insn);
      this.isOpen = true;
      this.isFirst = false;
      if (this.knowledge === "expected") this.check();
      return true;
    }
    this.finish();
    if (isCandidate) this.b.ir.insnStart(insn.eip, insn.length);
    return false;
  }

  private canInline({ shape, segClass, isTrusted }: Insn, used: readonly number[], pushes: boolean): boolean {
    const { b } = this;
    if (!b.speculates || b.ir.block.ops.length > MAX_OPS) {
      // Where the first one does not trust its block, the others would only find the same.
      if (this.isFirst) this.knowledge = "none";
      this.isCautious ||= !isTrusted;
      return false;
    }
    // Segments that need a helper's checks are left to helpers.
    if (shape !== SHAPE_REG && segClass !== SEG_FLAT && segClass !== SEG_64K) return false;
    if (this.knowledge === "none" || this.precisionBits === null) return false;
    return used.every((i) => this.isTagged(i)) && !(pushes && this.isTagged(-1));
  }

  private isTagged(i: number): boolean {
    return ((this.tags >> ((this.top + i) & 7)) & 1) !== 0;
  }

  private check(): void {
    const { b } = this, status = b.get(G_FPU_STATUS), mask = ES | (this.expectsPrecisionFlag ? PE : 0);
    const isOther = b.or(b.xor(b.get(G_FPU_TOP), b.imm(this.top)), b.xor(b.get(G_FPU_TAGS), b.imm(this.tags)));
    b.leaveIf(b.setcond("ne", b.or(isOther, b.xor(b.and(status, b.imm(mask)), b.imm(mask & PE))), b.imm(0)));
    this.status = b.and(status, b.imm(~C1));
    this.knowledge = "checked";
  }

  /** Leaves unless the control word is as usual: for whatever may round. */
  assumeUsualControl(): void {
    const { b } = this;
    if (this.controlIsChecked) return;
    b.leaveIf(b.setcond("ne", b.and(b.get(G_FPU_CONTROL), b.imm(CONTROL)), b.imm(this.precisionBits === 53 ? CONTROL_53 : CONTROL_64)));
    this.controlIsChecked = true;
  }

  /** The control word has been given another value, of the same precision most likely. */
  controlChanged(): void {
    this.controlIsChecked = false;
  }

  /** The precision results are rounded to, after that check. */
  get precision(): Precision {
    const { precisionBits } = this;
    if (precisionBits === null) throw new InternalError("x87 insns inline in single precision");
    this.assumeUsualControl();
    return precisionBits;
  }

  /** Not 0 where a result is the first one of all that is not exact: PE is not set yet. */
  isNewPrecisionLoss({ excess }: Rounded): Val {
    const { b } = this;
    if (excess === null || this.expectsPrecisionFlag) return b.imm(0);
    return b.and(b.doubles.compare("ne", excess, b.doubles.zero), b.setcond("tsteq", this.currentStatus, b.imm(PE)));
  }

  private get currentStatus(): Val {
    if (this.status === null) throw new InternalError("the x87 unit has not been checked");
    return this.status;
  }

  // ---- reading; before anything is written

  /** The value of ST(i). With 53 bits it has no rest. */
  read(i: number): Pair {
    const { b } = this, n = (this.top + i) & 7;
    let value = this.values[n];
    if (value !== null) return value;
    b.leaveIf(b.setcond("tsteq", b.get(G_FPU_PAIRS), b.imm(1 << n)));
    value = { h: b.doubles.get(FPU_FIRSTS[n]), l: b.doubles.get(FPU_SECONDS[n]) };
    if (this.precisionBits === 53 && value.l !== null) {
      b.leaveIf(b.doubles.compare("ne", value.l, b.doubles.zero));
      value = { h: value.h, l: null };
    }
    this.values[n] = value;
    this.pairBits |= 1 << n;
    return value;
  }

  // ---- writing, at the end of the group

  write(i: number, value: Pair): void {
    const n = (this.top + i) & 7;
    this.values[n] = value;
    this.isWritten[n] = true;
    this.setTags(this.tags | (1 << n));
  }

  push(value: Pair): void {
    this.setTop(this.top - 1);
    this.write(0, value);
  }

  pop(): void {
    this.setTags(this.tags & ~(1 << this.top));
    this.setTop(this.top + 1);
  }

  private setTop(top: number): void {
    this.top = top & 7;
    this.movesTop = true;
  }

  private setTags(tags: number): void {
    if (tags === this.tags) return;
    this.tags = tags;
    this.movesTags = true;
  }

  /** Sets C1 to 0, or to how a result was rounded. */
  setC1(result?: Rounded): void {
    this.rounding = result === undefined || result.excess === null ? null : result;
  }

  /** Sets condition codes of a comparison; C1 is 0. */
  setCodes(isLess: Val, isEqual: Val): void {
    const { b } = this, codes = b.or(b.shl(isLess, b.imm(8)), b.shl(isEqual, b.imm(14)));
    this.status = b.or(b.and(this.currentStatus, b.imm(~CODES)), codes);
    this.rounding = null;
  }
}
