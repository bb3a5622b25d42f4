// SSE2 integer instructions on XMM registers.

import { le } from "../bytes.ts";
import { Case } from "../case.ts";
import { setMm, setMmxState } from "../fpu-state.ts";
import type { Group } from "../group.ts";
import { DATA, EDI } from "../machine-model.ts";
import { memoryOperand, registerOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { integers, setXmm, setXmmState, XMM_BYTES, xmmOperand } from "../simd-state.ts";
import { BYTE_SHIFTS, IMMEDIATE_SHIFTS, isShift, PACKED_INTEGER, type Opcode } from "./simd-opcodes.ts";

export const sse2int: Group = {
  name: "sse2int",
  weight: 6,
  make(random) {
    const c = new Case(random, "sse2int");
    setXmmState(c);
    random.weighted(SUBJECTS)(c, random, random.below(8));
    return c;
  },
};

type Subject = (c: Case, random: Random, reg: number) => void;

const PACKED: readonly Opcode[] = [...PACKED_INTEGER, [0x6c, "punpcklqdq"], [0x6d, "punpckhqdq"]];

const packed: Subject = (c, random, reg) => {
  const opcode = random.pick(PACKED);
  const contents = isShift(opcode) && random.chance(0.8) ? (source: Random) => [source.below(70), ...Array<number>(15).fill(0)] : integers;
  c.name = opcode[1];
  c.isReadOnly = true;
  c.prefix(0x66).emit(0x0f, opcode[0], xmmOperand(c, reg, contents));
  if (contents !== integers) setXmm(c, reg, random.bytes(XMM_BYTES)); // what is shifted
};

const immediateShift: Subject = (c, random, reg) => {
  const [opcode, extension] = random.pick([...IMMEDIATE_SHIFTS, ...BYTE_SHIFTS]);
  c.name = "shift by an immediate";
  setXmm(c, reg, random.bytes(XMM_BYTES));
  c.prefix(0x66).emit(0x0f, opcode, registerOperand(extension, reg), random.pick([random.below(20), random.below(70), random.byte()]));
};

const shuffle: Subject = (c, random, reg) => {
  const [prefix, name] = random.pick([[0x66, "pshufd"], [0xf2, "pshuflw"], [0xf3, "pshufhw"]] as const);
  c.name = name;
  c.isReadOnly = true;
  c.prefix(prefix).emit(0x0f, 0x70, xmmOperand(c, reg, integers), random.byte());
};

const move: Subject = (c, random, reg) => {
  setXmm(c, reg, random.bytes(XMM_BYTES));
  random.pick([
    () => { c.name = "movd xmm,rm"; c.prefix(0x66).emit(0x0f, 0x6e, rmOperand(c, reg, 4, random.value())); },
    () => { c.name = "movd rm,xmm"; c.prefix(0x66).emit(0x0f, 0x7e, rmOperand(c, reg, 4, random.value())); },
    () => { c.name = "movdqa"; c.prefix(0x66).emit(0x0f, random.pick([0x6f, 0x7f]), xmmOperand(c, reg, integers)); },
    () => { c.name = "movdqu"; c.prefix(0xf3).emit(0x0f, random.pick([0x6f, 0x7f]), xmmOperand(c, reg, integers, { isUnaligned: true })); },
    () => { c.name = "movq xmm,xmmm"; c.prefix(0xf3).emit(0x0f, 0x7e, xmmOperand(c, reg, integers, { memoryBytes: 8 })); },
    () => { c.name = "movq xmmm,xmm"; c.prefix(0x66).emit(0x0f, 0xd6, xmmOperand(c, reg, integers, { memoryBytes: 8 })); },
    () => { c.name = "movntdq"; c.prefix(0x66).emit(0x0f, 0xe7, xmmOperand(c, reg, integers, { form: "memory" })); },
    () => { c.name = "movnti"; c.emit(0x0f, 0xc3, memoryOperand(c, random.below(8), le(random.value(), 4))); },
    () => { c.name = "pmovmskb"; c.prefix(0x66).emit(0x0f, 0xd7, registerOperand(random.below(8), reg)); },
  ])();
};

const insertExtract: Subject = (c, random, reg) => {
  setXmm(c, reg, random.bytes(XMM_BYTES));
  c.prefix(0x66);
  if (random.bool()) {
    c.name = "pinsrw";
    c.emit(0x0f, 0xc4, rmOperand(c, reg, 2, random.value()), random.byte());
  } else {
    c.name = "pextrw";
    c.emit(0x0f, 0xc5, registerOperand(random.below(8), reg), random.byte());
  }
};

const betweenMmx: Subject = (c, random, reg) => {
  setMmxState(c);
  const [prefix, name] = random.pick([[0xf3, "movq2dq"], [0xf2, "movdq2q"]] as const);
  const rm = random.below(8);
  c.name = name;
  setXmm(c, name === "movdq2q" ? rm : reg, random.bytes(XMM_BYTES));
  setMm(c, name === "movdq2q" ? reg : rm, random.bytes(XMM_BYTES));
  c.prefix(prefix).emit(0x0f, 0xd6, registerOperand(reg, rm));
};

const maskedMove: Subject = (c, random, reg) => {
  const mask = random.below(8);
  c.name = "maskmovdqu";
  c.set(EDI, DATA.base + 0x300 + random.below(64));
  c.place(c.regs[EDI] - 16, random.bytes(48));
  setXmm(c, reg, random.bytes(XMM_BYTES));
  setXmm(c, mask, random.bytes(XMM_BYTES));
  c.prefix(0x66).emit(0x0f, 0xf7, registerOperand(reg, mask));
};

const fence: Subject = (c, random) => {
  random.pick([
    () => { c.name = "lfence/mfence"; c.emit(0x0f, 0xae, registerOperand(random.pick([5, 6]), 0)); },
    () => { c.name = "clflush"; c.emit(0x0f, 0xae, memoryOperand(c, 7, random.bytes(1))); },
  ])();
};

const SUBJECTS: readonly (readonly [number, Subject])[] = [
  [14, packed],
  [2, immediateShift],
  [2, shuffle],
  [4, move],
  [2, insertExtract],
  [2, betweenMmx],
  [1, maskedMove],
  [1, fence],
];
