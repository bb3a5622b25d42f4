/**
 * The control flow of a region: reverse postorder, dominators, natural loops, and where a region that was left comes back in.
 *
 * Only reducible graphs are worth a region here: an edge into the middle of a loop is *cut* (reduce.ts), which makes it an exit.
 *
 * A region is entered at its root and at the head of each loop, because that is where it leaves when the budget is spent.
 * JavaScript cannot jump into a loop, so every loop head with other heads inside is preceded by a *dispatch* node: it reads
 * which entry is meant (0: none, go on as usual) and leads towards it. Entries are numbered along the nest of loops, so
 * that those of one loop and all loops inside are a range.
 *
 * Dominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
 */
import { findCuts } from "./reduce.ts";
import type { Region } from "./region.ts";
import { successorsOf } from "./region.ts";

/** A way out of a dispatch node: to be taken if the entry's number is at most `last`. */
export interface DispatchTarget {
  readonly to: FlowNode;
  readonly last: number;
  /** The entry is reached, and its number is to become 0. */
  readonly arrives: boolean;
}

/** A block, or the dispatch node in front of one. */
export interface FlowNode {
  /** Number in `Flow.nodes`. */
  readonly id: number;
  /** Number of the block; for a dispatch node, of the block it stands before. */
  readonly block: number;
  /** Ways out of a dispatch node; null for a block. */
  readonly dispatch: readonly DispatchTarget[] | null;
  readonly successors: readonly FlowNode[];
  /** Place in reverse postorder. */
  readonly order: number;
  /** Immediate dominator; the root is its own. */
  readonly dominator: FlowNode;
  /** The innermost loop it is in, as the node that heads it; null outside of loops. */
  readonly loop: FlowNode | null;
  /** Of a head: the next loop around its own. */
  readonly outer: FlowNode | null;
  /** Edges lead back to it. */
  readonly isHead: boolean;
  /** Edges that lead to it forwards. */
  readonly forwardEdges: number;
}

export interface Flow {
  /** In reverse postorder; the first is the root or the dispatch node before it. */
  readonly nodes: readonly FlowNode[];
  /** The node of each block. */
  readonly nodeOf: readonly FlowNode[];
  /** Where edges to a block lead: to its node, or to the dispatch node before it. */
  readonly targetOf: readonly FlowNode[];
  /** Blocks the region may be entered at, by number of the entry; the first is the root. */
  readonly entries: readonly number[];
  /** True if the edge between two blocks leaves the region after all. */
  isCut(from: number, to: number): boolean;
}

interface MutableNode {
  id: number;
  block: number;
  dispatch: { to: MutableNode; last: number; arrives: boolean }[] | null;
  successors: MutableNode[];
  order: number;
  dominator: MutableNode;
  loop: MutableNode | null;
  outer: MutableNode | null;
  isHead: boolean;
  forwardEdges: number;
}

const UNREACHED = -1;

/** Analyses a region. Blocks that are not reached from its root have no place in `nodes`. */
export function analyzeFlow({ blocks }: Region): Flow {
  const nodes = blocks.map((_, i) => newNode(i, i)), successors = blocks.map(successorsOf);
  const { isCut } = findCuts({ successors, heatOf: (from, to) => blocks[from].heat.get(to) ?? 0 }, 0);
  for (const [i, node] of nodes.entries()) node.successors = successors[i].filter((to) => !isCut(i, to)).map((to) => nodes[to]);
  let ordered = analyze(nodes[0], nodes);
  findLoops(ordered);
  const targets = nodes.slice(), entries = addDispatch(nodes, targets, ordered);
  ordered = analyze(targets[0], nodes);
  findLoops(ordered);
  return { nodes: ordered, nodeOf: nodes.slice(0, blocks.length), targetOf: targets, entries, isCut };
}

function newNode(id: number, block: number): MutableNode {
  const node = { id, block, dispatch: null, successors: [], order: UNREACHED, loop: null, outer: null, isHead: false, forwardEdges: 0 } as unknown as MutableNode;
  node.dominator = node;
  return node;
}

/** Reverse postorder and dominators of what is reachable from the root. */
function analyze(root: MutableNode, all: readonly MutableNode[]): MutableNode[] {
  for (const node of all) {
    node.order = UNREACHED;
    node.dominator = node;
  }
  const ordered = postorder(root).reverse();
  for (const [i, node] of ordered.entries()) node.order = i;
  const predecessors = predecessorsOf(ordered);
  const known = new Set([root]);
  for (let changed = true; changed;) {
    changed = false;
    for (const node of ordered.slice(1)) {
      let dominator: MutableNode | null = null;
      for (const p of predecessors[node.order]) {
        if (known.has(p)) dominator = dominator === null ? p : meet(dominator, p);
      }
      if (dominator === null || (known.has(node) && node.dominator === dominator)) continue;
      node.dominator = dominator;
      known.add(node);
      changed = true;
    }
  }
  return ordered;
}

/** Without recursion: a guest's graph may be deep. */
function postorder(root: MutableNode): MutableNode[] {
  const done: MutableNode[] = [], stack = [{ node: root, next: 0 }], seen = new Set([root]);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (top.next === top.node.successors.length) {
      done.push(top.node);
      stack.pop();
      continue;
    }
    const to = top.node.successors[top.next++];
    if (seen.has(to)) continue;
    seen.add(to);
    stack.push({ node: to, next: 0 });
  }
  return done;
}

/** By place in reverse postorder. */
function predecessorsOf(ordered: readonly MutableNode[]): MutableNode[][] {
  const all: MutableNode[][] = ordered.map(() => []);
  for (const node of ordered) for (const to of node.successors) all[to.order].push(node);
  return all;
}

/** The nearest node that dominates both. */
function meet(a: MutableNode, b: MutableNode): MutableNode {
  let x = a, y = b;
  while (x !== y) {
    while (x.order > y.order) x = x.dominator;
    while (y.order > x.order) y = y.dominator;
  }
  return x;
}

/** True if an edge leads back. */
export function isBackEdge(from: FlowNode, to: FlowNode): boolean {
  return to.order <= from.order;
}

/** Finds natural loops, innermost last, and counts forward edges. */
function findLoops(ordered: readonly MutableNode[]): void {
  for (const node of ordered) {
    node.loop = node.outer = null;
    node.isHead = false;
    node.forwardEdges = 0;
  }
  const predecessors = predecessorsOf(ordered);
  for (const node of ordered) {
    for (const to of node.successors) if (!isBackEdge(node, to)) to.forwardEdges++;
  }
  // Outer heads come before inner ones in reverse postorder, so that the innermost is what stays.
  for (const head of ordered) {
    const latches = predecessors[head.order].filter((p) => isBackEdge(p, head));
    if (latches.length === 0) continue;
    head.isHead = true;
    head.outer = head.loop;
    const body = new Set([head]), open = latches.slice();
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (body.has(node)) continue;
      body.add(node);
      open.push(...predecessors[node.order]);
    }
    for (const node of body) node.loop = head;
  }
}

/** Numbers the entries and puts dispatch nodes where they are needed: into `nodes` and `targets`. */
function addDispatch(nodes: MutableNode[], targets: MutableNode[], ordered: readonly MutableNode[]): number[] {
  const root = nodes[0], heads = ordered.filter((n) => n.isHead && n !== root);
  const inner = new Map<MutableNode, MutableNode[]>();
  for (const head of heads) {
    const outer = head.outer ?? root, list = inner.get(outer);
    if (list === undefined) inner.set(outer, [head]);
    else list.push(head);
  }
  const entries: number[] = [], numbers = new Map<MutableNode, { first: number; last: number }>();
  const number = (node: MutableNode): void => {
    const range = { first: entries.length, last: entries.length };
    entries.push(node.block);
    for (const head of inner.get(node) ?? []) number(head);
    range.last = entries.length - 1;
    numbers.set(node, range);
  };
  number(root);
  for (const node of [root, ...heads]) {
    if (!inner.has(node)) continue;
    const dispatch = newNode(nodes.length, node.block);
    nodes.push(dispatch);
    targets[node.block] = dispatch;
  }
  for (const node of nodes) if (node.dispatch === null) node.successors = node.successors.map((to) => targets[to.block]);
  for (const [node, list] of inner) {
    const dispatch = targets[node.block], { first } = numbers.get(node) ?? { first: 0 };
    dispatch.dispatch = [{ to: node, last: first, arrives: true }];
    for (const head of list) {
      const to = targets[head.block], { last } = numbers.get(head) ?? { last: 0 };
      dispatch.dispatch.push({ to, last, arrives: to === head });
    }
    dispatch.successors = dispatch.dispatch.map((d) => d.to);
  }
  return entries;
}
