/**
 * Decimal adjustment. CF and AF are architectural, and SF, ZF, PF where the manual says so; the rest follows the result in
 * AL, OF is 0.
 */
import { DE } from "../fault.ts";
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import type { Lowering, Val } from "../lowering.ts";
import { EAX } from "../state.ts";

/** 1 if the low digit of `al` is out of range or the last operation carried out of it. */
function lowDigitOverflows(b: Lowering, al: Val): Val {
  return b.or(b.setcond("gtu", b.and(al, b.imm(15)), b.imm(9)), b.flags.adjust());
}

/** Flags from the result in AL, with CF and AF (each 0 or 1); OF is 0, so the bit below CF equals it. */
function setFlags(b: Lowering, al: Val, cf: Val, af: Val): void {
  const top = b.sar(b.shl(cf, b.imm(31)), b.imm(1));
  b.flags.fromAux(8, al, b.or(top, b.shl(af, b.imm(3))));
}

/** DAA and DAS: corrects both digits of AL, by addition or subtraction. */
function adjustPacked(name: string, opcode: string, subtracts: boolean): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [opcode],
    lower(b) {
      const al = b.reg(8, EAX), af = lowDigitOverflows(b, al);
      const high = b.or(b.setcond("gtu", al, b.imm(0x99)), b.flags.carry());
      const correction = b.add(b.mul(af, b.imm(6)), b.mul(high, b.imm(0x60)));
      const result = subtracts ? b.sub(al, correction) : b.add(al, correction);
      // DAS also keeps a borrow of its first step.
      const cf = subtracts ? b.or(high, b.and(af, b.setcond("ltu", al, b.imm(6)))) : high;
      b.setReg(8, EAX, result);
      setFlags(b, result, cf, af);
    },
  });
}

/** AAA and AAS: corrects the digit in AL and carries into AH. */
function adjustUnpacked(name: string, opcode: string, subtracts: boolean): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [opcode],
    lower(b) {
      const ax = b.reg(16, EAX), af = lowDigitOverflows(b, ax), correction = b.mul(af, b.imm(0x106));
      const result = b.and(subtracts ? b.sub(ax, correction) : b.add(ax, correction), b.imm(0xff0f));
      b.setReg(16, EAX, result);
      setFlags(b, result, af, af);
    },
  });
}

export const BCD: readonly InsnDef[] = [
  adjustPacked("daa", "27", false),
  adjustPacked("das", "2f", true),
  adjustUnpacked("aaa", "37", false),
  adjustUnpacked("aas", "3f", true),

  defInsn("aam", {
    ref: "SDM 2A AAM", forms: ["d4 ib  Ib"],
    lower(b, [base]) {
      const divisor = base.read(), al = b.reg(8, EAX);
      b.faultIf(b.setcond("eq", divisor, b.imm(0)), { vector: DE });
      const high = b.divu(al, divisor), low = b.sub(al, b.mul(high, divisor));
      b.setReg(16, EAX, b.or(b.shl(high, b.imm(8)), low));
      setFlags(b, low, b.imm(0), b.imm(0));
    },
  }),

  defInsn("aad", {
    ref: "SDM 2A AAD", forms: ["d5 ib  Ib"],
    lower(b, [base]) {
      const al = b.zext(8, b.add(b.reg(8, EAX), b.mul(b.reg(8, EAX + 4), base.read())));
      b.setReg(16, EAX, al);
      setFlags(b, al, b.imm(0), b.imm(0));
    },
  }),
];
