/**
 * Encodings as the instruction table writes them: opcode bytes and operands in the manual's letters (SDM 2D appendix A),
 * parsed once into `Form`s.
 *
 *   "80 /2 ib  Eb,Ib"      "0f b6 /r  Gv,Eb"      "b8+r  Zv,Iv"      "f3 0f b8 /r  Gv,Ev"
 *
 * Opcode part: hex bytes; `+r` the low three bits name a register; `/r` a ModRM byte; `/n` a ModRM byte whose reg field is
 * n; a second byte of c0 or more is the whole ModRM byte (`d9 e8`, `0f 01 c8`); `reg` and `mem` say what the ModRM operand
 * must be although no operand letter does; `ib iw iz` document the immediate. A first byte 66, f2, f3 before the opcode, or
 * `np` for none of them, is a mandatory prefix.
 *
 * Operand letters: E ModRM register or memory, R register only, M memory only, G ModRM reg field, Z opcode register,
 * T x87 register ST(i) by rm field, V XMM register by reg field, W XMM register or memory, U XMM register only; P, Q and N
 * the same for MMX registers; I immediate, J relative target, O absolute offset, A far pointer, X DS:rSI, Y ES:rDI,
 * B DS:rBX+AL (XLAT), K DS:rDI (MASKMOVQ), S segment register by reg field, C control and D debug register by reg field;
 * AL CL DX rAX eAX 1 3 ST0 and segment names are fixed. Sizes: b w d q; v and z operand size (16 or 32); bs a byte sign
 * extended to the operand size; p far pointer; a pair of operands (BOUND); ps pd dq x 128 bits, ss and sd a scalar of 32 or
 * 64; t 80 bits.
 */
import { InternalError } from "../../../tcg/support/errors.ts";
import type { InsnDef } from "./define.ts";

/** Kind of an operand: its letter, or `fixed` for a register that the opcode names. */
export type OperandKind = "E" | "R" | "M" | "G" | "Z" | "I" | "J" | "O" | "A" | "X" | "Y" | "B" | "K" | "S" | "C" | "D"
  | "T" | "V" | "W" | "U" | "P" | "Q" | "N" | "fixed";

/** Width of an operand in bits; `v` is the operand size. 0: no width of its own (LEA's M). */
export type OperandWidth = 0 | 8 | 16 | 32 | 64 | 128 | "v";

export interface OperandSpec {
  readonly text: string;
  readonly kind: OperandKind;
  readonly width: OperandWidth;
  /** A sign-extended byte immediate. */
  readonly signExtend: boolean;
  /** `A` and memory far pointers: offset of operand size, then a 16-bit selector. */
  readonly far: boolean;
  /** Fixed operands: register number (or segment number for `S`); fixed constants: the value. */
  readonly fixed: number;
}

/** Which mandatory prefix a form needs: none at all, one of them, or it does not care. */
export type PrefixSelect = "any" | "np" | "66" | "f3" | "f2";

export interface Form {
  readonly id: number;
  readonly def: InsnDef;
  readonly text: string;
  /** 0: one byte; 1: 0f xx; 2: 0f 38 xx; 3: 0f 3a xx. */
  readonly map: 0 | 1 | 2 | 3;
  readonly opcode: number;
  /** The low three opcode bits are a register number. */
  readonly opcodeReg: boolean;
  readonly modrm: boolean;
  /** Required ModRM reg field, or -1. */
  readonly regField: number;
  /** Required ModRM byte, c0 to ff, or -1. */
  readonly modrmByte: number;
  readonly prefix: PrefixSelect;
  readonly operands: readonly OperandSpec[];
  /** The ModRM operand must be memory, must be a register, or may be either. */
  readonly modrmIs: "memory" | "register" | "either";
  /** Facts beyond the operands that the form's handlers depend on (see `handlerKey`). */
  readonly usesStack: boolean;
  readonly usesEs: boolean;
}

const FIXED: Readonly<Record<string, Partial<OperandSpec>>> = {
  AL: { width: 8, fixed: 0 }, CL: { width: 8, fixed: 1 }, DX: { width: 16, fixed: 2 }, AX: { width: 16, fixed: 0 },
  rAX: { width: "v", fixed: 0 }, eAX: { width: 32, fixed: 0 },
  ES: { kind: "S", width: 16, fixed: 0 }, CS: { kind: "S", width: 16, fixed: 1 }, SS: { kind: "S", width: 16, fixed: 2 },
  DS: { kind: "S", width: 16, fixed: 3 }, FS: { kind: "S", width: 16, fixed: 4 }, GS: { kind: "S", width: 16, fixed: 5 },
  ST0: { kind: "T", fixed: 0 },
  1: { kind: "I", width: 8, fixed: 1 }, 3: { kind: "I", width: 8, fixed: 3 },
};

const WIDTHS: Readonly<Record<string, OperandWidth>> = {
  "": 0, b: 8, bs: 8, w: 16, d: 32, q: 64, v: "v", z: "v", p: "v", a: "v",
  t: 0, ps: 128, pd: 128, dq: 128, x: 128, ss: 32, sd: 64,
};

function parseOperand(text: string): OperandSpec {
  const base: OperandSpec = { text, kind: "fixed", width: 0, signExtend: false, far: false, fixed: -1 };
  const fixed = FIXED[text];
  if (fixed !== undefined) return { ...base, ...fixed };
  const kind = text[0] as OperandKind, size = text.slice(1), width = WIDTHS[size];
  if (!"ERMGZIJOAXYBKSCDTVWUPQN".includes(kind) || width === undefined) throw new InternalError(`unknown operand ${text}`);
  return { ...base, kind, width, signExtend: size === "bs" || kind === "J", far: size === "p" };
}

/** The bytes that an encoding begins with, of which the decoder looks it up. */
interface Opcode {
  readonly prefix: PrefixSelect;
  readonly map: Form["map"];
  readonly opcode: number;
  readonly opcodeReg: boolean;
  readonly modrmByte: number;
}

/** Mandatory prefix, map, opcode, `+r`, the whole ModRM byte: each but the opcode may be missing. */
const OPCODE = /^(?:(np|66|f2|f3) (?=[\da-f]{2}))?(0f (?:(38|3a) (?=[\da-f]{2}))?(?=[\da-f]{2}))?([\da-f]{2})(\+r)?(?: ([c-f][\da-f]))?(?= |$)/;

/** Parses the first part of an encoding. */
export function parseOpcode(text: string): Opcode {
  return opcodeOf(matchOpcode(text));
}

function matchOpcode(text: string): RegExpExecArray {
  const match = OPCODE.exec(text);
  if (match === null) throw new InternalError(`no single opcode byte in the encoding "${text}"`);
  return match;
}

function opcodeOf([, prefix, escape, second, opcode, register, modrm]: (string | undefined)[]): Opcode {
  return {
    prefix: (prefix as PrefixSelect | undefined) ?? "any",
    map: escape === undefined ? 0 : second === undefined ? 1 : second === "38" ? 2 : 3,
    opcode: parseInt(opcode ?? "", 16), opcodeReg: register !== undefined, modrmByte: modrm === undefined ? -1 : parseInt(modrm, 16),
  };
}

/** Parses one encoding of `def`. */
export function parseForm(def: InsnDef, text: string, id: number): Form {
  const [opcodeText = "", operandText = ""] = text.split(/ {2,}/), match = matchOpcode(opcodeText), opcode = opcodeOf(match);
  let regField = -1, modrm = opcode.modrmByte >= 0, modrmIs: Form["modrmIs"] = "either";
  for (const token of opcodeText.slice(match[0].length).split(" ")) {
    if (token === "/r") modrm = true;
    else if (token === "reg") modrmIs = "register";
    else if (token === "mem") modrmIs = "memory";
    else if (/^\/[0-7]$/.test(token)) { modrm = true; regField = Number(token[1]); }
    else if (!/^(i[bwdz])?$/.test(token)) throw new InternalError(`unknown token ${token} in the encoding "${text}"`);
  }
  const operands = operandText === "" ? [] : operandText.split(",").map(parseOperand);
  const has = (kind: OperandKind): boolean => operands.some((o) => o.kind === kind);
  return {
    id, def, text, ...opcode, modrm, regField, operands,
    modrmIs: has("M") ? "memory" : opcode.modrmByte >= 0 || has("R") || has("T") || has("U") || has("N") ? "register" : modrmIs,
    usesStack: def.stack === true, usesEs: has("Y"),
  };
}
