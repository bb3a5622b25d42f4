// FXSAVE images: which of their bytes mean something for a vector.

import { fromHex, toHex } from "./bytes.ts";
import { FX_BYTES, FX_FCW, FX_FSW, FX_FTW, FX_MXCSR, FX_ST, FX_XMM } from "./machine-model.ts";

/** Bytes of a value of ST(i), and of the place it has. */
export const ST_BYTES = 10, SLOT_BYTES = 16;
/** MXCSR bits that exist everywhere; MM (bit 17) is AMD's. */
const MXCSR_BYTES = 2;

/** Number of the physical register that ST(i) is, for a status word. */
function physicalRegister(fsw: number, i: number): number {
  return ((fsw >> 11) + i) & 7;
}

/** Whether ST(i) holds a value, by the abridged tag word. */
export function isUsed(fsw: number, ftw: number, i: number): boolean {
  return ((ftw >> physicalRegister(fsw, i)) & 1) === 1;
}

/**
 * An image as a processor saved it, reduced to what vectors are about: without instruction and data pointers, the MXCSR
 * mask, reserved bytes and the contents of empty registers. What is left out is zero.
 */
export function significantFx(hex: string): string {
  const image = fromHex(hex);
  const result = new Uint8Array(FX_BYTES);
  const keep = (from: number, count: number) => result.set(image.subarray(from, from + count), from);
  keep(FX_FCW, 2);
  keep(FX_FSW, 2);
  keep(FX_FTW, 1);
  keep(FX_MXCSR, MXCSR_BYTES);
  const fsw = image[FX_FSW] | (image[FX_FSW + 1] << 8);
  for (let i = 0; i < 8; i++) {
    if (isUsed(fsw, image[FX_FTW], i)) keep(FX_ST + SLOT_BYTES * i, ST_BYTES);
  }
  keep(FX_XMM, FX_BYTES - FX_XMM);
  return toHex(result);
}
