/**
 * What the lowering of an instruction may say: arithmetic on values, guest registers and memory, flags, the stack, and
 * how control goes on. One lowering serves two engines:
 *
 * - *bound*, for the translator: the decoded insn's fields are constants;
 * - *unbound*, for the interpreter: the fields are read from the insn object when the generated handler runs.
 *
 * A lowering cannot tell which. Values (`Val`) are opaque for that reason: what may be tested are `Facts`.
 * Within an insn, nothing may be committed (register, flag) before its last access or check that can fail (invariant I5).
 */
import type { Op } from "../../tcg/ir/block.ts";
import { isConst } from "../../tcg/ir/block.ts";
import { IrBuilder } from "../../tcg/ir/builder.ts";
import type { PlainOp } from "../../tcg/ir/ops.ts";
import type { Cond, Fault, Global, Helper, Probe } from "../../tcg/ir/types.ts";
import { memOp } from "../../tcg/ir/types.ts";
import type { ElementKind } from "./element-kinds.ts";
import { Floats } from "./floats.ts";
import { FlagLowering } from "./flags-ir.ts";
import { GP, SSF } from "./fault.ts";
import { segLinear } from "./helpers/segment-access.ts";
import type { Facts, FieldName, Insn, OperandName } from "./isa/insn.ts";
import { FIELDS, OPERAND_BITS } from "./isa/insn.ts";
import { SEG_64K, SEG_FLAT } from "./isa/mode.ts";
import { RegisterStack } from "./register-stack.ts";
import { CS, ESP, G_FLAGS_AUX, G_FLAGS_RES, G_FPU_TOP, REGS, SEG_BASE, SEG_BASES, SEG_LIMITS, SEG_SELECTOR, SEG_SELECTORS, SS } from "./state.ts";

declare const opaque: unique symbol;
/** A value that exists when the code runs. */
export interface Val {
  readonly [opaque]: true;
}
/** Width of a register or memory access in bits. */
export type Width = 8 | 16 | 32;

const val = (op: Op): Val => op as unknown as Val;
const unwrap = (v: Val): Op => v as unknown as Op;

/** Index of register `n` (as encoded) in the register file, in units of its width: AH is byte 1. */
export function registerIndex(width: Width, n: number): number {
  return width === 32 ? n : width === 16 ? n * 2 : n < 4 ? n * 4 : (n - 4) * 4 + 1;
}

/** Largest offset from which `size` bytes still fit into a 64 KiB segment, plus one. */
const past64K = (size: number): number => 0x10001 - size;

export class Lowering {
  readonly ir: IrBuilder;
  readonly flags: FlagLowering;
  readonly singles: Floats;
  readonly doubles: Floats;
  readonly x87: RegisterStack;
  /** MXCSR.PE is taken to be set. Where it is not, SSE insns leave whenever they would set it. */
  expectsPrecisionFlag = true;
  /** True once the current insn has ended the block itself. */
  ended = false;
  private insn: Insn | null = null;
  private readonly bound: boolean;
  private readonly established = new Set<string>();
  private kinds: ReadonlyMap<Insn, ElementKind> = new Map();

  /** `flags` makes what writes and reads arithmetic flags. */
  constructor(name: string, bound: boolean, flags = (b: Lowering): FlagLowering => new FlagLowering(b)) {
    this.ir = new IrBuilder(name);
    this.bound = bound;
    this.flags = flags(this);
    this.singles = new Floats(this, 1);
    this.doubles = new Floats(this, 2);
    this.x87 = new RegisterStack(this);
  }

  /** Says what the elements of insns that only move them are (element-kinds.ts). */
  expectElements(kinds: ReadonlyMap<Insn, ElementKind>): void {
    this.kinds = kinds;
  }

  /** What the vector elements that the current insn moves are best seen as: floats, or null for words. */
  get elements(): Floats | null {
    const kind = this.speculates ? this.kinds.get(this.current) : "word";
    return kind === "single" ? this.singles : kind === "double" ? this.doubles : null;
  }

  /** Starts the lowering of one insn. */
  begin(insn: Insn): void {
    this.insn = insn;
    this.ended = false;
    if (!this.x87.begin(insn)) this.ir.insnStart(this.bound ? insn.eip : 0, insn.length);
  }

  /**
   * True where code may be made for the usual case of the insn, leaving (`leaveIf`) wherever the case is another; not in
   * the interpreter, for which it leaves, nor once that has happened too often.
   */
  get speculates(): boolean {
    return this.bound && this.current.isTrusted;
  }

  get facts(): Facts {
    return this.current;
  }

  private get current(): Insn {
    if (this.insn === null) throw new Error("lowering outside an insn");
    return this.insn;
  }

  /**
   * True the first time it is asked about `check` in this block: for checks of state that cannot change within a block, of
   * which the first is good for all.
   */
  isFirst(check: string): boolean {
    if (this.established.has(check)) return false;
    this.established.add(check);
    return true;
  }

  /** Makes the next question about `check` the first again: an insn has changed that state. */
  forget(check: string): void {
    this.established.delete(check);
  }

  // ---- values

  imm(n: number): Val {
    return val(this.ir.constant(n));
  }

  /** A field of the decoded insn: a constant for the translator, a run-time value for the interpreter. */
  field(name: FieldName): Val {
    return val(this.bound ? this.ir.constant(this.current[name]) : this.ir.field(FIELDS[name]));
  }

  /** The same for a field that is some of the bits of `operands`. */
  operand(name: OperandName): Val {
    return this.bound ? this.imm(this.current[name]) : this.extract(this.field("operands"), ...OPERAND_BITS[name]);
  }

  private op(name: PlainOp, ...args: Val[]): Val {
    return val(this.ir.op(name, ...args.map(unwrap)));
  }

  add(x: Val, y: Val): Val { return this.op("add", x, y); }
  sub(x: Val, y: Val): Val { return this.op("sub", x, y); }
  mul(x: Val, y: Val): Val { return this.op("mul", x, y); }
  muluh(x: Val, y: Val): Val { return this.op("muluh", x, y); }
  mulsh(x: Val, y: Val): Val { return this.op("mulsh", x, y); }
  mulso(x: Val, y: Val): Val { return this.op("mulso", x, y); }
  neg(x: Val): Val { return this.op("neg", x); }
  not(x: Val): Val { return this.op("not", x); }
  and(x: Val, y: Val): Val { return this.op("and", x, y); }
  or(x: Val, y: Val): Val { return this.op("or", x, y); }
  xor(x: Val, y: Val): Val { return this.op("xor", x, y); }
  shl(x: Val, y: Val): Val { return this.op("shl", x, y); }
  shr(x: Val, y: Val): Val { return this.op("shr", x, y); }
  sar(x: Val, y: Val): Val { return this.op("sar", x, y); }
  rotl(x: Val, y: Val): Val { return this.op("rotl", x, y); }
  rotr(x: Val, y: Val): Val { return this.op("rotr", x, y); }
  clz(x: Val): Val { return this.op("clz", x); }
  ctz(x: Val): Val { return this.op("ctz", x); }
  ctpop(x: Val): Val { return this.op("ctpop", x); }
  bswap(x: Val): Val { return this.op("bswap", x); }
  divu(x: Val, y: Val): Val { return this.op("divu", x, y); }
  remu(x: Val, y: Val): Val { return this.op("remu", x, y); }
  divs(x: Val, y: Val): Val { return this.op("divs", x, y); }
  rems(x: Val, y: Val): Val { return this.op("rems", x, y); }
  divu2(lo: Val, hi: Val, d: Val): Val { return this.op("divu2", lo, hi, d); }
  remu2(lo: Val, hi: Val, d: Val): Val { return this.op("remu2", lo, hi, d); }
  divs2(lo: Val, hi: Val, d: Val): Val { return this.op("divs2", lo, hi, d); }
  rems2(lo: Val, hi: Val, d: Val): Val { return this.op("rems2", lo, hi, d); }

  /** Zero or sign extension from the low `width` bits. */
  zext(width: Width, x: Val): Val { return val(this.ir.extract(unwrap(x), 0, width)); }
  sext(width: Width, x: Val): Val { return val(this.ir.sextract(unwrap(x), 0, width)); }
  /** `len` bits from `pos`, zero extended. */
  extract(x: Val, pos: number, len: number): Val { return val(this.ir.extract(unwrap(x), pos, len)); }
  deposit(x: Val, y: Val, pos: number, len: number): Val { return val(this.ir.deposit(unwrap(x), unwrap(y), pos, len)); }
  /** 1 if the comparison holds, else 0. */
  setcond(cond: Cond, x: Val, y: Val): Val { return val(this.ir.setcond(cond, unwrap(x), unwrap(y))); }
  /** `t` if the comparison holds, else `f`; both are evaluated. */
  movcond(cond: Cond, x: Val, y: Val, t: Val, f: Val): Val {
    return val(this.ir.movcond(cond, unwrap(x), unwrap(y), unwrap(t), unwrap(f)));
  }
  /** `t` if `c` is not 0, else `f`. */
  select(c: Val, t: Val, f: Val): Val { return this.movcond("ne", c, this.imm(0), t, f); }

  // ---- guest state

  get(global: Global): Val { return val(this.ir.get(global)); }
  set(global: Global, v: Val): void { this.ir.set(global, unwrap(v)); }

  /** General register number `n` as encoded. */
  reg(width: Width, n: number): Val { return this.regAt(width, this.imm(registerIndex(width, n))); }
  setReg(width: Width, n: number, v: Val): void { this.setRegAt(width, this.imm(registerIndex(width, n)), v); }

  /** The register whose register-file index is `index`; zero extended. */
  regAt(width: Width, index: Val): Val {
    const i = unwrap(index);
    if (!isConst(i)) return val(this.ir.envLoad(width, i));
    const bit = i.imm * width;
    return val(this.ir.extract(this.ir.get(REGS[bit >>> 5]), bit & 31, width));
  }

  /** Writes the low `width` bits of `v`; the rest of the register stays. */
  setRegAt(width: Width, index: Val, v: Val): void {
    const i = unwrap(index);
    if (!isConst(i)) return this.ir.envStore(width, i, unwrap(v));
    const bit = i.imm * width, global = REGS[bit >>> 5];
    this.ir.set(global, width === 32 ? unwrap(v) : this.ir.deposit(this.ir.get(global), unwrap(v), bit & 31, width));
  }

  // ---- memory

  /**
   * Linear address of `size` bytes at `offset` in the memory operand's segment, after the segment's checks.
   * `offset` is within the address size already.
   */
  linear(offset: Val, size: number, write: boolean): Val {
    const { segClass, segIsSs, adsize } = this.current;
    if (segClass === SEG_FLAT) return this.wrapA20(offset);
    if (segClass === SEG_64K) return this.linear64K(offset, size, adsize, this.field("seg"), segIsSs);
    return this.wrapA20(this.call(segLinear, this.sub(this.field("seg"), this.imm(SEG_BASE)), offset, this.imm(size), this.imm(write ? 1 : 0)));
  }

  /** The same for a segment known by number (the stack, string destinations). */
  linearIn(seg: number, offset: Val, offsetBits: 16 | 32, size: number, write: boolean): Val {
    const segClass = this.current.mode.segClass[seg];
    if (segClass === SEG_FLAT) return this.wrapA20(offset);
    if (segClass === SEG_64K) return this.linear64K(offset, size, offsetBits, this.imm(SEG_BASE + seg), seg === SS);
    return this.wrapA20(this.call(segLinear, this.imm(seg), offset, this.imm(size), this.imm(write ? 1 : 0)));
  }

  private linear64K(offset: Val, size: number, offsetBits: 16 | 32, baseSlot: Val, isStack: boolean): Val {
    if (offsetBits === 32 || size > 1) {
      this.faultIf(this.setcond("geu", offset, this.imm(past64K(size))), { vector: isStack ? SSF : GP, error: 0 });
    }
    const slot = unwrap(baseSlot);
    const base = isConst(slot) ? this.get(SEG_BASES[slot.imm - SEG_BASE]) : val(this.ir.envLoad(32, slot));
    return this.wrapA20(this.add(base, offset));
  }

  private wrapA20(linear: Val): Val {
    const { a20, paging } = this.current.mode;
    return a20 || paging ? linear : this.and(linear, this.imm(~(1 << 20)));
  }

  /** Selector of the memory operand's segment. */
  selector(): Val {
    const slot = unwrap(this.field("seg"));
    if (isConst(slot)) return this.get(SEG_SELECTORS[slot.imm - SEG_BASE]);
    return val(this.ir.envLoad(32, this.ir.op("sub", slot, this.ir.constant(SEG_BASE - SEG_SELECTOR))));
  }

  /** Loads from a linear address, zero extended. */
  load(width: Width, linear: Val, probe: Probe = "read"): Val {
    return val(this.ir.guestLoad(memOp(width, probe), unwrap(linear)));
  }

  store(width: Width, linear: Val, v: Val, probe: Probe = "write"): void {
    this.ir.guestStore(memOp(width, probe), unwrap(linear), unwrap(v));
  }

  /** A view of the stack for one insn: pushes and pops move a private pointer until `commit`. */
  stack(): StackCursor {
    return new StackCursor(this);
  }

  // ---- helpers and faults

  /** Calls a helper of the run-time library. */
  call(helper: Helper, ...args: Val[]): Val {
    const result = val(this.ir.call(helper, args.map(unwrap)));
    if (helper.writes === "all" || helper.writes.includes(G_FLAGS_RES) || helper.writes.includes(G_FLAGS_AUX)) this.flags.forget();
    if (helper.writes === "all" || helper.writes.includes(G_FPU_TOP)) this.x87.changed();
    return result;
  }

  /** Raises a fault if `c` is not 0. Before anything is committed. */
  faultIf(c: Val, fault: Fault): void { this.ir.faultIf(unwrap(c), fault); }

  /** Leaves the block in front of this insn if `c` is not 0, for the interpreter to do it. Before anything is committed. */
  leaveIf(c: Val): void { this.ir.leaveIf(unwrap(c)); }

  /** Raises a fault. The insn still needs no other ending. */
  fault(vector: number, error?: number): void {
    this.ir.faultIf(this.ir.constant(1), error === undefined ? { vector } : { vector, error });
  }

  /** Runs this insn again if `c` is not 0 (a string insn that has done a part; its progress is committed). */
  retryIf(c: Val): void { this.ir.retryIf(unwrap(c)); }

  // ---- control

  /** Offset of the next insn, as CALL pushes it. */
  nextEip(): Val { return this.field("neip"); }

  /** Jumps to the direct target. */
  jump(): void {
    this.checkTarget(this.field("teip"), null);
    this.endDirect(1);
  }

  /** Jumps to the direct target if `c` is not 0, else goes on. */
  jumpIf(c: Val): void {
    this.checkTarget(this.field("teip"), c);
    this.branchIf(c);
  }

  /** Ends the insn towards the direct target if `c` is not 0, else towards the next insn; the target has been checked. */
  branchIf(c: Val): void {
    this.ended = true;
    this.ir.gotoTbIf(unwrap(c));
  }

  /** Jumps to an offset known only at run time. Checks first: call before committing anything. */
  checkTarget(target: Val, c: Val | null): void {
    const { mode, opsize } = this.current;
    const csClass = mode.segClass[CS];
    if (csClass === SEG_FLAT || (csClass === SEG_64K && opsize === 16)) return;
    const bad = this.setcond("gtu", target, this.get(SEG_LIMITS[CS]));
    this.faultIf(c === null ? bad : this.and(bad, this.setcond("ne", c, this.imm(0))), { vector: GP, error: 0 });
  }

  /** Ends the insn at a run-time offset (already checked with `checkTarget`). */
  jumpTo(target: Val): void {
    this.ended = true;
    this.ir.lookupAndGotoPtr(unwrap(target));
  }

  /** Ends the insn with the engine to look at the new state: a helper has set EIP (and perhaps the mode). */
  leave(): void {
    this.ended = true;
    this.ir.exitTb();
  }

  /** Ends the insn: if `c` is not 0 as `leave` does, else by going on with the next one. */
  leaveIfChanged(c: Val): void {
    this.ended = true;
    this.ir.exitTbIf(unwrap(c));
  }

  /** Ends the insn by going on with the next one in a new block. */
  endDirect(target: 0 | 1): void {
    this.ended = true;
    this.ir.gotoTb(target);
  }
}

/** Pushes and pops of one insn. ESP changes only with `commit`, so that a fault leaves it alone. */
export class StackCursor {
  private readonly b: Lowering;
  private readonly size: 16 | 32;
  private pointer: Val;

  constructor(b: Lowering) {
    this.b = b;
    this.size = b.facts.mode.stack32 ? 32 : 16;
    this.pointer = b.reg(this.size, ESP);
  }

  private moved(delta: number): Val {
    return this.b.zext(this.size, this.b.add(this.pointer, this.b.imm(delta)));
  }

  push(width: 16 | 32, v: Val): void {
    const at = this.moved(-width / 8);
    this.b.store(width, this.b.linearIn(SS, at, this.size, width / 8, true), v);
    this.pointer = at;
  }

  /** Pushes a selector: 16 bits are written also where the operand size is 32 (SDM 2B PUSH), the slot is `width` wide. */
  pushSelector(width: 16 | 32, v: Val): void {
    const at = this.moved(-width / 8);
    this.b.store(16, this.b.linearIn(SS, at, this.size, 2, true), v);
    this.pointer = at;
  }

  pop(width: 16 | 32): Val {
    const v = this.peek(width);
    this.skip(width / 8);
    return v;
  }

  /** Reads the top without moving. */
  peek(width: 16 | 32): Val {
    return this.b.load(width, this.b.linearIn(SS, this.pointer, this.size, width / 8, false));
  }

  /** Offset of the top of the stack. */
  top(): Val {
    return this.pointer;
  }

  /** Moves the pointer up by a number of bytes known now, or at run time. */
  skip(bytes: number): void {
    this.pointer = this.moved(bytes);
  }

  skipBy(bytes: Val): void {
    this.pointer = this.b.zext(this.size, this.b.add(this.pointer, bytes));
  }

  /** Starts over at another offset (LEAVE, ENTER). */
  moveTo(offset: Val): void {
    this.pointer = this.b.zext(this.size, offset);
  }

  /** The pointer as ESP would hold it: the upper half stays with a 16-bit stack. */
  esp(): Val {
    return this.size === 32 ? this.pointer : this.b.deposit(this.b.reg(32, ESP), this.pointer, 0, 16);
  }

  commit(): void {
    this.b.setReg(this.size, ESP, this.pointer);
  }
}

