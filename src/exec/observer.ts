/** Whoever wants to watch an engine at work: the logs of `-d`, `--trace blocks`, the counts of `tcgjs bench`. Nobody does by default, at no cost. */
import type { Insn } from "../x86/isa/insn.ts";
import type { Region } from "./region.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** What an event that enters a handler is: raised by an insn, from outside, or asked for by INT n and its kin. */
export type EventKind = "fault" | "interrupt" | "software";

export interface EngineObserver {
  /** `blockEntered` is to be called; costs a call per block. */
  readonly watchesBlocks: boolean;
  /** A block has been translated; its IR is kept if the engine inspects. */
  blockTranslated(tb: TranslationBlock): void;
  /** A region has been made. */
  regionTranslated(region: Region): void;
  /** A block is about to run; all of the CPU's state is in place, but for EIP, which is the block's. */
  blockEntered(tb: TranslationBlock): void;
  /** An event is about to be delivered; `error` is its error code, or -1. */
  eventRaised(kind: EventKind, vector: number, error: number): void;
  /** A block has been left in front of this insn, which the interpreter is about to do instead. */
  blockLeft(insn: Insn): void;
}
