// SSE on singles, with every rounding mode, FTZ, DAZ and sticky flags. RCPPS and RSQRTPS are left out: their results are
// approximations of the CPU's choice.

import { le } from "../bytes.ts";
import { Case } from "../case.ts";
import { setMmxState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import { memoryOperand, registerOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { integers, mmOperand, randomMxcsr, setMxcsr, setXmm, setXmmState, singles, XMM_BYTES, xmmOperand } from "../simd-state.ts";
import {
  arithmetic, compare, compareToFlags, convertInteger, convertPrecision, logical, move, shuffle, SINGLE, type FloatSubject,
} from "./sse-float.ts";

export const sse: Group = {
  name: "sse",
  weight: 6,
  make(random) {
    const c = new Case(random, "sse");
    setXmmState(c);
    setMxcsr(c, randomMxcsr(random));
    random.weighted(SUBJECTS)(c, random, SINGLE, random.below(8));
    return c;
  },
};

/** CVTDQ2PS, CVT(T)PS2DQ. */
const convertPackedInteger: FloatSubject = (c, random, _precision, reg) => {
  const [prefixes, name, contents] = random.pick([
    [[], "cvtdq2ps", integers], [[0x66], "cvtps2dq", singles], [[0xf3], "cvttps2dq", singles],
  ] as const);
  c.name = name;
  c.isReadOnly = true;
  c.prefixes.push(...prefixes);
  c.emit(0x0f, 0x5b, xmmOperand(c, reg, contents));
};

/** CVTPI2PS, CVT(T)PS2PI: they put the x87 unit into MMX state too. */
const convertMmx: FloatSubject = (c, random, _precision, reg) => {
  setMmxState(c);
  const [opcode, name] = random.pick([[0x2a, "cvtpi2ps"], [0x2c, "cvttps2pi"], [0x2d, "cvtps2pi"]] as const);
  c.name = name;
  c.isReadOnly = true;
  if (opcode === 0x2a) {
    setXmm(c, reg, singles(random, XMM_BYTES));
    c.emit(0x0f, opcode, mmOperand(c, reg, { form: "register", keepsReg: true }));
  } else {
    c.emit(0x0f, opcode, xmmOperand(c, reg, singles, { memoryBytes: 8, keepsReg: true }));
  }
};

const MXCSR_WRITABLE = 0xe07f, ALL_MASKED = 0x1f80;

const control: FloatSubject = (c, random: Random) => {
  random.pick([
    () => { c.name = "stmxcsr"; c.emit(0x0f, 0xae, memoryOperand(c, 3, random.bytes(4))); },
    () => { c.name = "ldmxcsr"; c.isReadOnly = true; c.emit(0x0f, 0xae, memoryOperand(c, 2, le((random.u32() & MXCSR_WRITABLE) | ALL_MASKED, 4))); },
    () => { c.name = "sfence"; c.emit(0x0f, 0xae, registerOperand(7, 0)); },
  ])();
};

const SUBJECTS: readonly (readonly [number, FloatSubject])[] = [
  [10, arithmetic],
  [2, compare],
  [2, compareToFlags],
  [2, logical],
  [1, shuffle],
  [2, convertInteger],
  [1, convertPrecision],
  [2, convertPackedInteger],
  [1, convertMmx],
  [3, move],
  [1, control],
];
