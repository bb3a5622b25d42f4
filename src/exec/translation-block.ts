/** A translation block: the compiled function of a few consecutive guest insns, and its links to others. */
import { InternalError } from "../../tcg/support/errors.ts";
import type { BlockCode } from "../../tcg/wasm/block-unit.ts";
import type { CodeSpace, InsnPage } from "./code-space.ts";
import type { Region } from "./region.ts";

/** Runs the block, or a region from it on, when `left` insns are left of the budget behind the block; returns what runs next. */
export type TbFunction = (this: TranslationBlock, left: number) => TranslationBlock;

/** Which of the two direct successors: 0 the next insn, 1 the branch target. */
export type LinkSlot = 0 | 1;

/**
 * One object per translated block, per unresolved link (a stub, which looks its target up and patches itself away), and one
 * to leave the dispatch loop. All have this one shape, since the loop calls `run` on each.
 */
export class TranslationBlock {
  run: TbFunction;
  /** The block's own function. */
  plain: TbFunction;
  /** What that calls where the block is WebAssembly (tcg/wasm/block-unit.ts). */
  code: BlockCode = unrunnable;
  /** Successors: blocks when chained, stubs otherwise. */
  next: TranslationBlock;
  taken: TranslationBlock;
  /** Insns in the block, counted when it is entered. Stubs have 0. */
  size: number;
  /** Offset in CS of the first insn (stubs: of the target). */
  eip: number;
  space: CodeSpace | null;
  isValid = true;
  /** It runs among threaded code (threaded-code.ts). */
  isThreaded = false;
  /** Its space's epoch as of when the block was found where it is. */
  epoch = 0;
  // ---- regions
  /** The region that is entered here, the number of the entry, and how much must be left of the budget behind the block. */
  region: Region | null = null;
  entry = 0;
  reach = 0;
  /** Regions it is a block of. */
  memberOf: Region[] = [];
  /** How often it ran while the engine looked, and where it went from here. */
  count = 0;
  ways: Map<TranslationBlock, number> | null = null;
  // ---- stubs
  /** The block the stub belongs to, and which of its links it stands for. */
  owner: TranslationBlock | null = null;
  slot: LinkSlot = 0;
  // ---- blocks
  /** Where its space keeps it: by its first insn. */
  page: InsnPage | null = null;
  place = 0;
  nextStub: TranslationBlock | null = null;
  takenStub: TranslationBlock | null = null;
  /** Blocks whose link `slot` leads here: (block, slot) pairs. */
  incoming: { from: TranslationBlock; slot: LinkSlot }[] = [];
  /** Physical address of the first byte; the block's bytes are contiguous within their pages. */
  phys = 0;
  /** Physical address of the second page, where the last insn crosses into one. */
  tailPhys = 0;
  length = 0;
  /** Offset in CS of each insn. */
  eips: readonly number[] = [];
  /** How often it ran; counted only when the engine is asked to. */
  executions = 0;
  /** Side exits taken from it. */
  sideExits = 0;
  serial = 0;
  text = "";
  /** Its share of a module of WebAssembly; 0 for a block that is JavaScript. */
  wasmBytes = 0;
  /** IR as lowered and as optimised; kept only when the engine is asked to. */
  ir: string | null = null;
  optimizedIr: string | null = null;

  constructor(run: TbFunction, size: number, eip: number, space: CodeSpace | null) {
    this.run = run;
    this.plain = run;
    this.size = size;
    this.eip = eip;
    this.space = space;
    this.next = this;
    this.taken = this;
  }

  /** False for stubs and the like. */
  get isBlock(): boolean {
    return this.nextStub !== null;
  }
}

/** Chains `from`'s link to `to`. */
export function link(from: TranslationBlock, slot: LinkSlot, to: TranslationBlock): void {
  if (slot === 0) from.next = to;
  else from.taken = to;
  to.incoming.push({ from, slot });
}

/** True if the link is chained to a block. */
export function isLinked(from: TranslationBlock, slot: LinkSlot): boolean {
  return slot === 0 ? from.next !== from.nextStub : from.taken !== from.takenStub;
}

/** Takes a block out of every chain, both ways (invariant E3). */
export function unlink(tb: TranslationBlock): void {
  for (const { from, slot } of tb.incoming) {
    if (slot === 0 && from.next === tb && from.nextStub !== null) from.next = from.nextStub;
    if (slot === 1 && from.taken === tb && from.takenStub !== null) from.taken = from.takenStub;
  }
  tb.incoming = [];
  cutOutgoing(tb, 0);
  cutOutgoing(tb, 1);
}

function cutOutgoing(tb: TranslationBlock, slot: LinkSlot): void {
  if (!isLinked(tb, slot)) return;
  const to = slot === 0 ? tb.next : tb.taken, stub = slot === 0 ? tb.nextStub : tb.takenStub;
  to.incoming = to.incoming.filter((l) => l.from !== tb || l.slot !== slot);
  if (stub !== null) {
    if (slot === 0) tb.next = stub;
    else tb.taken = stub;
  }
}

/** The function of a block that has none yet. */
export function unrunnable(): never {
  throw new InternalError("this block has not been compiled");
}
