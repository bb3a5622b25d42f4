/**
 * The translation cache for people: each block from guest bytes to JavaScript. Every guest insn is followed by its ops,
 * as lowered on the left and as optimised on the right, so that one can see what became of what:
 *
 *     TB 3 at 0x1024: 3 insns, 9 bytes, 32-bit protected mode, ran 1200 times
 *       0x00001024  01 d8                    add    eax,ebx
 *           v1 = get eax                       v1 = get eax
 *           …                                  …
 *       function tb_1024() {
 *         …
 *       next  0x1031 -> TB 4 (chained)
 */
import type { Palette } from "./palette.ts";
import { palette } from "./palette.ts";
import type { BlockReport, CacheReport, InsnReport, ModeReport, RegionReport, SuccessorReport } from "./report.ts";

/** Bytes per listing line before the text: the longest insn wraps nothing, it only pushes its text to the right. */
const BYTES_COLUMNS = 24;
const OP_INDENT = "      ";
/** Ops wider than this do not widen the left column. */
const MAX_LEFT_COLUMNS = 48;

/** What to print of each block. */
export interface TextOptions {
  readonly isColoured: boolean;
}

const hex = (n: number, digits = 0): string => `0x${n.toString(16).padStart(digits, "0")}`;

/** What is printed before the blocks. */
export function cacheHeadline({ blocks, capacityBlocks }: CacheReport): string {
  return `${blocks.length} ${blocks.length === 1 ? "block" : "blocks"}; the cache holds ${capacityBlocks}\n`;
}

/** One block. */
export function blockText(block: BlockReport, { isColoured }: TextOptions): string {
  const p = palette(isColoured);
  const lines = [p.heading(headline(block))];
  const width = leftWidth(block);
  if (block.insns.some((i) => i.ir !== null)) {
    lines.push(p.faint(`${OP_INDENT}${"ops as lowered".padEnd(width)}  ops as optimised`));
  }
  for (const insn of block.insns) lines.push(...insnLines(insn, width, p));
  lines.push(...block.javascript.trimEnd().split("\n").map((line) => `  ${p.javascript(line)}`));
  for (const s of block.successors) lines.push(`  ${successorText(s, p)}`);
  return `${lines.join("\n")}\n`;
}

/** One region: its blocks, its JavaScript, and the ways it was left. */
export function regionText(region: RegionReport, { isColoured }: TextOptions): string {
  const p = palette(isColoured), { blocks, entries, exits, sideExits } = region;
  const names = (numbers: readonly number[]): string => numbers.map((n) => `TB ${n}`).join(", ");
  const facts = [`${blocks.length} block${blocks.length === 1 ? "" : "s"}`, `${region.insnCount} insns`];
  if (region.wasmBytes > 0) facts.push(`${region.wasmBytes} bytes of WebAssembly`);
  if (sideExits > 0) facts.push(`${sideExits} side exit${sideExits === 1 ? "" : "s"}`);
  return `${[
    p.heading(`REGION ${region.number} at ${hex(region.address)}: ${facts.join(", ")}`),
    `  made of ${names(blocks)}`,
    `  entered at ${names(entries)}`,
    ...(region.optimizedIr ?? []).map((line) => `${OP_INDENT}${p.ir(line)}`),
    ...region.javascript.trimEnd().split("\n").map((line) => `  ${p.javascript(line)}`),
    ...exits.map(({ block, kind, count }) => `  left ${count} time${count === 1 ? "" : "s"} ${kind === "budget" ? `in front of TB ${block}, the budget used up` : `behind TB ${block}, by its ${kind}`}`),
  ].join("\n")}\n`;
}

function headline(block: BlockReport): string {
  const { executions, sideExits, insns } = block;
  const facts = [`${insns.length} insn${insns.length === 1 ? "" : "s"}`, `${block.sizeBytes} byte${block.sizeBytes === 1 ? "" : "s"}`, modeText(block.mode)];
  if (block.csBase !== 0) facts.push(`CS base ${hex(block.csBase)}`);
  if (block.physicalAddress !== block.address) facts.push(`physical ${hex(block.physicalAddress)}`);
  if (executions !== null) facts.push(`ran ${executions} time${executions === 1 ? "" : "s"}`);
  if (sideExits > 0) facts.push(`${sideExits} side exit${sideExits === 1 ? "" : "s"}`);
  return `TB ${block.number} at ${hex(block.address)}: ${facts.join(", ")}`;
}

function modeText({ bits, isProtected, isV86, cpl }: ModeReport): string {
  const name = isV86 ? "virtual-8086" : isProtected ? "protected" : "real";
  return `${bits}-bit ${name} mode${isProtected && !isV86 && cpl > 0 ? ` at CPL ${cpl}` : ""}`;
}

/** Width of the left column of ops. */
function leftWidth(block: BlockReport): number {
  const widths = block.insns.flatMap((i) => i.ir ?? []).map((op) => op.length);
  return Math.min(MAX_LEFT_COLUMNS, Math.max(14, ...widths));
}

function insnLines(insn: InsnReport, width: number, p: Palette): string[] {
  const lines = [`  ${insnText(insn, p)}`];
  const left = insn.ir ?? [], right = insn.optimizedIr ?? [];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const before = (left[i] ?? "").padEnd(width), after = right[i] ?? "";
    lines.push(`${OP_INDENT}${p.faint(before)}  ${p.ir(after)}`.trimEnd());
  }
  return lines;
}

/** A line of a listing: address, bytes, Intel syntax. */
export function insnText(insn: Pick<InsnReport, "address" | "bytes" | "text">, p: Palette = palette(false)): string {
  const bytes = bytesText(insn.bytes).padEnd(BYTES_COLUMNS);
  return `${p.address(hex(insn.address, 8))}  ${p.faint(bytes)} ${p.guest(insn.text)}`.trimEnd();
}

/** `01 d8`. */
function bytesText(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
}

function successorText({ kind, address, chainedTo }: SuccessorReport, p: Palette): string {
  if (kind === "indirect") return "goes on where a register or memory says, by the jump cache";
  if (kind === "anew") return "goes where the state of the processor says";
  const target = `${kind.padEnd(5)} ${hex(address ?? 0)}`;
  return chainedTo === null ? `${target} ${p.bad("(not chained)")}` : `${target} -> TB ${chainedTo} ${p.good("(chained)")}`;
}
