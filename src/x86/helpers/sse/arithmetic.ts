/** Floating-point arithmetic of SSE to SSE4.1 on whole operands: the loops over elements around `FloatUnit`. */
import type { Cpu } from "../../cpu.ts";
import { minMax } from "./compare.ts";
import type { Binary } from "./float-unit.ts";
import { FloatUnit } from "./float-unit.ts";
import { approximate, reciprocal, reciprocalRoot } from "./reciprocal.ts";
import type { VectorHelper } from "./vector-helper.ts";
import { defVectorHelper, SOURCE_SLOT, TEMP_SLOT } from "./vector-helper.ts";

/** How an insn goes over its operands: singles or doubles, all elements or the first. */
export interface Shape {
  readonly suffix: "ps" | "pd" | "ss" | "sd";
  readonly isSingle: boolean;
  readonly elements: number;
}
export const PS: Shape = { suffix: "ps", isSingle: true, elements: 4 }, PD: Shape = { suffix: "pd", isSingle: false, elements: 2 };
export const SS: Shape = { suffix: "ss", isSingle: true, elements: 1 }, SD: Shape = { suffix: "sd", isSingle: false, elements: 1 };

/** One element: out = f(x, y), on slots. */
export type ElementFunction = (unit: FloatUnit, x: number, y: number, out: number, imm: number) => void;

/** Runs `f` over the elements; the destination is written once no exception can come any more. */
export function elementwise(name: string, { suffix, isSingle, elements }: Shape, f: (shape: { isSingle: boolean }) => ElementFunction): VectorHelper {
  const compute = f({ isSingle }), size = isSingle ? 1 : 2, words = elements * size;
  return defVectorHelper(`${name}${suffix}`, {
    doc: `${name.toUpperCase()}${suffix.toUpperCase()}.`, isFloat: true,
    bind(cpu: Cpu) {
      const unit = new FloatUnit(cpu), { R } = cpu;
      return (dst, src, imm) => {
        unit.begin();
        for (let at = 0; at < words; at += size) compute(unit, dst + at, src + at, TEMP_SLOT + at, imm);
        unit.end();
        for (let at = 0; at < words; at++) R[dst + at] = R[TEMP_SLOT + at];
      };
    },
  });
}

const binary = (op: Binary) => ({ isSingle }: { isSingle: boolean }): ElementFunction =>
  isSingle ? (unit, x, y, out) => unit.binary32(op, x, y, out) : (unit, x, y, out) => unit.binary64(op, x, y, out);

/** ADD SUB MUL DIV MIN MAX SQRT by name. */
export function arithmeticHelper(name: Binary | "min" | "max" | "sqrt", shape: Shape): VectorHelper {
  if (name === "min" || name === "max") {
    return elementwise(name, shape, ({ isSingle }) => (unit, x, y, out) => minMax(unit, name === "max", x, y, out, isSingle));
  }
  if (name === "sqrt") return elementwise(name, shape, ({ isSingle }) => (unit, _x, y, out) => unit.squareRoot(y, out, isSingle));
  return elementwise(name, shape, binary(name));
}

/** RCPPS and RSQRTPS raise nothing. */
export function approximationHelper(name: "rcp" | "rsqrt", shape: Shape): VectorHelper {
  const compute = name === "rcp" ? reciprocal : reciprocalRoot;
  return elementwise(name, shape, () => (unit, _x, y, out) => approximate(unit, compute, y, out));
}

/** An insn that combines pairs of elements: out[i] = x op y, elements by number, those of the source behind the destination's. */
interface PairwiseInsn {
  readonly pairs: readonly (readonly [operation: "add" | "sub", x: number, y: number])[];
  readonly helper: VectorHelper;
}

function pairwise(name: string, isSingle: boolean, pairs: PairwiseInsn["pairs"]): PairwiseInsn {
  const helper = defVectorHelper(name, {
    doc: `${name.toUpperCase()}.`, isFloat: true,
    bind(cpu) {
      const unit = new FloatUnit(cpu), { R } = cpu, size = isSingle ? 1 : 2;
      return (dst, src) => {
        const slot = (i: number): number => (i * size < 4 ? dst + i * size : src + i * size - 4);
        unit.begin();
        pairs.forEach(([op, x, y], i) => {
          if (isSingle) unit.binary32(op, slot(x), slot(y), TEMP_SLOT + i);
          else unit.binary64(op, slot(x), slot(y), TEMP_SLOT + i * size);
        });
        unit.end();
        for (let i = 0; i < 4; i++) R[dst + i] = R[TEMP_SLOT + i];
      };
    },
  });
  return { pairs, helper };
}

export const PAIRWISE = {
  haddps: pairwise("haddps", true, [["add", 0, 1], ["add", 2, 3], ["add", 4, 5], ["add", 6, 7]]),
  hsubps: pairwise("hsubps", true, [["sub", 0, 1], ["sub", 2, 3], ["sub", 4, 5], ["sub", 6, 7]]),
  haddpd: pairwise("haddpd", false, [["add", 0, 1], ["add", 2, 3]]),
  hsubpd: pairwise("hsubpd", false, [["sub", 0, 1], ["sub", 2, 3]]),
  addsubps: pairwise("addsubps", true, [["sub", 0, 4], ["add", 1, 5], ["sub", 2, 6], ["add", 3, 7]]),
  addsubpd: pairwise("addsubpd", false, [["sub", 0, 2], ["add", 1, 3]]),
};

/**
 * DPPS and DPPD: products of the elements that imm[7:4] chooses, summed as a tree, to the elements that imm[3:0] chooses
 * (SDM 2A). Every product and sum rounds and raises exceptions of its own.
 */
function dotProduct(name: "dpps" | "dppd", isSingle: boolean): VectorHelper {
  return defVectorHelper(name, {
    doc: `${name.toUpperCase()}.`, isFloat: true,
    bind(cpu) {
      const unit = new FloatUnit(cpu), { R } = cpu, size = isSingle ? 1 : 2, count = 4 / size;
      const compute = (op: Binary, x: number, y: number, out: number): void =>
        isSingle ? unit.binary32(op, x, y, out) : unit.binary64(op, x, y, out);
      return (dst, src, imm) => {
        unit.begin();
        for (let i = 0; i < count; i++) {
          const at = i * size;
          if (((imm >> (4 + i)) & 1) !== 0) compute("mul", dst + at, src + at, TEMP_SLOT + at);
          else unit.putZero(TEMP_SLOT + at, 0, isSingle);
        }
        // Every element adds up by itself, in an order of its own: of two NaNs the first comes through (as processors do it).
        for (let i = 0; i < count; i++) {
          const mine = TEMP_SLOT + i * size, other = TEMP_SLOT + (i ^ 1) * size, out = SOURCE_SLOT + i * size;
          if (isSingle) compute("add", other, mine, out);
          else compute("add", mine, other, out);
        }
        for (let i = 0; isSingle && i < count; i++) compute("add", SOURCE_SLOT + i, SOURCE_SLOT + (i ^ 2), TEMP_SLOT + i);
        unit.end();
        const sums = isSingle ? TEMP_SLOT : SOURCE_SLOT;
        for (let i = 0; i < 4; i++) R[dst + i] = ((imm >> Math.floor(i / size)) & 1) !== 0 ? R[sums + i] : 0;
      };
    },
  });
}

export const DOT_PRODUCTS = { dpps: dotProduct("dpps", true), dppd: dotProduct("dppd", false) };

