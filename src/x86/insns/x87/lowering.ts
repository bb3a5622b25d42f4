/** What lowerings of x87 instructions share: the checks they begin with, memory operands of several words, the pointers. */
import { MF, NM } from "../../fault.ts";
import type { HelperDef } from "../../helpers/define.ts";
import { resultHigh, resultTop } from "../../helpers/fpu/transfer.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import { CR0_EM, CR0_TS, CS, G_CR0, G_FPU_CS, G_FPU_DP, G_FPU_DS, G_FPU_IP, G_FPU_OPCODE, G_FPU_STATUS, SEG_SELECTORS } from "../../state.ts";

/** FSW.ES. CR0.NE, moved there, decides whether a pending exception is #MF or was told by FERR# when it came up. */
const ES = 0x80, NE_TO_ES = 2;

/** #NM by CR0.EM or CR0.TS (SDM 3A table 2-2). */
export function requireFpu(b: Lowering): void {
  b.faultIf(b.setcond("tstne", b.get(G_CR0), b.imm(CR0_EM | CR0_TS)), { vector: NM });
}

/** #MF if an unmasked exception pends (SDM 1 §8.7.1); after `requireFpu`, in all insns but the no-wait ones. */
export function requireNoError(b: Lowering): void {
  const native = b.shl(b.get(G_CR0), b.imm(NE_TO_ES));
  b.faultIf(b.setcond("tstne", b.and(b.get(G_FPU_STATUS), native), b.imm(ES)), { vector: MF });
}

/** Established for MMX insns in a block: no register is kept as a pair of doubles (helpers/fpu/pairs.ts). */
export const REGISTERS_ARE_WORDS = "registers are words";

/** Both: how an ordinary x87 insn begins. */
export function begin(b: Lowering): void {
  requireFpu(b);
  requireNoError(b);
  b.forget(REGISTERS_ARE_WORDS);
}

/** Notes where this insn is, and its memory operand's offset, for whoever handles its exceptions (SDM 1 §8.1.8). */
export function notePointers(b: Lowering, memory?: Operand): void {
  b.set(G_FPU_OPCODE, b.field("imm"));
  b.set(G_FPU_IP, b.field("eip"));
  b.set(G_FPU_CS, b.get(SEG_SELECTORS[CS]));
  if (memory === undefined) return;
  b.set(G_FPU_DP, memory.offset());
  b.set(G_FPU_DS, b.selector());
}

// ---- memory operands, as words from the lowest up

export function load32(b: Lowering, m: Operand): Val {
  return b.load(32, m.linear(4, false));
}

export function load16(b: Lowering, m: Operand): Val {
  return b.load(16, m.linear(2, false));
}

export function load64(b: Lowering, m: Operand): [Val, Val] {
  const at = m.linear(8, false);
  return [b.load(32, at), b.load(32, b.add(at, b.imm(4)))];
}

export function load80(b: Lowering, m: Operand): [Val, Val, Val] {
  const at = m.linear(10, false);
  return [b.load(32, at), b.load(32, b.add(at, b.imm(4))), b.load(16, b.add(at, b.imm(8)))];
}

/**
 * Stores what `helper(at, …args)` returns. Every word is probed first, for the helper changes the state and cannot be taken
 * back; it returns what is in memory where nothing shall be stored.
 */
export function store(b: Lowering, m: Operand, bits: 16 | 32 | 64 | 80, helper: HelperDef, ...args: Val[]): void {
  const at = m.linear(bits / 8, true), at4 = b.add(at, b.imm(4)), at8 = b.add(at, b.imm(8)), first = bits === 16 ? 16 : 32;
  b.load(first, at, "write");
  if (bits >= 64) b.load(32, at4, "write");
  if (bits === 80) b.load(16, at8, "write");
  const low = b.call(helper, at, ...args);
  b.store(first, at, low, "none");
  if (bits >= 64) b.store(32, at4, b.call(resultHigh), "none");
  if (bits === 80) b.store(16, at8, b.call(resultTop), "none");
  notePointers(b, m);
}
