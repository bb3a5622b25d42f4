// XMM and MMX operands of a case. Registers that an instruction does not name hold a pattern: it shows a stray write as
// well as noise would, and compresses.

import type { Case } from "./case.ts";
import { f32, f64 } from "./float-values.ts";
import { setMm } from "./fpu-state.ts";
import { SLOT_BYTES } from "./fx-image.ts";
import { FX_MXCSR, FX_XMM, MXCSR_RESET, resetFxImage } from "./machine-model.ts";
import { memoryOperand, registerOperand } from "./operands.ts";
import type { Random } from "./random.ts";

export const XMM_BYTES = 16, MM_BYTES = 8;

/** What the elements of an operand are: makes `count` bytes of them. */
export type Contents = (random: Random, count: number) => number[];

export const integers: Contents = (random, count) => random.bytes(count);
export const singles: Contents = (random, count) => elements(random, f32, 4, count);
export const doubles: Contents = (random, count) => elements(random, f64, 8, count);

function elements(random: Random, element: (random: Random) => number[], elementBytes: number, count: number): number[] {
  return Array.from({ length: Math.ceil(count / elementBytes) }, () => element(random)).flat().slice(0, count);
}

/** Gives the case an FXSAVE image with the pattern in all XMM registers and the reset MXCSR. */
export function setXmmState(c: Case): void {
  const image = (c.fx ??= resetFxImage());
  for (let i = 0; i < 8; i++) {
    for (let j = 0; j < XMM_BYTES; j++) image[FX_XMM + SLOT_BYTES * i + j] = (i << 4) | j;
  }
}

const ROUNDING_SHIFT = 13, FTZ = 0x8000, DAZ = 0x40, STICKY = 0x3f, PRECISION = 0x20;

/** All exceptions masked; often as in the midst of a program, else rounding, flush modes and sticky flags at random. */
export function randomMxcsr(random: Random): number {
  if (random.chance(0.4)) return MXCSR_RESET | PRECISION;
  const flush = (random.chance(0.15) ? FTZ : 0) | (random.chance(0.1) ? DAZ : 0);
  const sticky = random.chance(0.1) ? random.u32() & STICKY : 0;
  return MXCSR_RESET | (random.below(4) << ROUNDING_SHIFT) | flush | sticky;
}

export function setMxcsr(c: Case, value: number): void {
  const image = (c.fx ??= resetFxImage());
  new DataView(image.buffer).setUint32(FX_MXCSR, value, true);
}

export function setXmm(c: Case, register: number, bytes: readonly number[]): void {
  (c.fx ??= resetFxImage()).set(bytes, FX_XMM + SLOT_BYTES * register);
}

export interface SimdOptions {
  /** Bytes that a memory operand has; by default the whole register. */
  readonly memoryBytes?: number;
  readonly form?: "register" | "memory";
  /** A 16-byte memory operand need not be aligned. */
  readonly isUnaligned?: boolean;
  /** ModRM.reg is no XMM register, or one that is only written. */
  readonly keepsReg?: boolean;
}

/** ModRM bytes of `xmm, xmm/m`, with contents in both operands. Smaller memory operands may be unaligned. */
export function xmmOperand(c: Case, reg: number, contents: Contents, options: SimdOptions = {}): number[] {
  const { random } = c;
  if (!options.keepsReg) setXmm(c, reg, contents(random, XMM_BYTES));
  const isMemory = options.form === undefined ? random.bool() : options.form === "memory";
  if (isMemory) {
    const bytes = options.memoryBytes ?? XMM_BYTES;
    return memoryOperand(c, reg, contents(random, bytes), { align: bytes === XMM_BYTES && !options.isUnaligned ? XMM_BYTES : 1 });
  }
  c.ignoresAddressSize = true;
  const rm = random.below(8);
  setXmm(c, rm, contents(random, XMM_BYTES));
  return [registerOperand(reg, rm)];
}

/** ModRM bytes of `mm, mm/m64`, with integers in both operands, in a case that has an MMX state. */
export function mmOperand(c: Case, reg: number, options: SimdOptions = {}): number[] {
  const { random } = c;
  if (!options.keepsReg) setMm(c, reg, integers(random, MM_BYTES));
  const isMemory = options.form === undefined ? random.bool() : options.form === "memory";
  if (isMemory) return memoryOperand(c, reg, integers(random, options.memoryBytes ?? MM_BYTES));
  c.ignoresAddressSize = true;
  const rm = random.below(8);
  setMm(c, rm, integers(random, MM_BYTES));
  return [registerOperand(reg, rm)];
}
