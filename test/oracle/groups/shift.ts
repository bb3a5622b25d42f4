// Shifts and rotates by 1, CL and an immediate, and the double shifts.

import { Case, SIZES, WORD_SIZES, type Size } from "../case.ts";
import type { Group } from "../group.ts";
import { AF, CF, ECX, OF } from "../machine-model.ts";
import { rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { wide } from "./alu.ts";

export const shift: Group = {
  name: "shift",
  weight: 10,
  make: (random) => (random.chance(0.25) ? doubleShift(random) : singleShift(random)),
};

/** By ModRM.reg; /6 is an undocumented but universal alias of SHL. */
const OPERATIONS = ["rol", "ror", "rcl", "rcr", "shl", "shr", "sal", "sar"] as const;
const FIRST_SHIFT = 4, SAR = 7;

/** What a shift or rotate by `count` leaves undefined (SDM 2B RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR). */
export function undefinedByShift(operation: number, size: Size, count: number): number {
  const masked = count & 31;
  if (masked === 0) return 0;
  const overflow = masked === 1 ? 0 : OF;
  if (operation < FIRST_SHIFT) return overflow;
  const carry = masked >= size * 8 && operation !== SAR ? CF : 0;
  return AF | overflow | carry;
}

/** Counts around the operand size and the mask of 31, besides random ones. */
function count(random: Random, size: Size): number {
  const bits = size * 8;
  return random.pick([0, 1, bits - 1, bits, bits + 1, 31, 32, 33, random.below(32), random.below(32), random.byte()]);
}

function singleShift(random: Random): Case {
  const size = random.pick(SIZES);
  const operation = random.below(8);
  const c = new Case(random, "shift").operandSize(size);
  const source = random.pick(["imm8", "1", "cl"] as const);
  const by = source === "1" ? 1 : count(random, size);
  if (source === "cl") c.setSized(ECX, 1, by);
  const opcode = { imm8: 0xc0, 1: 0xd0, cl: 0xd2 }[source] | wide(size);
  c.name = `${OPERATIONS[operation]} ${size * 8},${source}`;
  c.emit(opcode, rmOperand(c, operation, size, random.value()), source === "imm8" ? [by] : []);
  c.undefinedFlags = undefinedByShift(operation, size, by);
  return c;
}

function doubleShift(random: Random): Case {
  const size = random.pick(WORD_SIZES);
  const right = random.bool();
  const byCl = random.bool();
  const c = new Case(random, "shift").operandSize(size);
  let by = random.pick([0, 1, random.below(32), random.byte()]);
  if ((by & 31) > size * 8) by &= ~16; // the result would be undefined
  if (byCl) c.setSized(ECX, 1, by);
  const opcode = (right ? 0xac : 0xa4) | (byCl ? 1 : 0);
  c.name = `${right ? "shrd" : "shld"} ${size * 8},${byCl ? "cl" : "imm8"}`;
  c.emit(0x0f, opcode, rmOperand(c, random.below(8), size, random.value()), byCl ? [] : [by]);
  const masked = by & 31;
  c.undefinedFlags = masked === 0 ? 0 : AF | (masked === 1 ? 0 : OF);
  return c;
}
