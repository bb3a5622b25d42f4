/**
 * How an instruction is written down: its encodings and its lowering to IR, once, in `src/x86/insns/<family>.ts`.
 * Decoder, disassembler, translator and interpreter all come from these definitions.
 */
import type { ElementKind } from "../element-kinds.ts";
import type { Feature } from "../features.ts";
import type { Facts } from "./insn.ts";
import type { Lowering } from "../lowering.ts";
import type { Operand } from "../operands.ts";

/**
 * Whether an insn runs alone. `interpreted`: only the interpreter has it run alone, for the exact count; a block knows that
 * (`HelperDef.counts`). `last`: a block may end with it, and what comes next is looked up anew. `conditional`: it does not run alone,
 * but ends a block, and what comes next is looked up anew if it says so (`Lowering.leaveIfChanged`).
 */
export type Solo = boolean | "interpreted" | "last" | "conditional";

/** The lowering of one insn; `facts` may be tested by JavaScript, values (`Val`) may not. */
export type LowerFn = (b: Lowering, operands: readonly Operand[], facts: Facts) => void;

export interface InsnDef {
  /** Mnemonic, lower case, as the disassembler prints it. */
  readonly name: string;
  /** Where the manual describes it. */
  readonly ref: string;
  /** Encodings, in the notation of forms.ts. */
  readonly forms: readonly string[];
  /** What a processor must have to know the insn; it is undefined on others. Default: every processor does. */
  readonly feature?: Feature;
  /** LOCK is legal when the first operand is memory. */
  readonly lock?: boolean;
  /** Depends on the stack's address size and class. */
  readonly stack?: boolean;
  /** Depends on protected mode, V86 and the current privilege level (`facts.mode`). */
  readonly privilege?: boolean;
  /** The segment register an insn names without an operand for it (LDS and its like): what `facts.sreg` then is. */
  readonly sreg?: number;
  /** A string insn: `rep` with F3 (and F2) repeats; `repe` F3 and F2 also test ZF. */
  readonly rep?: "rep" | "repe";
  /** Transfers control: the block ends here. */
  readonly branch?: "always" | "conditional";
  /**
   * Runs alone: the engine executes it between blocks with everything committed and the exact insn count known, because
   * it exits to the hypervisor, or changes what decoded code depends on (mode, interrupt flag, tables).
   */
  readonly solo?: Solo | ((facts: Facts) => Solo);
  /** Its lowering may make code for the usual case only (`Lowering.speculates`). */
  readonly speculative?: boolean;
  /** Such code of it may share its way out with that of its neighbours (register-stack.ts). */
  readonly grouped?: boolean;
  /** What the elements of its XMM registers are: of all, or of the destination and of the source; words if not said. */
  readonly elements?: ElementKind | readonly [destination: ElementKind, source: ElementKind];
  /** It only moves elements, which may be of any kind; and what they are where nothing around it tells (element-kinds.ts). */
  readonly moves?: ElementKind;
  /** Of one that moves elements: what the destination held before matters. */
  readonly mixes?: boolean;
  readonly lower: LowerFn;
}

/** Declares an instruction. */
export function defInsn(name: string, def: Omit<InsnDef, "name">): InsnDef {
  return { name, ...def };
}

/** The same instructions as part of a feature, but for those that say already what they are part of. */
export function ofFeature(feature: Feature, ...defs: readonly InsnDef[]): InsnDef[] {
  return defs.map((def) => ({ feature, ...def }));
}
