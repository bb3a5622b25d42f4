/**
 * Packed integer operations that are not done on words (`insns/sse/packed-words.ts`, `packed-across.ts`). Each reads both
 * operands, makes the result in a scratch array, and writes it whole, because source and destination may be one register.
 * `w` is 2 for MMX, 4 for XMM.
 */
import type { Cpu } from "../../cpu.ts";
import type { VectorHelper } from "./vector-helper.ts";
import { defVectorHelper } from "./vector-helper.ts";

/** A 16-byte vector in every division. */
export class Vector {
  readonly u32 = new Uint32Array(4);
  readonly s32 = new Int32Array(this.u32.buffer);
  readonly u16 = new Uint16Array(this.u32.buffer);
  readonly s16 = new Int16Array(this.u32.buffer);
  readonly u8 = new Uint8Array(this.u32.buffer);
  readonly s8 = new Int8Array(this.u32.buffer);
}

/** Computes `r` from destination `x`, source `y` and the immediate; `w` is the number of words. */
export type AcrossFunction = (r: Vector, x: Vector, y: Vector, w: 2 | 4, imm: number) => void;

/** `words` are those of the destination; a body sees sources in memory of any size, zero extended. */
export function acrossHelper(name: string, compute: AcrossFunction, words: 2 | 4): VectorHelper {
  return defVectorHelper(`${name}_${words * 32}`, {
    doc: `${name.toUpperCase()} on ${words * 32} bits.`,
    bind: (cpu) => bindAcross(cpu, compute, words),
  });
}

function bindAcross(cpu: Cpu, compute: AcrossFunction, words: 2 | 4): (dst: number, src: number, imm: number) => void {
  const { R } = cpu, r = new Vector(), x = new Vector(), y = new Vector();
  return (dst, src, imm) => {
    for (let i = 0; i < words; i++) {
      x.s32[i] = R[dst + i];
      y.s32[i] = R[src + i];
    }
    compute(r, x, y, words, imm);
    for (let i = 0; i < words; i++) R[dst + i] = r.s32[i];
  };
}

/** The least halfword of y and its number (SDM 2B PHMINPOSUW). */
export const minimumPosition: AcrossFunction = (r, _x, y) => {
  let at = 0;
  for (let i = 1; i < 8; i++) if (y.u16[i] < y.u16[at]) at = i;
  r.u32.fill(0);
  r.u16[0] = y.u16[at];
  r.u16[1] = at;
};
