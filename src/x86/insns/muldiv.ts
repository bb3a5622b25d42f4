/**
 * Multiplication and division. Products set CF and OF if the upper half is significant; the other flags, undefined, follow
 * the lower half. Division leaves all flags alone and raises #DE before it changes anything.
 */
import { DE } from "../fault.ts";
import { idivOverflow } from "../helpers/divide.ts";
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import type { Lowering, Val, Width } from "../lowering.ts";
import { EAX, EDX } from "../state.ts";

/** Writes a product's halves: AX for bytes, else rDX:rAX. */
function writeProduct(b: Lowering, width: Width, lo: Val, hi: Val): void {
  b.setReg(width, EAX, lo);
  if (width === 8) b.setReg(8, EAX + 4, hi);
  else b.setReg(width, EDX, hi);
}

/** Flags of a product with the low part `lo`: CF = OF = `significant` (0 or 1). */
function productFlags(b: Lowering, width: Width, lo: Val, significant: Val): void {
  b.flags.fromAux(width, lo, b.shl(significant, b.imm(31)));
}

/** `x * y` truncated to `width`, and 1 if the signed product is another number. */
function signedProduct(b: Lowering, width: Width, x: Val, y: Val): { r: Val; overflow: Val } {
  if (width === 32) {
    return { r: b.mul(x, y), overflow: b.mulso(x, y) };
  }
  const r = b.mul(b.sext(width, x), b.sext(width, y));
  return { r, overflow: b.setcond("ne", r, b.sext(width, r)) };
}

/** The dividend of a byte or word division as one number: AX, or DX:AX. */
function dividend(b: Lowering, width: 8 | 16): Val {
  return width === 8 ? b.reg(16, EAX) : b.or(b.reg(16, EAX), b.shl(b.reg(16, EDX), b.imm(16)));
}

/** Writes quotient and remainder: AL and AH, or rAX and rDX. The remainder comes from the quotient, modulo 2^32. */
function writeQuotient(b: Lowering, width: Width, low: Val, divisor: Val, quotient: Val): void {
  const remainder = b.sub(low, b.mul(quotient, divisor));
  b.setReg(width, EAX, quotient);
  if (width === 8) b.setReg(8, EAX + 4, remainder);
  else b.setReg(width, EDX, remainder);
}

export const MULDIV: readonly InsnDef[] = [
  defInsn("mul", {
    ref: "SDM 2B MUL", forms: ["f6 /4  Eb", "f7 /4  Ev"],
    lower(b, [src]) {
      const { width } = src, x = b.reg(width, EAX), y = src.read(), lo = b.mul(x, y);
      const hi = width === 32 ? b.muluh(x, y) : b.shr(lo, b.imm(width));
      writeProduct(b, width, lo, hi);
      productFlags(b, width, lo, b.setcond("ne", hi, b.imm(0)));
    },
  }),

  defInsn("imul", {
    ref: "SDM 2A IMUL", forms: ["f6 /5  Eb", "f7 /5  Ev"],
    lower(b, [src]) {
      const { width } = src, x = b.reg(width, EAX), y = src.read(), { r, overflow } = signedProduct(b, width, x, y);
      writeProduct(b, width, r, width === 32 ? b.mulsh(x, y) : b.shr(r, b.imm(width)));
      productFlags(b, width, r, overflow);
    },
  }),

  defInsn("imul", {
    ref: "SDM 2A IMUL", forms: ["0f af /r  Gv,Ev"],
    lower(b, [dst, src]) {
      const { r, overflow } = signedProduct(b, dst.width, dst.read(), src.read());
      dst.write(r);
      productFlags(b, dst.width, r, overflow);
    },
  }),

  defInsn("imul", {
    ref: "SDM 2A IMUL", forms: ["69 /r iz  Gv,Ev,Iz", "6b /r ib  Gv,Ev,Ibs"],
    lower(b, [dst, src, factor]) {
      const { width } = dst, { r, overflow } = signedProduct(b, width, src.read(), factor.read());
      dst.write(r);
      productFlags(b, width, r, overflow);
    },
  }),

  // The quotient fits if and only if the dividend's upper half is below the divisor; that covers a divisor of 0.
  defInsn("div", {
    ref: "SDM 2A DIV", forms: ["f6 /6  Eb", "f7 /6  Ev"],
    lower(b, [src]) {
      const { width } = src, divisor = src.read();
      const upper = width === 8 ? b.reg(8, EAX + 4) : b.reg(width, EDX);
      b.faultIf(b.setcond("geu", upper, divisor), { vector: DE });
      const low = width === 32 ? b.reg(32, EAX) : dividend(b, width);
      const quotient = width === 32 ? b.divu2(low, upper, divisor) : b.divu(low, divisor);
      writeQuotient(b, width, low, divisor, quotient);
    },
  }),

  defInsn("idiv", {
    ref: "SDM 2A IDIV", forms: ["f6 /7  Eb", "f7 /7  Ev"],
    lower(b, [src]) {
      const { width } = src;
      if (width === 32) {
        const divisor = src.read(), low = b.reg(32, EAX), high = b.reg(32, EDX);
        b.faultIf(b.call(idivOverflow, low, high, divisor), { vector: DE });
        writeQuotient(b, 32, low, divisor, b.divs2(low, high, divisor));
        return;
      }
      const divisor = b.sext(width, src.read()), wide = dividend(b, width);
      const low = width === 8 ? b.sext(16, wide) : wide;
      // -2^31 / -1 comes out as -2^31, which does not fit into 16 bits either.
      const quotient = b.divs(low, divisor);
      const bad = b.or(b.setcond("eq", divisor, b.imm(0)), b.setcond("ne", quotient, b.sext(width, quotient)));
      b.faultIf(bad, { vector: DE });
      writeQuotient(b, width, low, divisor, quotient);
    },
  }),
];
