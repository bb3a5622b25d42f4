/** What a run has cost: the counters of `--stats` and `--json`. */
import type { Engine } from "../exec/engine.ts";
import type { UnhandledCount } from "./unhandled.ts";

export interface RunStatistics {
  readonly insns: number;
  readonly seconds: number;
  /** Million guest insns a second. */
  readonly mips: number;
  readonly engine: Readonly<Record<string, number>>;
  /** Microseconds of translation per guest byte translated; 0 if there was none. */
  readonly translationUsPerByte: number;
  readonly cachedBlocks: number;
  readonly unhandled: readonly UnhandledCount[];
}

export function statisticsOf(engine: Engine, insns: number, ms: number, unhandled: readonly UnhandledCount[]): RunStatistics {
  const { stats } = engine;
  return {
    insns, seconds: ms / 1000, mips: ms === 0 ? 0 : insns / ms / 1000,
    engine: { ...stats },
    translationUsPerByte: stats.bytesTranslated === 0 ? 0 : stats.translationMs * 1000 / stats.bytesTranslated,
    cachedBlocks: engine.translator.allBlocks().length,
    unhandled,
  };
}

/** The engine's counters, as people read them. */
const LABELS: Readonly<Record<string, string>> = {
  interpretedInsns: "insns interpreted", soloInsns: "insns run alone (I/O, HLT, mode changes …)", sideExits: "side exits from blocks", faults: "faults",
  interrupts: "external interrupts", blocksTranslated: "blocks translated", insnsTranslated: "insns translated", bytesTranslated: "guest bytes translated",
  charsEmitted: "characters of JavaScript", wasmBytes: "bytes of WebAssembly", translationMs: "milliseconds of translation", regionsMade: "regions made", regionBlocks: "blocks in regions",
  regionInsns: "insns in regions", regionChars: "characters of JavaScript for regions", regionWasmBytes: "bytes of WebAssembly for regions", regionMs: "milliseconds of making regions",
  regionsDropped: "regions dropped", handlersMade: "interpreter handlers made", threadedHandlers: "handlers in threaded code", threadedBytes: "bytes of WebAssembly for handlers", threadedMs: "milliseconds of making those",
  insnsDecoded: "insns decoded", linksChained: "links chained", linkMisses: "links followed that were not chained",
  jumpCacheMisses: "jump cache misses", invalidations: "blocks invalidated by writes", flushes: "flushes of the cache",
};

const group = (n: number): string => (Number.isInteger(n) ? n.toString().replace(/\B(?=(\d{3})+$)/g, ",") : n.toFixed(3));

/** Lines of label and number, numbers aligned. */
export function statisticsText(s: RunStatistics): string {
  const rows: [string, string][] = [
    ["insns", group(s.insns)], ["seconds", s.seconds.toFixed(3)], ["million insns a second", s.mips.toFixed(1)],
    ...Object.entries(s.engine).map(([name, n]): [string, string] => [LABELS[name] ?? name, group(n)]),
    ["microseconds of translation per guest byte", s.translationUsPerByte.toFixed(2)],
    ["blocks in the cache at the end", group(s.cachedBlocks)],
    ...s.unhandled.map((u): [string, string] => [`${u.kind} 0x${u.address.toString(16)}: nothing there, reads/writes`, `${u.reads}/${u.writes}`]),
  ];
  const left = Math.max(...rows.map(([label]) => label.length)), right = Math.max(...rows.map(([, n]) => n.length));
  return rows.map(([label, n]) => `${label.padEnd(left)}  ${n.padStart(right)}\n`).join("");
}
