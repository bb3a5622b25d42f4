// AES and PCLMULQDQ.

import { Case } from "../case.ts";
import type { Group } from "../group.ts";
import { integers, setXmmState, xmmOperand } from "../simd-state.ts";

export const aes: Group = {
  name: "aes",
  weight: 1,
  make(random) {
    const c = new Case(random, "aes");
    setXmmState(c);
    c.isReadOnly = true;
    const operand = xmmOperand(c, random.below(8), integers);
    const [name, opcode, hasImmediate] = random.pick(INSNS);
    c.name = name;
    return c.prefix(0x66).emit(0x0f, opcode, operand, hasImmediate ? [random.byte()] : []);
  },
};

const INSNS = [
  ["aesimc", [0x38, 0xdb], false], ["aesenc", [0x38, 0xdc], false], ["aesenclast", [0x38, 0xdd], false], ["aesdec", [0x38, 0xde], false],
  ["aesdeclast", [0x38, 0xdf], false], ["aeskeygenassist", [0x3a, 0xdf], true], ["pclmulqdq", [0x3a, 0x44], true],
] as const;
