// The decimal adjustments: DAA DAS AAA AAS AAM AAD.

import { Case } from "../case.ts";
import type { Group } from "../group.ts";
import { AF, ARITHMETIC_FLAGS, CF, DE, EAX, OF, PF, SF, ZF } from "../machine-model.ts";

export const bcd: Group = {
  name: "bcd",
  weight: 3,
  make(random) {
    const c = new Case(random, "bcd");
    const operation = random.pick(OPERATIONS);
    c.name = operation.name;
    c.ignoresAddressSize = true;
    c.undefinedFlags = operation.undefinedFlags;
    c.emit(operation.opcode);
    if (!operation.hasBase) return nearDecimal(c);
    const base = random.bool() ? 10 : random.byte();
    if (operation.name === "aam" && base === 0) {
      c.undefinedFlags = ARITHMETIC_FLAGS;
      c.expectedFaults = [DE];
    }
    return c.emit(base);
  },
};

const OPERATIONS = [
  { name: "daa", opcode: 0x27, undefinedFlags: OF, hasBase: false },
  { name: "das", opcode: 0x2f, undefinedFlags: OF, hasBase: false },
  { name: "aaa", opcode: 0x37, undefinedFlags: OF | SF | ZF | PF, hasBase: false },
  { name: "aas", opcode: 0x3f, undefinedFlags: OF | SF | ZF | PF, hasBase: false },
  { name: "aam", opcode: 0xd4, undefinedFlags: OF | AF | CF, hasBase: true },
  { name: "aad", opcode: 0xd5, undefinedFlags: OF | AF | CF, hasBase: true },
] as const;

/** AL near the borders of the decimal digits, half of the time. */
function nearDecimal(c: Case): Case {
  const { random } = c;
  if (random.bool()) c.setSized(EAX, 1, random.pick([0x09, 0x0a, 0x0f, 0x90, 0x99, 0x9a, 0x9f, 0xa0, 0xf9, 0xfa, 0x05, 0x06, 0x60, 0x66]));
  return c;
}
