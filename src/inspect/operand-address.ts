/** Where an insn's memory operands lie, as far as its fields tell: what has to be in memory for the insn to be tried alone. */
import type { Cpu } from "../x86/cpu.ts";
import type { Insn } from "../x86/isa/insn.ts";
import { SHAPE_B, SHAPE_BI, SHAPE_D, SHAPE_I } from "../x86/isa/insn.ts";
import { DF, EBX, EDI, ES, ESI, ESP, SEG_BASE, SS } from "../x86/state.ts";

/** A stretch of linear addresses, unsigned. */
export interface Stretch {
  readonly address: number;
  readonly length: number;
}

/** Bytes around an operand that are taken to belong to it; and of the stack on either side of its top. */
const OPERAND_BYTES = 8, STACK_BYTES = 32;

/** The memory operands of a decoded insn with the registers as they are. */
export function memoryOperands(cpu: Cpu, insn: Insn): Stretch[] {
  const { R } = cpu, { R16 } = cpu.state, found: Stretch[] = [];
  const is32 = insn.adsize === 32, mask = is32 ? -1 : 0xffff;
  const register = (index: number): number => (is32 ? R[index] : R16[index]);
  const add = (segmentSlot: number, offset: number): void => {
    found.push({ address: (R[segmentSlot] + (offset & mask)) >>> 0, length: OPERAND_BYTES });
  };
  const { shape, disp } = insn, index = register(insn.idx) << insn.sc;
  if (shape === SHAPE_D) add(insn.seg, disp);
  if (shape === SHAPE_B) add(insn.seg, register(insn.base) + disp);
  if (shape === SHAPE_I) add(insn.seg, index + disp);
  if (shape === SHAPE_BI) add(insn.seg, register(insn.base) + index + disp);
  for (const { kind } of insn.form?.operands ?? []) {
    // A string insn that counts down reads below its operand.
    const from = R[DF] < 0 ? 1 - OPERAND_BYTES : 0;
    if (kind === "X") add(insn.seg, R[ESI] + from);
    if (kind === "Y") add(SEG_BASE + ES, R[EDI] + from);
    if (kind === "B") add(insn.seg, R[EBX] + (R[0] & 0xff));
  }
  if (insn.form?.usesStack === true) found.push({ address: (R[SEG_BASE + SS] + R[ESP] - STACK_BYTES) >>> 0, length: 2 * STACK_BYTES });
  return found;
}
