/** What lowerings of vector instructions share: the checks they begin with, calls of helpers on operands, MMX transitions. */
import { NM, UD } from "../../fault.ts";
import type { HelperDef } from "../../helpers/define.ts";
import { registersToWords } from "../../helpers/fpu/environment.ts";
import type { VectorHelper } from "../../helpers/sse/vector-helper.ts";
import { narrowed } from "../../helpers/sse/vector-helper.ts";
import type { Lowering, Val } from "../../lowering.ts";
import { CR0_EM, CR0_TS, CR4_OSFXSR, G_CR0, G_CR4, G_FPU_TAGS, G_FPU_TOP } from "../../state.ts";
import type { Alignment, VectorOperand, VectorRegister } from "../../vector-operands.ts";
import { known, vectorWord } from "../../vector-operands.ts";
import { REGISTERS_ARE_WORDS, requireNoError } from "../x87/lowering.ts";

/**
 * #UD by CR0.EM or CR4.OSFXSR, #NM by CR0.TS (SDM 3A table 13-1). What changes these registers ends its block, so the
 * first check in a block is good for the rest of it.
 */
export function requireSse(b: Lowering): void {
  if (b.isFirst("sse")) {
    const off = b.or(b.and(b.get(G_CR0), b.imm(CR0_EM)), b.and(b.not(b.get(G_CR4)), b.imm(CR4_OSFXSR)));
    b.faultIf(b.setcond("ne", off, b.imm(0)), { vector: UD });
  }
  requireNotSwitched(b);
}

/** #UD by CR0.EM, #NM by CR0.TS, #MF for an x87 exception that waits (SDM 3A table 12-1, §12.5). */
export function requireMmx(b: Lowering): void {
  if (b.isFirst("mmx")) b.faultIf(b.setcond("tstne", b.get(G_CR0), b.imm(CR0_EM)), { vector: UD });
  requireNotSwitched(b);
  requireNoError(b);
  if (b.isFirst(REGISTERS_ARE_WORDS)) b.call(registersToWords);
}

function requireNotSwitched(b: Lowering): void {
  if (b.isFirst("simd-nm")) b.faultIf(b.setcond("tstne", b.get(G_CR0), b.imm(CR0_TS)), { vector: NM });
}

/** An MMX insn but EMMS puts the x87 unit into MMX state: TOP 0, nothing empty (SDM 1 §9.5). After all faults. */
export function enterMmx(b: Lowering): void {
  b.set(G_FPU_TOP, b.imm(0));
  b.set(G_FPU_TAGS, b.imm(0xff));
}

/** EMMS: all registers are empty. TOP becomes 0 too, as with every MMX insn. */
export function leaveMmx(b: Lowering): void {
  b.set(G_FPU_TOP, b.imm(0));
  b.set(G_FPU_TAGS, b.imm(0));
}

/** Calls a helper on two operands. Its effects are those registers where they are known. */
export function callVector(b: Lowering, helper: VectorHelper, dst: VectorRegister, src: VectorOperand, imm: Val = b.imm(0), alignment: Alignment = "aligned"): Val {
  const slots = [dst, ...(src.isMemory ? [] : [src])];
  if (src.isMemory) {
    const words = src.load(src.words, alignment);
    return b.call(forSlots(helper, helper.fromMemory[words.length as 1 | 2 | 4], slots), dst.slot, imm, ...words);
  }
  return b.call(forSlots(helper, helper.fromRegister, slots), dst.slot, (src).slot, imm);
}

function forSlots(helper: VectorHelper, def: HelperDef, operands: readonly VectorRegister[]): HelperDef {
  const slots = operands.map(({ slot }) => known(slot));
  if (helper.isWide || slots.includes(null)) return def;
  return narrowed(def, operands.flatMap(({ words }, i) => Array.from({ length: words }, (_, w) => vectorWord((slots[i] ?? 0) + w))));
}
