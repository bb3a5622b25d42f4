// #UD: opcodes that are none, memory-only instructions with a register, LOCK where it is illegal; and #GP for
// instructions longer than 15 bytes.

import { le } from "../bytes.ts";
import { DATA, GP, UD } from "../machine-model.ts";
import { absoluteOperand } from "../operands.ts";
import type { FaultSubject } from "./fault.ts";

const LOCK = 0xf0;

/** Opcodes and extensions that every processor refuses. Encodings that some took over (VEX, XOP, TSX) are left out. */
const INVALID: readonly (readonly [string, readonly number[]])[] = [
  ["ud2", [0x0f, 0x0b]],
  ["ud1", [0x0f, 0xb9, 0xc0]],
  ["ud0", [0x0f, 0xff, 0xc0]],
  ["0f 04", [0x0f, 0x04]],
  ["0f 0a", [0x0f, 0x0a]],
  ["0f 0c", [0x0f, 0x0c]],
  ["0f 24 (mov tr)", [0x0f, 0x24, 0xf0]],
  ["0f 26 (mov tr)", [0x0f, 0x26, 0xf0]],
  ["rsm outside SMM", [0x0f, 0xaa]],
  ["fe /2", [0xfe, 0xd0]],
  ["fe /7", [0xfe, 0xf8]],
  ["ff /7", [0xff, 0xf8]],
  ["c6 /1", [0xc6, 0xc8, 1]],
  ["c7 /2", [0xc7, 0xd0, 1, 2, 3, 4]],
  ["0f ba /0", [0x0f, 0xba, 0xc0, 1]],
  ["0f ba /3", [0x0f, 0xba, 0xd8, 1]],
  ["mov cs,r", [0x8e, 0xc8]],
  ["mov sreg 6,r", [0x8e, 0xf0]],
  ["mov r,sreg 7", [0x8c, 0xf8]],
  ["lea with a register", [0x8d, 0xc0]],
  ["cmpxchg8b with a register", [0x0f, 0xc7, 0xc8]],
  ["lss with a register", [0x0f, 0xb2, 0xc0]],
  ["lfs with a register", [0x0f, 0xb4, 0xc0]],
  ["call far with a register", [0xff, 0xd8]],
  ["jmp far with a register", [0xff, 0xe8]],
];

export const invalidOpcode: FaultSubject = (c, random) => {
  const [name, code] = random.pick(INVALID);
  c.name = name;
  c.expectedFaults = [UD];
  c.isSingleInsn = false;
  c.emit(code);
};

/** Lockable operations with a register, and others with memory (SDM 2A LOCK). */
const NOT_LOCKABLE: readonly (readonly [string, readonly number[]])[] = [
  ["add r,r", [0x01, 0xc8]],
  ["add r,m", [0x03, ...absoluteOperand(1, DATA.base)]],
  ["add acc,imm", [0x05, 1, 2, 3, 4]],
  ["cmp m,r", [0x39, ...absoluteOperand(0, DATA.base)]],
  ["cmp m,imm8", [0x83, ...absoluteOperand(7, DATA.base), 1]],
  ["or r,imm8", [0x83, 0xc8, 1]],
  ["test m,r", [0x85, ...absoluteOperand(0, DATA.base)]],
  ["mov r,m", [0x8b, ...absoluteOperand(0, DATA.base)]],
  ["mov m,r", [0x89, ...absoluteOperand(0, DATA.base)]],
  ["inc r", [0xff, 0xc0]],
  ["inc r (short)", [0x40]],
  ["neg r", [0xf7, 0xd8]],
  ["mul m", [0xf7, ...absoluteOperand(4, DATA.base)]],
  ["shl m,1", [0xd1, ...absoluteOperand(4, DATA.base)]],
  ["shld m,r,1", [0x0f, 0xa4, ...absoluteOperand(0, DATA.base), 1]],
  ["bt m,imm8", [0x0f, 0xba, ...absoluteOperand(4, DATA.base), 1]],
  ["bts r,imm8", [0x0f, 0xba, 0xe8, 1]],
  ["bt m,r", [0x0f, 0xa3, ...absoluteOperand(0, DATA.base)]],
  ["xchg r,r", [0x87, 0xc8]],
  ["xchg acc,r", [0x91]],
  ["xadd r,r", [0x0f, 0xc1, 0xc8]],
  ["cmpxchg r,r", [0x0f, 0xb1, 0xc8]],
  ["setcc m", [0x0f, 0x94, ...absoluteOperand(0, DATA.base)]],
  ["cmovcc r,m", [0x0f, 0x44, ...absoluteOperand(0, DATA.base)]],
  ["push m", [0xff, ...absoluteOperand(6, DATA.base)]],
  ["pop m", [0x8f, ...absoluteOperand(0, DATA.base)]],
  ["lea", [0x8d, ...absoluteOperand(0, DATA.base)]],
  ["nop", [0x90]],
  ["movs", [0xa4]],
  ["push r", [0x50]],
  ["jmp", [0xeb, 0x20]],
  ["ret", [0xc3]],
  ["popcnt", [0xf3, 0x0f, 0xb8, 0xc1]],
];

export const illegalLock: FaultSubject = (c, random) => {
  const [name, code] = random.pick(NOT_LOCKABLE);
  c.name = `lock ${name}`;
  c.expectedFaults = [UD];
  c.isSingleInsn = false;
  c.emit(random.chance(0.2) ? [0x3e, LOCK] : LOCK, code);
};

const MAX_INSN_BYTES = 15;

/** One prefix too many; exactly 15 bytes are made of other cases by redundant-prefixes.ts. */
export const tooLong: FaultSubject = (c, random) => {
  const insn = random.pick([[0x90], [0x40], [0xb8, 1, 2, 3, 4], [0x01, 0xc8], [0x81, 0x05, ...le(DATA.base, 4), 1, 2, 3, 4], [0xc3]]);
  c.name = "instruction of more than 15 bytes";
  c.expectedFaults = [GP];
  c.isSingleInsn = false;
  const prefixes = random.between(MAX_INSN_BYTES + 1, MAX_INSN_BYTES + 3) - insn.length;
  c.emit(Array.from({ length: prefixes }, () => random.pick([0x26, 0x36, 0x3e, 0x2e])), insn);
};
