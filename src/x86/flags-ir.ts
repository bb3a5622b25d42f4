/**
 * Arithmetic flags in the IR: setters write FLAGS_RES and FLAGS_AUX (see flags.ts for their meaning), readers turn a
 * condition into the shortest comparison. Where the last setter is known at translation time, that is a comparison of its
 * operands, and the two words are dead as soon as another setter follows.
 */
import { AUX_CARRIES, AUX_CF_PO, PARITY } from "./flags.ts";
import type { Lowering, Val, Width } from "./lowering.ts";
import { G_FLAGS_AUX, G_FLAGS_RES } from "./state.ts";

/** The last flag setter: `sub` is a comparison of x and y, `logic` has CF = OF = 0, `result` knows only its result. */
export interface StaticFlags {
  readonly kind: "sub" | "logic" | "add" | "result";
  readonly width: Width;
  /** Result, sign extended. */
  readonly res: Val;
  /** Operands, zero extended (`sub`, `add`). */
  readonly x: Val;
  readonly y: Val;
}

/** Condition codes as encoded in Jcc, SETcc, CMOVcc, without the negating bit 0. */
export const CC_O = 0, CC_B = 1, CC_Z = 2, CC_BE = 3, CC_S = 4, CC_P = 5, CC_L = 6, CC_LE = 7;

export class FlagLowering {
  known: StaticFlags | null = null;
  protected readonly b: Lowering;

  constructor(b: Lowering) {
    this.b = b;
  }

  /** Nothing is known of the last setter any more. */
  forget(): void {
    this.known = null;
  }

  /** FLAGS_AUX. */
  protected aux(): Val {
    return this.b.get(G_FLAGS_AUX);
  }

  protected setAux(aux: Val): void {
    this.b.set(G_FLAGS_AUX, aux);
  }

  /** Both words, by whoever has made them. */
  write(res: Val, aux: Val): void {
    this.b.set(G_FLAGS_RES, res);
    this.setAux(aux);
    this.known = null;
  }

  /** Moves a carry vector of `width` bits to where FLAGS_AUX has its bits. */
  protected place(width: Width, carries: Val): Val {
    const { b } = this;
    if (width === 32) return b.and(carries, b.imm(AUX_CARRIES));
    return b.or(b.shl(carries, b.imm(32 - width)), b.and(carries, b.imm(8)));
  }

  /** Carry vector of x + y (+ carry in) = sum. */
  protected carries(x: Val, y: Val, sum: Val): Val {
    const { b } = this;
    return b.or(b.and(x, y), b.and(b.or(x, y), b.not(sum)));
  }

  /** ADD, ADC, XADD: r = x + y (+ carry). */
  add(width: Width, r: Val, x: Val, y: Val, carryIn = false): void {
    const res = this.b.sext(width, r);
    this.write(res, this.place(width, this.carries(x, y, r)));
    this.known = { kind: carryIn ? "result" : "add", width, res, x, y };
  }

  /** SUB, CMP, NEG, SBB, CMPXCHG: r = x - y (- borrow); the borrows of x - y are the carries of r + y. */
  sub(width: Width, r: Val, x: Val, y: Val, borrowIn = false): void {
    const res = this.b.sext(width, r);
    this.write(res, this.place(width, this.carries(r, y, x)));
    this.known = { kind: borrowIn ? "result" : "sub", width, res, x, y };
  }

  /** AND, OR, XOR, TEST: CF = OF = 0; AF, undefined, is 0. */
  logic(width: Width, r: Val): void {
    const res = this.b.sext(width, r), zero = this.b.imm(0);
    this.write(res, zero);
    this.known = { kind: "logic", width, res, x: res, y: zero };
  }

  /** INC and DEC: like r = x ± 1, but CF stays. */
  private step(width: Width, r: Val, carries: Val): void {
    const { b } = this, res = b.sext(width, r), aux = this.place(width, carries);
    const changed = b.sar(b.xor(aux, this.aux()), b.imm(31));
    this.write(res, b.xor(aux, b.and(changed, b.imm(AUX_CF_PO))));
    this.known = { kind: "result", width, res, x: res, y: res };
  }

  inc(width: Width, r: Val, x: Val): void {
    this.step(width, r, this.b.and(x, this.b.not(r)));
  }

  dec(width: Width, r: Val, x: Val): void {
    this.step(width, r, this.b.and(r, this.b.not(x)));
  }

  /**
   * Sets all flags from a result and the two top bits of FLAGS_AUX (CF, and CF xor OF); others of `aux` must be 0, and AF is 0.
   * Nothing happens where `when` is 0 (a shift by 0 keeps the flags).
   */
  fromAux(width: Width, r: Val, aux: Val, when?: Val): void {
    const { b } = this, res = b.sext(width, r);
    if (when === undefined) this.write(res, aux);
    else this.write(b.select(when, res, b.get(G_FLAGS_RES)), b.select(when, aux, this.aux()));
    this.known = null;
  }

  /** Rotates: CF and OF from the two top bits of `top`, the others stay. Nothing happens where `when` is 0. */
  carryAndOverflow(top: Val, when?: Val): void {
    const { b } = this, old = this.aux();
    const aux = b.or(b.and(top, b.imm(AUX_CF_PO)), b.and(old, b.imm(~AUX_CF_PO)));
    this.setAux(when === undefined ? aux : b.select(when, aux, old));
    this.known = null;
  }

  /** Sets CF to 0 or 1; OF and the rest stay (CLC, STC, CMC, BT). */
  setCarry(cf: Val): void {
    const { b } = this, old = this.aux();
    const changed = b.xor(b.sar(old, b.imm(31)), b.neg(cf));
    this.setAux(b.xor(old, b.and(changed, b.imm(AUX_CF_PO))));
    this.known = null;
  }

  /** ZF and CF as of an unsigned comparison, the other flags 0 (COMISD). */
  unsignedOrder(isBelow: Val, isEqual: Val): void {
    const { b } = this;
    // The result is 0 or 1, so that SF is 0; PF of 1 is 0 by itself, and of 0 is turned by the bit for it.
    const res = b.sub(b.imm(1), isEqual), turn = b.shl(isEqual, b.imm(8));
    // The vector's two top bits are CF, and CF ^ OF.
    this.write(res, b.or(b.or(b.shl(isBelow, b.imm(31)), b.shl(isBelow, b.imm(30))), turn));
    this.known = null;
  }

  /** ZF from `isZero` (0 or 1), all other flags 0: BSF, BSR, POPCNT as modern CPUs do it. */
  zeroOnly(isZero: Val): void {
    const { b } = this;
    this.write(b.sub(b.imm(1), isZero), b.shl(isZero, b.imm(8)));
    this.known = null;
  }

  /** All arithmetic flags from their places in EFLAGS: insns whose helper computes them. */
  fromEflags(flags: Val): void {
    const { b } = this, zf = b.extract(flags, 6, 1), pf = b.extract(flags, 2, 1), sf = b.extract(flags, 7, 1), af = b.extract(flags, 4, 1);
    const carryBelow = b.and(b.xor(flags, b.shr(flags, b.imm(11))), b.imm(1));
    const carries = b.or(b.shl(flags, b.imm(31)), b.shl(carryBelow, b.imm(30)));
    this.write(b.sub(b.imm(1), zf), b.or(b.or(carries, b.shl(af, b.imm(3))), b.or(sf, b.shl(b.xor(pf, zf), b.imm(8)))));
    this.known = null;
  }

  /** ZF from `isZero`, the others stay (CMPXCHG8B). */
  setZero(isZero: Val): void {
    const { b } = this;
    const s = this.condition(CC_S << 1), p = this.condition(CC_P << 1), aux = this.aux();
    this.write(b.sub(b.imm(1), isZero), b.or(b.or(b.and(aux, b.imm(AUX_CARRIES)), s), b.shl(b.xor(p, isZero), b.imm(8))));
    this.known = null;
  }

  /** CF as 0 or 1. */
  carry(): Val {
    return this.condition(CC_B << 1);
  }

  /** AF as 0 or 1. */
  adjust(): Val {
    return this.b.extract(this.aux(), 3, 1);
  }

  /** The value, 0 or 1, of condition code `cc` (0..15, SDM 1 appendix B). */
  condition(cc: number): Val {
    const positive = this.positive(cc >> 1);
    return (cc & 1) === 0 ? positive : this.b.setcond("eq", positive, this.b.imm(0));
  }

  protected positive(cc: number): Val {
    const { b, known } = this, zero = b.imm(0);
    if (known !== null) {
      const { kind, width, res } = known;
      if (cc === CC_Z) return kind === "sub" ? b.setcond("eq", known.x, known.y) : b.setcond("eq", res, zero);
      if (cc === CC_S) return b.setcond("lt", res, zero);
      if (kind === "sub") {
        if (cc === CC_B) return b.setcond("ltu", known.x, known.y);
        if (cc === CC_BE) return b.setcond("leu", known.x, known.y);
        if (cc === CC_L) return b.setcond("lt", b.sext(width, known.x), b.sext(width, known.y));
        if (cc === CC_LE) return b.setcond("le", b.sext(width, known.x), b.sext(width, known.y));
      } else if (kind === "logic") {
        if (cc === CC_B || cc === CC_O) return zero;
        if (cc === CC_BE) return b.setcond("eq", res, zero);
        if (cc === CC_L) return b.setcond("lt", res, zero);
        if (cc === CC_LE) return b.setcond("le", res, zero);
      } else if (kind === "add" && cc === CC_B) {
        return b.setcond("ltu", b.zext(width, res), known.x);
      }
    }
    const res = b.get(G_FLAGS_RES), aux = this.aux();
    // Bit 31 of these is SF and OF; the rest is noise.
    const sign = (): Val => b.xor(res, b.shl(aux, b.imm(31)));
    const overflow = (): Val => b.xor(aux, b.shl(aux, b.imm(1)));
    switch (cc) {
      case CC_O: return b.setcond("lt", overflow(), zero);
      case CC_B: return b.setcond("lt", aux, zero);
      case CC_Z: return b.setcond("eq", res, zero);
      case CC_BE: return b.or(b.setcond("lt", aux, zero), b.setcond("eq", res, zero));
      case CC_S: return b.setcond("lt", sign(), zero);
      case CC_P: {
        const p = b.xor(res, b.shr(aux, b.imm(8)));
        return b.and(b.shr(b.imm(PARITY), b.and(b.xor(p, b.shr(p, b.imm(4))), b.imm(15))), b.imm(1));
      }
      default: {
        const less = b.setcond("lt", b.xor(sign(), overflow()), zero);
        return cc === CC_L ? less : b.or(less, b.setcond("eq", res, zero));
      }
    }
  }

}
