// The x87 instructions but the transcendental ones (trans.ts), with all exceptions masked: every rounding and precision
// control, stack faults, special values, C1. Memory formats are in x87-memory.ts.

import { Case } from "../case.ts";
import { f80Between, makeF80, significand, specialF80 } from "../float-values.ts";
import { C1, CONDITION_CODES, FSW_DEFINED, setFpuState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import type { Random } from "../random.ts";
import { ARITHMETIC, environment, isComparison, load, memoryArithmetic, store, storeControl, truncatingStore } from "./x87-memory.ts";

export const x87: Group = {
  name: "x87",
  weight: 10,
  make(random) {
    const c = new Case(random, "x87");
    c.notes.fsw = FSW_DEFINED;
    c.ignoresAddressSize = true;
    random.weighted(SUBJECTS)(c, random, setFpuState(c));
    return c;
  },
};

/** Fills in a case whose x87 state is random; `depth` is what its stack holds. */
export type X87Subject = (c: Case, random: Random, depth: number) => void;

const ALL_DEFINED = 0xffff;

const arithmetic: X87Subject = (c, random) => {
  const operation = random.below(8);
  c.name = `${ARITHMETIC[operation]} st0,sti`;
  if (isComparison(operation)) c.notes.fsw = ALL_DEFINED;
  c.emit(0xd8, 0xc0 | (operation << 3) | random.below(8));
};

/** In these encodings the reversed forms of FSUB and FDIV have changed places. */
const arithmeticToSti: X87Subject = (c, random) => {
  const operation = random.pick([0, 1, 4, 5, 6, 7]);
  const pops = random.bool();
  c.name = `${ARITHMETIC[operation]}${pops ? "p" : ""} sti,st0`;
  const reg = operation >= 4 ? operation ^ 1 : operation;
  c.emit(pops ? 0xde : 0xdc, 0xc0 | (reg << 3) | random.below(8));
};

const CONSTANTS = ["fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz"] as const;

const constant: X87Subject = (c, random) => {
  const which = random.below(CONSTANTS.length);
  c.name = CONSTANTS[which];
  c.emit(0xd9, 0xe8 | which);
};

const signOrTop: X87Subject = (c, random) => {
  const [name, opcode] = random.pick([["fchs", 0xe0], ["fabs", 0xe1], ["fincstp", 0xf7], ["fdecstp", 0xf6], ["fnop", 0xd0]] as const);
  c.name = name;
  c.emit(0xd9, opcode);
};

const examine: X87Subject = (c, random, depth) => {
  const isFxam = random.bool();
  c.name = isFxam ? "fxam" : "ftst";
  c.notes.fsw = isFxam && depth === 0 ? ALL_DEFINED & ~C1 : ALL_DEFINED; // the sign of an empty register
  c.emit(0xd9, isFxam ? 0xe5 : 0xe4);
};

const oneOperand: X87Subject = (c, random) => {
  const [name, opcode] = random.pick([["frndint", 0xfc], ["fsqrt", 0xfa], ["fscale", 0xfd], ["fxtract", 0xf4]] as const);
  c.name = name;
  if (name === "fscale" && random.bool()) setFpuState(c, { st1: f80Between(random, -3, 16) });
  c.emit(0xd9, opcode);
};

/** Exponents differ by less than 64: further apart the remainder is partial, in steps of the CPU's choice. */
const remainder: X87Subject = (c, random) => {
  const isIeee = random.bool();
  c.name = isIeee ? "fprem1" : "fprem";
  c.notes.fsw = ALL_DEFINED;
  const exponent = 16383 + random.between(-15, 14);
  const value = (e: number) => makeF80(random.below(2), e, significand(random));
  const st0 = value(exponent), st1 = value(exponent + random.between(-62, 5));
  const special = random.chance(0.2) ? extreme(random) : undefined;
  setFpuState(c, special && random.bool() ? { st0: special, st1 } : { st0, st1: special ?? st1 });
  c.emit(0xd9, isIeee ? 0xf5 : 0xf8);
};

/** A special value that no exponent difference applies to. */
function extreme(random: Random): number[] {
  return random.pick([
    makeF80(random.below(2), 0, 0n),
    makeF80(random.below(2), 0x7fff, 1n << 63n),
    makeF80(random.below(2), 0x7fff, 3n << 62n),
    makeF80(0, 0x7fff, (1n << 63n) + 5n),
  ]);
}

const COMPARISONS = [
  ["fcomi", 0xdb, 0xf0], ["fucomi", 0xdb, 0xe8], ["fcomip", 0xdf, 0xf0], ["fucomip", 0xdf, 0xe8], ["fucom", 0xdd, 0xe0], ["fucomp", 0xdd, 0xe8],
] as const;

const compare: X87Subject = (c, random) => {
  const [name, escape, opcode] = random.pick(COMPARISONS);
  c.name = name;
  if (escape === 0xdd) c.notes.fsw = ALL_DEFINED;
  if (random.chance(0.2)) {
    const value = specialF80(random);
    setFpuState(c, { st0: value, st1: value });
  }
  c.emit(escape, opcode | random.below(random.bool() ? 2 : 8));
};

const compareAndPopTwo: X87Subject = (c, random) => {
  const isUnordered = random.bool();
  c.name = isUnordered ? "fucompp" : "fcompp";
  c.notes.fsw = ALL_DEFINED;
  c.emit(isUnordered ? [0xda, 0xe9] : [0xde, 0xd9]);
};

const move: X87Subject = (c, random) => {
  const [name, escape, opcode] = random.pick([
    ["fxch", 0xd9, 0xc8], ["fst sti", 0xdd, 0xd0], ["fstp sti", 0xdd, 0xd8], ["fld sti", 0xd9, 0xc0], ["ffree", 0xdd, 0xc0],
  ] as const);
  c.name = name;
  c.emit(escape, opcode | random.below(8));
};

const conditionalMove: X87Subject = (c, random) => {
  c.name = "fcmovcc";
  c.emit(0xda | random.below(2), 0xc0 | (random.below(4) << 3) | random.below(8));
};

const control: X87Subject = (c, random) => {
  random.pick([
    () => { c.name = "fnstsw ax"; c.notes.fsw = ALL_DEFINED; c.emit(0xdf, 0xe0); },
    () => { c.name = "fnclex"; c.notes.fsw = ALL_DEFINED & ~CONDITION_CODES; c.emit(0xdb, 0xe2); },
    () => { c.name = "fninit"; c.emit(0xdb, 0xe3); },
    () => { c.name = "fwait"; c.notes.fsw = ALL_DEFINED; c.emit(0x9b); },
  ])();
};

/** What raises exceptions, masked or not. */
export const EXCEPTION_SUBJECTS: readonly X87Subject[] = [
  arithmetic, arithmeticToSti, memoryArithmetic, load, store, truncatingStore, oneOperand, compare, move,
];

const SUBJECTS: readonly (readonly [number, X87Subject])[] = [
  [4, arithmetic],
  [4, arithmeticToSti],
  [8, memoryArithmetic],
  [4, load],
  [8, store],
  [2, truncatingStore],
  [1, constant],
  [1, signOrTop],
  [2, examine],
  [4, oneOperand],
  [3, remainder],
  [3, compare],
  [1, compareAndPopTwo],
  [2, move],
  [1, conditionalMove],
  [1, control],
  [1, storeControl],
  [2, environment],
];
