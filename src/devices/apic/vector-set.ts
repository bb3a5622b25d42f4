/** A set of interrupt vectors as the local APIC has them: 256 bits, in eight words (SDM 3A §10.8.4). Sets are not changed but replaced. */
import type { Field } from "../saveable.ts";
import { array, DWORD } from "../saveable.ts";

/** Eight unsigned words, the lowest vectors first. */
export type VectorSet = readonly number[];

const WORDS = 8;

export const NO_VECTORS: VectorSet = new Array<number>(WORDS).fill(0);

export const VECTOR_SET: Field<VectorSet> = array(WORDS, DWORD);

export function hasVector(set: VectorSet, vector: number): boolean {
  return (set[vector >>> 5] & (1 << (vector & 31))) !== 0;
}

export function withVector(set: VectorSet, vector: number): VectorSet {
  return set.with(vector >>> 5, (set[vector >>> 5] | (1 << (vector & 31))) >>> 0);
}

export function withoutVector(set: VectorSet, vector: number): VectorSet {
  return set.with(vector >>> 5, (set[vector >>> 5] & ~(1 << (vector & 31))) >>> 0);
}

/** The highest vector, which has the highest priority; -1 if there is none. */
export function highestVector(set: VectorSet): number {
  for (let i = WORDS - 1; i >= 0; i--) if (set[i] !== 0) return 32 * i + 31 - Math.clz32(set[i]);
  return -1;
}
