// SSE4.1 and SSE4.2, without POPCNT, which is with the integer bit instructions.

import { Case, SIZES } from "../case.ts";
import type { Group } from "../group.ts";
import { EAX, EDX } from "../machine-model.ts";
import { registerOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import {
  doubles, integers, randomMxcsr, setMxcsr, setXmm, setXmmState, singles, XMM_BYTES, xmmOperand, type Contents,
} from "../simd-state.ts";
import { wide } from "./alu.ts";
import type { Opcode } from "./simd-opcodes.ts";

export const sse4: Group = {
  name: "sse4",
  weight: 5,
  make(random) {
    const c = new Case(random, "sse4");
    setXmmState(c);
    random.weighted(SUBJECTS)(c, random, random.below(8));
    return c;
  },
};

type Subject = (c: Case, random: Random, reg: number) => void;

/** `66 0f 38 xx /r`; with a number of bytes where a memory operand is shorter than the register. */
const PACKED: readonly (readonly [opcode: number, name: string, memoryBytes?: number])[] = [
  [0x17, "ptest"], [0x28, "pmuldq"], [0x29, "pcmpeqq"], [0x2b, "packusdw"], [0x37, "pcmpgtq"], [0x38, "pminsb"], [0x39, "pminsd"],
  [0x3a, "pminuw"], [0x3b, "pminud"], [0x3c, "pmaxsb"], [0x3d, "pmaxsd"], [0x3e, "pmaxuw"], [0x3f, "pmaxud"], [0x40, "pmulld"],
  [0x41, "phminposuw"], [0x20, "pmovsxbw", 8], [0x21, "pmovsxbd", 4], [0x22, "pmovsxbq", 2], [0x23, "pmovsxwd", 8], [0x24, "pmovsxwq", 4],
  [0x25, "pmovsxdq", 8], [0x30, "pmovzxbw", 8], [0x31, "pmovzxbd", 4], [0x32, "pmovzxbq", 2], [0x33, "pmovzxwd", 8], [0x34, "pmovzxwq", 4],
  [0x35, "pmovzxdq", 8],
];

const packed: Subject = (c, random, reg) => {
  const [opcode, name, memoryBytes = XMM_BYTES] = random.pick(PACKED);
  c.name = name;
  c.isReadOnly = true;
  c.prefix(0x66).emit(0x0f, 0x38, opcode, xmmOperand(c, reg, integers, { memoryBytes }));
  if (name === "ptest" && random.bool()) setXmm(c, reg, random.pick([Array<number>(XMM_BYTES).fill(0), Array<number>(XMM_BYTES).fill(0xff)]));
};

/** The mask is XMM0, by its sign bits. */
const blendByXmm0: Subject = (c, random, reg) => {
  const [opcode, name] = random.pick<Opcode>([[0x10, "pblendvb"], [0x14, "blendvps"], [0x15, "blendvpd"]]);
  c.name = name;
  c.isReadOnly = true;
  setXmm(c, 0, random.bytes(XMM_BYTES));
  c.prefix(0x66).emit(0x0f, 0x38, opcode, xmmOperand(c, reg, integers));
};

const byImmediate: Subject = (c, random, reg) => {
  const [opcode, name] = random.pick<Opcode>([[0x0e, "pblendw"], [0x0c, "blendps"], [0x0d, "blendpd"], [0x42, "mpsadbw"]]);
  c.name = name;
  c.isReadOnly = true;
  c.prefix(0x66).emit(0x0f, 0x3a, opcode, xmmOperand(c, reg, integers), random.byte());
};

const insertExtract: Subject = (c, random, reg) => {
  setXmm(c, reg, random.bytes(XMM_BYTES));
  c.prefix(0x66);
  const rm = (size: 1 | 2 | 4) => rmOperand(c, reg, size, random.value());
  random.pick([
    () => { c.name = "pextrb"; c.emit(0x0f, 0x3a, 0x14, rm(1), random.byte()); },
    () => { c.name = "pextrw (sse4)"; c.emit(0x0f, 0x3a, 0x15, rm(2), random.byte()); },
    () => { c.name = "pextrd"; c.emit(0x0f, 0x3a, 0x16, rm(4), random.byte()); },
    () => { c.name = "extractps"; c.emit(0x0f, 0x3a, 0x17, rm(4), random.byte()); },
    () => { c.name = "pinsrb"; c.emit(0x0f, 0x3a, 0x20, rm(1), random.byte()); },
    () => { c.name = "pinsrd"; c.emit(0x0f, 0x3a, 0x22, rm(4), random.byte()); },
    () => { c.name = "insertps"; c.emit(0x0f, 0x3a, 0x21, xmmOperand(c, reg, integers, { memoryBytes: 4 }), random.byte()); },
  ])();
};

/** The immediate names a rounding mode or that of MXCSR, and may suppress the precision exception. */
const round: Subject = (c, random, reg) => {
  const [opcode, name, contents, memoryBytes] = random.pick([
    [0x08, "roundps", singles, XMM_BYTES], [0x09, "roundpd", doubles, XMM_BYTES], [0x0a, "roundss", singles, 4], [0x0b, "roundsd", doubles, 8],
  ] as const);
  c.name = name;
  c.isReadOnly = true;
  setMxcsr(c, randomMxcsr(random));
  c.prefix(0x66).emit(0x0f, 0x3a, opcode, xmmOperand(c, reg, contents, { memoryBytes }), random.below(16));
};

const dotProduct: Subject = (c, random, reg) => {
  const isDouble = random.bool();
  c.name = isDouble ? "dppd" : "dpps";
  c.isReadOnly = true;
  setMxcsr(c, randomMxcsr(random));
  c.prefix(0x66).emit(0x0f, 0x3a, isDouble ? 0x41 : 0x40, xmmOperand(c, reg, isDouble ? doubles : singles), random.byte());
};

const load: Subject = (c, _random, reg) => {
  c.name = "movntdqa";
  c.isReadOnly = true;
  c.prefix(0x66).emit(0x0f, 0x38, 0x2a, xmmOperand(c, reg, integers, { form: "memory" }));
};

const crc: Subject = (c, random) => {
  const size = random.pick(SIZES);
  c.name = `crc32 ${size * 8}`;
  c.isReadOnly = true;
  if (size === 2) c.prefix(0x66);
  c.prefix(0xf2).emit(0x0f, 0x38, 0xf0 | wide(size), rmOperand(c, random.below(8), size, random.value()));
};

/** Few letters and some zeros, so that strings match here and there and end somewhere. */
const text: Contents = (random, count) => Array.from({ length: count }, () => (random.chance(0.07) ? 0 : 0x61 + random.below(6)));

/** Explicit lengths count by magnitude and saturate at the register's size. */
const STRING_LENGTHS = [0, 1, 3, 5, 8, 11, 16, -5, 20];
const STRING_COMPARISONS = ["pcmpestrm", "pcmpestri", "pcmpistrm", "pcmpistri"] as const;

const compareStrings: Subject = (c, random, reg) => {
  const which = random.below(4);
  c.name = STRING_COMPARISONS[which];
  c.isReadOnly = true;
  c.set(EAX, random.pick(STRING_LENGTHS)).set(EDX, random.pick(STRING_LENGTHS));
  c.prefix(0x66).emit(0x0f, 0x3a, 0x60 | which, xmmOperand(c, reg, text, { isUnaligned: true }), random.below(128));
};

const testRegister: Subject = (c, random, reg) => {
  const rm = random.below(8);
  const value = random.bytes(XMM_BYTES);
  c.name = "ptest xmm,xmm";
  setXmm(c, reg, value);
  setXmm(c, rm, random.bool() ? value : value.map((byte) => ~byte & 0xff));
  c.prefix(0x66).emit(0x0f, 0x38, 0x17, registerOperand(reg, rm));
};

const SUBJECTS: readonly (readonly [number, Subject])[] = [
  [10, packed],
  [2, blendByXmm0],
  [2, byImmediate],
  [4, insertExtract],
  [3, round],
  [2, dotProduct],
  [1, load],
  [2, crc],
  [4, compareStrings],
  [1, testRegister],
];
