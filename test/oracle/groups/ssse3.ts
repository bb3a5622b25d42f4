// SSSE3 on MMX and XMM registers.

import { Case } from "../case.ts";
import { setMmxState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import { integers, mmOperand, setXmmState, xmmOperand } from "../simd-state.ts";
import { SSSE3_INTEGER } from "./simd-opcodes.ts";

export const ssse3: Group = {
  name: "ssse3",
  weight: 3,
  make(random) {
    const c = new Case(random, "ssse3");
    const isMmx = random.chance(0.4);
    const reg = random.below(8);
    c.isReadOnly = true;
    if (isMmx) {
      setMmxState(c);
    } else {
      setXmmState(c);
      c.prefix(0x66);
    }
    const operand = isMmx ? mmOperand(c, reg) : xmmOperand(c, reg, integers);
    const suffix = isMmx ? " mm" : " xmm";
    if (random.chance(0.15)) {
      c.name = `palignr${suffix}`;
      return c.emit(0x0f, 0x3a, 0x0f, operand, random.pick([random.below(34), random.byte()]));
    }
    const [opcode, name] = random.pick(SSSE3_INTEGER);
    c.name = name + suffix;
    return c.emit(0x0f, 0x38, opcode, operand);
  },
};
