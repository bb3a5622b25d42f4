// PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE, with 16 and 32-bit operands. PUSH Sreg is left out: processors differ in
// the upper half of what they store.

import { le } from "../bytes.ts";
import { Case, WORD_SIZES } from "../case.ts";
import type { Group } from "../group.ts";
import { ARITHMETIC_FLAGS, DF, EBP, EFLAGS_BASE, ESP } from "../machine-model.ts";
import { memoryOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";

export const stack: Group = {
  name: "stack",
  weight: 4,
  make(random) {
    const c = new Case(random, "stack").reserve(ESP);
    if (random.chance(0.2)) c.regs[ESP] -= random.below(4); // an unaligned stack is slow, not wrong
    random.pick(FORMS)(c, random, random.pick(WORD_SIZES));
    return c;
  },
};

type Form = (c: Case, random: Random, size: 2 | 4) => void;

/** What a case pops. */
function fillStack(c: Case): void {
  c.place(c.regs[ESP], c.random.bytes(32));
}

const pushRegister: Form = (c, random, size) => {
  c.name = `push r${size * 8}`;
  c.operandSize(size).emit(0x50 | random.below(8));
};

const popRegister: Form = (c, random, size) => {
  c.name = `pop r${size * 8}`;
  fillStack(c);
  c.operandSize(size).emit(0x58 | random.below(8));
};

const pushImmediate: Form = (c, random, size) => {
  const isByte = random.bool();
  c.name = `push imm${isByte ? 8 : size * 8}, operand size ${size * 8}`;
  c.operandSize(size).emit(isByte ? 0x6a : 0x68, le(random.value(), isByte ? 1 : size));
};

const pushRm: Form = (c, random, size) => {
  c.name = `push rm${size * 8}`;
  c.isReadOnly = true;
  c.operandSize(size).emit(0xff, rmOperand(c, 6, size, random.value()));
};

/** An address off ESP counts from ESP as it is after the pop (SDM 2B POP). */
const popMemory: Form = (c, random, size) => {
  c.name = `pop m${size * 8}`;
  fillStack(c);
  c.operandSize(size).emit(0x8f, rmOperand(c, 0, size, random.value(), { form: "memory" }));
};

const popMemoryOffEsp: Form = (c, random, size) => {
  c.name = `pop m${size * 8} [esp+d]`;
  fillStack(c);
  c.operandSize(size).emit(0x8f, 0x44, 0x24, random.between(8, 100));
};

const popRegisterLongForm: Form = (c, random, size) => {
  c.name = `pop r${size * 8} (8f /0)`;
  fillStack(c);
  c.operandSize(size).emit(0x8f, 0xc0 | random.below(8));
};

const pushAll: Form = (c, _random, size) => {
  c.name = `pusha${size * 8}`;
  c.operandSize(size).emit(0x60);
};

const popAll: Form = (c, _random, size) => {
  c.name = `popa${size * 8}`;
  fillStack(c);
  c.operandSize(size).emit(0x61);
};

const pushFlags: Form = (c, _random, size) => {
  c.name = `pushf${size * 8}`;
  c.operandSize(size).emit(0x9c);
};

const popFlags: Form = (c, random, size) => {
  c.name = `popf${size * 8}`;
  c.placeValue(c.regs[ESP], 4, EFLAGS_BASE | (random.u32() & (ARITHMETIC_FLAGS | DF)));
  c.operandSize(size).emit(0x9d);
};

const IF_IOPL_NT_ID = 0x207200, RESERVED_LOW = 0x802a;

/** At CPL 3 with IOPL 0, POPF leaves IF and IOPL alone without a fault, and reserved bits keep their values. */
const popFlagsReadBack: Form = (c, random, size) => {
  c.name = `popf${size * 8} of system flags, read back`;
  c.isSingleInsn = false;
  c.placeValue(c.regs[ESP], 4, random.u32() & (ARITHMETIC_FLAGS | DF | IF_IOPL_NT_ID | RESERVED_LOW));
  const prefix = size === 2 ? [0x66] : [];
  c.emit(prefix, 0x9d, 0x9c, 0x58); // popf, pushf, pop eax
};

const enter: Form = (c, random, size) => {
  const level = random.pick([0, 0, 1, 2, random.below(8)]);
  c.name = `enter${size * 8} level ${Math.min(level, 2)}${level > 1 ? "+" : ""}`;
  c.set(EBP, c.regs[ESP] + 32);
  c.place(c.regs[EBP] - 40, random.bytes(40));
  c.operandSize(size).emit(0xc8, le(random.below(200), 2), level | random.pick([0, 0x20])); // the level counts modulo 32
};

const leave: Form = (c, random, size) => {
  c.name = `leave${size * 8}`;
  c.set(EBP, c.regs[ESP] + 4 * random.below(8));
  c.place(c.regs[EBP], random.bytes(4));
  c.operandSize(size).emit(0xc9);
};

/** PUSH of memory off ESP computes the address before ESP moves. */
const pushMemoryOffEsp: Form = (c, random, size) => {
  c.name = `push m${size * 8} [esp+d]`;
  fillStack(c);
  c.operandSize(size).emit(0xff, 0x74, 0x24, random.below(28));
};

/** The stack's own address size is that of SS, whatever the prefix says; 67h only changes the operand's address. */
const pushLowMemory: Form = (c, random, size) => {
  c.name = `push m${size * 8}`;
  c.isReadOnly = true;
  c.operandSize(size).emit(0xff, memoryOperand(c, 6, le(random.value(), size)));
};

const FORMS: readonly Form[] = [
  pushRegister, popRegister, pushImmediate, pushRm, popMemory, popMemoryOffEsp, popRegisterLongForm, pushAll, popAll, pushFlags,
  popFlags, popFlagsReadBack, enter, leave, pushMemoryOffEsp, pushLowMemory,
];
