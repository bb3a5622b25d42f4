/** Data movement without flags: MOV and its extensions, exchanges, addresses, conditional moves and sets, sign conversion. */
import type { InsnDef } from "../isa/define.ts";
import { defInsn } from "../isa/define.ts";
import { EAX, EDX } from "../state.ts";

/** Condition names as the disassembler prints them, by condition code (SDM 1 appendix B). */
const CONDITION_NAMES = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"] as const;

const hex = (n: number): string => n.toString(16).padStart(2, "0");

const setcc = CONDITION_NAMES.map((name, cc) => defInsn(`set${name}`, {
  ref: "SDM 2B SETcc", forms: [`0f ${hex(0x90 + cc)} /r  Eb`],
  lower(b, [dst]) {
    dst.write(b.flags.condition(cc));
  },
}));

// The source is read whatever the condition says: its faults do not depend on it.
const cmovcc = CONDITION_NAMES.map((name, cc) => defInsn(`cmov${name}`, {
  ref: "SDM 2A CMOVcc", feature: "cmov", forms: [`0f ${hex(0x40 + cc)} /r  Gv,Ev`],
  lower(b, [dst, src]) {
    const v = src.read();
    dst.write(b.select(b.flags.condition(cc), v, dst.read()));
  },
}));

export const MOVE: readonly InsnDef[] = [
  defInsn("mov", {
    ref: "SDM 2B MOV",
    forms: [
      "88 /r  Eb,Gb", "89 /r  Ev,Gv", "8a /r  Gb,Eb", "8b /r  Gv,Ev",
      "a0  AL,Ob", "a1  rAX,Ov", "a2  Ob,AL", "a3  Ov,rAX",
      "b0+r ib  Zb,Ib", "b8+r iz  Zv,Iz", "c6 /0 ib  Eb,Ib", "c7 /0 iz  Ev,Iz",
    ],
    lower(_b, [dst, src]) {
      dst.write(src.read());
    },
  }),

  defInsn("movzx", {
    ref: "SDM 2B MOVZX", forms: ["0f b6 /r  Gv,Eb", "0f b7 /r  Gv,Ew"],
    lower(_b, [dst, src]) {
      dst.write(src.read());
    },
  }),

  defInsn("movsx", {
    ref: "SDM 2B MOVSX", forms: ["0f be /r  Gv,Eb", "0f bf /r  Gv,Ew"],
    lower(b, [dst, src]) {
      dst.write(b.sext(src.width, src.read()));
    },
  }),

  // 90 itself is NOP (system.ts), so that it costs no register read and write.
  defInsn("xchg", {
    ref: "SDM 2C XCHG", lock: true, forms: ["86 /r  Eb,Gb", "87 /r  Ev,Gv", "90+r  Zv,rAX"],
    lower(_b, [x, y]) {
      const old = x.readForWrite();
      x.write(y.read());
      y.write(old);
    },
  }),

  // With a 16-bit operand the result is undefined by the manual; Intel's and AMD's CPUs clear it.
  defInsn("bswap", {
    ref: "SDM 2A BSWAP", forms: ["0f c8+r  Zv"],
    lower(b, [dst]) {
      dst.write(dst.width === 16 ? b.imm(0) : b.bswap(dst.read()));
    },
  }),

  defInsn("lea", {
    ref: "SDM 2A LEA", forms: ["8d /r  Gv,M"],
    lower(_b, [dst, src]) {
      dst.write(src.offset());
    },
  }),

  ...setcc,
  ...cmovcc,

  // CBW with operand size 16, CWDE with 32.
  defInsn("cbw", {
    ref: "SDM 2A CBW/CWDE", forms: ["98"],
    lower(b, _operands, { opsize }) {
      const half = opsize === 32 ? 16 : 8;
      b.setReg(opsize, EAX, b.sext(half, b.reg(half, EAX)));
    },
  }),

  // CWD with operand size 16, CDQ with 32.
  defInsn("cwd", {
    ref: "SDM 2A CWD/CDQ", forms: ["99"],
    lower(b, _operands, { opsize }) {
      b.setReg(opsize, EDX, b.sar(b.sext(opsize, b.reg(opsize, EAX)), b.imm(31)));
    },
  }),

  defInsn("xlat", {
    ref: "SDM 2C XLAT", forms: ["d7  Bb"],
    lower(b, [src]) {
      b.setReg(8, EAX, src.read());
    },
  }),
];
