// Insns that belong together: what it takes to change the system's state on purpose. All are written for both code sizes.

import { CR0_EM, CR0_MP, CR0_PE, CR0_TS, F_AC, F_ID, F_IF, F_IOPL, F_NT, F_RF, F_TF, F_VM } from "../../../src/x86/state.ts";
import type { CodeContext, Piece } from "./code.ts";
import { pointer, randomInsn, somewhere } from "./code.ts";
import { word16, word32 } from "./image.ts";
import { CODE, DATA, GDT, GDT_SLOTS, POINTERS, POINTER_COUNT } from "./layout.ts";
import { aliasOf } from "./paging.ts";

const EAX = 0, ECX = 1, EDX = 2, EBX = 3, ESP = 4, EBP = 5, ESI = 6, EDI = 7;
/** MOV sreg, AX. */
const AX_TO_SREG = [0x8e, 0xc0];
/** MSRs worth a write; some may not exist. */
const MSRS = [0x10, 0x1b, 0x79, 0x8b, 0xfe, 0x174, 0x175, 0x176, 0x1a0, 0x277, 0x200, 0x2ff, 0xc0000080];

/** An insn with 32-bit operands, or 16-bit ones. */
const wide = ({ is32 }: CodeContext, bytes: readonly number[]): number[] => (is32 ? [...bytes] : [0x66, ...bytes]);
const narrow = ({ is32 }: CodeContext, bytes: readonly number[]): number[] => (is32 ? [0x66, ...bytes] : [...bytes]);

const setReg = (c: CodeContext, reg: number, value: number): number[] => wide(c, [0xb8 + reg, ...word32(value)]);
const pushWide = (c: CodeContext, value: number): number[] => wide(c, [0x68, ...word32(value)]);
const pushSized = (c: CodeContext, is32: boolean, value: number): number[] => (is32 ? pushWide(c, value) : narrow(c, [0x68, ...word16(value)]));

/** A ModRM byte (and, in 16-bit code, an address-size prefix) for an absolute linear address in the data segment. */
function memory(c: CodeContext, opcode: readonly number[], reg: number, linear: number): number[] {
  return [...(c.is32 ? [] : [0x67]), ...opcode, (reg << 3) | 5, ...word32(linear - c.data.base)];
}

/** MOV dword [linear], value. */
function poke(c: CodeContext, linear: number, value: number): number[] {
  const insn = memory(c, [0xc7], 0, linear);
  return [...(c.is32 ? insn : [0x66, ...insn]), ...word32(value)];
}

/** What POPF and IRET may find. */
function randomFlags({ random }: CodeContext): number {
  let flags = 2 | (random.u32() & 0xcd5);
  for (const [bit, chance] of [[F_TF, 0.15], [F_IF, 0.5], [F_NT, 0.1], [F_RF, 0.1], [F_VM, 0.1], [F_AC, 0.1], [F_ID, 0.2]] as const) if (random.chance(chance)) flags |= bit;
  return random.chance(0.5) ? flags | F_IOPL : flags | (random.below(4) << 12);
}

const selector = ({ random, selectors }: CodeContext): number => (selectors.length === 0 || random.chance(0.05) ? random.u32() & 0xffff : random.pick(selectors));

/** Where far transfers go, and for RET and IRET with any RPL. */
function target(c: CodeContext): { selector: number; offset: number } {
  if (c.farTargets.length === 0) return { selector: c.random.u32() & 0xffff, offset: c.random.u32() & 0xffff };
  return c.random.pick(c.farTargets);
}

type Idiom = (c: CodeContext) => Piece;

/** Selectors in registers and from the stack. */
const loadSegment: Idiom = (c) => {
  const sreg = c.random.pick([0, 2, 3, 3, 4, 5]);
  return [setReg(c, EAX, selector(c)), [AX_TO_SREG[0], AX_TO_SREG[1] | (sreg << 3)]];
};
const popSegment: Idiom = (c) => [pushWide(c, selector(c)), wide(c, c.random.pick([[0x07], [0x17], [0x1f], [0x0f, 0xa1], [0x0f, 0xa9]]))];

const farTransfer: Idiom = (c) => {
  const { random } = c, isGate = c.gates.length > 0 && random.chance(0.4), to = target(c);
  return [wide(c, [random.pick([0xea, 0x9a]), ...word32(to.offset), ...word16(isGate ? random.pick(c.gates) : to.selector)])];
};

const interrupt: Idiom = ({ random }) => [random.chance(0.8) ? [0xcd, random.pick([random.below(64), 0x20, 0x80, 3, random.byte()])] : [random.pick([0xcc, 0xce, 0xf1])]];

/** IRET to anywhere: same level, outer level, V86. */
const interruptReturn: Idiom = (c) => {
  const { random } = c, is32 = random.chance(0.7), to = target(c), flags = randomFlags(c);
  const insns: number[][] = [];
  // For V86, GS to ES; for an outer level, SS and ESP.
  if ((flags & F_VM) !== 0) for (let i = 0; i < 4; i++) insns.push(pushSized(c, is32, random.pick([0, 0x1000, 0xb00, random.u32() & 0xffff])));
  if (random.chance(0.6)) insns.push(pushSized(c, is32, selector(c)), pushSized(c, is32, random.pick([0x13ff0, 0xfff0, random.value()])));
  insns.push(pushSized(c, is32, flags), pushSized(c, is32, (flags & F_VM) !== 0 ? 0 : to.selector), pushSized(c, is32, to.offset));
  insns.push(is32 ? wide(c, [0xcf]) : narrow(c, [0xcf]));
  return insns;
};

const farReturn: Idiom = (c) => {
  const { random } = c, is32 = random.chance(0.7), to = target(c), insns: number[][] = [];
  if (random.chance(0.5)) insns.push(pushSized(c, is32, selector(c)), pushSized(c, is32, 0x13ff0));
  insns.push(pushSized(c, is32, to.selector), pushSized(c, is32, to.offset));
  const ret = random.chance(0.7) ? [0xcb] : [0xca, random.pick([0, 4, 8]), 0];
  insns.push(is32 ? wide(c, ret) : narrow(c, ret));
  return insns;
};

const popFlags: Idiom = (c) => {
  const is32 = c.random.chance(0.7);
  return [pushSized(c, is32, randomFlags(c)), is32 ? wide(c, [0x9d]) : narrow(c, [0x9d])];
};

const writeControl: Idiom = (c) => {
  const { random } = c, n = random.pick([0, 0, 3, 4, 4]), known = c.controls.get(n) ?? [0];
  const value = random.chance(0.8) ? random.pick(known) : random.pick(known) ^ (1 << random.below(32));
  return [setReg(c, EAX, value), [0x0f, 0x22, 0xc0 | (n << 3)]];
};
const statusWord: Idiom = (c) => [setReg(c, EDX, CR0_PE | c.random.pick([0, 0, CR0_MP, CR0_EM, CR0_TS])), [0x0f, 0x01, 0xf2]];
const clearTaskSwitched: Idiom = () => [[0x0f, 0x06]];

const writeDebug: Idiom = (c) => {
  const { random } = c, n = random.pick([0, 1, 2, 3, 6, 7, 7, 7]);
  const control = (): number => (random.chance(0.3) ? 0 : random.u32() & 0xffff0000) | (random.u32() & 0xff & random.u32()) | (random.chance(0.1) ? 0x2000 : 0);
  const value = n === 7 ? control() : n === 6 ? random.u32() : somewhere(c);
  return [setReg(c, EAX, value), [0x0f, 0x23, 0xc0 | (n << 3)]];
};

const descriptorTable: Idiom = (c) => [memory(c, [0x0f, 0x01], c.random.pick([0, 1, 2, 3]), POINTERS + 8 * c.random.below(POINTER_COUNT))];
const systemSelector: Idiom = (c) => [setReg(c, EAX, selector(c)), [0x0f, 0x00, 0xc0 | (c.random.pick([0, 1, 2, 2, 3, 4, 5]) << 3)]];
const examineSelector: Idiom = (c) => [setReg(c, ECX, selector(c)), [0x0f, c.random.pick([2, 3]), 0xc1 | (c.random.pick([EAX, EDX, EBX]) << 3)]];

/** A descriptor changed in memory; loaded by whoever comes next. */
const changeDescriptor: Idiom = (c) => {
  const { random } = c, slot = random.between(1, GDT_SLOTS - 1);
  const high = random.pick([0x00cf9300, 0x00cff300, 0x00cf9b00, 0x00cffb00, 0x0000f300, 0x00009300, 0x00cff700, 0x00cf1300]);
  return [poke(c, GDT + 8 * slot + 4, high)];
};

/** A page-table entry changed, with what it takes for the change to count. */
const changePage: Idiom = (c) => {
  const { random } = c;
  if (c.pageEntries.length === 0) return [poke(c, pointer(c), random.value())];
  const entry = random.pick(c.pageEntries), page = random.pick([random.between(CODE, DATA + 0x4fff), DATA]) & ~0xfff;
  const rights = random.pick([0, 1, 3, 5, 7, 7, 7, 0x107, 0x27, 0x67]), flush = random.chance(0.7);
  const linear = random.pick([page, aliasOf(page)]);
  return [
    poke(c, entry, page | rights),
    ...(flush ? [[0x0f, 0x20, 0xd8], [0x0f, 0x22, 0xd8]] : []),
    memory(c, [0x0f, 0x01], 7, linear),
  ];
};

/** A store into the program. */
const modifyCode: Idiom = (c) => {
  const { random } = c, at = CODE + random.below(0x400), linear = c.isPaged && random.chance(0.3) ? aliasOf(at) : at;
  if (random.chance(0.5)) return [poke(c, linear, random.pick([0x90909090, random.u32(), 0x40404040]))];
  return [[...memory(c, [0xc6], 0, linear), random.pick([0x90, 0x40, 0xf8, 0xf9, random.byte()])]];
};

/** A repeated string insn of few elements, or of many. */
const repeated: Idiom = (c) => {
  const { random } = c, count = random.weighted([[6, random.below(20)], [2, random.below(5000)], [1, random.value()]]);
  return [
    setReg(c, ECX, count), setReg(c, ESI, pointer(c)), setReg(c, EDI, pointer(c)),
    [random.pick([0xfc, 0xfc, 0xfd])],
    [random.pick([0xf2, 0xf3, 0xf3]), ...(random.chance(0.3) ? [0x66] : []), random.pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0x6c, 0x6e])],
  ];
};

/** A short loop of some insns, run often. */
const hotLoop: Idiom = (c) => {
  const { random } = c, body = Array.from({ length: random.between(1, 4) }, () => randomInsn(c)), length = body.reduce((sum, { length: n }) => sum + n, 0);
  return [setReg(c, ECX, random.between(2, 40)), ...body, [random.pick([0xe2, 0xe2, 0xe0, 0xe1]), 0x100 - length - 2]];
};

/** A jump to an address in a register or on the stack. */
const indirectJump: Idiom = (c) => {
  const { random } = c, { offset } = target(c);
  if (random.chance(0.4)) return [pushWide(c, offset), wide(c, [0xc3])];
  return [setReg(c, EAX, offset), wide(c, [0xff, random.pick([0xe0, 0xe0, 0xd0])])];
};

const modelSpecific: Idiom = (c) => {
  const { random } = c;
  return [setReg(c, ECX, random.pick(MSRS)), setReg(c, EAX, random.pick([0, 0x800, CODE, random.value()])), setReg(c, EDX, random.chance(0.9) ? 0 : random.value()), [0x0f, random.pick([0x30, 0x30, 0x32])]];
};

const interruptFlag: Idiom = ({ random }) => [[random.pick([0xfa, 0xfb, 0xfb])]];
const loadStack: Idiom = (c) => [setReg(c, EAX, selector(c)), [AX_TO_SREG[0], AX_TO_SREG[1] | (2 << 3)], setReg(c, ESP, c.random.pick([0x13ff0, 0xfff0, 0x10ff3, c.random.value()]))];

/** A register that leads somewhere, or holds some value. */
const setPointer: Idiom = (c) => [setReg(c, c.random.pick([EAX, EBX, ESI, EDI, EBP, EBX, ESI, EDI]), pointer(c))];
const setValue: Idiom = (c) => [setReg(c, c.random.pick([EAX, ECX, EDX]), c.random.value())];

const WILD: readonly (readonly [number, Idiom])[] = [
  [14, setPointer], [6, setValue], [4, loadSegment], [2, popSegment], [4, farTransfer], [3, interrupt], [3, interruptReturn], [2, farReturn], [3, popFlags],
  [3, writeControl], [1, statusWord], [1, clearTaskSwitched], [2, writeDebug], [2, descriptorTable], [2, systemSelector], [1, examineSelector],
  [2, changeDescriptor], [3, changePage], [5, modifyCode], [4, repeated], [6, hotLoop], [2, indirectJump], [1, modelSpecific], [2, interruptFlag], [1, loadStack],
];
const CALM: readonly (readonly [number, Idiom])[] = [
  [4, setValue], [10, hotLoop], [8, indirectJump], [5, modifyCode], [3, repeated], [1, popFlags], [1, interrupt], [1, changePage], [1, interruptFlag],
];

/** Any idiom that fits the program. */
export function randomIdiom(c: CodeContext): Piece {
  return c.random.weighted(c.isCalm ? CALM : WILD)(c);
}

/** What a program begins with: every pointer register leads somewhere, the counter is small. */
export function prologue(c: CodeContext): Piece {
  const { random } = c;
  return [EBX, ESI, EDI, EBP].map((reg) => setReg(c, reg, pointer(c))).concat([setReg(c, ECX, random.below(30)), setReg(c, EDX, random.below(0x200))]);
}
