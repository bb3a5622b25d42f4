// #GP at CPL 3: privileged instructions, writes through CS, selectors without a descriptor, misaligned SSE operands.

import { le } from "../bytes.ts";
import { WORD_SIZES } from "../case.ts";
import { DATA, EAX, ESP, GP, LOW } from "../machine-model.ts";
import { absoluteOperand, memoryOperand } from "../operands.ts";
import type { Random } from "../random.ts";
import type { FaultSubject } from "./fault.ts";

const OPERAND_SIZE = 0x66, CS_OVERRIDE = 0x2e;

const PRIVILEGED: readonly (readonly [string, readonly number[]])[] = [
  ["hlt", [0xf4]],
  ["cli", [0xfa]],
  ["sti", [0xfb]],
  ["clts", [0x0f, 0x06]],
  ["invd", [0x0f, 0x08]],
  ["wbinvd", [0x0f, 0x09]],
  ["rdmsr", [0x0f, 0x32]],
  ["wrmsr", [0x0f, 0x30]],
  ["sysexit", [0x0f, 0x35]],
  ["mov r,cr0", [0x0f, 0x20, 0xc0]],
  ["mov r,cr2", [0x0f, 0x20, 0xd1]],
  ["mov cr3,r", [0x0f, 0x22, 0xd8]],
  ["mov cr4,r", [0x0f, 0x22, 0xe0]],
  ["mov r,dr7", [0x0f, 0x21, 0xf8]],
  ["mov dr0,r", [0x0f, 0x23, 0xc0]],
  ["lgdt", [0x0f, 0x01, ...absoluteOperand(2, DATA.base)]],
  ["lidt", [0x0f, 0x01, ...absoluteOperand(3, DATA.base)]],
  ["lmsw", [0x0f, 0x01, 0xf0]],
  ["invlpg", [0x0f, 0x01, ...absoluteOperand(7, DATA.base)]],
  ["lldt", [0x0f, 0x00, 0xd0]],
  ["ltr", [0x0f, 0x00, 0xd8]],
  ["in al,imm8", [0xe4, 0x60]],
  ["in eax,imm8", [0xe5, 0x60]],
  ["in ax,dx", [OPERAND_SIZE, 0xed]],
  ["in al,dx", [0xec]],
  ["out imm8,al", [0xe6, 0x80]],
  ["out dx,al", [0xee]],
  ["out dx,eax", [0xef]],
  ["insb", [0x6c]],
  ["insd", [0x6d]],
  ["outsb", [0x6e]],
  ["outsd", [0x6f]],
];

export const privileged: FaultSubject = (c, random) => {
  const [name, code] = random.pick(PRIVILEGED);
  c.name = name;
  c.expectedFaults = [GP];
  c.isSingleInsn = false;
  c.emit(code);
};

export const codeSegmentWrite: FaultSubject = (c, random) => {
  const opcode = random.pick([0x89, 0x01, 0x87, 0x88]);
  c.name = "write through cs";
  c.expectedFaults = [GP];
  c.prefix(CS_OVERRIDE);
  c.isSingleInsn = false; // a later segment override would be the one that counts
  c.emit(opcode, memoryOperand(c, random.pick([0, 1, 2, 3]), random.bytes(4)));
};

/** Past the limit of any small GDT, or of an LDT where there is none. */
function badSelector(random: Random): number {
  return random.pick([0xfff8, 0xfffb, 0x1000, 0x0ffb, 0x0a2b, 0x0004, 0x0007, 0x000f, 0xffff]);
}

/** Into ES, SS and DS in all ways. Null selectors are only tried where they fault, that is in SS. */
export const segmentLoad: FaultSubject = (c, random) => {
  const size = random.pick(WORD_SIZES);
  const intoSs = random.chance(0.3);
  const selector = intoSs && random.bool() ? random.below(4) : badSelector(random);
  const reg = intoSs ? 2 : random.pick([0, 3]);
  c.expectedFaults = [GP];
  c.isReadOnly = true;
  c.operandSize(size);
  const pointer = [...le(random.value(), size), ...le(selector, 2)];
  random.pick([
    () => { c.name = "mov sreg,r"; c.setSized(EAX, 2, selector).emit(0x8e, 0xc0 | (reg << 3)); },
    () => { c.name = "mov sreg,m"; c.emit(0x8e, memoryOperand(c, reg, le(selector, 2))); },
    () => { c.name = "pop sreg"; c.placeValue(c.regs[ESP], 4, selector); c.emit(intoSs ? 0x17 : reg === 3 ? 0x1f : 0x07); },
    () => {
      c.name = "load far pointer";
      c.emit(intoSs ? [0x0f, 0xb2] : reg === 3 ? 0xc5 : 0xc4, memoryOperand(c, random.pick([0, 1, 2, 3, 5, 6, 7]), pointer));
    },
  ])();
};

/** CS cannot be null either. Nothing is pushed or popped. */
export const farTransfer: FaultSubject = (c, random) => {
  const selector = random.chance(0.2) ? random.below(4) : badSelector(random);
  const offset = random.value();
  const stackImage = [...le(offset, 4), ...le(selector, 4), ...le(0x202, 4)];
  c.expectedFaults = [GP];
  c.isSingleInsn = false;
  random.pick([
    () => { c.name = "jmp far imm"; c.emit(0xea, le(offset, 4), le(selector, 2)); },
    () => { c.name = "call far imm"; c.emit(0x9a, le(offset, 4), le(selector, 2)); },
    () => { c.name = "jmp far m"; c.emit(0xff, memoryOperand(c, 5, [...le(offset, 4), ...le(selector, 2)])); },
    () => { c.name = "call far m"; c.emit(0xff, memoryOperand(c, 3, [...le(offset, 4), ...le(selector, 2)])); },
    () => { c.name = "retf"; c.place(c.regs[ESP], stackImage); c.emit(0xcb); },
    () => { c.name = "retf imm16"; c.place(c.regs[ESP], stackImage); c.emit(0xca, 8, 0); },
    () => { c.name = "iret"; c.place(c.regs[ESP], stackImage); c.emit(0xcf); },
  ])();
};

const ALIGNED_INSNS: readonly (readonly [string, readonly number[]])[] = [
  ["movaps x,m", [0x0f, 0x28]], ["movaps m,x", [0x0f, 0x29]], ["movntps m,x", [0x0f, 0x2b]], ["addps x,m", [0x0f, 0x58]], ["xorps x,m", [0x0f, 0x57]],
];
const ALIGNED_INSNS_66: readonly (readonly [string, readonly number[]])[] = [
  ["movdqa x,m", [0x0f, 0x6f]], ["movdqa m,x", [0x0f, 0x7f]], ["paddb x,m", [0x0f, 0xfc]], ["mulpd x,m", [0x0f, 0x59]],
];

/** 128-bit operands other than of the unaligned moves. */
export const misaligned: FaultSubject = (c, random) => {
  const has66 = random.bool();
  const [name, opcode] = random.pick(has66 ? ALIGNED_INSNS_66 : ALIGNED_INSNS);
  c.name = `${name}, misaligned`;
  c.expectedFaults = [GP];
  if (has66) c.prefix(OPERAND_SIZE);
  const target = random.pick([DATA, LOW]).base + 0x200 + 16 * random.below(16) + random.between(1, 15);
  c.emit(opcode, memoryOperand(c, random.below(8), random.bytes(16), { target }));
};
