/** FADD FSUB FMUL FDIV, reversed, popping and integer forms; comparisons. */
import type { ArithmeticHelpers } from "../../helpers/fpu/arithmetic.ts";
import { FADD, FDIV, FDIVR, FMUL, FSUB, FSUBR } from "../../helpers/fpu/arithmetic.ts";
import { compareFlags, compareFlagsQuiet, compareInteger, compareM32, compareM64, compareRegister, compareRegisterQuiet, examine } from "../../helpers/fpu/compare.ts";
import type { HelperDef } from "../../helpers/define.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn } from "../../isa/define.ts";
import type { Lowering, Val } from "../../lowering.ts";
import { begin, load16, load32, load64, notePointers } from "./lowering.ts";

/** All encodings of one operation; `digit` is the ModRM reg field, `toSti` that of the forms whose destination is ST(i). */
function arithmetic(name: string, digit: number, toSti: number, helpers: ArithmeticHelpers): InsnDef[] {
  const ref = `SDM 2A ${name.toUpperCase()}`, integerName = `fi${name.slice(1)}`;
  const registers = (suffix: string, form: string, lower: (b: Lowering, i: Val) => void): InsnDef => defInsn(name + suffix, {
    ref, forms: [form],
    lower(b, operands) {
      begin(b);
      lower(b, operands[form.endsWith("T") ? 1 : 0].read());
      notePointers(b);
    },
  });
  return [
    registers("", `d8 /${digit}  ST0,T`, (b, i) => b.call(helpers.registers, b.imm(0), i, b.imm(0), b.imm(0))),
    registers("", `dc /${toSti}  T,ST0`, (b, i) => b.call(helpers.registers, i, b.imm(0), i, b.imm(0))),
    registers("p", `de /${toSti}  T,ST0`, (b, i) => b.call(helpers.registers, i, b.imm(0), i, b.imm(1))),
    defInsn(name, {
      ref, forms: [`d8 /${digit}  Md`],
      lower(b, [m]) {
        begin(b);
        b.call(helpers.single, load32(b, m));
        notePointers(b, m);
      },
    }),
    defInsn(name, {
      ref, forms: [`dc /${digit}  Mq`],
      lower(b, [m]) {
        begin(b);
        b.call(helpers.double, ...load64(b, m));
        notePointers(b, m);
      },
    }),
    defInsn(integerName, {
      ref, forms: [`da /${digit}  Md`],
      lower(b, [m]) {
        begin(b);
        b.call(helpers.integer, load32(b, m));
        notePointers(b, m);
      },
    }),
    defInsn(integerName, {
      ref, forms: [`de /${digit}  Mw`],
      lower(b, [m]) {
        begin(b);
        b.call(helpers.integer, b.sext(16, load16(b, m)));
        notePointers(b, m);
      },
    }),
  ];
}

/** Comparison with ST(i), then `pops` pops; aliases of the 8087's opcode map included (`fcom2` as binutils calls them). */
function compareSti(name: string, forms: readonly string[], helper: HelperDef, pops: number): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCOM/FUCOM", forms,
    lower(b, [i]) {
      begin(b);
      b.call(helper, i.read(), b.imm(pops));
      notePointers(b);
    },
  });
}

/** Comparison with ST(1), then two pops. */
function comparePopTwo(name: string, form: string, helper: HelperDef): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCOM/FUCOM", forms: [form],
    lower(b) {
      begin(b);
      b.call(helper, b.imm(1), b.imm(2));
      notePointers(b);
    },
  });
}

function compareMemory(name: string, digit: number, pops: number): InsnDef[] {
  const ref = "SDM 2A FCOM/FICOM", integerName = name.replace("fcom", "ficom");
  return [
    defInsn(name, {
      ref, forms: [`d8 /${digit}  Md`],
      lower(b, [m]) {
        begin(b);
        b.call(compareM32, load32(b, m), b.imm(pops));
        notePointers(b, m);
      },
    }),
    defInsn(name, {
      ref, forms: [`dc /${digit}  Mq`],
      lower(b, [m]) {
        begin(b);
        b.call(compareM64, ...load64(b, m), b.imm(pops));
        notePointers(b, m);
      },
    }),
    defInsn(integerName, {
      ref, forms: [`da /${digit}  Md`],
      lower(b, [m]) {
        begin(b);
        b.call(compareInteger, load32(b, m), b.imm(pops));
        notePointers(b, m);
      },
    }),
    defInsn(integerName, {
      ref, forms: [`de /${digit}  Mw`],
      lower(b, [m]) {
        begin(b);
        b.call(compareInteger, b.sext(16, load16(b, m)), b.imm(pops));
        notePointers(b, m);
      },
    }),
  ];
}

/** EFLAGS from CF, PF and ZF in their places; the other arithmetic flags are 0. */
function setCompareFlags(b: Lowering, flags: Val): void {
  const zf = b.extract(flags, 6, 1), pf = b.extract(flags, 2, 1), cf = b.neg(b.and(flags, b.imm(1)));
  // Carries out of the two top bits are equal: no overflow.
  b.flags.write(b.xor(zf, b.imm(1)), b.or(b.and(cf, b.imm(0xc0000000 | 0)), b.shl(b.xor(zf, pf), b.imm(8))));
}

function compareToFlags(name: string, form: string, helper: HelperDef, pops: number): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCOMI", feature: "cmov", forms: [form],
    lower(b, [, i]) {
      begin(b);
      setCompareFlags(b, b.call(helper, i.read(), b.imm(pops)));
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
  compareToFlags("fcomi", "db /6  ST0,T", compareFlags, 0),
  compareToFlags("fcomip", "df /6  ST0,T", compareFlags, 1),
  compareToFlags("fucomi", "db /5  ST0,T", compareFlagsQuiet, 0),
  compareToFlags("fucomip", "df /5  ST0,T", compareFlagsQuiet, 1),

  defInsn("ftst", {
    ref: "SDM 2A FTST", forms: ["d9 e4"],
    lower(b) {
      begin(b);
      b.call(compareInteger, b.imm(0), b.imm(0));
      notePointers(b);
    },
  }),
  defInsn("fxam", {
    ref: "SDM 2A FXAM", forms: ["d9 e5"],
    lower(b) {
      begin(b);
      b.call(examine);
      notePointers(b);
    },
  }),
];
