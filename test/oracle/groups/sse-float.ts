// What SSE does to singles and SSE2 to doubles, packed and scalar. The groups sse and sse2fp say which.

import type { Case } from "../case.ts";
import { rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { doubles, setXmm, singles, XMM_BYTES, xmmOperand, type Contents } from "../simd-state.ts";
import type { Opcode } from "./simd-opcodes.ts";

/** Singles or doubles: their contents, sizes and mandatory prefixes. */
export interface Precision {
  readonly letter: "s" | "d";
  readonly contents: Contents;
  readonly elementBytes: number;
  readonly packedPrefix?: number;
  readonly scalarPrefix: number;
}
export const SINGLE: Precision = { letter: "s", contents: singles, elementBytes: 4, scalarPrefix: 0xf3 };
export const DOUBLE: Precision = { letter: "d", contents: doubles, elementBytes: 8, packedPrefix: 0x66, scalarPrefix: 0xf2 };

/** Fills in a case; `reg` is the XMM register in ModRM.reg. */
export type FloatSubject = (c: Case, random: Random, precision: Precision, reg: number) => void;

/** Puts the mandatory prefix of the packed forms. */
function packed(c: Case, { packedPrefix, letter }: Precision): string {
  if (packedPrefix !== undefined) c.prefix(packedPrefix);
  return `p${letter}`;
}

function scalar(c: Case, { scalarPrefix, letter }: Precision): string {
  c.prefix(scalarPrefix);
  return `s${letter}`;
}

const ARITHMETIC: readonly Opcode[] = [
  [0x51, "sqrt"], [0x58, "add"], [0x59, "mul"], [0x5c, "sub"], [0x5d, "min"], [0x5e, "div"], [0x5f, "max"],
];

export const arithmetic: FloatSubject = (c, random, precision, reg) => {
  const [opcode, name] = random.pick(ARITHMETIC);
  const isScalar = random.bool();
  c.isReadOnly = true;
  c.name = name + (isScalar ? scalar : packed)(c, precision);
  const operand = isScalar ? scalarOperand(c, precision, reg) : xmmOperand(c, reg, precision.contents);
  c.emit(0x0f, opcode, operand);
  if (random.chance(0.1)) cancel(c, precision, reg);
};

/** Makes the destination nearly the negative or equal of what a register source holds, so that digits cancel. */
function cancel(c: Case, precision: Precision, reg: number): void {
  const source = c.code[2];
  if (source === undefined || source >> 6 !== 3 || !c.fx) return;
  const at = 160 + 16 * (source & 7);
  const bytes = [...c.fx.subarray(at, at + XMM_BYTES)];
  for (let i = 0; i < XMM_BYTES; i += precision.elementBytes) {
    bytes[i] ^= c.random.below(4);
    if (c.random.bool()) bytes[i + precision.elementBytes - 1] ^= 0x80;
  }
  setXmm(c, reg, bytes);
}

function scalarOperand(c: Case, precision: Precision, reg: number): number[] {
  return xmmOperand(c, reg, precision.contents, { memoryBytes: precision.elementBytes });
}

export const compare: FloatSubject = (c, random, precision, reg) => {
  const isScalar = random.bool();
  c.isReadOnly = true;
  c.name = `cmp${(isScalar ? scalar : packed)(c, precision)}`;
  const operand = isScalar ? scalarOperand(c, precision, reg) : xmmOperand(c, reg, precision.contents);
  c.emit(0x0f, 0xc2, operand, random.below(8));
};

export const compareToFlags: FloatSubject = (c, random, precision, reg) => {
  const isOrdered = random.bool();
  c.isReadOnly = true;
  packed(c, precision); // the prefix is that of packed forms, though the operands are scalars
  c.name = `${isOrdered ? "comis" : "ucomis"}${precision.letter}`;
  c.emit(0x0f, isOrdered ? 0x2f : 0x2e, scalarOperand(c, precision, reg));
};

const LOGICAL: readonly Opcode[] = [[0x54, "and"], [0x55, "andn"], [0x56, "or"], [0x57, "xor"], [0x14, "unpckl"], [0x15, "unpckh"]];

export const logical: FloatSubject = (c, random, precision, reg) => {
  const [opcode, name] = random.pick(LOGICAL);
  c.isReadOnly = true;
  c.name = name + packed(c, precision);
  c.emit(0x0f, opcode, xmmOperand(c, reg, precision.contents));
};

export const shuffle: FloatSubject = (c, random, precision, reg) => {
  c.isReadOnly = true;
  c.name = `shuf${packed(c, precision)}`;
  c.emit(0x0f, 0xc6, xmmOperand(c, reg, precision.contents), random.byte());
};

/** CVT(T)SS2SI, CVT(T)SD2SI, CVTSI2SS, CVTSI2SD. */
export const convertInteger: FloatSubject = (c, random, precision, reg) => {
  const { letter, scalarPrefix, contents, elementBytes } = precision;
  c.isReadOnly = true;
  c.prefix(scalarPrefix);
  if (random.chance(0.4)) {
    c.name = `cvtsi2s${letter}`;
    setXmm(c, reg, contents(random, XMM_BYTES));
    c.emit(0x0f, 0x2a, rmOperand(c, reg, 4, random.value()));
  } else {
    const truncates = random.bool();
    c.name = `cvt${truncates ? "t" : ""}s${letter}2si`;
    c.emit(0x0f, truncates ? 0x2c : 0x2d, xmmOperand(c, reg, contents, { memoryBytes: elementBytes, keepsReg: true }));
  }
};

/** Between singles and doubles: the source is of the group's precision. */
export const convertPrecision: FloatSubject = (c, random, precision, reg) => {
  const isScalar = random.bool();
  const other = precision.letter === "s" ? "d" : "s";
  c.isReadOnly = true;
  const suffix = (isScalar ? scalar : packed)(c, precision);
  c.name = `cvt${suffix}2${suffix[0]}${other}`;
  const memoryBytes = isScalar ? precision.elementBytes : precision.letter === "s" ? 8 : XMM_BYTES;
  c.emit(0x0f, 0x5a, xmmOperand(c, reg, precision.contents, { memoryBytes }));
};

export const move: FloatSubject = (c, random, precision, reg) => {
  const { letter, contents } = precision;
  random.pick([
    () => {
      c.name = `mova${packed(c, precision)}`;
      c.emit(0x0f, 0x28 | random.below(2), xmmOperand(c, reg, contents));
    },
    () => {
      c.name = `movu${packed(c, precision)}`;
      c.emit(0x0f, 0x10 | random.below(2), xmmOperand(c, reg, contents, { isUnaligned: true }));
    },
    () => {
      c.name = `mov${scalar(c, precision)}`;
      c.emit(0x0f, 0x10 | random.below(2), scalarOperand(c, precision, reg));
    },
    () => {
      const [opcode, name] = random.pick<Opcode>([[0x12, "movl"], [0x13, "movl"], [0x16, "movh"], [0x17, "movh"]]);
      c.name = `${name}${packed(c, precision)} with memory`;
      c.emit(0x0f, opcode, xmmOperand(c, reg, contents, { form: "memory", memoryBytes: 8 }));
    },
    () => {
      c.name = `movmsk${packed(c, precision)}`;
      c.emit(0x0f, 0x50, xmmOperand(c, reg, contents, { form: "register", keepsReg: true }));
    },
    () => {
      c.name = `movnt${packed(c, precision)}`;
      c.emit(0x0f, 0x2b, xmmOperand(c, reg, contents, { form: "memory" }));
    },
    () => {
      if (letter === "d") return compare(c, random, precision, reg);
      c.name = "movhlps/movlhps";
      c.emit(0x0f, random.pick([0x12, 0x16]), xmmOperand(c, reg, contents, { form: "register" }));
    },
  ])();
};
