/**
 * The translation cache for programs. `tcgjs dump --format json` prints one object:
 *
 *     {
 *       "format": "tcgjs-dump",
 *       "version": 1,                        counts changes that a reader could trip over
 *       "capacityBlocks": 16384,             most blocks the cache holds
 *       "blocks": [                          by ascending address
 *         {
 *           "number": 3,                     counts translations from 1; other blocks refer to it
 *           "address": 4132,                 linear address of the first byte
 *           "physicalAddress": 4132,
 *           "csBase": 0,                     the code segment's base
 *           "sizeBytes": 9,
 *           "mode": { "bits": 32, "isProtected": true, "isV86": false, "cpl": 0 },
 *           "executions": 1200,              times entered; null if not counted
 *           "sideExits": 0,                  times left in front of an insn for the interpreter
 *           "insns": [
 *             {
 *               "address": 4132,             linear
 *               "bytes": "01d8",             in hexadecimal
 *               "text": "add    eax,ebx",    Intel syntax
 *               "ir": ["v1 = get eax", …],   ops as lowered, or null if not kept
 *               "optimizedIr": […]           ops as optimised, or null if not kept
 *             }
 *           ],
 *           "javascript": "function tb_1024() {…}",
 *           "successors": [
 *             { "kind": "next", "address": 4145, "chainedTo": 4 },
 *             { "kind": "taken", "address": 4132, "chainedTo": null }
 *           ]
 *         }
 *       ],
 *       "regions": [                         by ascending address of the root; there are some only with --region-threshold
 *         {
 *           "number": 1,                     counts regions from 1
 *           "address": 4132,                 linear address of the root
 *           "blocks": [3, 4],                by number, the root first
 *           "entries": [3],                  where it may be entered
 *           "insnCount": 7,
 *           "sideExits": 0,
 *           "exits": [{ "block": 4, "kind": "next", "count": 12 }],   ways out that were taken; kind may be `budget`
 *           "optimizedIr": […],              ops of all blocks as optimised for the region, or null if not kept
 *           "javascript": "function region_1024(left) {…}",
 *           "wasmBytes": 0                   size of the WebAssembly that runs instead of the JavaScript; 0 for none
 *         }
 *       ]
 *     }
 *
 * `kind` is `next` (the following insn), `taken` (the branch target), `indirect` (looked up at run time) or `engine`; the
 * last two have no address (null). `chainedTo` is a block's number, or null where the link is not chained.
 * All addresses are unsigned numbers.
 */
import type { BlockReport, CacheReport } from "./report.ts";

const DUMP_FORMAT = "tcgjs-dump", DUMP_VERSION = 1;

/** A `CacheReport` as JSON text, indented, with a line feed at the end. */
export function cacheJson(report: CacheReport): string {
  const value = {
    format: DUMP_FORMAT, version: DUMP_VERSION, capacityBlocks: report.capacityBlocks, blocks: report.blocks.map(blockValue), regions: report.regions,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function blockValue(b: BlockReport): object {
  return {
    number: b.number, address: b.address, physicalAddress: b.physicalAddress, csBase: b.csBase, sizeBytes: b.sizeBytes, mode: b.mode,
    executions: b.executions, sideExits: b.sideExits,
    insns: b.insns.map((i) => ({ ...i, bytes: Array.from(i.bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") })),
    javascript: b.javascript, successors: b.successors,
  };
}
