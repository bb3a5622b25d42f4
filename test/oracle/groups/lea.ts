// LEA with every ModRM and SIB byte: address arithmetic of all forms, without memory.

import { Case, WORD_SIZES } from "../case.ts";
import type { Group } from "../group.ts";
import type { Random } from "../random.ts";

export const lea: Group = {
  name: "lea",
  weight: 4,
  make(random) {
    const size = random.pick(WORD_SIZES);
    const is16 = random.chance(0.3);
    const c = new Case(random, "lea").operandSize(size);
    if (random.bool()) c.regs[4] = random.value();
    c.name = `lea${size * 8} a${is16 ? 16 : 32}`;
    c.isReadOnly = true;
    c.hasMemoryOperand = true;
    if (is16) c.prefix(0x67);
    return c.emit(0x8d, is16 ? anyAddress16(random) : anyAddress32(random));
  },
};

/** A random ModRM byte that means memory, with the bytes that it calls for (SDM 2A table 2-1). */
function anyAddress16(random: Random): number[] {
  const mod = random.below(3), rm = random.below(8);
  const displacementBytes = mod === 1 ? 1 : mod === 2 || rm === 6 ? 2 : 0;
  return [(mod << 6) | (random.below(8) << 3) | rm, ...random.bytes(displacementBytes)];
}

/** The same for table 2-2, with a random SIB byte (table 2-3). */
function anyAddress32(random: Random): number[] {
  const mod = random.below(3), rm = random.below(8), sib = random.byte();
  const hasSib = rm === 4;
  const base = hasSib ? sib & 7 : rm;
  const displacementBytes = mod === 1 ? 1 : mod === 2 || base === 5 ? 4 : 0;
  return [(mod << 6) | (random.below(8) << 3) | rm, ...(hasSib ? [sib] : []), ...random.bytes(displacementBytes)];
}
