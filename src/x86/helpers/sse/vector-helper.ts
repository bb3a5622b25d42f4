/**
 * Helpers on vector registers. A body works on state-file slots: the destination register's and the source's, where a
 * source in memory is put into the scratch slots first, so that bodies know of registers only.
 */
import type { Global } from "../../../../tcg/ir/types.ts";
import type { Cpu } from "../../cpu.ts";
import { G_MXCSR, MMX_WORDS, REGS, SIMD_SCRATCH, XMM_WORDS } from "../../state.ts";
import type { HelperDef, HelperFn } from "../define.ts";
import { defHelper } from "../define.ts";

/** Slots of the source operand that came from memory; the four behind them are for a body's own use. */
export const SOURCE_SLOT = SIMD_SCRATCH, TEMP_SLOT = SIMD_SCRATCH + 4;

/** What an instruction does, on the slots of the first words of its operands; `imm` is its immediate byte or 0. */
export type VectorBody = (dst: number, src: number, imm: number) => number | void;

export interface VectorHelper {
  /** Parameters: slot of the destination, slot of the source, immediate. */
  readonly fromRegister: HelperDef;
  /** Parameters: slot of the destination, immediate, then 1, 2 or 4 words of the source. */
  readonly fromMemory: { readonly 1: HelperDef; readonly 2: HelperDef; readonly 4: HelperDef };
  /** Reads or writes more than the two operands, so that its effects cannot be narrowed to them. */
  readonly isWide: boolean;
}

export interface VectorSpec {
  readonly doc: string;
  /** Reads and updates MXCSR, and may raise #XM. */
  readonly isFloat?: boolean;
  /** May raise a fault (implied by `isFloat`). */
  readonly mayFault?: boolean;
  /** The body returns an int32. */
  readonly hasResult?: boolean;
  /** Touches vector registers that are not its operands. */
  readonly isWide?: boolean;
  /** Reads EAX and EDX too. */
  readonly readsRegisters?: boolean;
  readonly bind: (cpu: Cpu) => VectorBody;
}

const ALL_WORDS: readonly Global[] = [...XMM_WORDS, ...MMX_WORDS];

export function defVectorHelper(name: string, spec: VectorSpec): VectorHelper {
  const touched = spec.isFloat === true ? [...ALL_WORDS, G_MXCSR] : ALL_WORDS;
  const declare = (suffix: string, params: number, bind: (cpu: Cpu) => HelperFn): HelperDef => defHelper(`${name}${suffix}`, {
    params, reads: spec.readsRegisters === true ? [...touched, ...REGS] : touched, writes: touched, bind, doc: spec.doc,
    mayFault: spec.isFloat === true || spec.mayFault === true,
    ...(spec.hasResult === true ? { result: "i32" as const } : {}),
  });
  const fromMemory = (words: number): HelperDef => declare(`_m${words * 32}`, 2 + words, (cpu) => {
    const { R } = cpu, body = spec.bind(cpu);
    return (dst, imm, w0, w1, w2, w3) => {
      R[SOURCE_SLOT] = w0;
      R[SOURCE_SLOT + 1] = w1;
      R[SOURCE_SLOT + 2] = w2;
      R[SOURCE_SLOT + 3] = w3;
      return body(dst, SOURCE_SLOT, imm);
    };
  });
  return {
    fromRegister: declare("", 3, spec.bind),
    fromMemory: { 1: fromMemory(1), 2: fromMemory(2), 4: fromMemory(4) },
    isWide: spec.isWide === true,
  };
}

/** The same helper called on slots that are known: of the vector registers it touches just these words. */
export function narrowed(helper: HelperDef, slots: readonly Global[]): HelperDef {
  const narrow = (which: readonly Global[] | "all"): readonly Global[] | "all" =>
    which === "all" ? which : [...slots, ...which.filter((g) => g === G_MXCSR)];
  return { ...helper, reads: narrow(helper.reads), writes: narrow(helper.writes) };
}
