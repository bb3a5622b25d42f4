// MUL, IMUL in its three shapes, DIV and IDIV. Two thirds of the divisions are built to fit; the others mostly end in #DE.

import { le } from "../bytes.ts";
import { Case, SIZES, WORD_SIZES, type Size } from "../case.ts";
import type { Group } from "../group.ts";
import { AF, ARITHMETIC_FLAGS, DE, EAX, EDX, PF, SF, ZF } from "../machine-model.ts";
import { rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { wide } from "./alu.ts";

export const muldiv: Group = {
  name: "muldiv",
  weight: 7,
  make: (random) => random.weighted([[3, multiply], [2, signedMultiply], [5, divide]] as const)(random),
};

const UNDEFINED_BY_MULTIPLY = SF | ZF | AF | PF;

function multiply(random: Random): Case {
  const size = random.pick(SIZES);
  const signed = random.below(2);
  const c = new Case(random, "muldiv").operandSize(size);
  if (random.chance(0.9)) c.reserve(EAX); // otherwise EAX may be both factors
  c.name = `${signed ? "imul" : "mul"} ${size * 8}`;
  c.isReadOnly = true;
  c.emit(0xf6 | wide(size), rmOperand(c, 4 + signed, size, random.value()));
  c.undefinedFlags = UNDEFINED_BY_MULTIPLY;
  return c;
}

function signedMultiply(random: Random): Case {
  const size = random.pick(WORD_SIZES);
  const c = new Case(random, "muldiv").operandSize(size);
  const source = rmOperand(c, random.below(8), size, random.value());
  c.isReadOnly = true;
  random.pick([
    () => { c.name = `imul ${size * 8},rm`; c.emit(0x0f, 0xaf, source); },
    () => { c.name = `imul ${size * 8},rm,imm`; c.emit(0x69, source, le(random.value(), size)); },
    () => { c.name = `imul ${size * 8},rm,imm8`; c.emit(0x6b, source, random.bytes(1)); },
  ])();
  c.undefinedFlags = UNDEFINED_BY_MULTIPLY;
  return c;
}

function divide(random: Random): Case {
  const size = random.pick(SIZES);
  const signed = random.bool();
  const c = new Case(random, "muldiv").operandSize(size);
  const { high, low, divisor } = random.chance(0.65) ? fittingDivision(random, size, signed) : anyDivision(random, size, signed);
  if (size === 1) {
    c.setSized(EAX, 2, (high << 8) | low);
  } else {
    c.setSized(EAX, size, low).setSized(EDX, size, high);
  }
  c.name = `${signed ? "idiv" : "div"} ${size * 8}`;
  c.isReadOnly = true;
  c.emit(0xf6 | wide(size), rmOperand(c, signed ? 7 : 6, size, divisor));
  c.undefinedFlags = ARITHMETIC_FLAGS;
  c.expectedFaults = [DE];
  return c;
}

interface Division {
  readonly high: number;
  readonly low: number;
  readonly divisor: number;
}

/** Dividend = quotient * divisor + remainder, with a quotient of the right width. */
function fittingDivision(random: Random, size: Size, signed: boolean): Division {
  const bits = size * 8;
  const asOperand = (value: bigint) => (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  let divisor = asOperand(BigInt(random.value()));
  if (divisor === 0n) divisor = 3n;
  let quotient = asOperand(BigInt(random.value()));
  if (random.chance(0.3)) quotient >>= BigInt(random.below(bits));
  const magnitude = divisor < 0n ? -divisor : divisor;
  const remainder = BigInt(random.u32()) % magnitude;
  const isNegative = quotient < 0n !== divisor < 0n;
  return split(quotient * divisor + (isNegative ? -remainder : remainder), divisor, bits);
}

function anyDivision(random: Random, size: Size, signed: boolean): Division {
  const bits = size * 8;
  if (signed && random.chance(0.2)) return split(-1n << BigInt(bits - 1), -1n, bits); // the quotient just does not fit
  const dividend = (BigInt(random.value()) << BigInt(bits)) | BigInt.asUintN(bits, BigInt(random.value()));
  return split(dividend, random.chance(0.1) ? 0n : BigInt(random.value()), bits);
}

function split(dividend: bigint, divisor: bigint, bits: number): Division {
  const low = (value: bigint) => Number(BigInt.asUintN(bits, value));
  return { high: low(dividend >> BigInt(bits)), low: low(dividend), divisor: low(divisor) };
}
