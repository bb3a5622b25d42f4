/**
 * Writes a reducible flow graph with the control structures JavaScript has: loops and labelled blocks, each node once
 * (Ramsey, "Beyond Relooper", 2022, by way of the dominator tree).
 *
 * A node with one edge to it stands where that edge is. One with several stands behind a labelled block that holds whatever
 * leads there, at its dominator; one that comes after a loop behind the whole loop, so that the loop stays small.
 */
import type { Statement } from "estree";
import type { Flow, FlowNode } from "../ir/flow.ts";
import { isBackEdge } from "../ir/flow.ts";
import { id } from "./estree.ts";

/** What the graph's user writes. */
export interface NodeWriter {
  /**
   * The statements of a node, of which the last lead on: along an edge with the statements of `follow`, or out of the
   * region. `follow` may be called once per successor.
   */
  node(node: FlowNode, follow: (to: FlowNode) => Statement[]): Statement[];
  /** What is done on an edge before its target is reached. */
  edge(from: FlowNode, to: FlowNode): Statement[];
}

export function structure(flow: Flow, writer: NodeWriter): Statement[] {
  return new Structurer(flow, writer).write();
}

const labelOf = (node: FlowNode): string => `L${node.id}`;

class Structurer {
  private readonly flow: Flow;
  private readonly writer: NodeWriter;
  /** Nodes that stand behind a labelled block: by dominator, or by head of the loop they come after. */
  private readonly merges = new Map<FlowNode, FlowNode[]>();
  private readonly exits = new Map<FlowNode, FlowNode[]>();
  private readonly placed = new Set<FlowNode>();

  constructor(flow: Flow, writer: NodeWriter) {
    this.flow = flow;
    this.writer = writer;
  }

  write(): Statement[] {
    const [root, ...others] = this.flow.nodes;
    for (const node of others) this.place(node);
    return this.tree(root);
  }

  private place(node: FlowNode): void {
    const { dominator } = node, left = outermostLeft(dominator, node);
    if (left !== null) this.note(this.exits, left, node);
    else if (node.forwardEdges > 1) this.note(this.merges, dominator, node);
  }

  private note(where: Map<FlowNode, FlowNode[]>, key: FlowNode, node: FlowNode): void {
    this.placed.add(node);
    const list = where.get(key);
    if (list === undefined) where.set(key, [node]);
    else list.push(node);
  }

  /** A node and all it dominates. */
  private tree(node: FlowNode): Statement[] {
    let out = this.behind(node, this.merges.get(node) ?? []);
    if (node.isHead) {
      out = [{
        type: "LabeledStatement", label: id(labelOf(node)),
        body: { type: "ForStatement", init: null, test: null, update: null, body: { type: "BlockStatement", body: out } },
      }];
      out = this.wrap(out, this.exits.get(node) ?? []);
    }
    return out;
  }

  private behind(node: FlowNode, merges: readonly FlowNode[]): Statement[] {
    return this.wrap(this.writer.node(node, (to) => this.follow(node, to)), merges);
  }

  /** Puts nodes behind statements that lead to them; what is reached first comes first. */
  private wrap(statements: Statement[], nodes: readonly FlowNode[]): Statement[] {
    let out = statements;
    for (const node of [...nodes].sort((a, b) => a.order - b.order)) {
      out = [
        { type: "LabeledStatement", label: id(`B${node.id}`), body: { type: "BlockStatement", body: out } },
        ...this.tree(node),
      ];
    }
    return out;
  }

  private follow(from: FlowNode, to: FlowNode): Statement[] {
    const on = this.writer.edge(from, to);
    if (isBackEdge(from, to)) return [...on, { type: "ContinueStatement", label: id(labelOf(to)) }];
    if (this.placed.has(to)) return [...on, { type: "BreakStatement", label: id(`B${to.id}`) }];
    return [...on, ...this.tree(to)];
  }
}

/** The head of the outermost loop that a node is in and another is not; null if there is none. */
function outermostLeft(from: FlowNode, to: FlowNode): FlowNode | null {
  const around = new Set<FlowNode>();
  for (let loop = to.loop; loop !== null; loop = loop.outer) around.add(loop);
  let left: FlowNode | null = null;
  for (let loop = from.loop; loop !== null; loop = loop.outer) if (!around.has(loop)) left = loop;
  return left;
}
