/**
 * Makes a flow graph reducible by cutting edges: every loop keeps one node where it is entered, the one that most comes in
 * at, and loses the edges that come in elsewhere. So what is cut is cold, and a hot loop stays whole.
 *
 * The loops inside a loop are the cycles that are left without the edges back to its head (Steensgaard, "Sequentializing
 * Program Dependence Graphs for Irreducible Programs", 1993).
 */

export interface Graph {
  /** By node, each once. */
  readonly successors: readonly (readonly number[])[];
  /** How often an edge has been seen to be taken. */
  heatOf(from: number, to: number): number;
}

export interface Cuts {
  isCut(from: number, to: number): boolean;
  /** How often the edges that are cut have been seen to be taken. */
  readonly heat: number;
}

/** The edges to be cut for what is reached from `root` to be reducible. */
export function findCuts({ successors, heatOf }: Graph, root: number): Cuts {
  const cut = new Set<string>(), isCut = (from: number, to: number): boolean => cut.has(`${from} ${to}`);
  const open = [{ nodes: reach(root, (n) => successors[n]), head: root }];
  let heat = 0;
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { nodes, head } = part;
    const inside = (from: number): number[] => successors[from].filter((to) => to !== head && nodes.has(to) && !isCut(from, to));
    for (const loop of cyclesOf(nodes, inside)) {
      const entering = [...nodes].filter((n) => !loop.has(n)).flatMap((from) => inside(from).filter((to) => loop.has(to)).map((to) => ({ from, to })));
      const inner = hottestTarget(entering, heatOf);
      if (inner === null) continue;
      for (const { from, to } of entering) {
        if (to === inner) continue;
        cut.add(`${from} ${to}`);
        heat += heatOf(from, to);
      }
      open.push({ nodes: loop, head: inner });
    }
  }
  return { isCut, heat };
}

function hottestTarget(edges: readonly { readonly from: number; readonly to: number }[], heatOf: Graph["heatOf"]): number | null {
  const heats = new Map<number, number>();
  for (const { from, to } of edges) heats.set(to, (heats.get(to) ?? 0) + heatOf(from, to));
  let hottest: number | null = null, most = -1;
  for (const [to, heat] of heats) {
    if (heat <= most) continue;
    hottest = to;
    most = heat;
  }
  return hottest;
}

/** The strongly connected parts of more than one node (Kosaraju's algorithm). */
function cyclesOf(nodes: ReadonlySet<number>, successors: (node: number) => readonly number[]): Set<number>[] {
  const after = new Map<number, readonly number[]>(), before = new Map<number, number[]>([...nodes].map((n) => [n, []]));
  for (const from of nodes) {
    const list = successors(from);
    after.set(from, list);
    for (const to of list) before.get(to)?.push(from);
  }
  const left = new Set(nodes), found: Set<number>[] = [];
  for (const node of postorder(nodes, after).reverse()) {
    if (!left.has(node)) continue;
    const part = reach(node, (n) => (before.get(n) ?? []).filter((p) => left.has(p)));
    for (const n of part) left.delete(n);
    if (part.size > 1) found.push(part);
  }
  return found;
}

/** Without recursion: a graph may be deep. */
function postorder(nodes: ReadonlySet<number>, successors: ReadonlyMap<number, readonly number[]>): number[] {
  const done: number[] = [], seen = new Set<number>(), stack: { readonly node: number; next: number }[] = [];
  const enter = (node: number): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const start of nodes) {
    enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const to = successors.get(top.node)?.[top.next++];
      if (to !== undefined) enter(to);
      else done.push(stack.pop()?.node ?? start);
    }
  }
  return done;
}

/** What is reached from a node, itself included. */
function reach(start: number, next: (node: number) => readonly number[]): Set<number> {
  const found = new Set([start]), open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const to of next(node)) {
      if (found.has(to)) continue;
      found.add(to);
      open.push(to);
    }
  }
  return found;
}
