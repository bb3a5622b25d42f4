// ADD OR ADC SBB AND SUB XOR CMP TEST INC DEC NEG NOT in every form, LOCK included where it is legal.

import { le } from "../bytes.ts";
import { Case, SIZES, type Size } from "../case.ts";
import type { Group } from "../group.ts";
import { AF } from "../machine-model.ts";
import { lockableOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";

export const alu: Group = {
  name: "alu",
  weight: 14,
  make(random) {
    const size = random.pick(SIZES);
    const c = new Case(random, "alu").operandSize(size);
    random.weighted(FORMS)(c, size, random);
    return c;
  },
};

type Form = (c: Case, size: Size, random: Random) => void;

const OPERATIONS = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"] as const;
const CMP = 7;

/** The logical operations leave AF undefined. */
export function undefinedByAlu(operation: number): number {
  return operation === 1 || operation === 4 || operation === 6 ? AF : 0;
}

/** Bit 0 of most opcodes: 0 for bytes, 1 for words and doublewords. */
export function wide(size: Size): 0 | 1 {
  return size === 1 ? 0 : 1;
}

function start(c: Case, random: Random): number {
  const operation = random.below(8);
  c.undefinedFlags = undefinedByAlu(operation);
  if (operation === CMP) c.isReadOnly = true;
  return operation;
}

/** r/m, whichever side of the instruction it is on. */
function destination(c: Case, operation: number, reg: number, size: Size): number[] {
  const value = c.random.value();
  return operation === CMP ? rmOperand(c, reg, size, value) : lockableOperand(c, reg, size, value);
}

const rmWithRegister: Form = (c, size, random) => {
  const operation = start(c, random);
  c.name = `${OPERATIONS[operation]} rm${size * 8},r`;
  c.emit((operation << 3) | wide(size), destination(c, operation, random.below(8), size));
};

const registerWithRm: Form = (c, size, random) => {
  const operation = start(c, random);
  c.name = `${OPERATIONS[operation]} r${size * 8},rm`;
  c.isReadOnly = true;
  c.emit((operation << 3) | 2 | wide(size), rmOperand(c, random.below(8), size, random.value()));
};

const accumulatorWithImmediate: Form = (c, size, random) => {
  const operation = start(c, random);
  c.name = `${OPERATIONS[operation]} acc${size * 8},imm`;
  c.ignoresAddressSize = true;
  c.emit((operation << 3) | 4 | wide(size), le(random.value(), size));
};

const rmWithImmediate: Form = (c, size, random) => {
  const operation = start(c, random);
  c.name = `${OPERATIONS[operation]} rm${size * 8},imm${size * 8}`;
  const opcode = size === 1 && random.chance(0.2) ? 0x82 : 0x80 | wide(size); // 82 is an alias of 80
  c.emit(opcode, destination(c, operation, operation, size), le(random.value(), size));
};

const rmWithSignedByte: Form = (c, size, random) => {
  if (size === 1) return rmWithImmediate(c, size, random);
  const operation = start(c, random);
  c.name = `${OPERATIONS[operation]} rm${size * 8},imm8`;
  c.emit(0x83, destination(c, operation, operation, size), random.bytes(1));
};

const test: Form = (c, size, random) => {
  c.name = `test ${size * 8}`;
  c.undefinedFlags = AF;
  c.isReadOnly = true;
  random.pick([
    () => c.emit(0x84 | wide(size), rmOperand(c, random.below(8), size, random.value())),
    () => c.emit(0xa8 | wide(size), le(random.value(), size)),
    () => c.emit(0xf6 | wide(size), rmOperand(c, 0, size, random.value()), le(random.value(), size)),
  ])();
};

const incDec: Form = (c, size, random) => {
  const decrement = random.below(2);
  c.name = `${decrement ? "dec" : "inc"} ${size * 8}`;
  if (size > 1 && random.chance(0.4)) {
    c.ignoresAddressSize = true;
    c.emit((decrement ? 0x48 : 0x40) | random.below(8));
  } else {
    c.emit(0xfe | wide(size), lockableOperand(c, decrement, size, random.value()));
  }
};

const negNot: Form = (c, size, random) => {
  const negate = random.bool();
  c.name = `${negate ? "neg" : "not"} ${size * 8}`;
  c.emit(0xf6 | wide(size), lockableOperand(c, negate ? 3 : 2, size, random.value()));
};

const FORMS: readonly (readonly [number, Form])[] = [
  [2, rmWithRegister],
  [2, registerWithRm],
  [1, accumulatorWithImmediate],
  [2, rmWithImmediate],
  [2, rmWithSignedByte],
  [1, test],
  [2, incDec],
  [1, negNot],
];
