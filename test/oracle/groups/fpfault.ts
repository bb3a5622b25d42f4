// Unmasked floating-point exceptions: #MF, which the next waiting x87 or MMX instruction raises, and #XM, which the SSE
// instruction itself does. The state at the exception tells what was stored before it and what was not.

import { le } from "../bytes.ts";
import { Case } from "../case.ts";
import { setFpuState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import { FX_FCW, FX_FSW, MF, resetFxImage, XM } from "../machine-model.ts";
import { memoryOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { randomMxcsr, setMxcsr, setXmmState } from "../simd-state.ts";
import { arithmetic, compare, compareToFlags, convertInteger, convertPrecision, DOUBLE, SINGLE } from "./sse-float.ts";
import { EXCEPTION_SUBJECTS } from "./x87.ts";

export const fpfault: Group = {
  name: "fpfault",
  weight: 4,
  make(random) {
    const c = new Case(random, "fpfault");
    random.weighted(SUBJECTS)(c, random);
    return c;
  },
};

type Subject = (c: Case, random: Random) => void;

const EXCEPTION_BITS = 0x3f;
const MXCSR_MASK_SHIFT = 7;
const ERROR_SUMMARY = 0x80, BUSY = 0x8000;
/** All condition codes but C1, which exceptions leave undefined as arithmetic does. */
const FSW_DEFINED = 0xffff & ~0x4500;

/** Instructions that look for a pending exception before they do anything. */
const WAITING: readonly (readonly [string, readonly number[]])[] = [
  ["fwait", [0x9b]], ["fnop", [0xd9, 0xd0]], ["fldz", [0xd9, 0xee]], ["fincstp", [0xd9, 0xf7]], ["ffree", [0xdd, 0xc7]], ["emms", [0x0f, 0x77]],
  ["movq mm", [0x0f, 0x6f, 0xc1]], ["fchs", [0xd9, 0xe0]],
];
/** Instructions that do not. */
const NOT_WAITING: readonly (readonly [string, readonly number[]])[] = [
  ["fnstsw ax", [0xdf, 0xe0]], ["fnclex", [0xdb, 0xe2]], ["fninit", [0xdb, 0xe3]],
];

function fxView(c: Case): DataView {
  return new DataView((c.fx ??= resetFxImage()).buffer);
}

/** Clears some mask bits of the control word, mostly all. */
function unmask(c: Case): number {
  const view = fxView(c);
  const unmasked = c.random.bool() ? EXCEPTION_BITS : c.random.below(EXCEPTION_BITS + 1);
  view.setUint16(FX_FCW, view.getUint16(FX_FCW, true) & ~unmasked, true);
  return unmasked;
}

/** An instruction of the group x87, then a waiting one. */
const x87Exception: Subject = (c, random) => {
  const depth = setFpuState(c);
  c.notes.fsw = FSW_DEFINED;
  unmask(c);
  random.pick(EXCEPTION_SUBJECTS)(c, random, depth);
  unmask(c); // the subject may have made a state of its own
  const [waitName, wait] = random.pick(WAITING.slice(0, 2));
  c.name = `${c.name}, unmasked, ${waitName}`;
  c.expectedFaults = [MF];
  c.notes.fsw &= FSW_DEFINED;
  c.isSingleInsn = false;
  c.emit(wait);
};

/** An exception is pending from the start. */
const pending: Subject = (c, random) => {
  setFpuState(c);
  unmask(c);
  const view = fxView(c);
  const flags = random.below(EXCEPTION_BITS + 1);
  const isPending = (flags & ~view.getUint16(FX_FCW, true) & EXCEPTION_BITS) !== 0;
  view.setUint16(FX_FSW, view.getUint16(FX_FSW, true) | flags | (isPending ? ERROR_SUMMARY | BUSY : 0), true);
  const [name, code] = random.pick(random.chance(0.7) ? WAITING : NOT_WAITING);
  c.name = `${name} with a pending exception`;
  c.notes.fsw = FSW_DEFINED;
  c.expectedFaults = [MF];
  c.isSingleInsn = false;
  c.emit(code);
};

/** FLDCW unmasks an exception whose flag is set: it pends from then on. */
const unmaskedByFldcw: Subject = (c, random) => {
  setFpuState(c);
  const view = fxView(c);
  view.setUint16(FX_FSW, view.getUint16(FX_FSW, true) | random.below(EXCEPTION_BITS + 1), true);
  c.name = "fldcw unmasks, fwait";
  c.notes.fsw = FSW_DEFINED;
  c.expectedFaults = [MF];
  c.isSingleInsn = false;
  const controlWord = 0x340 | random.below(EXCEPTION_BITS + 1);
  c.emit(0xd9, memoryOperand(c, 5, le(controlWord, 2)), 0x9b);
};

const sseException: Subject = (c, random) => {
  setXmmState(c);
  const unmasked = random.bool() ? EXCEPTION_BITS : random.below(EXCEPTION_BITS + 1);
  setMxcsr(c, randomMxcsr(random) & ~(unmasked << MXCSR_MASK_SHIFT) & ~(random.bool() ? unmasked : 0));
  random.pick([arithmetic, compare, compareToFlags, convertInteger, convertPrecision])(c, random, random.pick([SINGLE, DOUBLE]), random.below(8));
  c.name = `${c.name}, unmasked`;
  c.expectedFaults = [XM];
};

const SUBJECTS: readonly (readonly [number, Subject])[] = [
  [5, x87Exception],
  [2, pending],
  [1, unmaskedByFldcw],
  [4, sseException],
];
