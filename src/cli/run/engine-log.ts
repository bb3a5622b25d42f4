/**
 * The logs of `-d`, after QEMU's: what the engine translates, runs and delivers, as text in the order in which it happens.
 * `--trace blocks` is made here too, since it comes from the same events.
 */
import type { Engine } from "../../exec/engine.ts";
import type { EngineObserver, EventKind } from "../../exec/observer.ts";
import type { Region } from "../../exec/region.ts";
import type { TranslationBlock } from "../../exec/translation-block.ts";
import { cpuText } from "../../inspect/cpu-text.ts";
import type { BlockReport } from "../../inspect/report.ts";
import { reportBlock } from "../../inspect/report.ts";
import { insnText } from "../../inspect/text.ts";
import { CS, EIP, SEG_BASE, SEG_SELECTOR } from "../../x86/state.ts";
import type { AddressRange } from "../numbers.ts";
import { isInRanges } from "../numbers.ts";
import type { LogItem } from "./log-items.ts";

/** Exceptions by name (SDM 3A table 6-1). */
const FAULT_NAMES: Readonly<Record<number, string>> = {
  0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF", 10: "#TS", 11: "#NP", 12: "#SS", 13: "#GP", 14: "#PF",
  16: "#MF", 17: "#AC", 18: "#MC", 19: "#XM",
};

const hex = (n: number, digits = 0): string => `0x${(n >>> 0).toString(16).padStart(digits, "0")}`;

export interface LogRequest {
  readonly items: readonly LogItem[];
  /** Only blocks that begin here; null for all. */
  readonly ranges: readonly AddressRange[] | null;
  /** Where the log goes. */
  readonly log: (text: string) => void;
  /** Where `--trace blocks` goes, or null without it. */
  readonly traceBlocks: ((text: string) => void) | null;
}

export class EngineLog implements EngineObserver {
  readonly watchesBlocks: boolean;
  /** Something of each block is printed: it should be translated at once, and its IR kept. */
  readonly printsBlocks: boolean;
  private readonly request: LogRequest;
  private readonly items: ReadonlySet<LogItem>;
  private engine: Engine | null = null;

  constructor(request: LogRequest) {
    this.request = request;
    this.items = new Set(request.items);
    this.watchesBlocks = this.items.has("exec") || this.items.has("cpu") || request.traceBlocks !== null;
    this.printsBlocks = this.watchesBlocks || ["in_asm", "op", "op_opt", "out_js"].some((item) => this.items.has(item as LogItem));
  }

  /** Must be called before the engine runs. */
  attach(engine: Engine): void {
    this.engine = engine;
  }

  private wants(tb: TranslationBlock): boolean {
    const { ranges } = this.request;
    return ranges === null || isInRanges(ranges, linearOf(tb));
  }

  blockTranslated(tb: TranslationBlock): void {
    const { items, engine, request } = this;
    if (engine === null || !this.wants(tb)) return;
    if (!items.has("in_asm") && !items.has("op") && !items.has("op_opt") && !items.has("out_js")) return;
    const block = reportBlock(engine, tb);
    const text: string[] = ["----------------\n"];
    if (items.has("in_asm")) text.push("IN:\n", ...block.insns.map((i) => `${insnText(i)}\n`), "\n");
    if (items.has("op")) text.push("OP:\n", opsText(block, "ir"));
    if (items.has("op_opt")) text.push("OP after optimization:\n", opsText(block, "optimizedIr"));
    if (items.has("out_js")) text.push(`OUT: [size=${block.javascript.length}]\n${block.javascript.trimEnd()}\n\n`);
    request.log(text.join(""));
  }

  regionTranslated(region: Region): void {
    const { items, request } = this, root = region.members[0];
    if (!this.wants(root) || (!items.has("op_opt") && !items.has("out_js"))) return;
    const starts = region.members.map((tb) => hex(linearOf(tb), 8)).join(" ");
    const text = [`----------------\nREGION ${region.serial} of ${region.members.length} blocks: ${starts}\n\n`];
    if (items.has("op_opt") && region.optimizedIr !== null) text.push(`OP after optimization:\n${region.optimizedIr}\n`);
    if (items.has("out_js")) text.push(`OUT: [size=${region.text.length}]\n${region.text.trimEnd()}\n\n`);
    request.log(text.join(""));
  }

  blockEntered(tb: TranslationBlock): void {
    const { items, engine, request } = this;
    if (!this.wants(tb)) return;
    request.traceBlocks?.(`TB ${tb.serial} at ${hex(linearOf(tb), 8)}: ${tb.size} insns, ${tb.length} bytes\n`);
    if (items.has("exec")) request.log(`Trace ${tb.serial}: ${hex(linearOf(tb), 8)} [${hex(tb.space?.csBase ?? 0, 8)}/${hex(tb.eip, 8)}]\n`);
    if (items.has("cpu") && engine !== null) request.log(cpuText(engine.cpu, tb.eip));
  }

  /** Not among the items of `-d`. */
  blockLeft(): void {
    // A side exit is told of by the insn that follows.
  }

  eventRaised(kind: EventKind, vector: number, error: number): void {
    const { items, engine, request } = this;
    if (!items.has("int") || engine === null) return;
    const { R } = engine.cpu;
    const name = kind === "fault" ? `fault ${FAULT_NAMES[vector] ?? vector}` : `${kind === "software" ? "software" : "external"} interrupt ${hex(vector, 2)}`;
    const code = error >= 0 ? ` (error code ${hex(error, 4)})` : "";
    const at = `${hex(R[SEG_SELECTOR + CS], 4).slice(2)}:${hex(R[EIP], 8).slice(2)}`;
    request.log(`${name}${code} at ${at}, linear ${hex(R[SEG_BASE + CS] + R[EIP], 8)}, insn ${engine.retired}\n${cpuText(engine.cpu, R[EIP])}`);
  }
}

function linearOf(tb: TranslationBlock): number {
  return ((tb.space?.csBase ?? 0) + tb.eip) | 0;
}

/** The ops of a block, under the address of the insn they are for. */
function opsText(block: BlockReport, which: "ir" | "optimizedIr"): string {
  const lines = block.insns.flatMap((i) => [` ---- ${hex(i.address, 8)}`, ...(i[which] ?? []).map((op) => ` ${op}`), ""]);
  return `${lines.join("\n")}\n`;
}
