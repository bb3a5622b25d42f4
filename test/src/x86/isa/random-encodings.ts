// Random encodings of every form in the instruction table, for comparing the disassembler with another one.

import type { Form } from "../../../../src/x86/isa/forms.ts";
import type { OpcodeMap } from "../../../../src/x86/isa/opcode-map.ts";
import { Random } from "../../../oracle/random.ts";

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x64, 0x65, 0x3e];

/**
 * Where 66 does nothing here but not to objdump: it goes by later CPUs for WBINVD, loses FWAIT, and takes the MMX register
 * of two moves for an XMM register.
 */
const CONFUSED_BY_OPSIZE = new Set(["wbinvd", "fwait", "movq2dq", "movdq2q"]);

/** True where 66 makes another insn, or objdump is no judge of it: short jumps are not truncated there. */
function avoidsOpsize(form: Form): boolean {
  const isShortJump = form.operands.some(({ kind, width }) => kind === "J" && width === 8);
  return form.prefix === "np" || isShortJump || CONFUSED_BY_OPSIZE.has(form.def.name);
}

/** DS before an indirect branch has been NOTRACK since CET. */
const isIndirectBranch = ({ def, modrm }: Form): boolean => modrm && (def.name === "jmp" || def.name === "call");

/** The no-operations that are hints on some CPUs, and that objdump therefore has names for. */
const isHint = ({ def, map, opcode }: Form): boolean => def.name === "nop" && map === 1 && opcode !== 0x1f;

/** Insns that Intel does not document though every CPU has them: objdump prints `(bad)`. */
const UNDOCUMENTED = new Set(["salc", "fcom2", "fcomp3", "fcomp5", "fxch4", "fxch7", "fstp1", "fstp8", "fstp9"]);

/** Fences ignore the rm field (SDM 2A LFENCE); objdump wants 0. */
const isFence = ({ map, opcode, modrmIs }: Form): boolean => map === 1 && opcode === 0xae && modrmIs === "register";

/** True if objdump has the same idea of the form as we do. */
export const isListed = (form: Form): boolean => !isHint(form) && !UNDOCUMENTED.has(form.def.name);

/** The bytes of one insn of `form`, followed by what its immediate or displacement may need. */
export function randomEncoding(form: Form, random: Random): number[] {
  const { def, operands } = form, prefixes: number[] = [];
  const modrm = randomModrm(form, random), isMemory = form.modrm && modrm < 0xc0;
  const usesAddress = isMemory || operands.some(({ kind }) => "OXYB".includes(kind)) || def.name === "jcxz" || def.name.startsWith("loop");
  const mayOverride = isMemory || operands.some(({ kind }) => "OXB".includes(kind));
  if (!avoidsOpsize(form) && random.chance(0.3)) prefixes.push(0x66);
  if (usesAddress && random.chance(0.2)) prefixes.push(0x67);
  if (mayOverride && random.chance(0.2)) {
    prefixes.push(random.pick(isIndirectBranch(form) ? SEGMENT_PREFIXES.slice(0, -1) : SEGMENT_PREFIXES));
  }
  if (def.rep !== undefined && random.bool()) prefixes.push(def.rep === "repe" && random.bool() ? 0xf2 : 0xf3);
  if (def.lock === true && isMemory && (operands[0].kind === "E" || operands[0].kind === "M") && random.chance(0.2)) prefixes.push(0xf0);
  const mandatory = form.prefix === "any" || form.prefix === "np" ? [] : [parseInt(form.prefix, 16)];
  const opcode = form.opcode + (form.opcodeReg ? random.below(8) : 0);
  const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map];
  const bytes = [...prefixes, ...mandatory, ...escape, opcode];
  // FWAIT would go together with an x87 insn after it.
  if (def.name === "fwait") return bytes;
  if (form.modrm) bytes.push(modrm);
  for (let i = 0; i < 10; i++) bytes.push(random.pick([random.below(256), 0, 0xff, 0x80]));
  return bytes;
}

function randomModrm(form: Form, random: Random): number {
  if (form.modrmByte >= 0) return form.modrmByte;
  const reg = form.regField >= 0 ? form.regField : form.operands.some(({ kind, fixed }) => kind === "S" && fixed < 0) ? random.below(6) : random.below(8);
  const mod = form.modrmIs === "register" ? 3 : form.modrmIs === "memory" ? random.below(3) : random.below(4);
  return (mod << 6) | (reg << 3) | (isFence(form) ? 0 : random.below(8));
}

/**
 * `perForm` encodings of each form that objdump knows, in the table's order.
 * @param seed  with the form's text it decides the form's encodings, so that a new form changes no other's
 */
export function randomEncodings(map: OpcodeMap, perForm: number, seed: string): number[][] {
  return map.forms.filter(isListed).flatMap((form) => {
    const random = new Random(`${seed} ${form.text}`);
    return Array.from({ length: perForm }, () => randomEncoding(form, random));
  });
}
