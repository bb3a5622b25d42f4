/**
 * Accesses of one block that lie near each other: those whose addresses are one value plus constants. One check does for
 * all of them, made at the first. Where it fails the interpreter does that insn, which may well be possible: near the end
 * of memory, or of a page.
 */
import type { Expression } from "estree";
import type { Block, Op } from "../ir/block.ts";
import { helperOf, isConst, isGet, memOpOf } from "../ir/block.ts";
import { OPS } from "../ir/ops.ts";
import type { FrameSlot } from "./target.ts";

/** Bytes [low, high) from a value on. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

export interface AccessGroup {
  /** What the addresses have in common; null for constant addresses. */
  readonly base: Op | null;
  /** What is read and what is written, from `base` on; null for nothing. A write is not counted as a read. */
  reads: Span | null;
  writes: Span | null;
  /** Which of the two has been checked; of the emitter that checks. */
  readsChecked: boolean;
  writesChecked: boolean;
  /** Index into memory of the first byte of all, once a check has given one. */
  index: Expression | null;
}

/** A group reaches over two pages at most, so that a look at its ends is a look at all of it. */
const MAX_SPAN = 4096;

/** An address as a value plus a constant. */
export function splitAddress(address: Op): { readonly base: Op | null; readonly offset: number } {
  if (isConst(address)) return { base: null, offset: address.imm };
  if (address.def === OPS.add && isConst(address.args[1])) return { base: address.args[0], offset: address.args[1].imm };
  return { base: address, offset: 0 };
}

/** The group of each access that is checked. */
export function groupAccesses(block: Block): Map<Op, AccessGroup> {
  const groups = new Map<Op, AccessGroup>(), open = new Map<Op | null, AccessGroup>();
  for (const op of block.ops) {
    if (op.def.effect === "call" && helperOf(op).mayFault) open.clear();   // it may have stored anywhere
    if (op.def.effect !== "access") continue;
    const mem = memOpOf(op);
    if (mem.probe === "none") continue;
    const { base, offset } = splitAddress(op.args[0]);
    const span = { low: offset, high: offset + mem.bits / 8 };
    let group = open.get(base);
    if (group === undefined || !fits(group, span)) {
      group = { base, reads: null, writes: null, readsChecked: false, writesChecked: false, index: null };
      open.set(base, group);
    }
    if (mem.probe === "write") group.writes = unite(group.writes, span);
    else group.reads = unite(group.reads, span);
    groups.set(op, group);
  }
  return groups;
}

function unite(a: Span | null, b: Span): Span {
  return a === null ? b : { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

function fits(group: AccessGroup, span: Span): boolean {
  const { low, high } = unite(extentOf(group), span);
  return high - low <= MAX_SPAN;
}

/** All that a group, which is not empty, reads and writes. */
export function extentOf({ reads, writes }: AccessGroup): Span {
  if (reads === null || writes === null) return reads ?? writes ?? { low: 0, high: 0 };
  return unite(reads, writes);
}

/** True if what a group reaches is likely to be part of a stack frame. */
export function isInFrame(group: AccessGroup, frames: readonly FrameSlot[]): boolean {
  const { base } = group, frame = base !== null && isGet(base) ? frames.find(({ slot }) => slot === base.ref) : undefined;
  if (frame === undefined) return false;
  const { low } = extentOf(group);
  return low < 0 || low >= frame.linkBytes;
}

export function covers(outer: Span, inner: Span): boolean {
  return outer.low <= inner.low && inner.high <= outer.high;
}
