/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM 2B §4.1). */
import type { Cpu } from "../../cpu.ts";
import { EAX, EDX, F_CF, F_OF, F_SF, F_ZF, XMM } from "../../state.ts";
import type { VectorHelper } from "./vector-helper.ts";
import { defVectorHelper } from "./vector-helper.ts";

/** Immediate: element format, aggregation, polarity, which index or mask. */
const WORDS = 1, SIGNED = 2, EQUAL_ANY = 0, RANGES = 1, EQUAL_EACH = 2, NEGATIVE = 0x10, MASKED = 0x20, LAST_OR_WIDE = 0x40;

/** The bits IntRes2 and the flags of one comparison. */
interface Comparison {
  readonly result: number;
  readonly count: number;
  readonly flags: number;
}

/** The elements of the vector at `slot`. */
function elementsAt({ R8, R16 }: Cpu["state"], slot: number, imm: number): number[] {
  const isWords = (imm & WORDS) !== 0, isSigned = (imm & SIGNED) !== 0;
  return Array.from({ length: isWords ? 8 : 16 }, (_, i) => {
    const v = isWords ? R16[2 * slot + i] : R8[4 * slot + i];
    return !isSigned ? v : isWords ? (v << 16) >> 16 : (v << 24) >> 24;
  });
}

/** Number of elements: to the first zero, or the magnitude of a register, at most all. */
const implicitLength = (elements: readonly number[]): number => {
  const zero = elements.indexOf(0);
  return zero < 0 ? elements.length : zero;
};
const explicitLength = (register: number, count: number): number => Math.min(Math.abs(register), count);

/** IntRes1: bit j tells of element j of the second operand (SDM 2B table 4-7 for what lies behind the ends). */
function aggregate(imm: number, x: readonly number[], xLength: number, y: readonly number[], yLength: number): number {
  const count = x.length, kind = (imm >> 2) & 3;
  let result = 0;
  for (let j = 0; j < count; j++) {
    let hit: boolean;
    if (kind === EQUAL_ANY) hit = j < yLength && x.slice(0, xLength).includes(y[j]);
    else if (kind === RANGES) hit = j < yLength && isInRange(x, xLength, y[j]);
    else if (kind === EQUAL_EACH) hit = j < xLength && j < yLength ? x[j] === y[j] : j >= xLength && j >= yLength;
    else hit = startsAt(x, xLength, y, yLength, j);
    if (hit) result |= 1 << j;
  }
  return result;
}

function isInRange(bounds: readonly number[], length: number, v: number): boolean {
  for (let i = 0; i + 1 < length; i += 2) if (v >= bounds[i] && v <= bounds[i + 1]) return true;
  return false;
}

/** Equal ordered: x as a substring of y from j on; what would lie behind the register counts as equal. */
function startsAt(x: readonly number[], xLength: number, y: readonly number[], yLength: number, j: number): boolean {
  for (let i = 0; i < xLength && i + j < y.length; i++) if (i + j >= yLength || x[i] !== y[i + j]) return false;
  return true;
}

function compare(imm: number, x: readonly number[], xLength: number, y: readonly number[], yLength: number): Comparison {
  const count = x.length, all = (1 << count) - 1;
  let result = aggregate(imm, x, xLength, y, yLength);
  if ((imm & NEGATIVE) !== 0) result ^= (imm & MASKED) !== 0 ? (1 << yLength) - 1 : all;
  const flags = (result !== 0 ? F_CF : 0) | (yLength < count ? F_ZF : 0) | (xLength < count ? F_SF : 0) | ((result & 1) !== 0 ? F_OF : 0);
  return { result, count, flags };
}

function indexOf({ result, count }: Comparison, imm: number): number {
  if (result === 0) return count;
  return (imm & LAST_OR_WIDE) !== 0 ? 31 - Math.clz32(result) : 31 - Math.clz32(result & -result);
}

/** Writes the bits, or all ones in the elements they stand for, to XMM0. */
function putMask({ R, R8, R16 }: Cpu["state"], { result, count }: Comparison, imm: number): void {
  R.fill(0, XMM, XMM + 4);
  if ((imm & LAST_OR_WIDE) === 0) R[XMM] = result;
  else if (count === 8) for (let i = 0; i < 8; i++) R16[2 * XMM + i] = ((result >> i) & 1) !== 0 ? 0xffff : 0;
  else for (let i = 0; i < 16; i++) R8[4 * XMM + i] = ((result >> i) & 1) !== 0 ? 0xff : 0;
}

/**
 * Returns the flags at their places in EFLAGS, and for the index forms the index in bits 16 and up.
 * Explicit lengths are in EAX and EDX.
 */
const stringCompare = (name: string, isExplicit: boolean, isIndex: boolean): VectorHelper => defVectorHelper(name, {
  doc: `${name.toUpperCase()}: returns flags, and the index in bits 16 and up.`, hasResult: true, isWide: true, readsRegisters: isExplicit,
  bind({ state }) {
    return (dst, src, imm) => {
      const x = elementsAt(state, dst, imm), y = elementsAt(state, src, imm);
      const xLength = isExplicit ? explicitLength(state.R[EAX], x.length) : implicitLength(x);
      const yLength = isExplicit ? explicitLength(state.R[EDX], y.length) : implicitLength(y);
      const found = compare(imm, x, xLength, y, yLength);
      if (isIndex) return found.flags | (indexOf(found, imm) << 16);
      putMask(state, found, imm);
      return found.flags;
    };
  },
});

export const STRING_COMPARES = {
  pcmpestrm: stringCompare("pcmpestrm", true, false), pcmpestri: stringCompare("pcmpestri", true, true),
  pcmpistrm: stringCompare("pcmpistrm", false, false), pcmpistri: stringCompare("pcmpistri", false, true),
};
