// Page faults: operands, the stack, strings and code in pages that are not mapped.

import { le } from "../bytes.ts";
import type { Case } from "../case.ts";
import { CODE, DATA, ECX, EDI, ESI, ESP, PF_FAULT, STACK } from "../machine-model.ts";
import { address32 } from "../operands.ts";
import type { Random } from "../random.ts";
import type { FaultSubject } from "./fault.ts";

const OPERAND_SIZE = 0x66;
const DATA_END = DATA.base + DATA.sizeBytes;

/** An address no page is mapped at, and none after it for a while. */
function unmapped(random: Random): number {
  return random.pick([
    0x300000 + random.below(4000), 0xdead0000 + random.below(0x10000), DATA_END + random.below(64), CODE.base - 4 - random.below(64),
    0xfffff000 + random.below(0xf00), random.below(0x800),
  ]);
}

interface MemoryInsn {
  readonly name: string;
  readonly opcode: readonly number[];
  /** ModRM.reg; absent: any register. */
  readonly reg?: number;
  readonly immediateBytes?: number;
}

/** Instructions with a 32-bit ModRM memory operand, by what they do to it. Shifts have a count other than 0. */
const LOADS: readonly MemoryInsn[] = [
  { name: "add r,m", opcode: [0x03] }, { name: "cmp m,r", opcode: [0x39] }, { name: "mov r,m", opcode: [0x8b] },
  { name: "test m,r", opcode: [0x85] }, { name: "imul r,m", opcode: [0x0f, 0xaf] }, { name: "mul m", opcode: [0xf7], reg: 4 },
  { name: "div m", opcode: [0xf7], reg: 6 }, { name: "idiv m", opcode: [0xf7], reg: 7 }, { name: "cmovcc r,m", opcode: [0x0f, 0x44] },
  { name: "bt m,imm", opcode: [0x0f, 0xba], reg: 4, immediateBytes: 1 }, { name: "bsf r,m", opcode: [0x0f, 0xbc] },
  { name: "push m", opcode: [0xff], reg: 6 }, { name: "call m", opcode: [0xff], reg: 2 }, { name: "jmp m", opcode: [0xff], reg: 4 },
];
const STORES: readonly MemoryInsn[] = [
  { name: "mov m,r", opcode: [0x89] }, { name: "mov m,imm", opcode: [0xc7], reg: 0, immediateBytes: 4 },
  { name: "pop m", opcode: [0x8f], reg: 0 },
];
const UPDATES: readonly MemoryInsn[] = [
  { name: "add m,r", opcode: [0x01] }, { name: "sbb m,r", opcode: [0x19] }, { name: "and m,imm", opcode: [0x81], reg: 4, immediateBytes: 4 },
  { name: "inc m", opcode: [0xff], reg: 0 }, { name: "dec m", opcode: [0xff], reg: 1 }, { name: "not m", opcode: [0xf7], reg: 2 },
  { name: "neg m", opcode: [0xf7], reg: 3 }, { name: "shl m,1", opcode: [0xd1], reg: 4 }, { name: "rcr m,1", opcode: [0xd1], reg: 3 },
  { name: "xchg m,r", opcode: [0x87] }, { name: "xadd m,r", opcode: [0x0f, 0xc1] }, { name: "cmpxchg m,r", opcode: [0x0f, 0xb1] },
  { name: "bts m,imm", opcode: [0x0f, 0xba], reg: 5, immediateBytes: 1 },
];
/** Of one byte; they cannot cross a page. */
const BYTE_INSNS: readonly MemoryInsn[] = [
  { name: "mov r8,m", opcode: [0x8a] }, { name: "mov m,r8", opcode: [0x88] }, { name: "or m,r8", opcode: [0x08] },
  { name: "movzx r,m8", opcode: [0x0f, 0xb6] },
  { name: "setcc m", opcode: [0x0f, 0x95], reg: 0 }, { name: "cmpxchg8b m", opcode: [0x0f, 0xc7], reg: 1 },
];

function emitWithOperand(c: Case, insn: MemoryInsn, address: number): void {
  const reg = insn.reg ?? c.random.pick([0, 1, 2, 3, 5, 6, 7]);
  c.hasMemoryOperand = true;
  c.emit(insn.opcode, address32(c, reg, address), c.random.bytes(insn.immediateBytes ?? 0));
}

export const operandFault: FaultSubject = (c, random) => {
  const insn = random.pick(random.pick([LOADS, STORES, UPDATES, BYTE_INSNS]));
  c.name = `${insn.name}, unmapped`;
  c.expectedFaults = [PF_FAULT];
  c.reserve(ESP);
  emitWithOperand(c, insn, unmapped(random));
};

/** The operand begins in the last bytes of a mapped page: CR2 is the next page, and the bytes before it stay. */
export const crossingFault: FaultSubject = (c, random) => {
  const insn = random.pick(random.pick([LOADS, STORES, UPDATES]));
  c.name = `${insn.name}, across the end of mapped memory`;
  c.expectedFaults = [PF_FAULT];
  c.reserve(ESP);
  const address = DATA_END - random.between(1, 3);
  c.place(DATA_END - 4, random.bytes(4));
  emitWithOperand(c, insn, address);
};

const PUSHES: readonly (readonly [string, readonly number[]])[] = [
  ["push r", [0x50]], ["push imm", [0x6a, 1]], ["pushf", [0x9c]], ["pusha", [0x60]], ["call", [0xe8, 5, 0, 0, 0]],
  ["push16 r", [OPERAND_SIZE, 0x51]], ["call r", [0xff, 0xd0]],
];
const POPS: readonly (readonly [string, readonly number[]])[] = [
  ["pop r", [0x58]], ["popf", [0x9d]], ["popa", [0x61]], ["ret", [0xc3]], ["ret imm", [0xc2, 8, 0]],
  ["pop16 r", [OPERAND_SIZE, 0x59]], ["leave", [0xc9]],
];

export const stackFault: FaultSubject = (c, random) => {
  const pushes = random.bool();
  const [name, code] = random.pick(pushes ? PUSHES : POPS);
  c.name = `${name} on an unmapped stack`;
  c.expectedFaults = [PF_FAULT];
  const edge = pushes ? STACK.base : STACK.base + STACK.sizeBytes;
  const top = random.pick([edge, edge, edge + (pushes ? 1 : -1), 0x300000]);
  c.set(ESP, top);
  if (name === "leave") c.set(5, top);
  if (name === "pusha" || name === "popa") c.notes.nocr2 = true; // which of the eight comes first is the CPU's business
  c.emit(code);
};

const STRING_INSNS = [
  { name: "movs", opcode: 0xa4, faulting: "destination" }, { name: "movs", opcode: 0xa4, faulting: "source" },
  { name: "stos", opcode: 0xaa, faulting: "destination" }, { name: "lods", opcode: 0xac, faulting: "source" },
  { name: "scas", opcode: 0xae, faulting: "destination" }, { name: "cmps", opcode: 0xa6, faulting: "destination" },
] as const;

/** A repeated string runs out of mapped memory: ECX, ESI and EDI tell how far it came. Memory is all zero, so REPE goes on. */
export const stringFault: FaultSubject = (c, random) => {
  const insn = random.pick(STRING_INSNS);
  const size = random.pick([1, 2, 4] as const);
  const before = random.below(12), after = random.between(1, 8);
  c.name = `rep ${insn.name}${size * 8} runs into an unmapped page`;
  c.expectedFaults = [PF_FAULT];
  const runsOut = DATA_END - before * size - (size > 1 ? random.below(2) : 0);
  const inside = DATA.base + 0x300;
  if (insn.name === "movs") c.place(insn.faulting === "source" ? DATA_END - 64 : inside, random.bytes(64));
  if (insn.name === "scas") c.set(0, 0);
  c.set(ESI, insn.faulting === "source" ? runsOut : inside);
  c.set(EDI, insn.faulting === "destination" ? runsOut : inside);
  c.set(ECX, before + after);
  c.operandSize(size).prefix(0xf3).emit(insn.opcode | (size === 1 ? 0 : 1));
};

/** Beginnings of instructions: the rest would be in the next page. */
const CUT_OFF = [[0xb8, 1, 2, 3], [0x81, 0xc3, 9, 9, 9], [0x66, 0x0f], [0x0f], [0x8b, 0x05, 0, 0], [0x26, 0x2e, 0x3e, 0x36]];

/** EIP goes where no code is, or an instruction begins in mapped memory and does not end there. */
export const fetchFault: FaultSubject = (c, random) => {
  c.expectedFaults = [PF_FAULT];
  c.isSingleInsn = false;
  const target = unmapped(random);
  const codeEnd = CODE.base + CODE.sizeBytes;
  const cutOff = random.pick(CUT_OFF);
  random.pick([
    () => { c.name = "jmp to unmapped code"; c.set(ECX, target).emit(0xff, 0xe1); },
    () => { c.name = "call of unmapped code"; c.set(ECX, target).emit(0xff, 0xd1); },
    () => { c.name = "ret to unmapped code"; c.placeValue(c.regs[ESP], 4, target); c.emit(0xc3); },
    () => { c.name = "jmp rel32 to unmapped code"; c.emit(0xe9, le(target - (c.ip + 5), 4)); },
    () => { c.name = "instruction cut off by the end of mapped memory"; c.ip = codeEnd - cutOff.length; c.emit(cutOff); },
    () => { c.name = "code runs off the end of mapped memory"; c.ip = codeEnd - 2; c.emit(0x40, 0x41); },
  ])();
};
