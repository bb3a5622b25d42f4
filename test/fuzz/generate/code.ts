// Programs of fuzz cases: insns of every form of the instruction table, with operands that mostly lead somewhere; idioms
// (idioms.ts) that set up what a single insn cannot; random bytes. Laid out in slots, or one behind the other.

import { X86_OPCODES } from "../../../src/x86/insns/table.ts";
import { disassemble } from "../../../src/x86/isa/disasm.ts";
import { Decoder } from "../../../src/x86/isa/decode.ts";
import type { Form } from "../../../src/x86/isa/forms.ts";
import { Insn } from "../../../src/x86/isa/insn.ts";
import { modeOfKey } from "../../../src/x86/isa/mode.ts";
import type { CaseInsn } from "../../../src/machine/x86-case.ts";
import type { Random } from "../../oracle/random.ts";
import { randomEncoding } from "../../src/x86/isa/random-encodings.ts";
import type { Segment } from "./descriptors.ts";
import { word32 } from "./image.ts";
import { CODE, DATA, DATA_END, FAR_DATA, GDT, MMIO, ROM, SLOT_BYTES, STACK_BYTES, STACKS, TSS_MAIN } from "./layout.ts";
import { aliasOf } from "./paging.ts";

/** Any insns, mostly vector insns, mostly doubles and floats, or mostly x87. */
export type Flavour = "any" | "vector" | "float" | "x87";

/** What code of a case is written for. */
export interface CodeContext {
  readonly random: Random;
  /** Default operand and address size. */
  readonly is32: boolean;
  readonly data: Pick<Segment, "base">;
  readonly isPaged: boolean;
  /** The program mostly computes: little of it faults, so that it goes round often. */
  readonly isCalm: boolean;
  /** What a calm program mostly consists of. */
  readonly flavour: Flavour;
  /** Selectors to load, and those for far transfers; empty outside protected mode. */
  readonly selectors: readonly number[];
  readonly gates: readonly number[];
  /** Far addresses of code: where far transfers can go. */
  readonly farTargets: readonly { readonly selector: number; readonly offset: number }[];
  /** Addresses of page-table entries that may be changed. */
  readonly pageEntries: readonly number[];
  /** Values a control register may take, by number. */
  readonly controls: ReadonlyMap<number, readonly number[]>;
}

const FORMS = X86_OPCODES.forms, LONGEST_TAIL = 10;
const CODE32_KEY = 1 << 12;
const ESCAPES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0xf0, 0xf2, 0xf3];

/** A linear address where something is. */
export function somewhere(context: CodeContext): number {
  const { random } = context;
  const at = random.weighted<() => number>([
    [12, () => random.between(DATA, DATA_END - 1)],
    [4, () => random.between(DATA, DATA_END - 1) & ~15],
    [3, () => ((DATA + random.between(1, 4) * 0x1000) - random.below(16))],
    [3, () => random.between(CODE, CODE + 0x1fff)],
    [2, () => random.between(STACKS, STACKS + 5 * STACK_BYTES)],
    [1, () => random.between(MMIO - 4, MMIO + 0x20)],
    [2, () => random.between(FAR_DATA, FAR_DATA + 0xffff)],
    [1, () => random.between(ROM, ROM + 0x200)],
    [1, () => random.pick([GDT + random.below(0x400), TSS_MAIN + random.below(0x100)])],
    [1, () => random.value()],
  ])();
  return context.isPaged && random.chance(0.2) ? aliasOf(at) : at;
}

/** The same as an offset in the data segment. */
export function pointer(context: CodeContext): number {
  return (somewhere(context) - context.data.base) >>> 0;
}

/** Decodes bytes as the case's code would be; null if they are none. */
function decode(bytes: readonly number[], is32: boolean): Insn {
  const insn = new Insn(modeOfKey(is32 ? CODE32_KEY : 0), 0, 0, (i) => i, null), padded = Uint8Array.from([...bytes, ...new Array<number>(15).fill(0)]);
  new Decoder(X86_OPCODES).decode({ bytes: padded, available: 15 }, insn);
  return insn;
}

/** An insn of some form, with addresses and far pointers that mostly lead somewhere. */
export function randomInsn(context: CodeContext): number[] {
  const { random } = context;
  return context.isCalm && random.chance(0.95) ? calmInsn(context) : insnOfForm(context, random.pick(FORMS));
}

/** Forms that run alone, transfer control for good, fault easily, or use registers that calm programs do not look after. */
const CALM_FORMS = FORMS.filter(({ def, operands }) => def.solo === undefined && def.branch !== "always" && !operands.some(({ kind }) => "XYBKAO".includes(kind))
  && !["div", "idiv", "bound", "enter", "leave", "arpl", "lar", "lsl", "popa", "invd", "wbinvd"].includes(def.name));
const isVector = ({ operands }: Form): boolean => operands.some(({ kind }) => "VWUPQN".includes(kind));
const FLAVOURED: Readonly<Record<Flavour, readonly Form[]>> = {
  any: CALM_FORMS,
  vector: CALM_FORMS.filter(isVector),
  float: CALM_FORMS.filter((form) => isVector(form) && /[sp][sd]\b|mov|comis|cvt/.test(form.def.name)),
  x87: CALM_FORMS.filter(({ map, opcode }) => map === 0 && opcode >= 0xd8 && opcode <= 0xdf),
};
/** How often a program keeps to its flavour. */
const FLAVOUR = 0.7;
const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const ESP = 4;

/** An insn that does not fault where data is what it should be: its memory operand is at a fixed place, ESP stays. */
function calmInsn(context: CodeContext): number[] {
  const { random, is32 } = context;
  for (;;) {
    const form = random.pick(random.chance(FLAVOUR) ? FLAVOURED[context.flavour] : CALM_FORMS), bytes = randomEncoding(form, random), tail = bytes.length - LONGEST_TAIL, head = bytes.slice(0, Math.max(0, tail - 1));
    if (head.some((byte) => SEGMENT_PREFIXES.includes(byte))) continue;
    if (form.modrm && tail > 0 && bytes[tail - 1] < 0xc0) {
      const is32Address = head.includes(0x67) !== is32;
      bytes[tail - 1] = (bytes[tail - 1] & 0x38) | (is32Address ? 5 : 6);
      word32(calmPointer(context)).slice(0, is32Address ? 4 : 2).forEach((byte, i) => { bytes[tail + i] = byte; });
    }
    const insn = decode(bytes, is32), usesEsp = form.operands.some(({ kind, width }) => {
      const size = width === "v" ? insn.opsize : width, index = size === 16 ? 2 * ESP : ESP;
      return size !== 8 && ((kind === "G" && insn.b === index) || ("ERZ".includes(kind) && insn.shape <= 1 && insn.a === index));
    });
    if (!usesEsp) return bytes.slice(0, insn.length);
  }
}

/** Mostly aligned data, as an offset. */
function calmPointer(context: CodeContext): number {
  const { random } = context;
  const at = random.weighted<() => number>([
    [80, () => random.between(DATA, DATA_END - 16) & ~15],
    [15, () => random.between(DATA, DATA_END - 16)],
    [2, () => DATA + 0x1000 - random.below(8)],
    [2, () => random.between(FAR_DATA, FAR_DATA + 0xff00) & ~15],
    [1, () => somewhere(context)],
  ])();
  return (at - context.data.base) >>> 0;
}

function insnOfForm(context: CodeContext, form: Form): number[] {
  const { random, is32 } = context, bytes = randomEncoding(form, random);
  const is32Address = bytes.slice(0, bytes.length - LONGEST_TAIL).filter((b) => b === 0x67).length === 1 ? !is32 : is32;
  if (bytes.length > LONGEST_TAIL) patchOperands(context, form, bytes, is32Address);
  return bytes.slice(0, decode(bytes, is32).length);
}

/** Puts addresses and selectors into the last bytes of an encoding, which are random so far. */
function patchOperands(context: CodeContext, form: Form, bytes: number[], is32Address: boolean): void {
  const { random } = context, tail = bytes.length - LONGEST_TAIL, modrm = bytes[tail - 1], mod = modrm >> 6, rm = modrm & 7;
  const put = (at: number, value: number, size: number): void => word32(value).slice(0, size).forEach((byte, i) => { bytes[at + i] = byte; });
  if (form.operands.some(({ kind }) => kind === "O")) return put(tail, pointer(context), is32Address ? 4 : 2);
  if (form.operands.some(({ kind }) => kind === "A") && context.farTargets.length > 0) {
    const target = random.pick(context.farTargets), selector = random.chance(0.4) && context.gates.length > 0 ? random.pick(context.gates) : target.selector;
    const isLong = bytes.slice(0, tail).includes(0x66) !== context.is32;
    put(tail, target.offset, 4);
    return put(tail + (isLong ? 4 : 2), selector, 2);
  }
  if (!form.modrm || modrm >= 0xc0 || random.chance(0.1)) return;
  if (is32Address) {
    let base = rm;
    if (rm === 4) {
      // Mostly no index: it would lead away.
      if (random.chance(0.7)) bytes[tail] = (bytes[tail] & 7) | 0x20;
      base = bytes[tail] & 7;
    }
    const at = rm === 4 ? tail + 1 : tail;
    if (mod === 0 && base === 5) put(at, pointer(context), 4);
    else if (mod === 2) put(at, random.pick([0, random.below(64), -random.below(64), random.below(4096)]), 4);
  } else if (mod === 0 && rm === 6) {
    put(tail, pointer(context), 2);
  } else if (mod === 2) {
    put(tail, random.pick([0, random.below(64), -random.below(64), random.below(4096)]), 2);
  }
}

/** Bytes that may mean anything, behind prefixes now and then. */
export function randomBytes(random: Random): number[] {
  const prefixes = Array.from({ length: random.pick([0, 0, 0, 1, 2, 14]) }, () => random.pick(ESCAPES));
  return [...prefixes, ...random.bytes(random.between(1, 12))].slice(0, 15);
}

const NOPS = [[0x90], [0x8b, 0xc0], [0x8d, 0x40, 0x00], [0x0f, 0x1f, 0x40, 0x00]];

/** Fills up to a multiple of a slot. */
function padding(random: Random, length: number): number[][] {
  const insns: number[][] = [];
  for (let left = (SLOT_BYTES - (length % SLOT_BYTES)) % SLOT_BYTES; left > 0;) {
    const nop = random.pick(NOPS.filter((bytes) => bytes.length <= left));
    insns.push(nop);
    left -= nop.length;
  }
  return insns;
}

/** One or more insns that belong together. */
export type Piece = readonly (readonly number[])[];

/** A relative jump's place: its last bytes, and how many. */
function displacementBytes(bytes: readonly number[], is32: boolean): number {
  const insn = decode(bytes, is32), spec = insn.form?.operands.find(({ kind }) => kind === "J");
  if (spec === undefined || insn.length !== bytes.length) return 0;
  return spec.width === 8 ? 1 : insn.opsize / 8;
}

/**
 * Lays pieces out from an address on, with a jump back to the first at the end, and makes relative jumps go to pieces.
 * @param end  behind the last byte there is room for; what does not fit is left out
 */
export function layOut(context: CodeContext, pieces: readonly Piece[], start: number, end: number, isSlotted: boolean): CaseInsn[] {
  const { random, is32 } = context, insns: CaseInsn[] = [], starts: number[] = [];
  const room = end - 5 - SLOT_BYTES;
  let at = start;
  const add = (bytes: readonly number[]): void => {
    insns.push({ address: at, bytes: Uint8Array.from(bytes), text: "" });
    at += bytes.length;
  };
  for (const piece of pieces) {
    const length = piece.reduce((sum, { length: n }) => sum + n, 0);
    if (at + length > room) break;
    starts.push(at);
    for (const bytes of piece) add(bytes);
    if (isSlotted) for (const nop of padding(random, at - start)) add(nop);
  }
  const back = start - (at + (is32 ? 5 : 3));
  add([0xe9, ...word32(back).slice(0, is32 ? 4 : 2)]);
  for (const insn of insns) aimJump(context, insn, starts);
  return insns.map((insn) => ({ ...insn, text: disassembly(insn, is32) }));
}

/** Makes a relative jump go to the start of a piece in reach, most of the time. */
function aimJump({ random, is32 }: CodeContext, insn: CaseInsn, starts: readonly number[]): void {
  const size = displacementBytes([...insn.bytes], is32), next = insn.address + insn.bytes.length;
  if (size === 0 || insn.bytes[0] === 0xe9 || random.chance(0.05)) return;
  const reachable = size === 1 ? starts.filter((s) => s - next >= -128 && s - next < 128) : starts;
  if (reachable.length === 0) return;
  insn.bytes.set(word32(random.pick(reachable) - next).slice(0, size), insn.bytes.length - size);
}

/** An insn of a case as people read it. */
export function disassembly({ address, bytes }: CaseInsn, is32: boolean): string {
  const insn = decode([...bytes], is32);
  if (insn.length !== bytes.length) return "";
  insn.teip = (insn.teip + address) | 0;
  return disassemble(insn).replaceAll(/ +/g, " ");
}
