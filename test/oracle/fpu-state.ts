// The x87 state a case starts in: control and status words, a stack of random depth and contents.

import type { Case } from "./case.ts";
import { f80 } from "./float-values.ts";
import { FX_FCW, FX_FSW, FX_FTW, FX_ST, resetFxImage } from "./machine-model.ts";
import { SLOT_BYTES } from "./fx-image.ts";

/** Condition codes of the status word, and its sticky flags. */
export const C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000;
export const CONDITION_CODES = C0 | C1 | C2 | C3;
/** Status bits that arithmetic leaves undefined: all condition codes but C1. */
export const FSW_DEFINED = 0xffff & ~(C0 | C2 | C3);

const ALL_MASKED = 0x3f;
/** Bit 6 of the control word reads as one. */
const FCW_RESERVED = 0x40;
/** Precision control: 24, 53 and 64 significant bits; 01 is reserved. */
const PRECISIONS = [0, 2, 3, 3];
const PRECISION_64 = 3;

export interface FpuOptions {
  readonly st0?: readonly number[];
  readonly st1?: readonly number[];
  /** Values on the stack; by default 2 to 7, now and then fewer. */
  readonly depth?: number;
  /** 64 significant bits, round to nearest. */
  readonly isDefaultControl?: boolean;
}

/** Gives the case an FXSAVE image with a random x87 state; returns the depth of its stack. */
export function setFpuState(c: Case, options: FpuOptions = {}): number {
  const { random } = c;
  const image = (c.fx ??= resetFxImage());
  const view = new DataView(image.buffer);
  const top = random.below(8);
  const precision = options.isDefaultControl ? PRECISION_64 : random.pick(PRECISIONS);
  const rounding = options.isDefaultControl ? 0 : random.below(4);
  view.setUint16(FX_FCW, ALL_MASKED | FCW_RESERVED | (precision << 8) | (rounding << 10), true);
  view.setUint16(FX_FSW, (top << 11) | (random.chance(0.3) ? random.u32() & CONDITION_CODES : 0), true);
  const depth = options.depth ?? (random.chance(0.07) ? random.below(3) : random.between(2, 7));
  image[FX_FTW] = 0;
  for (let i = 0; i < depth; i++) {
    image[FX_FTW] |= 1 << ((top + i) & 7);
    const value = i === 0 ? options.st0 : i === 1 ? options.st1 : undefined;
    image.set(value ?? f80(random), FX_ST + SLOT_BYTES * i);
  }
  return depth;
}

const MM_BYTES = 8;

/**
 * A pattern in all MMX registers, like that of simd-state.ts. The x87 stack may have been in use: MMX instructions put TOP
 * to 0, mark all registers used, and set the upper bits of those they write.
 */
export function setMmxState(c: Case): void {
  const { random } = c;
  const image = (c.fx ??= resetFxImage());
  const wasInUse = random.chance(0.3);
  const top = wasInUse ? random.below(8) : 0;
  new DataView(image.buffer).setUint16(FX_FSW, top << 11, true);
  image[FX_FTW] = wasInUse ? random.byte() : 0xff;
  for (let i = 0; i < 8; i++) {
    const pattern = Array.from({ length: MM_BYTES }, (_, j) => (i << 4) | j);
    image.set([...pattern, ...(wasInUse ? [0xf0 | i, 0x3f] : [0xff, 0xff])], FX_ST + SLOT_BYTES * i);
  }
}

/** Sets an MMX register in an image that has an MMX state. MMX registers are physical ones, images are in stack order. */
export function setMm(c: Case, register: number, bytes: readonly number[]): void {
  const image = (c.fx ??= resetFxImage());
  const top = (image[FX_FSW + 1] >> 3) & 7;
  image.set(bytes.slice(0, MM_BYTES), FX_ST + SLOT_BYTES * ((register - top) & 7));
}
