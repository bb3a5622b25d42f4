/**
 * Memory operands of 8 bytes and more: insns reach them by dwords, but a device sees pieces of 8 bytes, as far as the operand
 * lies in one page (the most that KVM_EXIT_MMIO has room for). This says whether an access by a dword begins such a piece.
 */
import type { Cpu } from "../x86/cpu.ts";
import type { Form } from "../x86/isa/forms.ts";
import type { Insn } from "../x86/isa/insn.ts";
import { SHAPE_B, SHAPE_BI, SHAPE_D, SHAPE_I } from "../x86/isa/insn.ts";
import { PAGE_SIZE } from "../mem/physical-memory.ts";

const PIECE = 8;
const BYTES_OF_80_BITS = 10;
const SHAPES_OF_MEMORY: readonly number[] = [SHAPE_D, SHAPE_B, SHAPE_I, SHAPE_BI];

/** Bytes of the form's ModRM operand in memory; 0 where the form does not say, as for images of the FPU, or says `operand size`. */
function operandBytes({ operands }: Form): number {
  const spec = operands.find(({ kind }) => kind === "M" || kind === "W" || kind === "Q" || kind === "E");
  if (spec?.text === "Mt") return BYTES_OF_80_BITS;
  return spec !== undefined && spec.width !== "v" ? spec.width / 8 : 0;
}

/** Linear address of the ModRM operand, with registers as before the insn. */
function operandAddress({ R, state: { R16 } }: Cpu, { shape, adsize, base, idx, sc, disp, seg }: Insn): number {
  const hasBase = shape === SHAPE_B || shape === SHAPE_BI, hasIndex = shape === SHAPE_I || shape === SHAPE_BI;
  const offset32 = (): number => ((hasBase ? R[base] : 0) + (hasIndex ? R[idx] << sc : 0) + disp) | 0;
  const offset16 = (): number => ((hasBase ? R16[base] : 0) + (hasIndex ? R16[idx] : 0) + disp) & 0xffff;
  return (R[seg] + (adsize === 32 ? offset32() : offset16())) | 0;
}

/** True if an access by a dword at a physical address is the first half of 8 bytes of the insn's operand. */
export function beginsWidePiece(cpu: Cpu, insn: Insn, physical: number): boolean {
  if (insn.form === null || !SHAPES_OF_MEMORY.includes(insn.shape)) return false;
  const bytes = operandBytes(insn.form);
  if (bytes < PIECE) return false;
  // Places within a page are the same in linear and physical addresses, and no operand is as long as a page.
  const inPage = physical & (PAGE_SIZE - 1), inOperand = (physical - operandAddress(cpu, insn)) & (PAGE_SIZE - 1);
  const isFirstPage = inOperand <= inPage, left = Math.min(bytes - inOperand, PAGE_SIZE - inPage);
  return left >= PIECE && (isFirstPage ? inOperand : inPage) % PIECE === 0;
}
