// x87 instructions with memory operands: arithmetic, loads and stores in all formats, control words and environments.

import { le } from "../bytes.ts";
import type { Case } from "../case.ts";
import { f32, f64, f80 } from "../float-values.ts";
import { DATA } from "../machine-model.ts";
import { absoluteOperand, memoryOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import type { X87Subject } from "./x87.ts";

/** By ModRM.reg; the comparisons have no form with ST(i) as destination. */
export const ARITHMETIC = ["fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"] as const;
export const isComparison = (operation: number) => operation === 2 || operation === 3;

const ALL_DEFINED = 0xffff;
const OPERAND_SIZE = 0x66;

interface Format {
  readonly name: string;
  readonly bytes: (random: Random) => number[];
}
const M32: Format = { name: "m32", bytes: f32 };
const M64: Format = { name: "m64", bytes: f64 };
const M80: Format = { name: "m80", bytes: f80 };
const I16: Format = { name: "i16", bytes: (random) => le(random.value(), 2) };
const I32: Format = { name: "i32", bytes: (random) => le(random.value(), 4) };
const I64: Format = { name: "i64", bytes: (random) => random.bytes(8) };
/** Eighteen digits; others are undefined. */
const BCD: Format = {
  name: "bcd",
  bytes: (random) => [...Array.from({ length: 9 }, () => (random.below(10) << 4) | random.below(10)), random.pick([0, 0x80])],
};

/** What a store overwrites. */
const room = (count: number) => (random: Random) => random.bytes(count);

export const memoryArithmetic: X87Subject = (c, random) => {
  const operation = random.below(8);
  const [escape, format] = random.pick([[0xd8, M32], [0xdc, M64], [0xda, I32], [0xde, I16]] as const);
  c.name = `${ARITHMETIC[operation]} ${format.name}`;
  c.isReadOnly = true;
  if (isComparison(operation)) c.notes.fsw = ALL_DEFINED;
  c.emit(escape, memoryOperand(c, operation, format.bytes(random)));
};

export const load: X87Subject = (c, random) => {
  const [escape, reg, format] = random.pick([
    [0xd9, 0, M32], [0xdd, 0, M64], [0xdb, 5, M80], [0xdf, 0, I16], [0xdb, 0, I32], [0xdf, 5, I64], [0xdf, 4, BCD],
  ] as const);
  c.name = `load ${format.name}`;
  c.isReadOnly = true;
  c.emit(escape, memoryOperand(c, reg, format.bytes(random)));
};

const STORES = [
  ["fst m32", 0xd9, 2, 4], ["fst m64", 0xdd, 2, 8], ["fstp m32", 0xd9, 3, 4], ["fstp m64", 0xdd, 3, 8], ["fstp m80", 0xdb, 7, 10],
  ["fist i16", 0xdf, 2, 2], ["fist i32", 0xdb, 2, 4], ["fistp i16", 0xdf, 3, 2], ["fistp i32", 0xdb, 3, 4], ["fistp i64", 0xdf, 7, 8],
  ["fbstp", 0xdf, 6, 10],
] as const;

export const store: X87Subject = (c, random) => {
  const [name, escape, reg, bytes] = random.pick(STORES);
  c.name = name;
  c.emit(escape, memoryOperand(c, reg, room(bytes)(random)));
};

export const truncatingStore: X87Subject = (c, random) => {
  const [name, escape, bytes] = random.pick([["fisttp i16", 0xdf, 2], ["fisttp i32", 0xdb, 4], ["fisttp i64", 0xdd, 8]] as const);
  c.name = name;
  c.emit(escape, memoryOperand(c, 1, room(bytes)(random)));
};

export const storeControl: X87Subject = (c, random) => {
  c.notes.fsw = ALL_DEFINED;
  random.pick([
    () => { c.name = "fnstcw"; c.emit(0xd9, memoryOperand(c, 7, room(2)(random))); },
    () => { c.name = "fnstsw m"; c.emit(0xdd, memoryOperand(c, 7, room(2)(random))); },
    () => { c.name = "fldcw"; c.isReadOnly = true; c.emit(0xd9, memoryOperand(c, 5, le(controlWord(random), 2))); },
  ])();
};

/** All exceptions masked, so that nothing pends. */
function controlWord(random: Random): number {
  return 0x7f | (random.pick([0, 2, 3]) << 8) | (random.below(4) << 10);
}

/** An environment in protected mode (SDM 1 figures 8-9 and 8-11): seven fields of 32 or 16 bits. */
interface EnvironmentFormat {
  readonly prefix: readonly number[];
  readonly fieldBytes: 2 | 4;
}
const ENVIRONMENT_32: EnvironmentFormat = { prefix: [], fieldBytes: 4 };
const ENVIRONMENT_16: EnvironmentFormat = { prefix: [OPERAND_SIZE], fieldBytes: 2 };
const ENVIRONMENT_FIELDS = 7;
/** Control, status and tag word come first, the pointers of the last instruction follow. */
const POINTER_FIELD = 3;

/** FLDENV and FRSTOR of an image made here; FNSTENV and FNSAVE, after which the code wipes the pointers, which vary. */
export const environment: X87Subject = (c, random) => {
  const format = random.pick([ENVIRONMENT_32, ENVIRONMENT_16]);
  const withRegisters = random.bool();
  const bits = 8 * format.fieldBytes;
  c.notes.fsw = ALL_DEFINED;
  if (random.bool()) {
    c.name = `${withRegisters ? "frstor" : "fldenv"}${bits}`;
    c.isReadOnly = true;
    c.prefixes.push(...format.prefix);
    const image = environmentImage(random, format, withRegisters ? savedRegisters(c) : []);
    c.emit(withRegisters ? [0xdd] : [0xd9], memoryOperand(c, 4, image));
  } else {
    c.name = `${withRegisters ? "fnsave" : "fnstenv"}${bits}`;
    c.isSingleInsn = false;
    const at = DATA.base + 0x400 + random.below(64);
    c.emit(format.prefix, withRegisters ? 0xdd : 0xd9, absoluteOperand(6, at), wipePointers(at, format));
  }
};

function environmentImage(random: Random, format: EnvironmentFormat, registers: readonly number[]): number[] {
  const statusWord = random.u32() & 0x7f00; // no exception flag, so that none is summarised
  const words = [controlWord(random), statusWord, random.below(0x10000), 0, 0, 0, 0];
  return [...words.flatMap((word) => le(word, format.fieldBytes)), ...registers];
}

/** Eight registers of ten bytes, as FRSTOR wants them. */
function savedRegisters(c: Case): number[] {
  return Array.from({ length: 8 }, () => f80(c.random)).flat();
}

/** Zeros the pointer fields and, with 32-bit fields, the reserved upper halves of the three before them. */
function wipePointers(environmentAt: number, format: EnvironmentFormat): number[] {
  const end = environmentAt + ENVIRONMENT_FIELDS * format.fieldBytes;
  const code: number[] = [];
  for (let at = environmentAt + POINTER_FIELD * format.fieldBytes; at < end; at += 2) code.push(...storeZero16(at));
  if (format.fieldBytes === 4) for (let field = 0; field < POINTER_FIELD; field++) code.push(...storeZero16(environmentAt + 4 * field + 2));
  return code;
}

/** MOV word [m], 0. */
function storeZero16(address: number): number[] {
  return [OPERAND_SIZE, 0xc7, ...absoluteOperand(0, address), 0, 0];
}
