// SSE2 on doubles, and its conversions between doubles and integers.

import { Case } from "../case.ts";
import { setMmxState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import { doubles, integers, mmOperand, randomMxcsr, setMxcsr, setXmm, setXmmState, XMM_BYTES, xmmOperand } from "../simd-state.ts";
import {
  arithmetic, compare, compareToFlags, convertInteger, convertPrecision, DOUBLE, logical, move, shuffle, type FloatSubject,
} from "./sse-float.ts";

export const sse2fp: Group = {
  name: "sse2fp",
  weight: 5,
  make(random) {
    const c = new Case(random, "sse2fp");
    setXmmState(c);
    setMxcsr(c, randomMxcsr(random));
    random.weighted(SUBJECTS)(c, random, DOUBLE, random.below(8));
    return c;
  },
};

/** CVTDQ2PD, CVT(T)PD2DQ. */
const convertPackedInteger: FloatSubject = (c, random, _precision, reg) => {
  const [prefix, name, contents, memoryBytes] = random.pick([
    [0xf3, "cvtdq2pd", integers, 8], [0xf2, "cvtpd2dq", doubles, XMM_BYTES], [0x66, "cvttpd2dq", doubles, XMM_BYTES],
  ] as const);
  c.name = name;
  c.isReadOnly = true;
  c.prefix(prefix).emit(0x0f, 0xe6, xmmOperand(c, reg, contents, { memoryBytes }));
};

/** CVTPI2PD, CVT(T)PD2PI; with memory CVTPI2PD leaves the x87 unit alone. */
const convertMmx: FloatSubject = (c, random, _precision, reg) => {
  setMmxState(c);
  const [opcode, name] = random.pick([[0x2a, "cvtpi2pd"], [0x2c, "cvttpd2pi"], [0x2d, "cvtpd2pi"]] as const);
  c.name = name;
  c.isReadOnly = true;
  c.prefix(0x66);
  if (opcode === 0x2a) {
    setXmm(c, reg, doubles(random, XMM_BYTES));
    c.emit(0x0f, opcode, mmOperand(c, reg, { keepsReg: true }));
  } else {
    c.emit(0x0f, opcode, xmmOperand(c, reg, doubles, { keepsReg: true }));
  }
};

const SUBJECTS: readonly (readonly [number, FloatSubject])[] = [
  [10, arithmetic],
  [2, compare],
  [2, compareToFlags],
  [2, logical],
  [1, shuffle],
  [2, convertInteger],
  [2, convertPrecision],
  [2, convertPackedInteger],
  [1, convertMmx],
  [3, move],
];
