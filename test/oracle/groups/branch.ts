// Near branches: Jcc, LOOP and JECXZ, JMP, CALL and RET. With 16-bit operand size a branch cuts EIP to 16 bits, so those
// cases run in the low region; everywhere else the prefix is left out.

import { le } from "../bytes.ts";
import { Case } from "../case.ts";
import type { Group } from "../group.ts";
import { CODE, ECX, ESP, LOW } from "../machine-model.ts";
import { rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";

export const branch: Group = {
  name: "branch",
  weight: 5,
  make(random) {
    const c = new Case(random, "branch").reserve(ESP);
    c.ip = CODE.base + 0x400 + random.below(0x400);
    c.isReadOnly = true;
    random.weighted(FORMS)(c, random);
    return c;
  },
};

type Form = (c: Case, random: Random) => void;

const OPERAND_SIZE = 0x66, ADDRESS_SIZE = 0x67, REP = 0xf3, INT3 = 0xcc;
const LOOPS = ["loopne", "loope", "loop", "jecxz"] as const;

/** A target in the upper half of the code region, which holds nothing but INT3. */
function farTarget(random: Random): number {
  return CODE.base + 0x1000 + random.below(0xf00);
}

/**
 * A distance within +-`reach` that lands neither inside the instruction nor right behind it, where native -j has its
 * exit jump.
 */
function distance(random: Random, reach: number): number {
  const magnitude = random.between(24, reach);
  return random.bool() ? magnitude : -magnitude;
}

const jccShort: Form = (c, random) => {
  c.name = "jcc rel8";
  c.emit(0x70 | random.below(16), le(distance(random, 127), 1));
};

const jccNear: Form = (c, random) => {
  c.name = "jcc rel32";
  c.emit(0x0f, 0x80 | random.below(16), le(distance(random, 0x380), 4));
};

/** The counter is CX with the address-size prefix, and then the upper half of ECX is left alone. */
const loop: Form = (c, random) => {
  const operation = random.below(4);
  const is16 = random.chance(0.35);
  c.name = `${LOOPS[operation]}${is16 ? " a16" : ""}`;
  const counter = random.pick([0, 1, 2, 0x10000, 0xffff0000, 0xffff0001, random.u32()]);
  c.set(ECX, counter);
  if (is16) c.prefix(ADDRESS_SIZE);
  c.emit(0xe0 | operation, le(distance(random, 127), 1));
};

const jmpRelative: Form = (c, random) => {
  const isShort = random.chance(0.4);
  c.name = `jmp rel${isShort ? 8 : 32}`;
  c.emit(isShort ? [0xeb, ...le(distance(random, 127), 1)] : [0xe9, ...le(distance(random, 0x380), 4)]);
};

const callRelative: Form = (c, random) => {
  c.name = "call rel32";
  c.emit(0xe8, le(distance(random, 0x380), 4));
};

const indirect: Form = (c, random) => {
  const isCall = random.bool();
  c.name = `${isCall ? "call" : "jmp"} rm32`;
  c.emit(0xff, rmOperand(c, isCall ? 2 : 4, 4, farTarget(random)));
};

/** CALL through ESP itself takes the target before it pushes. */
const callOffEsp: Form = (c, random) => {
  c.name = "call [esp+d]";
  const offset = 4 * random.below(8);
  c.placeValue(c.regs[ESP] + offset, 4, farTarget(random));
  c.emit(0xff, 0x54, 0x24, offset);
};

const ret: Form = (c, random) => {
  const hasImmediate = random.bool();
  c.placeValue(c.regs[ESP], 4, farTarget(random));
  if (hasImmediate) {
    c.name = "ret imm16";
    c.emit(0xc2, le(random.below(256), 2));
  } else if (random.chance(0.7)) {
    c.name = "ret";
    c.emit(0xc3);
  } else {
    c.name = "rep ret"; // what compilers emit for old AMD branch predictors
    c.prefix(REP).emit(0xc3);
  }
};

const condition16 = (random: Random) => [0x0f, 0x80 | random.below(16)];

/** Branches with the operand-size prefix, where a truncated EIP still points to memory. */
const branch16: Form = (c, random) => {
  const at = LOW.base + 0x400 + random.below(0x400);
  const target = LOW.base + 0x900 + random.below(0x600);
  c.ip = at;
  c.isSingleInsn = false; // the distances below count from the end of exactly this encoding
  c.place(target, [INT3]);
  const noise = random.below(0x10000) << 16;
  const relative = (opcode: readonly number[]) => {
    const end = at + 1 + opcode.length + 2;
    c.place(end, [INT3]);
    c.emit(OPERAND_SIZE, opcode, le(target - end, 2));
  };
  random.pick([
    () => { c.name = "jcc rel16"; relative(condition16(random)); },
    () => { c.name = "jmp rel16"; relative([0xe9]); },
    () => { c.name = "call rel16"; relative([0xe8]); },
    () => { c.name = "jmp r16"; c.set(ECX, noise | target).emit(OPERAND_SIZE, 0xff, 0xe1); },
    () => { c.name = "call r16"; c.set(ECX, noise | target).emit(OPERAND_SIZE, 0xff, 0xd1); },
    () => { c.name = "ret16"; c.placeValue(c.regs[ESP], 4, noise | target); c.emit(OPERAND_SIZE, 0xc3); },
    () => { c.name = "ret16 imm16"; c.placeValue(c.regs[ESP], 4, noise | target); c.emit(OPERAND_SIZE, 0xc2, le(random.below(256), 2)); },
  ])();
};

const FORMS: readonly (readonly [number, Form])[] = [
  [3, jccShort],
  [3, jccNear],
  [3, loop],
  [1, jmpRelative],
  [1, callRelative],
  [2, indirect],
  [1, callOffEsp],
  [2, ret],
  [2, branch16],
];
