// BT BTS BTR BTC, BSF BSR, BSWAP and POPCNT.

import { Case, WORD_SIZES } from "../case.ts";
import type { Group } from "../group.ts";
import { AF, CF, DATA, LOW, OF, PF, SF } from "../machine-model.ts";
import { lockableOperand, memoryOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";

export const bits: Group = {
  name: "bits",
  weight: 6,
  make(random) {
    return random.weighted([[3, bitTestImmediate], [3, bitTestRegister], [2, bitScan], [1, byteSwap], [1, populationCount]] as const)(random);
  },
};

const OPERATIONS = ["bt", "bts", "btr", "btc"] as const;
const BT = 0;
const UNDEFINED_BY_BIT_TEST = OF | SF | AF | PF;

/** Register offsets reach so many bits to either side of the operand. */
const REACH_BITS = 800;
const REACH_BYTES = REACH_BITS / 8 + 4;

function bitTestImmediate(random: Random): Case {
  const size = random.pick(WORD_SIZES);
  const operation = random.below(4);
  const c = new Case(random, "bits").operandSize(size);
  c.name = `${OPERATIONS[operation]} ${size * 8},imm8`;
  c.isReadOnly = operation === BT;
  const operand = operation === BT ? rmOperand : lockableOperand;
  c.emit(0x0f, 0xba, operand(c, 4 + operation, size, random.value()), random.byte());
  c.undefinedFlags = UNDEFINED_BY_BIT_TEST;
  return c;
}

function bitTestRegister(random: Random): Case {
  const size = random.pick(WORD_SIZES);
  const operation = random.below(4);
  const offsetRegister = random.pick([0, 1, 2, 3, 5, 6, 7]);
  const c = new Case(random, "bits").operandSize(size);
  c.isReadOnly = operation === BT;
  c.undefinedFlags = UNDEFINED_BY_BIT_TEST;
  if (random.bool()) {
    c.name = `${OPERATIONS[operation]} r${size * 8},r`;
    c.emit(0x0f, 0xa3 | (operation << 3), rmOperand(c, offsetRegister, size, random.value(), { form: "register" }));
    return c;
  }
  c.name = `${OPERATIONS[operation]} m${size * 8},r`;
  c.setSized(offsetRegister, size, random.between(-REACH_BITS, REACH_BITS));
  if (operation !== BT && random.chance(0.12)) c.lock();
  const operand = memoryOperand(c, offsetRegister, [], { target: bitStringAddress(c) });
  c.place(c.operandAddress - REACH_BYTES, random.bytes(2 * REACH_BYTES));
  c.emit(0x0f, 0xa3 | (operation << 3), operand);
  return c;
}

/** Aligned, so that the doubleword the offset selects never crosses a cache line below a LOCK. */
function bitStringAddress(c: Case): number {
  return (c.random.chance(0.9) ? DATA : LOW).base + 0x400 + 4 * c.random.below(16);
}

function bitScan(random: Random): Case {
  const size = random.pick(WORD_SIZES);
  const reverse = random.below(2);
  const c = new Case(random, "bits").operandSize(size);
  const isZero = (value: number) => (size === 2 ? value & 0xffff : value) === 0;
  const wanted = random.chance(0.7) ? random.value() : 0;
  const value = isZero(wanted) ? 1 << random.below(size * 8) : wanted;
  c.name = `bs${reverse ? "r" : "f"} ${size * 8}`;
  c.isReadOnly = true;
  c.emit(0x0f, 0xbc | reverse, rmOperand(c, random.below(8), size, value));
  c.undefinedFlags = CF | OF | SF | AF | PF;
  c.dropsIfZero = true;
  return c;
}

/** With 16-bit operand size the result is undefined. */
function byteSwap(random: Random): Case {
  const c = new Case(random, "bits");
  c.name = "bswap 32";
  c.ignoresAddressSize = true;
  return c.emit(0x0f, 0xc8 | random.below(8));
}

function populationCount(random: Random): Case {
  const size = random.pick(WORD_SIZES);
  const c = new Case(random, "bits").operandSize(size).prefix(0xf3);
  c.name = `popcnt ${size * 8}`;
  c.isReadOnly = true;
  return c.emit(0x0f, 0xb8, rmOperand(c, random.below(8), size, random.value()));
}
