/**
 * What is in an engine's translation cache, as plain data: per block the guest's bytes and insns, the IR before and after
 * optimisation, the emitted JavaScript, where it goes and how often it ran. `text.ts`, `json.ts` and `dot.ts` print it;
 * the engine must have been made with `inspect`, or IR and counts are missing.
 */
import type { Engine } from "../exec/engine.ts";
import type { Region } from "../exec/region.ts";
import type { LinkSlot, TranslationBlock } from "../exec/translation-block.ts";
import type { Cpu } from "../x86/cpu.ts";
import { disassemble } from "../x86/isa/disasm.ts";
import type { Mode } from "../x86/isa/mode.ts";

/** One guest insn of a block. */
export interface InsnReport {
  /** Linear address, unsigned. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Intel syntax. */
  readonly text: string;
  /** IR ops as printed, one line each without indentation; null if the engine did not keep them. */
  readonly ir: readonly string[] | null;
  readonly optimizedIr: readonly string[] | null;
}

/**
 * Where a block goes: `next` and `taken` are direct successors, which may be chained; `indirect` is looked up by its
 * address at run time; `anew` is found by the state of the processor, its mode among
 * it, after an insn that may have changed it.
 */
export interface SuccessorReport {
  readonly kind: "next" | "taken" | "indirect" | "anew";
  /** Linear address, unsigned; null for `indirect` and `anew`. */
  readonly address: number | null;
  /** The block it is chained to, by number; null if it is not chained. */
  readonly chainedTo: number | null;
}

export interface BlockReport {
  /** Counts translations from 1; unique in an engine. */
  readonly number: number;
  /** Linear address of the first byte, unsigned. */
  readonly address: number;
  /** Physical address of the first byte, unsigned. */
  readonly physicalAddress: number;
  /** Base of the code segment, unsigned: offsets in it are linear addresses less this. */
  readonly csBase: number;
  readonly sizeBytes: number;
  readonly mode: ModeReport;
  readonly insns: readonly InsnReport[];
  /** Source text of the emitted function. */
  readonly javascript: string;
  readonly successors: readonly SuccessorReport[];
  /** How often it was entered; null if the engine did not count. */
  readonly executions: number | null;
  /** How often it left in front of one of its insns for the interpreter. */
  readonly sideExits: number;
}

export interface ModeReport {
  /** Default operand and address size. */
  readonly bits: 16 | 32;
  readonly isProtected: boolean;
  readonly isV86: boolean;
  readonly cpl: number;
}

/** A region: blocks in one function. Blocks are named by number. */
export interface RegionReport {
  /** Counts regions from 1; unique in an engine. */
  readonly number: number;
  /** Linear address of its root, unsigned. */
  readonly address: number;
  /** The root first. */
  readonly blocks: readonly number[];
  /** Where it may be entered. */
  readonly entries: readonly number[];
  readonly insnCount: number;
  /** IR of all blocks as optimised for the region, one line each; null if the engine did not keep it. */
  readonly optimizedIr: readonly string[] | null;
  /** Source text of the emitted function. */
  readonly javascript: string;
  /** Size of the module of WebAssembly that does the same, and is what runs; 0 if the JavaScript itself does. */
  readonly wasmBytes: number;
  /** The ways out that were taken, hottest first. */
  readonly exits: readonly RegionExitReport[];
  /** How often it left in front of one of its insns for the interpreter. */
  readonly sideExits: number;
}

export interface RegionExitReport {
  /** The block it was left behind; in front of it, if that is because the budget was used up. */
  readonly block: number;
  readonly kind: "next" | "taken" | "budget";
  readonly count: number;
}

/** Everything about one engine's cache. */
export interface CacheReport {
  readonly blocks: readonly BlockReport[];
  readonly regions: readonly RegionReport[];
  /** Most blocks the cache holds before it is flushed. */
  readonly capacityBlocks: number;
}

/** Reports on all valid blocks, by ascending address. Allocates; the engine must not be running. */
export function reportCache(engine: Engine): CacheReport {
  const blocks = engine.translator.allBlocks().map((tb) => reportBlock(engine, tb));
  return {
    blocks: blocks.sort((a, b) => a.address - b.address || a.number - b.number), capacityBlocks: engine.options.maxBlocks,
    regions: engine.translator.regions.list().map(reportRegion).sort((a, b) => a.address - b.address || a.number - b.number),
  };
}

/** Reports on one region. */
function reportRegion(region: Region): RegionReport {
  const { members, entries, exits } = region;
  const kinds = ["next", "taken", "budget"] as const;
  return {
    number: region.serial,
    address: (region.space.csBase + members[0].eip) >>> 0,
    blocks: members.map((tb) => tb.serial),
    entries: entries.map((tb) => tb.serial),
    insnCount: members.reduce((sum, tb) => sum + tb.size, 0),
    optimizedIr: region.optimizedIr?.split("\n").filter((line) => line !== "") ?? null,
    javascript: region.text,
    wasmBytes: region.wasmBytes,
    exits: members.flatMap((tb, i) => kinds.map((kind, way) => ({ block: tb.serial, kind, count: exits[4 * i + way] })))
      .filter(({ count }) => count > 0).sort((a, b) => b.count - a.count),
    sideExits: region.sideExits,
  };
}

/** Reports on one valid block. */
export function reportBlock(engine: Engine, tb: TranslationBlock): BlockReport {
  const { translator, cpu, options } = engine, mode = tb.space?.mode, csBase = tb.space?.csBase ?? 0;
  return {
    number: tb.serial,
    address: (csBase + tb.eip) >>> 0,
    physicalAddress: tb.phys >>> 0,
    csBase: csBase >>> 0,
    sizeBytes: tb.length,
    mode: reportMode(mode),
    insns: reportInsns(cpu.memory, tb),
    javascript: tb.text,
    successors: reportSuccessors(tb, csBase, (slot) => translator.isChained(tb, slot)),
    executions: options.inspect ? tb.executions : null,
    sideExits: tb.sideExits,
  };
}

function reportMode(mode: Mode | undefined): ModeReport {
  return { bits: mode?.code32 === true ? 32 : 16, isProtected: mode?.protectedMode === true, isV86: mode?.v86 === true, cpl: mode?.cpl ?? 0 };
}

function reportInsns(memory: Cpu["memory"], tb: TranslationBlock): InsnReport[] {
  const { space } = tb;
  if (space === null) return [];
  const ir = splitByInsn(tb.ir), optimizedIr = splitByInsn(tb.optimizedIr);
  return tb.eips.map((eip, i) => {
    const insn = space.find(eip);
    return {
      address: (space.csBase + eip) >>> 0,
      bytes: bytesAt(memory, tb, insn.lin - space.find(tb.eip).lin, insn.length),
      text: disassemble(insn),
      ir: ir?.[i] ?? null,
      optimizedIr: optimizedIr?.[i] ?? null,
    };
  });
}

/** The guest bytes of a block from byte `at`; the block may go on in another physical page. */
function bytesAt(memory: Cpu["memory"], tb: TranslationBlock, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length), toPageEnd = 4096 - (tb.phys & 4095);
  for (let i = 0; i < length; i++) {
    const offset = at + i, phys = offset < toPageEnd ? tb.phys + offset : tb.tailPhys + offset - toPageEnd;
    const region = memory.find(phys);
    if (region !== null) bytes[i] = region.bytes[(phys >>> 0) - region.base];
  }
  return bytes;
}

/** The ops of printed IR, by the insn whose `insn_start` they follow. */
function splitByInsn(text: string | null): string[][] | null {
  if (text === null) return null;
  const insns: string[][] = [];
  for (const line of text.split("\n")) {
    const op = line.trim();
    if (op.startsWith("insn_start")) insns.push([]);
    else if (op !== "}" && op !== "") insns.at(-1)?.push(op);
  }
  return insns;
}

function reportSuccessors(tb: TranslationBlock, csBase: number, isChained: (slot: LinkSlot) => boolean): SuccessorReport[] {
  const direct = (slot: LinkSlot): SuccessorReport => {
    const stub = slot === 0 ? tb.nextStub : tb.takenStub, to = slot === 0 ? tb.next : tb.taken;
    return {
      kind: slot === 0 ? "next" : "taken", address: (csBase + (stub?.eip ?? 0)) >>> 0, chainedTo: isChained(slot) ? to.serial : null,
    };
  };
  const exit = splitByInsn(tb.optimizedIr)?.at(-1)?.at(-1) ?? "";
  return exitsOf(exit).map((kind) => {
    if (kind === "next") return direct(0);
    return kind === "taken" ? direct(1) : { kind, address: null, chainedTo: null };
  });
}

/** Where the op that ends a block leads. */
function exitsOf(exit: string): readonly SuccessorReport["kind"][] {
  const [name, target = ""] = exit.split(" ");
  switch (name) {
    case "goto_tb": return [target === "next" ? "next" : "taken"];
    case "goto_tb_if": return ["next", "taken"];
    case "lookup_and_goto_ptr": return ["indirect"];
    case "exit_tb": return ["anew"];
    case "exit_tb_if": return ["next", "anew"];
    default: return [];
  }
}
