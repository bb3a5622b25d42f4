/** What lowerings of x87 instructions share: the checks they begin with, memory operands of several words, the pointers. */
import { MF, NM } from "../../fault.ts";
import type { HelperDef } from "../../helpers/define.ts";
import { resultHigh, resultTop } from "../../helpers/fpu/transfer.ts";
import type { Lowering, Val } from "../../lowering.ts";
import type { Operand } from "../../operands.ts";
import { CR0_EM, CR0_TS, G_CR0, G_FPU_STATUS } from "../../state.ts";

/** FSW.ES. CR0.NE, moved there, decides whether a pending exception is #MF or was told by FERR# when it came up. */
const ES = 0x80, NE_TO_ES = 2;

/** #NM by CR0.EM or CR0.TS (SDM 3A table 2-2). */
export function requireFpu(b: Lowering): void {
  // What changes CR0 ends its block.
  if (b.isFirst("x87-nm")) b.faultIf(b.setcond("tstne", b.get(G_CR0), b.imm(CR0_EM | CR0_TS)), { vector: NM });
}

/** #MF if an unmasked exception pends (SDM 1 §8.7.1); after `requireFpu`, in all insns but the no-wait ones. */
export function requireNoError(b: Lowering): void {
  const native = b.shl(b.get(G_CR0), b.imm(NE_TO_ES));
  b.faultIf(b.setcond("tstne", b.and(b.get(G_FPU_STATUS), native), b.imm(ES)), { vector: MF });
}

/** Established for MMX insns in a block: no register is kept as a pair of doubles (helpers/fpu/pairs.ts). */
export const REGISTERS_ARE_WORDS = "registers are words";

/** Both: how an ordinary x87 insn begins that calls a helper. If that moves TOP in a way that is known, `delta` says how. */
export function begin(b: Lowering, delta?: number): void {
  requireFpu(b);
  requireNoError(b);
  b.forget(REGISTERS_ARE_WORDS);
  if (delta !== undefined) b.x87.announce(delta);
}

/** Notes where this insn is, and its memory operand's offset, for whoever handles its exceptions (SDM 1 §8.1.8). */
export function notePointers(b: Lowering, memory?: Operand): void {
  const pointers = {
    opcode: b.field("imm"), eip: b.field("eip"), memory: memory === undefined ? null : { offset: memory.offset(), selector: b.selector() },
  };
  b.x87.notePointers(pointers);
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
}
