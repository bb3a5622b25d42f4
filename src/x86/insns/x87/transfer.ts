/** Loads, stores, exchanges, conditional moves, constants. */
import type { HelperDef } from "../../helpers/define.ts";
import { conditionalMove, exchange, loadBcd, loadConstant, loadI32, loadI64, loadM32, loadM64, loadM80, loadRegister, storeBcd, storeI16, storeI32, storeI64, storeM32, storeM64, storeM80, storeRegister, truncateI16, truncateI32, truncateI64 } from "../../helpers/fpu/transfer.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import { begin, load16, load32, load64, load80, notePointers, store } from "./lowering.ts";

function load(name: string, form: string, helper: HelperDef, words: (b: Lowering, m: Operand) => Val[]): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [form],
    lower(b, [m]) {
      begin(b);
      b.call(helper, ...words(b, m));
      notePointers(b, m);
    },
  });
}

/** A store; `pops` for the helpers that come with and without a pop. */
function storeMemory(name: string, form: string, bits: 16 | 32 | 64 | 80, helper: HelperDef, pops?: number): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [form],
    lower(b, [m]) {
      begin(b);
      store(b, m, bits, helper, ...(pops === undefined ? [] : [b.imm(pops)]));
    },
  });
}

function withRegister(name: string, forms: readonly string[], lower: (b: Lowering, i: Val) => void): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.replace(/\d$/, "").toUpperCase()}`, forms,
    lower(b, [i]) {
      begin(b);
      lower(b, i.read());
      notePointers(b);
    },
  });
}

const storeSti = (b: Lowering, i: Val): Val => b.call(storeRegister, i, b.imm(0));
const storePopSti = (b: Lowering, i: Val): Val => b.call(storeRegister, i, b.imm(1));
const exchangeSti = (b: Lowering, i: Val): Val => b.call(exchange, i);

/** FCMOVcc; `cc` is the condition code of Jcc. */
function move(name: string, form: string, cc: number): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCMOVcc", feature: "cmov", forms: [form],
    lower(b, [, i]) {
      begin(b);
      b.call(conditionalMove, i.read(), b.flags.condition(cc));
      notePointers(b);
    },
  });
}

const CC_B = 2, CC_E = 4, CC_BE = 6, CC_U = 10, NOT = 1;

const CONSTANTS = ["fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz"] as const;

function constant(name: string, n: number): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FLD1/FLDL2T/…", forms: [`d9 ${(0xe8 + n).toString(16)}`],
    lower(b) {
      begin(b);
      b.call(loadConstant, b.imm(n));
      notePointers(b);
    },
  });
}

export const X87_TRANSFER: readonly InsnDef[] = [
  load("fld", "d9 /0  Md", loadM32, (b, m) => [load32(b, m)]),
  load("fld", "dd /0  Mq", loadM64, load64),
  load("fld", "db /5  Mt", loadM80, load80),
  load("fild", "df /0  Mw", loadI32, (b, m) => [b.sext(16, load16(b, m))]),
  load("fild", "db /0  Md", loadI32, (b, m) => [load32(b, m)]),
  load("fild", "df /5  Mq", loadI64, load64),
  load("fbld", "df /4  Mt", loadBcd, load80),

  storeMemory("fst", "d9 /2  Md", 32, storeM32, 0),
  storeMemory("fstp", "d9 /3  Md", 32, storeM32, 1),
  storeMemory("fst", "dd /2  Mq", 64, storeM64, 0),
  storeMemory("fstp", "dd /3  Mq", 64, storeM64, 1),
  storeMemory("fstp", "db /7  Mt", 80, storeM80),
  storeMemory("fist", "df /2  Mw", 16, storeI16, 0),
  storeMemory("fistp", "df /3  Mw", 16, storeI16, 1),
  storeMemory("fist", "db /2  Md", 32, storeI32, 0),
  storeMemory("fistp", "db /3  Md", 32, storeI32, 1),
  storeMemory("fistp", "df /7  Mq", 64, storeI64),
  ...ofFeature("sse3",
    storeMemory("fisttp", "df /1  Mw", 16, truncateI16),
    storeMemory("fisttp", "db /1  Md", 32, truncateI32),
    storeMemory("fisttp", "dd /1  Mq", 64, truncateI64),
  ),
  storeMemory("fbstp", "df /6  Mt", 80, storeBcd),

  withRegister("fld", ["d9 /0  T"], (b, i) => b.call(loadRegister, i)),
  withRegister("fst", ["dd /2  T"], storeSti),
  withRegister("fstp", ["dd /3  T"], storePopSti),
  // The 8087's opcode map has holes that repeat neighbours; names as in binutils.
  withRegister("fstp1", ["d9 /3  T"], storePopSti),
  withRegister("fstp8", ["df /2  T"], storePopSti),
  withRegister("fstp9", ["df /3  T"], storePopSti),
  withRegister("fxch", ["d9 /1  T"], exchangeSti),
  withRegister("fxch4", ["dd /1  T"], exchangeSti),
  withRegister("fxch7", ["df /1  T"], exchangeSti),

  move("fcmovb", "da /0  ST0,T", CC_B),
  move("fcmove", "da /1  ST0,T", CC_E),
  move("fcmovbe", "da /2  ST0,T", CC_BE),
  move("fcmovu", "da /3  ST0,T", CC_U),
  move("fcmovnb", "db /0  ST0,T", CC_B | NOT),
  move("fcmovne", "db /1  ST0,T", CC_E | NOT),
  move("fcmovnbe", "db /2  ST0,T", CC_BE | NOT),
  move("fcmovnu", "db /3  ST0,T", CC_U | NOT),

  ...CONSTANTS.map(constant),
];
