/**
 * How a region counts insns: only on edges that lead back. Every node has a *potential*, the most insns that may have been
 * executed since the last such edge; the count of insns left is kept as if that many had been, and an edge on which there
 * were fewer gives the difference back. So the count is exact wherever the region is left, at the cost of one subtraction
 * and one comparison per turn of a loop.
 */
import type { Flow, FlowNode } from "./flow.ts";
import { isBackEdge } from "./flow.ts";
import type { Region } from "./region.ts";

export interface Budget {
  /** Insns before a node that are not counted yet. */
  potentialOf(node: FlowNode): number;
  /** Most insns from a node on until they are counted or the region is left: what must be left to go there. */
  reachOf(node: FlowNode): number;
  /** What an edge takes off the count; negative on edges that give back. */
  costOf(from: FlowNode, to: FlowNode): number;
}

export function budgetOf(region: Region, { nodes }: Flow): Budget {
  const size = (n: FlowNode): number => (n.dispatch !== null ? 0 : region.blocks[n.block].insnCount);
  const potential = nodes.map(() => 0), reach = nodes.map(size);
  for (const node of nodes) {
    for (const to of node.successors) {
      if (!isBackEdge(node, to)) potential[to.order] = Math.max(potential[to.order], potential[node.order] + size(node));
    }
  }
  for (const node of [...nodes].reverse()) {
    for (const to of node.successors) {
      if (!isBackEdge(node, to)) reach[node.order] = Math.max(reach[node.order], size(node) + reach[to.order]);
    }
  }
  return {
    potentialOf: (node) => potential[node.order],
    reachOf: (node) => reach[node.order],
    costOf: (from, to) => potential[from.order] + size(from) - potential[to.order],
  };
}
