/**
 * Shifts and rotates. Counts are taken modulo 32; a count of 0 changes nothing, flags included.
 *
 * CF and OF are made as the two top bits of FLAGS_AUX (CF, and the bit whose exclusive or with it is OF; flags.ts).
 * `OF` is architectural for a count of 1 only; the formulas here go on for other counts as the CPUs' shifters do.
 */
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import { AUX_CF_PO } from "../flags.ts";
import type { Lowering, Val, Width } from "../lowering.ts";
import type { Operand } from "../operands.ts";

/** The count modulo 32. */
const count = (b: Lowering, src: Operand): Val => b.and(src.read(), b.imm(31));

/** The top two bits of `x`, as FLAGS_AUX has them. */
const topTwo = (b: Lowering, x: Val): Val => b.and(x, b.imm(AUX_CF_PO));

/** `x` at the top of the word. */
const align = (b: Lowering, width: Width, x: Val): Val => b.shl(x, b.imm(32 - width));

/** `x` repeated through the word, so that rotating the word rotates each copy. */
function replicate(b: Lowering, width: Width, x: Val): Val {
  if (width === 32) return x;
  const twice = width === 16 ? x : b.or(x, b.shl(x, b.imm(8)));
  return b.or(twice, b.shl(twice, b.imm(16)));
}

/** Bit 31 from `carry`; bit 30 such that OF is the exclusive or of the two top bits of `r`, which is aligned. */
function auxRight(b: Lowering, carry: Val, r: Val): Val {
  return b.deposit(carry, b.xor(b.shr(b.xor(carry, r), b.imm(1)), r), 0, 31);
}

/** Result and, in its two top bits, CF and OF of a shift of `x` (zero extended) by `c`. */
type Shift = (b: Lowering, width: Width, x: Val, c: Val) => { r: Val; aux: Val };

const shl: Shift = (b, width, x, c) => ({
  r: b.shl(x, c),
  aux: b.shl(align(b, width, x), b.sub(c, b.imm(1))),
});

// The top bit of the result is 0, so OF is the bit below it.
const shr: Shift = (b, width, x, c) => {
  const r = b.shr(x, c), out = b.shl(x, b.neg(c));
  return { r, aux: b.deposit(out, b.xor(b.shr(out, b.imm(1)), align(b, width, r)), 0, 31) };
};

const sar: Shift = (b, width, x, c) => {
  const wide = b.sext(width, x);
  return { r: b.sar(wide, c), aux: b.sar(b.shl(wide, b.neg(c)), b.imm(1)) };
};

/**
 * Which flags change and what the count is reduced by: a shift sets all flags, a rotate CF and OF only; a rotate through
 * carry turns `width` + 1 bits.
 */
type Kind = "shift" | "rotate" | "rotate through carry";

function shift(name: string, digits: readonly number[], kind: Kind, compute: Shift): InsnDef {
  return defInsn(name, {
    ref: kind === "shift" ? "SDM 2B SAL/SAR/SHL/SHR" : "SDM 2B RCL/RCR/ROL/ROR",
    forms: digits.flatMap((n) => [
      `c0 /${n} ib  Eb,Ib`, `c1 /${n} ib  Ev,Ib`, `d0 /${n}  Eb,1`, `d1 /${n}  Ev,1`, `d2 /${n}  Eb,CL`, `d3 /${n}  Ev,CL`,
    ]),
    lower(b, [dst, src]) {
      const { width } = dst, x = dst.readForWrite(), masked = count(b, src);
      const c = kind === "rotate through carry" && width < 32 ? b.remu(masked, b.imm(width + 1)) : masked;
      const { r, aux } = compute(b, width, x, c);
      dst.write(r);
      if (kind === "shift") b.flags.fromAux(width, r, topTwo(b, aux), c);
      else b.flags.carryAndOverflow(aux, c);
    },
  });
}

// CF is the bit that came around to bit 0, OF differs from it by the top bit.
const rol: Shift = (b, width, x, c) => {
  const r = b.rotl(replicate(b, width, x), c);
  return { r, aux: b.rotr(r, b.imm(1)) };
};

const ror: Shift = (b, width, x, c) => {
  const r = b.rotr(replicate(b, width, x), c);
  return { r, aux: r };
};

// CF is bit `width` of what is turned. With 32-bit operands that has no room in a word, and a count of 0 needs a choice.
const rcl: Shift = (b, width, x, c) => {
  const carry = b.flags.carry();
  if (width === 32) {
    const entering = b.shr(b.or(b.shr(x, b.imm(1)), b.shl(carry, b.imm(31))), b.neg(c));
    return { r: b.select(c, b.or(b.shl(x, c), entering), x), aux: b.shl(x, b.sub(c, b.imm(1))) };
  }
  const v = b.or(x, b.shl(carry, b.imm(width)));
  const r = b.or(b.shl(v, c), b.shr(v, b.sub(b.imm(width + 1), c)));
  return { r, aux: b.shl(r, b.imm(31 - width)) };
};

const rcr: Shift = (b, width, x, c) => {
  const carry = b.flags.carry();
  if (width === 32) {
    const entering = b.shl(b.or(b.shl(x, b.imm(1)), carry), b.neg(c));
    const r = b.select(c, b.or(b.shr(x, c), entering), x);
    return { r, aux: auxRight(b, b.shl(x, b.neg(c)), r) };
  }
  const v = b.or(x, b.shl(carry, b.imm(width)));
  const r = b.or(b.shr(v, c), b.shl(v, b.sub(b.imm(width + 1), c)));
  return { r, aux: auxRight(b, b.shl(r, b.imm(31 - width)), align(b, width, r)) };
};

/**
 * SHLD and SHRD. 16-bit operands turn destination and source as one word, which for the undefined counts above 16 shifts
 * in the destination again, as Intel's CPUs do.
 */
function doubleShift(name: string, opcode: string, opcodeCl: string, compute: (b: Lowering, width: Width, x: Val, y: Val, c: Val) => { r: Val; aux: Val }): InsnDef {
  return defInsn(name, {
    ref: `SDM 2B ${name.toUpperCase()}`, forms: [`0f ${opcode} /r ib  Ev,Gv,Ib`, `0f ${opcodeCl} /r  Ev,Gv,CL`],
    lower(b, [dst, filler, src]) {
      const { width } = dst, x = dst.readForWrite(), c = count(b, src);
      const { r, aux } = compute(b, width, x, filler.read(), c);
      dst.write(r);
      b.flags.fromAux(width, r, topTwo(b, aux), c);
    },
  });
}

const shld = doubleShift("shld", "a4", "a5", (b, width, x, y, c) => {
  const before = b.sub(c, b.imm(1));
  if (width === 32) {
    // In two steps: a count of 0 shifts nothing in.
    const entering = b.shr(b.shr(y, b.imm(1)), b.xor(c, b.imm(31)));
    return { r: b.or(b.shl(x, c), entering), aux: b.shl(x, before) };
  }
  const v = b.or(b.shl(x, b.imm(16)), y);
  return { r: b.shr(b.rotl(v, c), b.imm(16)), aux: b.shl(v, before) };
});

const shrd = doubleShift("shrd", "ac", "ad", (b, width, x, y, c) => {
  if (width === 32) {
    const entering = b.shl(b.shl(y, b.imm(1)), b.xor(c, b.imm(31)));
    const r = b.or(b.shr(x, c), entering);
    return { r, aux: auxRight(b, b.shl(x, b.neg(c)), r) };
  }
  const v = b.or(b.shl(y, b.imm(16)), x), r = b.rotr(v, c);
  return { r, aux: auxRight(b, b.shl(v, b.neg(c)), b.shl(r, b.imm(16))) };
});

export const SHIFT: readonly InsnDef[] = [
  shift("rol", [0], "rotate", rol),
  shift("ror", [1], "rotate", ror),
  shift("rcl", [2], "rotate through carry", rcl),
  shift("rcr", [3], "rotate through carry", rcr),
  // /6 is an undocumented alias that every CPU has.
  shift("shl", [4, 6], "shift", shl),
  shift("shr", [5], "shift", shr),
  shift("sar", [7], "shift", sar),
  shld,
  shrd,
];
