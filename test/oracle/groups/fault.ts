// Exceptions at CPL 3 with paging: what faults, where EIP points, the error code, CR2, and that nothing else changed.
// The subjects are in fault-memory.ts, fault-opcode.ts and fault-protection.ts; here are #DE, #OF, #BR and single-step.

import { le } from "../bytes.ts";
import { Case, SIZES, WORD_SIZES } from "../case.ts";
import type { Group } from "../group.ts";
import { BR, DB, DE, EAX, EFLAGS_BASE, ESP, OF, OF_TRAP } from "../machine-model.ts";
import { memoryOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { wide } from "./alu.ts";
import { crossingFault, fetchFault, operandFault, stackFault, stringFault } from "./fault-memory.ts";
import { illegalLock, invalidOpcode, tooLong } from "./fault-opcode.ts";
import { codeSegmentWrite, farTransfer, misaligned, privileged, segmentLoad } from "./fault-protection.ts";

export const fault: Group = {
  name: "fault",
  weight: 5,
  make(random) {
    const c = new Case(random, "fault");
    c.notes.cpl3 = true;
    random.weighted(SUBJECTS)(c, random);
    return c;
  },
};

/** Fills in a case of the group. */
export type FaultSubject = (c: Case, random: Random) => void;

const into: FaultSubject = (c, random) => {
  c.name = "into";
  if (random.chance(0.6)) c.eflags |= OF;
  c.expectedFaults = [OF_TRAP];
  c.emit(0xce);
};

const bound: FaultSubject = (c, random) => {
  const size = random.pick(WORD_SIZES);
  const low = random.between(-50, 49), high = low + random.below(100);
  c.name = `bound ${size * 8}`;
  c.expectedFaults = [BR];
  c.isReadOnly = true;
  c.set(EAX, random.bool() ? random.between(low, high) : random.value());
  c.operandSize(size).emit(0x62, memoryOperand(c, EAX, [...le(low, size), ...le(high, size)]));
};

const divideByZero: FaultSubject = (c, random) => {
  const size = random.pick(SIZES);
  c.name = `div/idiv ${size * 8} by zero`;
  c.expectedFaults = [DE];
  c.isReadOnly = true;
  c.operandSize(size).emit(0xf6 | wide(size), rmOperand(c, random.pick([6, 7]), size, 0));
};

const TF = 0x100;

/** POPF that sets TF: the trap comes behind the instruction after it, and behind each round of a repeated one. */
const singleStep: FaultSubject = (c, random) => {
  c.name = "single-step trap after popf";
  c.isSingleInsn = false;
  c.expectedFaults = [DB];
  c.placeValue(c.regs[ESP], 4, EFLAGS_BASE | TF | (c.eflags & 0xff));
  const next = random.pick([[0x40], [0x90], [0x89, 0xc1], [0x01, 0xd8], [0xeb, 0x10], [0x9c], [0xf3, 0xac]]);
  if (next[0] === 0xf3) c.set(6, 0x200100).set(1, random.between(2, 9)); // rep lodsb
  c.emit(0x9d, next, 0x41);
};

const SUBJECTS: readonly (readonly [number, FaultSubject])[] = [
  [6, operandFault],
  [4, crossingFault],
  [3, stackFault],
  [3, stringFault],
  [2, fetchFault],
  [4, privileged],
  [1, codeSegmentWrite],
  [3, segmentLoad],
  [2, farTransfer],
  [1, misaligned],
  [3, invalidOpcode],
  [3, illegalLock],
  [1, tooLong],
  [1, into],
  [2, bound],
  [1, divideByZero],
  [1, singleStep],
];
