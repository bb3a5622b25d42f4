// Handlers of a fuzz case's exceptions and interrupts, with their gates: most go back to the program behind or in front of
// what stopped it, some elsewhere, so that the program goes on whatever it does.

import type { Random } from "../../oracle/random.ts";
import type { Descriptors, Segment } from "./descriptors.ts";
import { FAULT_TASK, gateBytes, isSize32, OTHER_TASK, TASK16 } from "./descriptors.ts";
import type { Image } from "./image.ts";
import { word16, word32 } from "./image.ts";
import { CODE, HANDLER_BYTES, HANDLER_COUNT, HANDLERS, IDT, IDT_SLOTS, SLOT_BYTES, stackTop } from "./layout.ts";

const TYPE_TASK_GATE = 5, TYPE_INT16 = 6, TYPE_TRAP16 = 7, TYPE_INT32 = 14, TYPE_TRAP32 = 15;
const DB = 1, DFAULT = 8, TS = 10, SS = 12;
/** Vectors with an error code. */
const WITH_ERROR = [8, 10, 11, 12, 13, 14, 17];
/** Vectors that resume behind the insn: debug traps, breakpoints, INTO. */
const TRAPS = [1, 3, 4];
/** First vector of external interrupts. */
const FIRST_INTERRUPT = 32;

/** What a handler does with the program that was stopped. */
type Way = "return" | "next slot" | "next byte" | "start over" | "recover";

/** What an insn is encoded for. */
interface Size {
  /** The code segment's. */
  readonly is32: boolean;
}

/** Prefixes that give an insn this operand and address size. */
function prefixed({ is32 }: Size, opsize: 16 | 32, adsize: 16 | 32, bytes: readonly number[]): number[] {
  return [...((opsize === 32) === is32 ? [] : [0x66]), ...((adsize === 32) === is32 ? [] : [0x67]), ...bytes];
}

/** The code of a handler: `frameBits` is what the gate pushes, `stackBits` how the stack is addressed. */
function handlerCode(random: Random, code: Size, frameBits: 16 | 32, stackBits: 16 | 32, way: Way, hasError: boolean, isTrap: boolean): number[] {
  const size = frameBits / 8, op = (bytes: readonly number[]): number[] => prefixed(code, frameBits, stackBits, bytes);
  const eip = size + (hasError ? size : 0), flags = eip + 2 * size;
  // In ModRM, [bp+disp8] is 46 with 16-bit addresses and 45 with 32-bit ones.
  const at = (group: number, disp: number): number[] => [0x40 | (group << 3) | (stackBits === 16 ? 6 : 5), disp];
  const imm = frameBits === 32 ? word32 : word16;
  const out: number[] = [...op([0x55]), ...prefixed(code, stackBits, stackBits, [0x89, 0xe5])];
  if (way === "next slot") out.push(...op([0x83, ...at(4, eip), 0x100 - SLOT_BYTES]), ...op([0x83, ...at(0, eip), SLOT_BYTES]));
  if (way === "next byte") out.push(...op([0x83, ...at(0, eip), 1]));
  if (way === "start over") out.push(...op([0xc7, ...at(0, eip), ...imm(CODE + SLOT_BYTES * random.below(8))]));
  // TF off; RF on, so that a code breakpoint does not stop again.
  if (isTrap && random.chance(0.6)) out.push(...op([0x81, ...at(4, flags), ...imm(0xfffffeff)]));
  if (isTrap && frameBits === 32) out.push(...op([0x81, ...at(1, flags), ...imm(0x10000)]));
  if (random.chance(0.1)) out.push(...op([0x81, ...at(6, flags), ...imm(random.pick([0x1, 0x40, 0x200, 0x400, 0x3000, 0x800]))]));
  out.push(...op([0x5d]));
  if (hasError) out.push(...prefixed(code, stackBits, stackBits, [0x83, 0xc4, size]));
  out.push(...prefixed(code, frameBits, code.is32 ? 32 : 16, [0xcf]));
  return out;
}

/** Stack and data segments anew, then on with the program at its level: for stacks that cannot be used. */
function recoverCode(code: Size, stack: Segment, target: Segment, offset: number): number[] {
  const opsize = code.is32 ? 32 : 16, imm = code.is32 ? word32 : word16;
  return [
    ...prefixed(code, 16, opsize, [0xb8, ...word16(stack.selector)]), 0x8e, 0xd0, 0x8e, 0xd8, 0x8e, 0xc0,
    ...prefixed(code, 32, opsize, [0xbc, ...word32((stackTop(0) - stack.base) >>> 0)]),
    0xea, ...imm(offset), ...word16(target.selector),
  ];
}

function wayFor(random: Random, vector: number, isSlotted: boolean): Way {
  if (vector >= FIRST_INTERRUPT || TRAPS.includes(vector)) return random.chance(0.9) ? "return" : "start over";
  if ([DFAULT, TS, SS].includes(vector) && random.chance(0.6)) return "recover";
  return random.weighted<Way>([[8, isSlotted ? "next slot" : "next byte"], [2, "next byte"], [1, "start over"], [1, "return"]]);
}

/** Address of the handler of a vector; the last ones are shared. */
const handlerOf = (vector: number): number => HANDLERS + HANDLER_BYTES * Math.min(vector, HANDLER_COUNT - 1);

/** Real mode: the interrupt vector table at 0, handlers in 16-bit code. */
export function putRealHandlers(image: Image, random: Random, isSlotted: boolean): void {
  for (let vector = 0; vector < 256; vector++) {
    image.put16(4 * vector, handlerOf(vector));
    image.put16(4 * vector + 2, 0);
    if (vector >= HANDLER_COUNT) continue;
    const way = wayFor(random, vector, isSlotted);
    image.put(handlerOf(vector), handlerCode(random, { is32: false }, 16, 16, way === "recover" ? "start over" : way, false, vector === DB));
  }
}

/**
 * Protected mode: the IDT, with handlers for whatever segments and gates chance has picked.
 * @param target  where a handler that recovers goes on, at level 0
 */
export function putGates(image: Image, random: Random, descriptors: Descriptors, chaos: number, isSlotted: boolean): void {
  for (let vector = 0; vector < IDT_SLOTS; vector++) {
    const dpl = random.pick([0, 3, 3, 3]);
    const isTask = vector >= HANDLER_COUNT ? false : random.chance(vector === DFAULT ? 0.5 : 0.03);
    const gate = isTask ? gateBytes(random.pick([FAULT_TASK, FAULT_TASK, OTHER_TASK, TASK16]), 0, TYPE_TASK_GATE, dpl)
      : putHandler(image, random, descriptors, vector, dpl, isSlotted);
    if (random.chance(chaos * 0.15)) gate[random.pick([2, 2, 5, 5, 5])] ^= 1 << random.below(8);
    image.put(IDT + 8 * vector, gate);
  }
}

function putHandler(image: Image, random: Random, descriptors: Descriptors, vector: number, dpl: number, isSlotted: boolean): number[] {
  // The handlers that vectors share are all for the same gates.
  const isShared = vector >= HANDLER_COUNT - 1;
  const code = isShared || random.chance(0.85) ? descriptors.code(0, true) : random.pick([descriptors.code(0, false), descriptors.conforming]);
  const frameBits = isShared || random.chance(0.85) ? 32 : 16, size = { is32: isSize32(code) };
  const type = frameBits === 32 ? random.pick([TYPE_INT32, TYPE_TRAP32]) : random.pick([TYPE_INT16, TYPE_TRAP16]);
  const way = wayFor(random, vector, isSlotted), at = handlerOf(vector);
  if (vector < HANDLER_COUNT) {
    const stack = descriptors.data(0, true), target = descriptors.code(0, size.is32);
    image.put(at, way === "recover" ? recoverCode(size, stack, target, (CODE + SLOT_BYTES * random.below(8) - target.base) >>> 0)
      : handlerCode(random, size, frameBits, 32, way, WITH_ERROR.includes(vector), vector === DB));
  }
  return gateBytes(code.selector, at - code.base, type, dpl);
}
