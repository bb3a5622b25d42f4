/**
 * XMM and MMX operands as lowerings see them: registers and memory in dwords, with the alignment rule of 128-bit memory
 * operands. `operandsOf` makes them; `insns/sse` and `insns/mmx` use them.
 */
import type { Op } from "../../tcg/ir/block.ts";
import { isConst } from "../../tcg/ir/block.ts";
import type { Global, Probe } from "../../tcg/ir/types.ts";
import { InternalError } from "../../tcg/support/errors.ts";
import { GP } from "./fault.ts";
import type { Double, Floats } from "./floats.ts";
import type { Lowering, Val } from "./lowering.ts";
import type { Operand } from "./operands.ts";
import { FPU_SIGN_EXP, FPU_SIGN_EXPS, FPU_SIGNIFICAND, MMX_WORDS, XMM, XMM_DOUBLES, XMM_SINGLES, XMM_WORDS } from "./state.ts";

const unwrap = (v: Val): Op => v as unknown as Op;
const wrap = (op: Op): Val => op as unknown as Val;

/** The global of a slot within the XMM or MMX registers. */
export function vectorWord(slot: number): Global {
  const found = slot >= FPU_SIGNIFICAND ? MMX_WORDS[slot - FPU_SIGNIFICAND] : XMM_WORDS[slot - XMM];
  if (found === undefined) throw new InternalError(`slot ${slot} is no vector register's`);
  return found;
}

/** A field of the insn as a number, where it is known: in translated blocks. */
export function known(field: Val): number | null {
  const op = unwrap(field);
  return isConst(op) ? op.imm : null;
}

/** The word in the slot at `index` of the vector registers: the global where the index is known. */
export function readSlot(b: Lowering, index: Val): Val {
  const i = unwrap(index);
  return isConst(i) ? b.get(vectorWord(i.imm)) : wrap(b.ir.envLoad(32, i));
}

export function writeSlot(b: Lowering, index: Val, v: Val): void {
  const i = unwrap(index);
  if (isConst(i)) b.set(vectorWord(i.imm), v);
  else b.ir.envStore(32, i, unwrap(v));
}

/** A written MMX register has an exponent of all ones (SDM 3A §12.2). */
export function fillExponent(b: Lowering, { slot }: VectorRegister): void {
  const place = known(slot), ones = b.imm(0xffff);
  if (place !== null) return b.set(FPU_SIGN_EXPS[(place - FPU_SIGNIFICAND) >> 1], ones);
  const index = b.add(b.shr(slot, b.imm(1)), b.imm(FPU_SIGN_EXP - (FPU_SIGNIFICAND >> 1)));
  b.ir.envStore(32, unwrap(index), unwrap(ones));
}

/** How a memory operand of 128 bits may lie: a multiple of 16, else #GP(0) (SDM 1 §4.1.1), or anywhere. */
export type Alignment = "aligned" | "unaligned";

/** An XMM or MMX register. */
export class VectorRegister implements Operand {
  readonly width = 32;
  readonly isMemory = false;
  readonly words: 2 | 4;
  /** State-file slot of the first dword. */
  readonly slot: Val;
  private readonly b: Lowering;

  constructor(b: Lowering, words: 2 | 4, slot: Val) {
    this.b = b;
    this.words = words;
    this.slot = slot;
  }

  /** The lowest elements as floats; for translated blocks. */
  loadFloats(floats: Floats, count: number): Double[] { return Array.from({ length: count }, (_, i) => floats.get(this.element(floats, i))); }
  /** Sets elements from number `at` on. */
  storeFloats(floats: Floats, values: readonly Double[], _alignment: Alignment = "aligned", at = 0): void {
    values.forEach((x, i) => floats.set(this.element(floats, at + i), x));
  }

  private element({ isSingle }: Floats, i: number): Global {
    const slot = known(this.slot);
    if (slot === null) throw new InternalError("floats in an interpreter handler");
    return isSingle ? XMM_SINGLES[slot - XMM + i] : XMM_DOUBLES[(slot - XMM) / 2 + i];
  }

  word(i: number): Val { return readSlot(this.b, this.b.add(this.slot, this.b.imm(i))); }
  setWord(i: number, v: Val): void { writeSlot(this.b, this.b.add(this.slot, this.b.imm(i)), v); }
  /** All dwords, or the first `count`. */
  load(count: number = this.words): Val[] { return Array.from({ length: count }, (_, i) => this.word(i)); }
  store(values: readonly Val[]): void { values.forEach((v, i) => this.setWord(i, v)); }

  read(): Val { return this.word(0); }
  readForWrite(): Val { return this.word(0); }
  write(v: Val): void { this.setWord(0, v); }
  offset(): Val { throw new InternalError("a register operand has no address"); }
  linear(): Val { return this.offset(); }
  at(): Operand { throw new InternalError("a register operand has no address"); }
}

/** A vector in memory. */
export class VectorMemory implements Operand {
  readonly width = 32;
  readonly isMemory = true;
  readonly words: number;
  private readonly b: Lowering;
  private readonly bits: number;
  private readonly memory: Operand;

  /** `memory` is the operand as one dword; `bits` is 16 or a multiple of 32. */
  constructor(b: Lowering, bits: number, memory: Operand) {
    this.b = b;
    this.bits = bits;
    this.words = Math.max(1, bits / 32);
    this.memory = memory;
  }

  load(count: number = this.words, alignment: Alignment = "aligned"): Val[] {
    if (this.bits === 16) return [this.b.load(16, this.memory.linear(2, false))];
    const at = this.address(count, false, alignment);
    return Array.from({ length: count }, (_, i) => this.b.load(32, this.b.add(at, this.b.imm(4 * i))));
  }

  /**
   * Nothing is written unless everything can be: where the operand may cross a page, all of it is probed before the first
   * store, from below, as a fault names the lowest byte that cannot be written.
   */
  store(values: readonly Val[], alignment: Alignment = "aligned"): void {
    this.storeEach(1, values, alignment, (place, v, probe) => this.b.store(32, place, v, probe));
  }

  private storeEach<V>(words: 1 | 2, values: readonly V[], alignment: Alignment, store: (place: Val, v: V, probe: Probe) => void): void {
    const { b } = this, count = words * values.length, at = this.address(count, true, alignment);
    const places = values.map((_, i) => b.add(at, b.imm(4 * words * i)));
    const mayCross = values.length > 1 && (count < 4 || alignment === "unaligned");
    if (mayCross) {
      for (const place of places) {
        b.load(32, place, "write");
        if (words === 2) b.load(32, b.add(place, b.imm(4)), "write");
      }
    }
    values.forEach((v, i) => store(places[i], v, mayCross ? "none" : "write"));
  }

  loadFloats(floats: Floats, count: number, alignment: Alignment = "aligned"): Double[] {
    const { b } = this, at = this.address(floats.words * count, false, alignment);
    return Array.from({ length: count }, (_, i) => floats.load(b.add(at, b.imm(4 * floats.words * i))));
  }

  /** The same as `store`. */
  storeFloats(floats: Floats, values: readonly Double[], alignment: Alignment = "aligned"): void {
    this.storeEach(floats.words, values, alignment, (place, x, probe) => floats.store(place, x, probe));
  }

  private address(words: number, write: boolean, alignment: Alignment): Val {
    const { b } = this, at = this.memory.linear(4 * words, write);
    if (words === 4 && alignment === "aligned") {
      b.faultIf(b.setcond("tstne", at, b.imm(15)), { vector: GP, error: 0 });
    }
    return at;
  }

  read(): Val { return this.memory.read(); }
  readForWrite(): Val { return this.memory.readForWrite(); }
  write(v: Val): void { this.memory.write(v); }
  offset(): Val { return this.memory.offset(); }
  linear(size: number, write: boolean): Val { return this.memory.linear(size, write); }
  at(displacement: Val, width: 8 | 16 | 32): Operand { return this.memory.at(displacement, width); }
}

export type VectorOperand = VectorRegister | VectorMemory;

/** The operand as what its letter (V W U P Q N) makes it. */
export function vector(operand: Operand | undefined): VectorOperand {
  if (operand instanceof VectorRegister || operand instanceof VectorMemory) return operand;
  throw new InternalError("not a vector operand");
}

export function vectorRegister(operand: Operand | undefined): VectorRegister {
  if (operand instanceof VectorRegister) return operand;
  throw new InternalError("not a vector register");
}
