/**
 * Accesses in the loops of a region that are likely to stay in one page for a while: by a register that the loop leaves
 * alone or moves by a constant, in a small table, in a stack frame. They remember their page in two local variables, its
 * number and the way from an address to its index, so that the soft TLB is read again only where the page is another.
 *
 * What the variables say holds until the region is left, or calls a helper that may change translations.
 */
import type { Block, Op } from "../ir/block.ts";
import { globalOf, isConst, isGet, isSet, memOpOf, writesGlobal } from "../ir/block.ts";
import type { Flow, FlowNode } from "../ir/flow.ts";
import { OPS } from "../ir/ops.ts";
import type { Region } from "../ir/region.ts";
import type { Global } from "../ir/types.ts";
import { groupAccesses, isInFrame, splitAddress } from "./access-groups.ts";
import type { FrameSlot } from "./target.ts";

/** The variables that remember a page. */
export interface PageLocal {
  /** Its number; -1 for none. */
  readonly page: string;
  /** What is to be added to an address less `folded` for the index into memory. */
  readonly delta: string;
  /** The constant part of most of the addresses: need not be added to them. */
  readonly folded: number;
}

/** Most pages remembered: V8 has registers for few variables. */
const MAX_PAGES = 6;
/** Constant parts this near to each other are taken to be of one object. */
const NEAR_BYTES = 2048;
/** A register that moves farther in a turn is in another page too often, and so is an access to a larger table. */
const MAX_STEP_BYTES = 1024, MAX_TABLE_BYTES = 4096;
/** A loop is taken to run so often. */
const TURNS = 8;
const PAGE_BYTES = 4096, UNBOUNDED = 0xffffffff;

/** Accesses that may share their variables. */
interface Candidate {
  /** Constant part of the first address. */
  readonly offset: number;
  folded: number | null;
  /** How often they run, for comparisons. */
  weight: number;
  readonly ops: Op[];
}

/** What each access of a region that is to remember its page has for it. */
export function choosePageLocals(region: Region, flow: Flow, frames: readonly FrameSlot[]): Map<Op, PageLocal> {
  const loops = new Map<FlowNode, Loop>(), candidates = new Map<string, Candidate[]>();
  for (const node of flow.nodes) {
    if (node.dispatch !== null || node.loop === null) continue;
    const loop = loops.get(node.loop) ?? new Loop(region, flow, node.loop);
    loops.set(node.loop, loop);
    collect(region.blocks[node.block].block, loop, frames, candidates);
  }
  const best = [...candidates.values()].flat().sort((a, b) => b.weight - a.weight).slice(0, MAX_PAGES);
  return new Map(best.flatMap(({ ops, folded }, i) => {
    const local = { page: `page${i}`, delta: `delta${i}`, folded: folded ?? 0 };
    return ops.map((op) => [op, local] as const);
  }));
}

function collect(block: Block, loop: Loop, frames: readonly FrameSlot[], candidates: Map<string, Candidate[]>): void {
  for (const [op, group] of groupAccesses(block)) {
    const [address] = op.args, { base, offset } = splitAddress(address), isFrame = isInFrame(group, frames);
    const shape = base === null ? "" : isFrame ? globalOf(base).name : loop.shapeOf(base);
    if (shape === null) continue;
    const isWrite = isFrame ? group.writes !== null : memOpOf(op).probe === "write";
    const key = `${isWrite ? "write" : "read"} ${shape}`, alike = candidates.get(key) ?? [];
    candidates.set(key, alike);
    let candidate = alike.find((c) => Math.abs(c.offset - offset) < NEAR_BYTES);
    if (candidate === undefined) {
      candidate = { offset, folded: null, weight: 0, ops: [] };
      alike.push(candidate);
    }
    if (!isFrame && address.uses === 1) candidate.folded ??= offset;
    candidate.weight += loop.weight;
    candidate.ops.push(op);
  }
}

/** A loop of a region, and what it does to registers. */
class Loop {
  /** How often it runs, for comparisons. */
  readonly weight: number;
  private readonly blocks: readonly Block[];
  private readonly steady = new Map<Global, boolean>();

  constructor(region: Region, flow: Flow, head: FlowNode) {
    let depth = 0;
    for (let loop: FlowNode | null = head; loop !== null; loop = loop.outer) depth++;
    this.weight = TURNS ** depth;
    this.blocks = flow.nodes.filter((n) => n.dispatch === null && isIn(n, head)).map((n) => region.blocks[n.block].block);
  }

  /** What a value is made of, if it changes little with each turn; null if it may be anything. */
  shapeOf(op: Op): string | null {
    if (boundOf(op) < MAX_TABLE_BYTES) return "small";
    if (isGet(op)) return this.isSteady(globalOf(op)) ? globalOf(op).name : null;
    const [x, y] = op.args;
    if (op.def !== OPS.add && (op.def !== OPS.shl || !isConst(y))) return null;
    const left = this.shapeOf(x), right = isConst(y) ? String(y.imm) : this.shapeOf(y);
    return left === null || right === null ? null : `${op.name}(${left}, ${right})`;
  }

  /** True if the loop leaves a register alone or moves it by constants. */
  private isSteady(global: Global): boolean {
    let known = this.steady.get(global);
    if (known === undefined) {
      known = this.blocks.every(({ ops }) => ops.every((op) => !writesGlobal(op, global) || (isSet(op) && stepOf(op.args[0], global) <= MAX_STEP_BYTES)));
      this.steady.set(global, known);
    }
    return known;
  }
}

function isIn(node: FlowNode, head: FlowNode): boolean {
  for (let { loop } = node; loop !== null; loop = loop.outer) if (loop === head) return true;
  return false;
}

/** How far a value is from what a register holds. */
function stepOf(op: Op, global: Global): number {
  if (isGet(op)) return globalOf(op) === global ? 0 : Infinity;
  return op.def === OPS.add && isConst(op.args[1]) ? Math.abs(op.args[1].imm) + stepOf(op.args[0], global) : Infinity;
}

/** A number that a value, unsigned, does not exceed. */
function boundOf(op: Op): number {
  const [x, y] = op.args;
  switch (op.def) {
    case OPS.const: return op.imm >>> 0;
    case OPS.extract: return 2 ** op.imm2 - 1;
    case OPS.and: return Math.min(boundOf(x), boundOf(y));
    case OPS.shl: return isConst(y) ? boundOf(x) * 2 ** (y.imm & 31) : UNBOUNDED;
    case OPS.shr: return isConst(y) ? UNBOUNDED >>> y.imm : UNBOUNDED;
    case OPS.guest_ld: return memOpOf(op).signed ? UNBOUNDED : 2 ** memOpOf(op).bits - 1;
    default: return UNBOUNDED;
  }
}

/** A power of two that divides a value; at most a page. */
export function alignmentOf(op: Op): number {
  const [x, y] = op.args;
  switch (op.def) {
    case OPS.const: return op.imm === 0 ? PAGE_BYTES : Math.min(op.imm & -op.imm, PAGE_BYTES);
    case OPS.add: return Math.min(alignmentOf(x), alignmentOf(y));
    case OPS.and: return Math.max(alignmentOf(x), alignmentOf(y));
    case OPS.shl: return isConst(y) ? Math.min(2 ** (y.imm & 31), PAGE_BYTES) : 1;
    default: return 1;
  }
}
