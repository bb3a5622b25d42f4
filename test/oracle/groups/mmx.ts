// MMX, with the integer instructions that SSE and SSE2 added to it.

import { Case } from "../case.ts";
import { setMm, setMmxState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import { DATA, EDI } from "../machine-model.ts";
import { registerOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { MM_BYTES, mmOperand } from "../simd-state.ts";
import { IMMEDIATE_SHIFTS, isShift, PACKED_INTEGER } from "./simd-opcodes.ts";

export const mmx: Group = {
  name: "mmx",
  weight: 5,
  make(random) {
    const c = new Case(random, "mmx");
    const reg = random.below(8);
    setMmxState(c);
    setMm(c, reg, random.bytes(MM_BYTES));
    random.weighted(SUBJECTS)(c, random, reg);
    return c;
  },
};

type Subject = (c: Case, random: Random, reg: number) => void;

const packed: Subject = (c, random, reg) => {
  const opcode = random.pick(PACKED_INTEGER);
  c.name = opcode[1];
  c.isReadOnly = true;
  const shiftsByRegister = isShift(opcode) && random.chance(0.8);
  if (!shiftsByRegister) {
    c.emit(0x0f, opcode[0], mmOperand(c, reg));
    return;
  }
  const source = random.below(8);
  setMm(c, source, [random.below(70), 0, 0, 0, 0, 0, 0, 0]);
  c.emit(0x0f, opcode[0], registerOperand(reg, source));
};

const immediateShift: Subject = (c, random, reg) => {
  const [opcode, extension] = random.pick(IMMEDIATE_SHIFTS);
  c.name = "shift by an immediate";
  c.emit(0x0f, opcode, registerOperand(extension, reg), random.pick([random.below(20), random.below(70), random.byte()]));
};

const move: Subject = (c, random, reg) => {
  random.pick([
    () => { c.name = "movd mm,rm"; c.emit(0x0f, 0x6e, rmOperand(c, reg, 4, random.value())); },
    () => { c.name = "movd rm,mm"; c.emit(0x0f, 0x7e, rmOperand(c, reg, 4, random.value())); },
    () => { c.name = "movq mm,mmm"; c.emit(0x0f, 0x6f, mmOperand(c, reg)); },
    () => { c.name = "movq mmm,mm"; c.emit(0x0f, 0x7f, mmOperand(c, reg)); },
    () => { c.name = "movntq"; c.emit(0x0f, 0xe7, mmOperand(c, reg, { form: "memory" })); },
    () => { c.name = "pmovmskb"; c.emit(0x0f, 0xd7, registerOperand(random.below(8), reg)); },
    () => { c.name = "emms"; c.emit(0x0f, 0x77); },
    () => {
      c.name = "maskmovq";
      c.set(EDI, DATA.base + 0x300 + random.below(64));
      c.place(c.regs[EDI] - 8, random.bytes(24));
      c.emit(0x0f, 0xf7, mmOperand(c, reg, { form: "register" }));
      c.ignoresAddressSize = false; // it addresses by EDI
    },
  ])();
};

const shuffle: Subject = (c, random, reg) => {
  random.pick([
    () => { c.name = "pshufw"; c.emit(0x0f, 0x70, mmOperand(c, reg), random.byte()); },
    () => { c.name = "pinsrw"; c.emit(0x0f, 0xc4, rmOperand(c, reg, 2, random.value()), random.byte()); },
    () => { c.name = "pextrw"; c.emit(0x0f, 0xc5, registerOperand(random.below(8), reg), random.byte()); },
  ])();
};

const SUBJECTS: readonly (readonly [number, Subject])[] = [
  [6, packed],
  [1, immediateShift],
  [2, move],
  [1, shuffle],
];
