/**
 * Intel-syntax disassembler, from the same forms as everything else; prints what `objdump -M intel` prints, but for what
 * a decoded insn no longer knows (test/src/x86/isa/disasm.test.ts lists it). Used by traces, dumps and `tcgjs disasm`.
 */
import { FPU_SIGNIFICAND, SEG_BASE, XMM } from "../state.ts";
import type { CodeWindow } from "./decode.ts";
import { Decoder, MAX_INSN_BYTES, TOO_LONG_FORM, UNDEFINED_FORM } from "./decode.ts";
import type { Form, OperandSpec } from "./forms.ts";
import { Insn, SHAPE_B, SHAPE_BI, SHAPE_D, SHAPE_I, SHAPE_REG } from "./insn.ts";
import { modeOfKey } from "./mode.ts";
import type { OpcodeMap } from "./opcode-map.ts";

const NAMES32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const NAMES16 = NAMES32.map((name) => name.slice(1));
/** Byte registers by their index in the register file (`registerIndex`): byte n of register n / 4. */
const NAMES8 = ["al", "ah", "", "", "cl", "ch", "", "", "dl", "dh", "", "", "bl", "bh"];
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"];
const POINTERS: Readonly<Record<number, string>> = {
  8: "BYTE", 16: "WORD", 32: "DWORD", 48: "FWORD", 64: "QWORD", 80: "TBYTE", 128: "XMMWORD",
};

/** Names that go by the operand size: with 16 bits, with 32 bits. */
const BY_OPSIZE: Readonly<Record<string, readonly [string, string]>> = {
  cbw: ["cbw", "cwde"], cwd: ["cwd", "cdq"],
  lgdt: ["lgdtw", "lgdtd"], lidt: ["lidtw", "lidtd"], sgdt: ["sgdtw", "sgdtd"], sidt: ["sidtw", "sidtd"],
};
/** Names that get a `w` or `d` where no operand shows that the size is not the default. */
const SUFFIXED = new Set([
  "pusha", "popa", "pushf", "popf", "iret", "leave", "enter", "ret", "retf", "call", "jmp", "push", "pop",
  "fnstenv", "fldenv", "fnsave", "frstor",
]);
/** Width of operands that are narrower in memory than in a register, by encoding. */
const WIDTH_IN_MEMORY: Readonly<Record<string, number>> = {
  "8c": 16, "0f 00 /0": 16, "0f 00 /1": 16, "0f 01 /4": 16,
  "np 0f c4": 16, "66 0f c4": 16, "66 0f 3a 14": 8, "66 0f 3a 15": 16, "66 0f 3a 20": 8,
};
/** Operands that are of operand size in a register, though not in the table. */
const WIDE_REGISTER = new Set(["8e", "0f 02", "0f 03"]);
/** Memory operands that are printed with another size than they have: none, or that of a byte. */
const PRINTED_WIDTH: Readonly<Record<string, number>> = { invlpg: 8, lddqu: 0 };
/** Operands that are not in the table because no lowering needs them as such. */
const LAST_OPERAND: Readonly<Record<string, string>> = { pblendvb: "xmm0", blendvps: "xmm0", blendvpd: "xmm0" };
/** The comparisons that CMPPS and its like have names for, by their immediate (SDM 2A table 3-1). */
const PREDICATES = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];
/** The products PCLMULQDQ has names for: which quadwords, by the immediate (SDM 2B table 4-13). */
const QUADWORDS: Readonly<Record<number, string>> = { 0x00: "lql", 0x01: "hql", 0x10: "lqh", 0x11: "hqh" };

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
const signedHex = (n: number): string => (n < 0 ? `-${hex(-n)}` : `+${hex(n)}`);

/** `insn` in Intel syntax: mnemonic with prefixes, padded to six columns, and operands. */
export function disassemble(insn: Insn): string {
  const { form } = insn;
  if (form === null || form.id === UNDEFINED_FORM.id || form.id === TOO_LONG_FORM.id) return "(bad)";
  const operands = operandTexts(insn, form).join(",");
  const name = prefixText(insn) + nameText(insn, form);
  return operands === "" ? name : `${name.padEnd(6)} ${operands}`;
}

/** The mnemonic that says what the immediate would, or null. */
function pseudoName({ imm }: Insn, { map, opcode, def: { name } }: Form): string | null {
  if (map === 1 && opcode === 0xc2 && imm < PREDICATES.length) return `cmp${PREDICATES[imm]}${name.slice("cmp".length)}`;
  if (name === "pclmulqdq" && imm in QUADWORDS) return `pclmul${QUADWORDS[imm]}qdq`;
  return null;
}

function operandTexts(insn: Insn, form: Form): string[] {
  // The address of a masked store is always the same and not printed.
  const hasPseudoName = pseudoName(insn, form) !== null;
  const printed = form.operands.filter(({ kind }) => kind !== "K" && !(kind === "I" && hasPseudoName));
  const texts = printed.map((spec) => operandText(insn, form, spec)), last = LAST_OPERAND[form.def.name];
  return last === undefined ? texts : [...texts, last];
}

function prefixText(insn: Insn): string {
  const repeat = insn.form?.def.rep;
  const rep = insn.rep === 0 ? "" : repeat === "rep" ? "rep " : insn.rep === 1 ? "repz " : "repnz ";
  return (insn.lock ? "lock " : "") + rep;
}

function nameText(insn: Insn, form: Form): string {
  const { def, operands } = form, { opsize, adsize, mode } = insn, defaultSize = mode.code32 ? 32 : 16;
  const pair = BY_OPSIZE[def.name];
  if (pair !== undefined) return pair[opsize === 32 ? 1 : 0];
  if (def.name === "jcxz") return adsize === 32 ? "jecxz" : "jcxz";
  if (def.name.startsWith("loop") && adsize !== defaultSize) return `addr${adsize} ${def.name}`;
  const pseudo = pseudoName(insn, form);
  if (pseudo !== null) return pseudo;
  // An operand that prints its size needs no suffix; a short jump never gets one.
  const isSilent = operands.every(({ kind, width }) =>
    kind === "I" || kind === "S" || (kind === "J" && width !== 8) || (kind === "M" && width === 0));
  if (opsize !== defaultSize && isSilent && SUFFIXED.has(def.name)) return def.name + (opsize === 32 ? "d" : "w");
  return def.name;
}

function operandText(insn: Insn, form: Form, spec: OperandSpec): string {
  const width = widthOf(insn, form, spec);
  switch (spec.kind) {
    case "fixed": return registerName(width, spec.fixed * (width === 16 ? 2 : width === 8 ? 4 : 1));
    case "G": return registerName(width, insn.b);
    case "Z": return registerName(width, insn.a);
    case "E":
    case "M":
    case "R":
      if (insn.shape !== SHAPE_REG) return pointer(width) + memoryText(insn);
      return width === 32 && spec.width === 16 ? NAMES32[insn.a >> 1] : registerName(width, insn.a);
    case "I": return spec.fixed >= 0 ? String(spec.fixed) : immediateText(insn, form, spec);
    case "J": return hex(insn.opsize === 16 && !insn.mode.code32 ? insn.teip | (insn.eip & ~0xffff) : insn.teip);
    case "A": return `${hex(insn.imm2)}:${hex(insn.imm)}`;
    case "O": return `${SEGMENTS[insn.seg - SEG_BASE]}:${hex(insn.disp)}`;
    case "X": return `${pointer(width)}${SEGMENTS[insn.seg - SEG_BASE]}:[${insn.adsize === 32 ? "esi" : "si"}]`;
    case "Y": return `${pointer(width)}es:[${insn.adsize === 32 ? "edi" : "di"}]`;
    case "B": return `${pointer(width)}${SEGMENTS[insn.seg - SEG_BASE]}:[${insn.adsize === 32 ? "ebx" : "bx"}]`;
    case "K": return "";
    case "T": return spec.fixed >= 0 ? "st" : `st(${insn.a})`;
    case "V": return xmmName(insn.b);
    case "P": return mmxName(insn.b);
    case "W":
    case "U": return insn.shape === SHAPE_REG ? xmmName(insn.a) : pointer(width) + memoryText(insn);
    case "Q":
    case "N": return insn.shape === SHAPE_REG ? mmxName(insn.a) : pointer(width) + memoryText(insn);
    case "S": return SEGMENTS[insn.sreg];
    case "C": return `cr${insn.sreg}`;
    case "D": return `dr${insn.sreg}`;
  }
}

/** Width as printed: 0 prints no size; 48 is a far pointer with a 32-bit offset. */
function widthOf(insn: Insn, form: Form, spec: OperandSpec): number {
  const { opsize } = insn, isMemory = insn.shape !== SHAPE_REG, printed = PRINTED_WIDTH[form.def.name];
  if (isMemory && printed !== undefined) return printed;
  if (spec.kind === "M") {
    if (spec.far) return opsize + 16;
    if (spec.text === "Ma") return opsize * 2;
    if (spec.text === "Mt") return 80;
    return spec.width === "v" ? opsize : spec.width;
  }
  if (spec.kind === "E" && spec.width !== 8) {
    const encoding = encodingOf(form);
    const narrow = isMemory ? WIDTH_IN_MEMORY[encoding] : undefined;
    if (narrow !== undefined) return narrow;
    if (!isMemory && WIDE_REGISTER.has(encoding)) return opsize;
  }
  return spec.width === "v" ? opsize : spec.width;
}

/** The form's opcode bytes, with the digit of a group: `8c`, `0f 00 /1`. */
function encodingOf(form: Form): string {
  return form.text.split("  ")[0].replace(/ \/r| i[bwdz]/g, "");
}

function registerName(width: number, index: number): string {
  return width === 32 ? NAMES32[index] : width === 16 ? NAMES16[index >> 1] : NAMES8[index];
}

/** Vector registers by the state-file slot of their first word. */
const xmmName = (slot: number): string => `xmm${(slot - XMM) >> 2}`;
const mmxName = (slot: number): string => `mm${(slot - FPU_SIGNIFICAND) >> 1}`;

const pointer = (width: number): string => (width === 0 ? "" : `${POINTERS[width]} PTR `);

/** The address as written: `[base+index*scale+disp]`, a segment where a prefix names one or there is only a displacement. */
function memoryText(insn: Insn): string {
  const { shape, adsize } = insn, is32 = adsize === 32;
  const name = (n: number): string => registerName(adsize, n);
  const segment = insn.segOverride >= 0 ? `${SEGMENTS[insn.segOverride]}:` : "";
  if (shape === SHAPE_D) return `${segment === "" ? "ds:" : segment}${hex(insn.disp)}`;
  const parts: string[] = [];
  if (shape === SHAPE_B || shape === SHAPE_BI) parts.push(name(insn.base));
  if (shape === SHAPE_I || shape === SHAPE_BI) parts.push(name(insn.idx) + (is32 ? `*${1 << insn.sc}` : ""));
  const disp = is32 ? insn.disp : (insn.disp << 16) >> 16;
  return `${segment}[${parts.join("+")}${disp === 0 && shape !== SHAPE_I ? "" : signedHex(disp)}]`;
}

function immediateText(insn: Insn, form: Form, spec: OperandSpec): string {
  const immediates = form.operands.filter((o) => o.kind === "I" && o.fixed < 0);
  return hex(immediates[1] === spec ? insn.imm2 : insn.imm);
}

/** One line of a listing. */
export interface DisassembledInsn {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Linear sweep over `bytes`, which lie at `address`, as 16- or 32-bit code. A byte that starts no insn is a line of its
 * own, `(bad)`; where the bytes end within an insn, the rest are `.byte` lines.
 */
export function* disassembleRange(map: OpcodeMap, bytes: Uint8Array, address: number, bits: 16 | 32): Generator<DisassembledInsn> {
  const decoder = new Decoder(map), mode = modeOfKey(bits === 32 ? 1 << 12 : 0);
  for (let at = 0; at < bytes.length;) {
    const insn = new Insn(mode, (address + at) | 0, (address + at) | 0, (i) => i, null);
    const rest = bytes.subarray(at), window: CodeWindow = { bytes: rest, available: Math.min(rest.length, MAX_INSN_BYTES) };
    const isShort = decoder.decode(window, insn) === "short";
    const text = isShort ? `.byte ${hex(bytes[at])}` : disassemble(insn);
    const length = isShort || text === "(bad)" ? 1 : insn.length;
    yield { address: address + at, bytes: bytes.subarray(at, at + length), text };
    at += length;
  }
}
