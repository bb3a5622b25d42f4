/** Loads, stores, exchanges, conditional moves, constants. */
import type { HelperDef } from "../../helpers/define.ts";
import { conditionalMove, exchange as exchangeHelper, loadBcd, loadConstant, loadI32, loadI64, loadM32, loadM64, loadM80, loadRegister as loadRegisterHelper, storeBcd, storeI16, storeI32, storeI64, storeM32, storeM64, storeM80, storeRegister as storeRegisterHelper, truncateI16, truncateI32, truncateI64 } from "../../helpers/fpu/transfer.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn, ofFeature } from "../../isa/define.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import type { LoadFormat, StoreFormat } from "./inline.ts";
import { exchange, loadMemory, loadRegister, loadSmall, moveIf, storeMemory, storeRegister } from "./inline.ts";
import { begin, load16, load32, load64, load80, notePointers, store } from "./lowering.ts";

/** A load; `format` if it may be done inline. */
function load(name: string, form: string, helper: HelperDef, words: (b: Lowering, m: Operand) => Val[], format?: LoadFormat): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [form], speculative: format !== undefined, grouped: format !== undefined,
    lower(b, [m]) {
      if (format === undefined || !loadMemory(b, m, format)) {
        begin(b, -1);
        b.call(helper, ...words(b, m));
      }
      notePointers(b, m);
    },
  });
}

/** A store; `pops` for the helpers that come with and without a pop; `format` if it may be done inline. */
function storeTop(name: string, form: string, bits: 16 | 32 | 64 | 80, helper: HelperDef, format: StoreFormat | null, pops?: 0 | 1): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [form], speculative: format !== null, grouped: format !== null,
    lower(b, [m]) {
      if (format === null || !storeMemory(b, m, format, pops ?? 1)) {
        begin(b, pops ?? 1);
        store(b, m, bits, helper, ...(pops === undefined ? [] : [b.imm(pops)]));
      }
      notePointers(b, m);
    },
  });
}

/** An insn on ST(i): a helper that moves TOP by `delta`, unless it is done inline. */
function withRegister(
  name: string, forms: readonly string[], delta: number, inline: (b: Lowering, i: Val) => boolean, call: (b: Lowering, i: Val) => void,
): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.replace(/\d$/, "").toUpperCase()}`, forms, speculative: true, grouped: true,
    lower(b, [operand]) {
      const i = operand.read();
      if (!inline(b, i)) {
        begin(b, delta);
        call(b, i);
      }
      notePointers(b);
    },
  });
}

const loadSti = (name: string, form: string): InsnDef => withRegister(name, [form], -1, loadRegister, (b, i) => b.call(loadRegisterHelper, i));
const storeSti = (name: string, form: string, pops: 0 | 1): InsnDef =>
  withRegister(name, [form], pops, (b, i) => storeRegister(b, i, pops), (b, i) => b.call(storeRegisterHelper, i, b.imm(pops)));
const exchangeSti = (name: string, form: string): InsnDef => withRegister(name, [form], 0, exchange, (b, i) => b.call(exchangeHelper, i));

/** FCMOVcc; `cc` is the condition code of Jcc. */
function move(name: string, form: string, cc: number): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FCMOVcc", feature: "cmov", forms: [form], speculative: true, grouped: true,
    lower(b, [, operand]) {
      const i = operand.read(), condition = b.flags.condition(cc);
      if (!moveIf(b, i, condition)) {
        begin(b, 0);
        b.call(conditionalMove, i, condition);
      }
      notePointers(b);
    },
  });
}

const CC_B = 2, CC_E = 4, CC_BE = 6, CC_U = 10, NOT = 1;

const CONSTANTS = ["fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz"] as const;
/** Those that are integers. */
const SMALL: Readonly<Record<string, 0 | 1>> = { fld1: 1, fldz: 0 };

function constant(name: string, n: number): InsnDef {
  return defInsn(name, {
    ref: "SDM 2A FLD1/FLDL2T/…", forms: [`d9 ${(0xe8 + n).toString(16)}`], speculative: name in SMALL, grouped: name in SMALL,
    lower(b) {
      if (!(name in SMALL) || !loadSmall(b, SMALL[name])) {
        begin(b, -1);
        b.call(loadConstant, b.imm(n));
      }
      notePointers(b);
    },
  });
}

export const X87_TRANSFER: readonly InsnDef[] = [
  load("fld", "d9 /0  Md", loadM32, (b, m) => [load32(b, m)], "m32"),
  load("fld", "dd /0  Mq", loadM64, load64, "m64"),
  load("fld", "db /5  Mt", loadM80, load80, "m80"),
  load("fild", "df /0  Mw", loadI32, (b, m) => [b.sext(16, load16(b, m))], "i16"),
  load("fild", "db /0  Md", loadI32, (b, m) => [load32(b, m)], "i32"),
  load("fild", "df /5  Mq", loadI64, load64, "i64"),
  load("fbld", "df /4  Mt", loadBcd, load80),

  storeTop("fst", "d9 /2  Md", 32, storeM32, "m32", 0),
  storeTop("fstp", "d9 /3  Md", 32, storeM32, "m32", 1),
  storeTop("fst", "dd /2  Mq", 64, storeM64, "m64", 0),
  storeTop("fstp", "dd /3  Mq", 64, storeM64, "m64", 1),
  storeTop("fstp", "db /7  Mt", 80, storeM80, "m80"),
  storeTop("fist", "df /2  Mw", 16, storeI16, "i16", 0),
  storeTop("fistp", "df /3  Mw", 16, storeI16, "i16", 1),
  storeTop("fist", "db /2  Md", 32, storeI32, "i32", 0),
  storeTop("fistp", "db /3  Md", 32, storeI32, "i32", 1),
  storeTop("fistp", "df /7  Mq", 64, storeI64, "i64"),
  ...ofFeature("sse3",
    storeTop("fisttp", "df /1  Mw", 16, truncateI16, "t16"),
    storeTop("fisttp", "db /1  Md", 32, truncateI32, "t32"),
    storeTop("fisttp", "dd /1  Mq", 64, truncateI64, "t64"),
  ),
  storeTop("fbstp", "df /6  Mt", 80, storeBcd, null),

  loadSti("fld", "d9 /0  T"),
  storeSti("fst", "dd /2  T", 0),
  storeSti("fstp", "dd /3  T", 1),
  // The 8087's opcode map has holes that repeat neighbours; names as in binutils.
  storeSti("fstp1", "d9 /3  T", 1),
  storeSti("fstp8", "df /2  T", 1),
  storeSti("fstp9", "df /3  T", 1),
  exchangeSti("fxch", "d9 /1  T"),
  exchangeSti("fxch4", "dd /1  T"),
  exchangeSti("fxch7", "df /1  T"),

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
