/** Insns about single flags. CLI, STI, PUSHF and POPF, which ask for privileges, are elsewhere (system.ts, stack.ts). */
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import { EAX, G_DF } from "../state.ts";

/** Condition codes (SDM 1 appendix B). */
const CC_O = 0, CC_B = 2, CC_E = 4, CC_S = 8, CC_P = 10;
/** AH's number as a byte register. */
const AH = 4;

export const FLAG_OPS: readonly InsnDef[] = [
  defInsn("clc", { ref: "SDM 2A CLC", forms: ["f8"], lower: (b) => b.flags.setCarry(b.imm(0)) }),
  defInsn("stc", { ref: "SDM 2B STC", forms: ["f9"], lower: (b) => b.flags.setCarry(b.imm(1)) }),
  defInsn("cmc", { ref: "SDM 2A CMC", forms: ["f5"], lower: (b) => b.flags.setCarry(b.flags.condition(CC_B | 1)) }),
  defInsn("cld", { ref: "SDM 2A CLD", forms: ["fc"], lower: (b) => b.set(G_DF, b.imm(1)) }),
  defInsn("std", { ref: "SDM 2B STD", forms: ["fd"], lower: (b) => b.set(G_DF, b.imm(-1)) }),

  defInsn("lahf", {
    ref: "SDM 2A LAHF", forms: ["9f"],
    lower(b) {
      const { flags } = b;
      let ah = b.or(flags.carry(), b.imm(2));
      ah = b.or(ah, b.shl(flags.condition(CC_P), b.imm(2)));
      ah = b.or(ah, b.shl(flags.adjust(), b.imm(4)));
      ah = b.or(ah, b.shl(flags.condition(CC_E), b.imm(6)));
      b.setReg(8, AH, b.or(ah, b.shl(flags.condition(CC_S), b.imm(7))));
    },
  }),

  // As writeArithFlags does it (flags.ts), with OF as it was.
  defInsn("sahf", {
    ref: "SDM 2B SAHF", forms: ["9e"],
    lower(b) {
      const ah = b.reg(8, AH), zf = b.extract(ah, 6, 1), pf = b.extract(ah, 2, 1);
      const overflow = b.flags.condition(CC_O);
      const top = b.or(b.shl(ah, b.imm(31)), b.shl(b.and(b.xor(ah, overflow), b.imm(1)), b.imm(30)));
      const low = b.or(b.extract(ah, 7, 1), b.shr(b.and(ah, b.imm(0x10)), b.imm(1)));
      b.flags.write(b.xor(zf, b.imm(1)), b.or(b.or(top, low), b.shl(b.xor(zf, pf), b.imm(8))));
    },
  }),

  defInsn("salc", {
    ref: "SDM 2B SALC (undocumented)", forms: ["d6"],
    lower: (b) => b.setReg(8, EAX, b.neg(b.flags.carry())),
  }),
];
