// SETcc and CMOVcc.

import { Case, WORD_SIZES } from "../case.ts";
import type { Group } from "../group.ts";
import { rmOperand } from "../operands.ts";

export const cond: Group = {
  name: "cond",
  weight: 4,
  make(random) {
    const c = new Case(random, "cond");
    const condition = random.below(16);
    if (random.chance(0.4)) {
      c.name = "setcc";
      return c.emit(0x0f, 0x90 | condition, rmOperand(c, random.below(8), 1, random.value())); // ModRM.reg is ignored
    }
    const size = random.pick(WORD_SIZES);
    c.name = `cmovcc ${size * 8}`;
    c.isReadOnly = true;
    c.operandSize(size);
    return c.emit(0x0f, 0x40 | condition, rmOperand(c, random.below(8), size, random.value()));
  },
};
