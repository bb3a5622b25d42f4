/**
 * The blocks as a graph for Graphviz: `tcgjs dump --format dot IMAGE | dot -Tsvg`. A solid arrow is a chained link, a dashed
 * one is not chained yet; the redder a block, the more often it ran. Successors outside the report are small grey nodes.
 */
import type { BlockReport, CacheReport, SuccessorReport } from "./report.ts";

const hex = (n: number): string => `0x${n.toString(16)}`;

export function cacheDot(report: CacheReport): string {
  const { blocks } = report, most = Math.max(1, ...blocks.map((b) => b.executions ?? 0));
  const byAddress = new Map(blocks.map((b) => [b.address, b])), outside = new Map<number, string>();
  const edges = blocks.flatMap((b) => b.successors.map((s) => edgeText(b, s, byAddress, outside)));
  return `${[
    "digraph tcgjs {",
    `  graph [label="${blocks.length} translation blocks", labelloc=t, fontname="monospace"];`,
    '  node [shape=box, style=filled, fillcolor=white, fontname="monospace", fontsize=10];',
    '  edge [fontname="monospace", fontsize=9];',
    ...blocks.map((b) => nodeText(b, most)),
    ...[...outside].map(([address, name]) => `  ${name} [label="${hex(address)}", style=dotted, fontcolor=gray40];`),
    ...edges,
    "}",
  ].join("\n")}\n`;
}

function nodeText(block: BlockReport, most: number): string {
  const { executions, insns } = block;
  const count = executions === null ? "" : `  x${executions}`;
  const lines = [`TB ${block.number}  ${hex(block.address)}${count}`, ...insns.map((i) => `${i.address.toString(16)}  ${i.text}`)];
  const heat = executions === null ? 0 : Math.log1p(executions) / Math.log1p(most);
  // Hue red, saturation by heat: HSV as Graphviz takes it.
  return `  tb${block.number} [label="${lines.map(escape).join("\\l")}\\l", fillcolor="0.03 ${(heat * 0.6).toFixed(2)} 1.0"];`;
}

function edgeText(from: BlockReport, s: SuccessorReport, byAddress: ReadonlyMap<number, BlockReport>, outside: Map<number, string>): string {
  const style = s.chainedTo === null ? "dashed" : "solid";
  if (s.address === null) {
    const name = `tb${from.number}_${s.kind}`;
    return `  ${name} [label="${s.kind === "indirect" ? "indirect" : "by state"}", shape=ellipse, fontcolor=gray40];\n  tb${from.number} -> ${name} [style=dotted];`;
  }
  const target = byAddress.get(s.address);
  let name = target === undefined ? outside.get(s.address) : `tb${target.number}`;
  if (name === undefined) {
    name = `at_${s.address.toString(16)}`;
    outside.set(s.address, name);
  }
  return `  tb${from.number} -> ${name} [label="${s.kind}", style=${style}];`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
