/** Control, status, environment, the register stack itself, and the operations on ST(0). */
import { NM } from "../../fault.ts";
import type { HelperDef } from "../../helpers/define.ts";
import { clearExceptions, ENV_REAL, ENV_WIDE, environmentBytes, init, loadControl, loadEnvironment, restoreState, saveState, storeEnvironment } from "../../helpers/fpu/environment.ts";
import { arctangent, cosine, exponential, logarithm, logarithmPlus1, sine, sineCosine, tangent } from "../../helpers/fpu/transcendental.ts";
import { absolute, changeSign as changeSignHelper, extractParts, free, partialRemainder, partialRemainder1, rotateTop, roundInteger, scaleByPower, squareRoot as squareRootHelper } from "../../helpers/fpu/unary.ts";
import type { InsnDef } from "../../isa/define.ts";
import { defInsn } from "../../isa/define.ts";
import type { Facts } from "../../isa/insn.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import { CR0_MP, CR0_TS, G_CR0, G_FPU_CONTROL, G_FPU_STATUS, G_FPU_TOP } from "../../state.ts";
import { changeSign, squareRoot } from "./inline.ts";
import { begin, load16, notePointers, requireFpu, requireNoError } from "./lowering.ts";

/** An insn on the register stack without operand. */
function plain(name: string, form: string, lower: (b: Lowering) => void, delta?: number): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [form],
    lower(b) {
      begin(b, delta);
      lower(b);
      notePointers(b);
    },
  });
}

/** One that is a helper, which moves TOP by `delta`. */
const calling = (name: string, form: string, helper: HelperDef, delta = 0): InsnDef => plain(name, form, (b) => void b.call(helper), delta);

/** One that may be done inline. */
function inlined(name: string, form: string, inline: (b: Lowering) => boolean, helper: HelperDef): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [form], speculative: true, grouped: true,
    lower(b) {
      if (!inline(b)) {
        begin(b, 0);
        b.call(helper);
      }
      notePointers(b);
    },
  });
}

/** The format of environments in the current mode (SDM 1 §8.1.10). */
const formatOf = ({ opsize, mode }: Facts): number => (opsize === 32 ? ENV_WIDE : 0) | (mode.protectedMode && !mode.v86 ? 0 : ENV_REAL);

const statusWord = (b: Lowering): Val => b.or(b.get(G_FPU_STATUS), b.shl(b.get(G_FPU_TOP), b.imm(11)));

const REGISTERS_BYTES = 80;

/** Flags and masks of all exceptions, and the control word's bits that can be written; bit 6 is always 1. */
const EXCEPTIONS = 0x3f, CONTROL_BITS = 0x1f3f, CONTROL_ONE = 0x40, ES = 0x80;

/** FLDCW where everything is masked, before and after: compilers write it so to truncate. */
function changeControl(b: Lowering, m: Operand): void {
  requireFpu(b);
  // What pends comes before a fault of the operand's.
  b.leaveIf(b.setcond("ne", b.and(b.get(G_FPU_STATUS), b.imm(ES)), b.imm(0)));
  const word = load16(b, m);
  b.leaveIf(b.setcond("ne", b.and(b.not(word), b.imm(EXCEPTIONS)), b.imm(0)));
  b.set(G_FPU_CONTROL, b.or(b.and(word, b.imm(CONTROL_BITS)), b.imm(CONTROL_ONE)));
  b.x87.controlChanged();
}

/** FNSTENV, FNSAVE: they run alone, since they may write many bytes anywhere, code included. */
function storesEnvironment(name: string, form: string, helper: HelperDef, more: number): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.slice(0, 1)}${name.slice(2)}`.toUpperCase(), forms: [form], privilege: true, solo: true,
    lower(b, [m], facts) {
      requireFpu(b);
      const format = formatOf(facts);
      b.call(helper, m.linear(environmentBytes(format) + more, true), b.imm(format));
    },
  });
}

function loadsEnvironment(name: string, form: string, helper: HelperDef, more: number): InsnDef {
  return defInsn(name, {
    ref: `SDM 2A ${name.toUpperCase()}`, forms: [form], privilege: true,
    lower(b, [m], facts) {
      begin(b);
      const format = formatOf(facts);
      b.call(helper, m.linear(environmentBytes(format) + more, false), b.imm(format));
    },
  });
}

export const X87_CONTROL: readonly InsnDef[] = [
  inlined("fchs", "d9 e0", (b) => changeSign(b, (pairs, x) => pairs.negate(x)), changeSignHelper),
  inlined("fabs", "d9 e1", (b) => changeSign(b, (pairs, x) => pairs.absolute(x)), absolute),
  inlined("fsqrt", "d9 fa", squareRoot, squareRootHelper),
  calling("frndint", "d9 fc", roundInteger),
  calling("fscale", "d9 fd", scaleByPower),
  calling("fxtract", "d9 f4", extractParts, -1),
  calling("fprem", "d9 f8", partialRemainder),
  calling("fprem1", "d9 f5", partialRemainder1),
  calling("f2xm1", "d9 f0", exponential),
  calling("fyl2x", "d9 f1", logarithm, 1),
  calling("fptan", "d9 f2", tangent, -1),
  calling("fpatan", "d9 f3", arctangent, 1),
  calling("fyl2xp1", "d9 f9", logarithmPlus1, 1),
  calling("fsincos", "d9 fb", sineCosine, -1),
  calling("fsin", "d9 fe", sine),
  calling("fcos", "d9 ff", cosine),
  plain("fincstp", "d9 f7", (b) => void b.call(rotateTop, b.imm(1))),
  plain("fdecstp", "d9 f6", (b) => void b.call(rotateTop, b.imm(-1))),
  plain("fnop", "d9 d0", () => {}),

  defInsn("ffree", {
    ref: "SDM 2A FFREE", forms: ["dd /0  T"],
    lower(b, [i]) {
      begin(b);
      b.call(free, i.read(), b.imm(0));
      notePointers(b);
    },
  }),
  defInsn("ffreep", {
    ref: "SDM 2A FFREE (undocumented, pops)", forms: ["df /0  T"],
    lower(b, [i]) {
      begin(b);
      b.call(free, i.read(), b.imm(1));
      notePointers(b);
    },
  }),

  // Waits for the x87 unit: nothing but the check for what pends. #NM needs CR0.MP and CR0.TS (SDM 3A table 2-2).
  defInsn("fwait", {
    ref: "SDM 2D WAIT/FWAIT", forms: ["9b"],
    lower(b) {
      const both = b.imm(CR0_MP | CR0_TS);
      b.faultIf(b.setcond("eq", b.and(b.get(G_CR0), both), both), { vector: NM });
      requireNoError(b);
    },
  }),

  // ---- control: without pointers, the FN ones without waiting
  defInsn("fnclex", {
    ref: "SDM 2A FCLEX", forms: ["db e2"],
    lower(b) {
      requireFpu(b);
      b.call(clearExceptions);
    },
  }),
  defInsn("fninit", {
    ref: "SDM 2A FINIT", forms: ["db e3"],
    lower(b) {
      requireFpu(b);
      b.call(init);
    },
  }),
  // What the 8087 and 80287 did here has no meaning any more.
  ...["fneni", "fndisi", "fnsetpm"].map((name, i) => defInsn(name, {
    ref: "SDM 3B §23.18 (no operation)", forms: [`db ${["e0", "e1", "e4"][i]}`], lower: requireFpu,
  })),
  defInsn("fldcw", {
    ref: "SDM 2A FLDCW", forms: ["d9 /5  Mw"], speculative: true,
    lower(b, [m]) {
      if (b.speculates) return changeControl(b, m);
      begin(b, 0);
      b.call(loadControl, load16(b, m));
    },
  }),
  defInsn("fnstcw", {
    ref: "SDM 2A FSTCW", forms: ["d9 /7  Mw"],
    lower(b, [m]) {
      requireFpu(b);
      b.store(16, m.linear(2, true), b.get(G_FPU_CONTROL));
    },
  }),
  defInsn("fnstsw", {
    ref: "SDM 2A FSTSW", forms: ["dd /7  Mw"],
    lower(b, [m]) {
      requireFpu(b);
      b.store(16, m.linear(2, true), statusWord(b));
    },
  }),
  defInsn("fnstsw", {
    ref: "SDM 2A FSTSW", forms: ["df e0  AX"],
    lower(b, [ax]) {
      requireFpu(b);
      ax.write(statusWord(b));
    },
  }),
  storesEnvironment("fnstenv", "d9 /6  M", storeEnvironment, 0),
  storesEnvironment("fnsave", "dd /6  M", saveState, REGISTERS_BYTES),
  loadsEnvironment("fldenv", "d9 /4  M", loadEnvironment, 0),
  loadsEnvironment("frstor", "dd /4  M", restoreState, REGISTERS_BYTES),
];
