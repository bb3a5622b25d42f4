/** The objects behind the names that emitted text uses, for one VM and one layout of its memory. */
import type { Environment } from "../../tcg/js/compile.ts";
import { RUNTIME } from "../../tcg/js/runtime.ts";
import type { EmitTarget, FrameSlot } from "../../tcg/js/target.ts";
import type { Cpu } from "../x86/cpu.ts";
import type { Insn } from "../x86/isa/insn.ts";
import { PACKED_FLAGS } from "../x86/region-flags.ts";
import { BUDGET, EBP, EIP, ESP, LEFT, REGS, WAY, WAY_PC } from "../x86/state.ts";
import type { Region } from "./region.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** What emitted code calls back for. */
export interface Callbacks {
  /** Leaves a block in front of its insn number `at`. */
  side(tb: TranslationBlock, at: number): TranslationBlock;
  /** Leaves a region (tcg/js/region-emitter.ts); `rest` insns are to be given back to the budget. */
  leave(region: Region, way: number, eip: number, rest: number): TranslationBlock;
  /** What a region does instead at a TB whose block has been counted, if less is `left` of the budget than it needs. */
  short(tb: TranslationBlock, left: number): TranslationBlock;
  /** The block at an offset in CS, or one that looks for it. */
  jump(eip: number): TranslationBlock;
  /** The insn at an offset in CS. */
  find(eip: number): Insn;
  /** Counts an execution that did not finish its insn. */
  again(insn: Insn): Insn;
  /** The same two for threaded code: the record of the insn at an offset in CS, and the counting alone. */
  findRecord(eip: number): number;
  noteAgain(): void;
  /** Goes on with what CPU state says. */
  readonly anewBlock: TranslationBlock;
  readonly exitInsn: Insn;
}

/** EBP points to the caller's, and the address to return to. */
const FRAMES: readonly FrameSlot[] = [{ slot: REGS[ESP], linkBytes: 0 }, { slot: REGS[EBP], linkBytes: 8 }];

/** How emitted code reaches the memory of this CPU as it is laid out now. */
export function targetOf(cpu: Cpu): EmitTarget {
  const { base, size, hasHoles } = cpu.memory.window;
  return { memory: { kind: "flat", base, size, hasHoles }, state: { pc: EIP, left: LEFT, budget: BUDGET, way: WAY, wayPc: WAY_PC }, packed: PACKED_FLAGS, frames: FRAMES };
}

/** Everything emitted code may name but for helpers, which are added as code that calls them is made. */
export function environmentOf(cpu: Cpu, callbacks: Callbacks): Environment {
  const { R, R8, R16, F32, F64 } = cpu.state, { memory } = cpu, { window } = memory;
  return {
    ...RUNTIME,
    R, R8, R16, F32, F64, u8: window.u8, dv: window.view, pf: memory.pageFlags,
    load8: (a: number) => cpu.load8(a), load16: (a: number) => cpu.load16(a), load32: (a: number) => cpu.load32(a),
    loadForWrite8: (a: number) => cpu.loadForWrite8(a),
    loadForWrite16: (a: number) => cpu.loadForWrite16(a),
    loadForWrite32: (a: number) => cpu.loadForWrite32(a),
    probeStore: (a: number, bytes: number) => cpu.probeStore(a, bytes),
    store8: (a: number, v: number) => cpu.store8(a, v),
    store16: (a: number, v: number) => cpu.store16(a, v),
    store32: (a: number, v: number) => cpu.store32(a, v),
    fault: (vector: number, error: number) => cpu.fault(vector, error),
    side: callbacks.side, leave: callbacks.leave, short: callbacks.short, plain: (tb: TranslationBlock, left: number) => tb.plain(left), jump: callbacks.jump, find: callbacks.find, again: callbacks.again,
    findRecord: callbacks.findRecord, noteAgain: callbacks.noteAgain,
    ANEW_TB: callbacks.anewBlock, EXIT_INSN: callbacks.exitInsn,
  };
}
