// Straight-line programs: what a translator may get wrong only between instructions, such as lazy flags.

import { Case } from "../case.ts";
import type { Group } from "../group.ts";
import { CODE } from "../machine-model.ts";
import { GENERAL_REGISTERS, StraightLine } from "./straight-line.ts";

export const seq: Group = {
  name: "seq",
  weight: 5,
  make(random) {
    const c = new Case(random, "seq");
    c.name = "straight-line integer code";
    c.ip = CODE.base + random.below(0xc00);
    StraightLine.prepare(c);
    const code = new StraightLine(random, GENERAL_REGISTERS, 0).append(random.between(6, 32));
    if (random.bool()) code.balanceStack();
    c.emit(code.bytes);
    c.undefinedFlags = code.undefinedFlags;
    return c;
  },
};
