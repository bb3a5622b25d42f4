// The transcendental x87 instructions at full precision, round to nearest. Results may be off by a few units of the last
// place; special operands have exact results.

import { Case } from "../case.ts";
import { f80Between, makeF80, significand } from "../float-values.ts";
import { C0, C1, C2, C3, setFpuState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import type { Random } from "../random.ts";

const ULPS = 4;

type Operand = (random: Random) => number[];

interface Operation {
  readonly name: string;
  readonly opcode: number;
  readonly st0: Operand;
  readonly st1?: Operand;
  /** C2 tells that the operand was out of range. */
  readonly definesC2?: boolean;
  readonly specialSt0: readonly Operand[];
}

const between = (low: number, high: number): Operand => (random) => f80Between(random, low, high);
const positive = (low: number, high: number): Operand => (random) => makeF80(0, 16383 + random.between(low, high - 1), significand(random));
const zero: Operand = (random) => makeF80(random.below(2), 0, 0n);
const infinity: Operand = (random) => makeF80(random.below(2), 0x7fff, 1n << 63n);
const quietNan: Operand = (random) => makeF80(random.below(2), 0x7fff, (3n << 62n) | significand(random));
const signallingNan: Operand = (random) => makeF80(random.below(2), 0x7fff, (1n << 63n) | BigInt(random.u32()) | 1n);
const ANYWHERE = [zero, infinity, quietNan, signallingNan];
const outOfTrigRange = between(63, 100);

const OPERATIONS: readonly Operation[] = [
  { name: "f2xm1", opcode: 0xf0, st0: between(-20, 0), specialSt0: [zero, quietNan, signallingNan] },
  { name: "fyl2x", opcode: 0xf1, st0: positive(-20, 20), st1: between(-5, 5), specialSt0: ANYWHERE },
  { name: "fptan", opcode: 0xf2, st0: between(-10, 1), definesC2: true, specialSt0: [...ANYWHERE, outOfTrigRange] },
  { name: "fpatan", opcode: 0xf3, st0: between(-10, 10), st1: between(-10, 10), specialSt0: ANYWHERE },
  { name: "fyl2xp1", opcode: 0xf9, st0: between(-20, -2), st1: between(-5, 5), specialSt0: [zero, quietNan, signallingNan] },
  { name: "fsincos", opcode: 0xfb, st0: between(-10, 1), definesC2: true, specialSt0: [...ANYWHERE, outOfTrigRange] },
  { name: "fsin", opcode: 0xfe, st0: between(-10, 1), definesC2: true, specialSt0: [...ANYWHERE, outOfTrigRange] },
  { name: "fcos", opcode: 0xff, st0: between(-10, 1), definesC2: true, specialSt0: [...ANYWHERE, outOfTrigRange] },
];

export const trans: Group = {
  name: "trans",
  weight: 3,
  make(random) {
    const c = new Case(random, "trans");
    const operation = random.pick(OPERATIONS);
    const isSpecial = random.chance(0.25);
    c.name = `${operation.name}${isSpecial ? ", special operand" : ""}`;
    const st0 = (isSpecial ? random.pick(operation.specialSt0) : operation.st0)(random);
    const st1 = operation.st1?.(random);
    setFpuState(c, { st0, ...(st1 ? { st1 } : {}), depth: random.between(2, 7), isDefaultControl: true });
    c.notes.fsw = 0xffff & ~(C0 | C1 | C3 | (operation.definesC2 ? 0 : C2));
    c.notes.ulp = ULPS;
    return c.emit(0xd9, operation.opcode);
  },
};
