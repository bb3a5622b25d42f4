// SSE3: ADDSUB, horizontal addition, the duplicating moves, LDDQU. FISTTP is with the x87 stores.

import { Case } from "../case.ts";
import type { Group } from "../group.ts";
import { doubles, integers, randomMxcsr, setMxcsr, setXmmState, singles, xmmOperand } from "../simd-state.ts";

export const sse3: Group = {
  name: "sse3",
  weight: 2,
  make(random) {
    const c = new Case(random, "sse3");
    const reg = random.below(8);
    c.isReadOnly = true;
    setXmmState(c);
    setMxcsr(c, randomMxcsr(random));
    if (random.chance(0.6)) {
      const isDouble = random.bool();
      const [opcode, name] = random.pick([[0xd0, "addsub"], [0x7c, "hadd"], [0x7d, "hsub"]] as const);
      c.name = `${name}p${isDouble ? "d" : "s"}`;
      return c.prefix(isDouble ? 0x66 : 0xf2).emit(0x0f, opcode, xmmOperand(c, reg, isDouble ? doubles : singles));
    }
    random.pick([
      () => { c.name = "movddup"; c.prefix(0xf2).emit(0x0f, 0x12, xmmOperand(c, reg, integers, { memoryBytes: 8 })); },
      () => { c.name = "movsldup"; c.prefix(0xf3).emit(0x0f, 0x12, xmmOperand(c, reg, integers)); },
      () => { c.name = "movshdup"; c.prefix(0xf3).emit(0x0f, 0x16, xmmOperand(c, reg, integers)); },
      () => { c.name = "lddqu"; c.prefix(0xf2).emit(0x0f, 0xf0, xmmOperand(c, reg, integers, { form: "memory", isUnaligned: true })); },
    ])();
    return c;
  },
};
