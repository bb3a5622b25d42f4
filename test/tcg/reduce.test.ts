// Which edges are cut to make a flow graph reducible: few, cold, and enough.

import { expect } from "chai";
import type { Graph } from "../../tcg/ir/reduce.ts";
import { findCuts } from "../../tcg/ir/reduce.ts";
import { testSeed } from "../support/seed.ts";
import { Random } from "./support/random.ts";

const GRAPHS = 500, MAX_NODES = 12;

/** A graph by its edges: from, to, heat. */
function graphOf(size: number, edges: readonly (readonly [number, number, number])[]): Graph {
  const heats = Array.from({ length: size }, (_, node) => new Map(edges.filter(([from]) => from === node).map(([, to, heat]) => [to, heat])));
  return { successors: heats.map((h) => [...h.keys()]), heatOf: (from, to) => heats[from].get(to) ?? 0 };
}

function cutsOf(graph: Graph, root = 0): { from: number; to: number }[] {
  const { isCut } = findCuts(graph, root);
  return graph.successors.flatMap((list, from) => list.filter((to) => isCut(from, to)).map((to) => ({ from, to })));
}

/** True if removing loops of one node and merging nodes into their only predecessor leaves one node (Hecht and Ullman, 1972). */
function isReducible(successors: readonly (readonly number[])[], root: number): boolean {
  const edges = new Map<number, Set<number>>([[root, new Set()]]);
  for (const from of edges.keys()) {
    for (const to of successors[from]) {
      edges.get(from)?.add(to);
      if (!edges.has(to)) edges.set(to, new Set());
    }
  }
  for (let size = -1; size !== edges.size;) {
    size = edges.size;
    for (const [node, to] of edges) to.delete(node);
    for (const [node, to] of [...edges]) {
      const from = [...edges].filter(([, list]) => list.has(node));
      if (node === root || from.length !== 1) continue;
      const [into, list] = from[0];
      edges.delete(node);
      list.delete(node);
      for (const t of to) if (t !== into) list.add(t);
    }
  }
  return edges.size === 1;
}

describe("cutting what makes a flow graph irreducible", () => {
  const seed = testSeed(1);

  it("leaves nested loops alone", () => {
    expect(cutsOf(graphOf(4, [[0, 1, 1], [1, 2, 1], [2, 1, 1], [2, 3, 1], [3, 0, 1]]))).to.deep.equal([]);
  });

  it("keeps a hot loop whole and cuts the cold way into its middle", () => {
    const graph = graphOf(3, [[0, 1, 50], [0, 2, 3], [1, 2, 900], [2, 1, 880]]);
    expect(cutsOf(graph)).to.deep.equal([{ from: 0, to: 2 }]);
    expect(findCuts(graph, 0).heat).to.equal(3);
  });

  it("sees no second entry in the root of a loop", () => {
    expect(cutsOf(graphOf(3, [[0, 1, 1], [0, 2, 1], [1, 0, 1], [2, 0, 1]]))).to.deep.equal([]);
  });

  it(`leaves a graph that is reducible and reached as far as before (SEED=${seed})`, () => {
    const random = new Random(seed);
    let cut = 0;
    for (let i = 0; i < GRAPHS; i++) {
      const size = 1 + random.below(MAX_NODES), edges = Array.from({ length: size * 2 }, () => [random.below(size), random.below(size), random.below(100)] as const);
      const graph = graphOf(size, edges), root = random.below(size), { isCut, heat } = findCuts(graph, root);
      const kept = graph.successors.map((list, from) => list.filter((to) => !isCut(from, to)));
      expect(isReducible(kept, root), JSON.stringify({ edges, root })).to.equal(true);
      expect([...reached(kept, root)].sort(), "nodes").to.deep.equal([...reached(graph.successors, root)].sort());
      const lost = cutsOf(graph, root);
      expect(heat, "heat").to.equal(lost.reduce((sum, { from, to }) => sum + graph.heatOf(from, to), 0));
      cut += lost.length;
    }
    expect(cut, "edges cut").to.be.above(GRAPHS / 10);
  });
});

function reached(successors: readonly (readonly number[])[], root: number): Set<number> {
  const found = new Set([root]);
  for (const node of found) for (const to of successors[node]) found.add(to);
  return found;
}
