// Data movement: MOV in every form, MOVSX MOVZX, XCHG XADD CMPXCHG CMPXCHG8B, XLAT, the conversions of the accumulator,
// the flag instructions, the no-operations, and the segment checks that need no particular descriptor table.

import { le } from "../bytes.ts";
import { Case, SIZES, WORD_SIZES } from "../case.ts";
import type { Group } from "../group.ts";
import { DATA, EAX, EBX, ECX, EDX, ESP, LOW } from "../machine-model.ts";
import { lockableOperand, memoryOperand, registerOperand, rmOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import { wide } from "./alu.ts";

export const data: Group = {
  name: "data",
  weight: 9,
  make(random) {
    const c = new Case(random, "data");
    random.weighted(FORMS)(c, random);
    return c;
  },
};

type Form = (c: Case, random: Random) => void;

const ADDRESS_SIZE = 0x67;

const mov: Form = (c, random) => {
  const size = random.pick(SIZES);
  const load = random.below(2);
  c.name = load ? `mov r${size * 8},rm` : `mov rm${size * 8},r`;
  c.isReadOnly = load === 1;
  c.operandSize(size).emit(0x88 | (load << 1) | wide(size), rmOperand(c, random.below(8), size, random.value()));
};

const movImmediate: Form = (c, random) => {
  const size = random.pick(SIZES);
  c.operandSize(size);
  const immediate = le(random.value(), size);
  if (random.bool()) {
    c.name = `mov rm${size * 8},imm`;
    c.emit(0xc6 | wide(size), rmOperand(c, 0, size, random.value()), immediate);
  } else {
    c.name = `mov r${size * 8},imm`;
    c.ignoresAddressSize = true;
    c.emit((size === 1 ? 0xb0 : 0xb8) | random.below(8), immediate);
  }
};

const movOffset: Form = (c, random) => {
  const size = random.pick(SIZES);
  const store = random.below(2);
  const is16 = random.chance(0.3);
  c.name = `mov ${store ? "moffs,acc" : "acc,moffs"}${size * 8}${is16 ? " a16" : ""}`;
  c.isReadOnly = store === 0;
  if (is16) c.prefix(ADDRESS_SIZE);
  const address = c.place((is16 ? LOW : DATA).base + random.below(0xf00), random.bytes(size));
  c.operandSize(size).emit(0xa0 | (store << 1) | wide(size), le(address, is16 ? 2 : 4));
};

const movExtend: Form = (c, random) => {
  const size = random.pick(WORD_SIZES);
  const from = random.pick([1, 2] as const);
  const signed = random.bool();
  c.name = `mov${signed ? "sx" : "zx"} r${size * 8},rm${from * 8}`;
  c.isReadOnly = true;
  c.operandSize(size).emit(0x0f, (signed ? 0xbe : 0xb6) | wide(from), rmOperand(c, random.below(8), from, random.value()));
};

/** With memory it is locked with or without the prefix, hence aligned. */
const xchg: Form = (c, random) => {
  const size = random.pick(SIZES);
  c.name = `xchg ${size * 8}`;
  c.operandSize(size);
  if (size > 1 && random.chance(0.3)) {
    c.ignoresAddressSize = true;
    c.emit(0x90 | random.below(8));
  } else if (random.chance(0.3)) {
    c.emit(0x86 | wide(size), lockableOperand(c, random.below(8), size, random.value()));
  } else {
    c.emit(0x86 | wide(size), rmOperand(c, random.below(8), size, random.value(), { align: size }));
  }
};

const xadd: Form = (c, random) => {
  const size = random.pick(SIZES);
  c.name = `xadd ${size * 8}`;
  c.operandSize(size).emit(0x0f, 0xc0 | wide(size), lockableOperand(c, random.below(8), size, random.value()));
};

const cmpxchg: Form = (c, random) => {
  const size = random.pick(SIZES);
  const value = random.value();
  c.name = `cmpxchg ${size * 8}`;
  if (random.chance(0.9)) c.reserve(EAX); // otherwise EAX may be the destination, which is always equal
  if (random.bool()) c.regs[EAX] = value >>> 0;
  c.operandSize(size).emit(0x0f, 0xb0 | wide(size), lockableOperand(c, random.below(8), size, value));
};

const cmpxchg8b: Form = (c, random) => {
  c.name = "cmpxchg8b";
  c.reserve(EAX, EDX, EBX, ECX);
  const equal = [...le(c.regs[EAX], 4), ...le(c.regs[EDX], 4)];
  const bytes = random.pick([equal, [...equal.slice(0, 4), ...random.bytes(4)], random.bytes(8)]);
  if (random.chance(0.3)) c.lock();
  c.emit(0x0f, 0xc7, memoryOperand(c, 1, bytes, { align: 8 }));
};

const xlat: Form = (c, random) => {
  const is16 = random.chance(0.3);
  const table = (is16 ? LOW : DATA).base + 0x200;
  c.name = `xlat${is16 ? " a16" : ""}`;
  c.isReadOnly = true;
  c.hasMemoryOperand = true;
  if (is16) c.prefix(ADDRESS_SIZE);
  c.set(EBX, is16 ? (random.u32() & ~0xffff) | table : table);
  c.place(table + (c.regs[EAX] & 0xff), random.bytes(1));
  c.emit(0xd7);
};

const extendAccumulator: Form = (c, random) => {
  const size = random.pick(WORD_SIZES);
  const [name, opcode] = random.pick([["cbw/cwde", 0x98], ["cwd/cdq", 0x99]] as const);
  c.name = name;
  c.ignoresAddressSize = true;
  c.operandSize(size).emit(opcode);
};

const FLAG_INSNS = [
  ["lahf", 0x9f], ["sahf", 0x9e], ["cmc", 0xf5], ["clc", 0xf8], ["stc", 0xf9], ["cld", 0xfc], ["std", 0xfd], ["salc", 0xd6],
] as const;

const flagInsn: Form = (c, random) => {
  const [name, opcode] = random.pick(FLAG_INSNS);
  c.name = name;
  c.ignoresAddressSize = true;
  c.emit(opcode);
};

/** Their operands, mapped or not, are never touched; PREFETCHh and ENDBR are no-operations too. */
const nop: Form = (c, random) => {
  const size = random.pick(WORD_SIZES);
  random.pick([
    () => { c.name = "nop"; c.emit(0x90); },
    () => { c.name = "pause"; c.prefix(0xf3).emit(0x90); },
    () => { c.name = "endbr32"; c.isSingleInsn = false; c.emit(0xf3, 0x0f, 0x1e, 0xfb); },
    () => { c.name = "nop rm"; c.operandSize(size).emit(0x0f, 0x1f, rmOperand(c, 0, size, random.value())); },
    () => { c.name = "nop [unmapped]"; c.emit(0x0f, 0x1f, 0x05, le(0x300000 + random.below(0x1000), 4)); },
    () => { c.name = "prefetch"; c.emit(0x0f, 0x18, memoryOperand(c, random.below(4), random.bytes(1))); },
  ])();
};

/** Beyond the limit of any small GDT, null, or in an LDT that is not there. */
const INVALID_SELECTORS = [0, 1, 3, 0xfff8, 0xfffb, 0x1000, 0x0ffb, 0x0004, 0x0007, 0xffff];

/** LAR, LSL, VERR and VERW of a selector without a descriptor only clear ZF. */
const probeSelector: Form = (c, random) => {
  const [name, opcode, reg] = random.pick([
    ["lar", [0x0f, 0x02], undefined], ["lsl", [0x0f, 0x03], undefined], ["verr", [0x0f, 0x00], 4], ["verw", [0x0f, 0x00], 5],
  ] as const);
  c.name = `${name} of an invalid selector`;
  c.isReadOnly = true;
  c.operandSize(reg === undefined ? random.pick(WORD_SIZES) : 4);
  c.emit(opcode, rmOperand(c, reg ?? random.below(8), 2, random.pick(INVALID_SELECTORS)));
};

const arpl: Form = (c, random) => {
  c.name = "arpl";
  c.emit(0x63, rmOperand(c, random.below(8), 2, random.value()));
};

/** ESP as a plain register, with a value that is no stack. */
const movToEsp: Form = (c, random) => {
  c.name = "mov esp";
  c.ignoresAddressSize = true;
  if (random.bool()) c.emit(0xb8 | ESP, le(random.value(), 4));
  else c.emit(0x8b, registerOperand(ESP, random.below(8)));
};

const FORMS: readonly (readonly [number, Form])[] = [
  [3, mov],
  [2, movImmediate],
  [2, movOffset],
  [3, movExtend],
  [2, xchg],
  [2, xadd],
  [3, cmpxchg],
  [2, cmpxchg8b],
  [1, xlat],
  [1, extendAccumulator],
  [1, flagInsn],
  [1, nop],
  [1, probeSelector],
  [1, arpl],
  [1, movToEsp],
];
