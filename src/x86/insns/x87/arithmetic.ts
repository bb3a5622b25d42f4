/** FADD FSUB FMUL FDIV, reversed, popping and integer forms; comparisons. */
import type { ArithmeticHelpers } from "../../helpers/fpu/arithmetic.ts";
import { FADD, FDIV, FDIVR, FMUL, FSUB, FSUBR } from "../../helpers/fpu/arithmetic.ts";
import { compareFlags, compareFlagsQuiet, compareInteger, compareM32, compareM64, compareRegister, compareRegisterQuiet, examine } from "../../helpers/fpu/compare.ts";
import type { HelperDef } from "../../helpers/define.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn } from "../../isa/define.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import type { Format } from "./inline.ts";
import { compareToFlags, compareWithMemory, compareWithRegister, compareWithZero, operateOnMemory, operateOnSti, operateOnTop, PAIR_OPERATIONS } from "./inline.ts";
import { begin, load16, load32, load64, notePointers } from "./lowering.ts";

type OperationName = keyof typeof PAIR_OPERATIONS;

/** All encodings of one operation; `digit` is the ModRM reg field, `toSti` that of the forms whose destination is ST(i). */
function arithmetic(name: OperationName, digit: number, toSti: number, helpers: ArithmeticHelpers): InsnDef[] {
  const ref = `SDM 2A ${name.toUpperCase()}`, integerName = `fi${name.slice(1)}`, operation = PAIR_OPERATIONS[name];
  const withRegister = (suffix: string, form: string, toTop: boolean, pops: 0 | 1): InsnDef => defInsn(name + suffix, {
    ref, forms: [form], speculative: true, grouped: true,
    lower(b, operands) {
      const i = operands[toTop ? 1 : 0].read();
      if (!toTop ? !operateOnSti(b, operation, i, pops) : !operateOnTop(b, operation, i)) {
        begin(b, pops);
        if (toTop) b.call(helpers.registers, b.imm(0), i, b.imm(0), b.imm(0));
        else b.call(helpers.registers, i, b.imm(0), i, b.imm(pops));
      }
      notePointers(b);
    },
  });
  const withMemory = (insn: string, form: string, format: Format, call: (b: Lowering, m: Operand) => void): InsnDef => defInsn(insn, {
    ref, forms: [form], speculative: true, grouped: true,
    lower(b, [m]) {
      if (!operateOnMemory(b, operation, m, format)) {
        begin(b, 0);
        call(b, m);
      }
      notePointers(b, m);
    },
  });
  return [
    withRegister("", `d8 /${digit}  ST0,T`, true, 0),
    withRegister("", `dc /${toSti}  T,ST0`, false, 0),
    withRegister("p", `de /${toSti}  T,ST0`, false, 1),
    withMemory(name, `d8 /${digit}  Md`, "m32", (b, m) => b.call(helpers.single, load32(b, m))),
    withMemory(name, `dc /${digit}  Mq`, "m64", (b, m) => b.call(helpers.double, ...load64(b, m))),
    withMemory(integerName, `da /${digit}  Md`, "i32", (b, m) => b.call(helpers.integer, load32(b, m))),
    withMemory(integerName, `de /${digit}  Mw`, "i16", (b, m) => b.call(helpers.integer, b.sext(16, load16(b, m)))),
  ];
}

/** Comparison with ST(i), then `pops` pops; aliases of the 8087's opcode map included (`fcom2` as binutils calls them). */
function compareSti(name: string, forms: readonly string[], helper: HelperDef, pops: 0 | 1): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCOM/FUCOM", forms, speculative: true, grouped: true,
    lower(b, [i]) {
      compareRegisters(b, i.read(), helper, pops);
    },
  });
}

/** Comparison with ST(1), then two pops. */
function comparePopTwo(name: string, form: string, helper: HelperDef): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCOM/FUCOM", forms: [form], speculative: true, grouped: true,
    lower(b) {
      compareRegisters(b, b.imm(1), helper, 2);
    },
  });
}

function compareRegisters(b: Lowering, i: Val, helper: HelperDef, pops: 0 | 1 | 2): void {
  if (!compareWithRegister(b, i, pops)) {
    begin(b, pops);
    b.call(helper, i, b.imm(pops));
  }
  notePointers(b);
}

function compareMemory(name: string, digit: number, pops: 0 | 1): InsnDef[] {
  const integerName = name.replace("fcom", "ficom");
  const compare = (insn: string, form: string, format: Format, call: (b: Lowering, m: Operand) => void): InsnDef => defInsn(insn, {
    ref: "SDM 2A FCOM/FICOM", forms: [form], speculative: true, grouped: true,
    lower(b, [m]) {
      if (!compareWithMemory(b, m, format, pops)) {
        begin(b, pops);
        call(b, m);
      }
      notePointers(b, m);
    },
  });
  return [
    compare(name, `d8 /${digit}  Md`, "m32", (b, m) => b.call(compareM32, load32(b, m), b.imm(pops))),
    compare(name, `dc /${digit}  Mq`, "m64", (b, m) => b.call(compareM64, ...load64(b, m), b.imm(pops))),
    compare(integerName, `da /${digit}  Md`, "i32", (b, m) => b.call(compareInteger, load32(b, m), b.imm(pops))),
    compare(integerName, `de /${digit}  Mw`, "i16", (b, m) => b.call(compareInteger, b.sext(16, load16(b, m)), b.imm(pops))),
  ];
}

/** EFLAGS from CF, PF and ZF in their places; the other arithmetic flags are 0. */
function setCompareFlags(b: Lowering, flags: Val): void {
  const zf = b.extract(flags, 6, 1), pf = b.extract(flags, 2, 1), cf = b.neg(b.and(flags, b.imm(1)));
  // Carries out of the two top bits are equal: no overflow.
  b.flags.write(b.xor(zf, b.imm(1)), b.or(b.and(cf, b.imm(0xc0000000 | 0)), b.shl(b.xor(zf, pf), b.imm(8))));
}

function compareIntoFlags(name: string, form: string, helper: HelperDef, pops: 0 | 1): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCOMI", feature: "cmov", forms: [form], speculative: true, grouped: true,
    lower(b, [, operand]) {
      const i = operand.read();
      if (!compareToFlags(b, i, pops)) {
        begin(b, pops);
        setCompareFlags(b, b.call(helper, i, b.imm(pops)));
      }
      notePointers(b);
    },
  });
}

export const X87_ARITHMETIC: readonly InsnDef[] = [
  ...arithmetic("fadd", 0, 0, FADD),
  ...arithmetic("fmul", 1, 1, FMUL),
  ...arithmetic("fsub", 4, 5, FSUB),
  ...arithmetic("fsubr", 5, 4, FSUBR),
  ...arithmetic("fdiv", 6, 7, FDIV),
  ...arithmetic("fdivr", 7, 6, FDIVR),

  ...compareMemory("fcom", 2, 0),
  ...compareMemory("fcomp", 3, 1),
  compareSti("fcom", ["d8 /2  T"], compareRegister, 0),
  compareSti("fcomp", ["d8 /3  T"], compareRegister, 1),
  compareSti("fcom2", ["dc /2  T"], compareRegister, 0),
  compareSti("fcomp3", ["dc /3  T"], compareRegister, 1),
  compareSti("fcomp5", ["de /2  T"], compareRegister, 1),
  compareSti("fucom", ["dd /4  T"], compareRegisterQuiet, 0),
  compareSti("fucomp", ["dd /5  T"], compareRegisterQuiet, 1),
  comparePopTwo("fcompp", "de d9", compareRegister),
  comparePopTwo("fucompp", "da e9", compareRegisterQuiet),
  compareIntoFlags("fcomi", "db /6  ST0,T", compareFlags, 0),
  compareIntoFlags("fcomip", "df /6  ST0,T", compareFlags, 1),
  compareIntoFlags("fucomi", "db /5  ST0,T", compareFlagsQuiet, 0),
  compareIntoFlags("fucomip", "df /5  ST0,T", compareFlagsQuiet, 1),

  defInsn("ftst", {
    ref: "SDM 2A FTST", forms: ["d9 e4"], speculative: true, grouped: true,
    lower(b) {
      if (!compareWithZero(b)) {
        begin(b, 0);
        b.call(compareInteger, b.imm(0), b.imm(0));
      }
      notePointers(b);
    },
  }),
  defInsn("fxam", {
    ref: "SDM 2A FXAM", forms: ["d9 e5"],
    lower(b) {
      begin(b, 0);
      b.call(examine);
      notePointers(b);
    },
  }),
];
