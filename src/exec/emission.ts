/**
 * How emitted code of one VM is made: the environment its names are looked up in, the target by mode, the interpreter's
 * handlers, the unique names of texts. Made anew when the layout of memory changes, since code captures it.
 */
import type { Block } from "../../tcg/ir/block.ts";
import { OPS } from "../../tcg/ir/ops.ts";
import type { RegionBlock } from "../../tcg/ir/region.ts";
import type { EmittedBlock } from "../../tcg/js/block-emitter.ts";
import { emitBlock } from "../../tcg/js/block-emitter.ts";
import type { Environment } from "../../tcg/js/compile.ts";
import { compile } from "../../tcg/js/compile.ts";
import type { EmittedRegion } from "../../tcg/js/region-emitter.ts";
import { emitRegion } from "../../tcg/js/region-emitter.ts";
import { REGION_PARAMS, regionEntrance, regionFunction } from "../../tcg/js/region-function.ts";
import type { EmitTarget } from "../../tcg/js/target.ts";
import { optimize } from "../../tcg/opt/pipeline.ts";
import { printBlock } from "../../tcg/text/print.ts";
import type { WasmMemory, WasmTable } from "../../tcg/support/webassembly.ts";
import { verify } from "../../tcg/verify/verify.ts";
import { BlockUnit, TO_ANEW, TO_JUMP, TO_NEXT, TO_SIDE, TO_TAKEN } from "../../tcg/wasm/block-unit.ts";
import type { ThreadLayout } from "../../tcg/wasm/handler-unit.ts";
import { HandlerUnit } from "../../tcg/wasm/handler-unit.ts";
import type { LinkedUnit } from "../../tcg/wasm/unit.ts";
import { compileRegion as compileRegionToWasm } from "../../tcg/wasm/compile-region.ts";
import type { Cpu } from "../x86/cpu.ts";
import { bindHelpers } from "../x86/helpers/define.ts";
import type { HandlerSource } from "../x86/interpret.ts";
import { HandlerFactory } from "../x86/interpret.ts";
import type { Handler, Insn } from "../x86/isa/insn.ts";
import type { Mode } from "../x86/isa/mode.ts";
import { KERNEL, KERNEL_AC, USER } from "../x86/mmu/tlb.ts";
import { WAY_PC } from "../x86/state.ts";
import { lowerBlock, lowerRegionBlock } from "../x86/translate.ts";
import type { Callbacks } from "./environment.ts";
import { environmentOf, targetOf } from "./environment.ts";
import type { Member } from "./members.ts";
import type { EngineOptions } from "./options.ts";
import type { Region } from "./region.ts";
import type { TbFunction, TranslationBlock } from "./translation-block.ts";

/** Numbers the makers of texts, because every emitted text must be unique in the process (see tcg/js/compile.ts). */
const numbers = { next: 1 };

/** A block that is to get its function. */
export interface NewBlock {
  readonly tb: TranslationBlock;
  readonly insns: readonly Insn[];
  /** See `WantedBlock`. */
  readonly unitState: number;
}

/** A block as it is before somebody makes a function of it. */
interface EmittedText {
  readonly tb: TranslationBlock;
  readonly emitted: EmittedBlock;
  readonly name: string;
}

export class Emission {
  private readonly cpu: Cpu;
  private readonly options: EngineOptions;
  private readonly urlPrefix = `tcgjs/vm${numbers.next++}`;
  private readonly environment: Environment;
  private readonly flatTarget: EmitTarget;
  private readonly handlers: HandlerFactory;
  private readonly runCode: TbFunction;

  constructor(cpu: Cpu, options: EngineOptions, callbacks: Callbacks) {
    this.cpu = cpu;
    this.options = options;
    this.environment = environmentOf(cpu, callbacks);
    this.flatTarget = targetOf(cpu);
    this.runCode = codeRunner(cpu.R, callbacks);
    this.handlers = new HandlerFactory(cpu, (mode) => this.targetOf(mode), this.environment, this.urlPrefix, options.checked);
  }

  /** How many handlers have been generated. */
  get handlerCount(): number {
    return this.handlers.count;
  }

  handlerOf(insn: Insn): Handler {
    return this.handlers.handlerOf(insn);
  }

  sourceOf(handler: Handler): HandlerSource | undefined {
    return this.handlers.sourceOf(handler);
  }

  /** For handlers that are to be threaded code. */
  newHandlerUnit(layout: ThreadLayout, table: WasmTable, memory: WasmMemory): HandlerUnit {
    return new HandlerUnit(layout, this.environment, memory, table);
  }

  /** How code of a mode reaches memory. */
  private targetOf(mode: Mode): EmitTarget {
    if (mode.watching) return { ...this.flatTarget, memory: { kind: "none" } };
    if (!mode.paging) return this.flatTarget;
    const { environment } = this, { softTlb } = this.cpu.mmu;
    const [name, who] = mode.cpl === 3 ? ["User", USER] as const : mode.reachesUser ? ["KernelAc", KERNEL_AC] as const : ["Kernel", KERNEL] as const;
    const read = `tlbRead${name}`, write = `tlbWrite${name}`;
    environment[read] ??= softTlb.table(false, who);
    environment[write] ??= softTlb.table(true, who);
    return { ...this.flatTarget, memory: { kind: "tlb", read, write } };
  }

  /** The same for some insns: if one of them kept leaving, what lies near a frame's slot is not taken to lie in one page. */
  private targetFor(mode: Mode, insns: readonly Insn[]): EmitTarget {
    const target = this.targetOf(mode);
    return insns.every((insn) => insn.isTrusted) ? target : { ...target, frames: [] };
  }

  /** True if it is better to compile several blocks at once. */
  get isForBatches(): boolean {
    return this.wasmMemory !== null;
  }

  /** Where WebAssembly is wanted, and can be had. */
  get wasmMemory(): WasmMemory | null {
    return this.options.backEnd === "wasm" ? this.cpu.memory.arena.memory : null;
  }

  /** Somebody may want to see the JavaScript, even if it is not what runs. */
  private get isTextWanted(): boolean {
    const { inspect, checked, observer } = this.options;
    return inspect || checked || observer !== null;
  }

  /** Lowers, optimises, emits and compiles blocks; each TB gets its function and, where somebody may want to see them, IR and text. */
  compileBlocks(blocks: readonly NewBlock[]): void {
    const { wasmMemory, environment, isTextWanted } = this, { state } = this.flatTarget, inWasm: EmittedText[] = [];
    const unit = wasmMemory === null ? null : new BlockUnit(state, environment, wasmMemory);
    for (const block of blocks) {
      const { tb, insns } = block, name = `tb_${(insns[0].lin >>> 0).toString(16)}`, emitted = this.emit(block, name), isInWasm = unit?.add(emitted, name) === true;
      if (isInWasm) inWasm.push({ tb, emitted, name });
      if (!isInWasm || isTextWanted) this.compileText({ tb, emitted, name });
    }
    this.link(inWasm, unit?.link() ?? null);
    for (const { tb } of blocks) {
      this.watch(tb);
      tb.plain = tb.run;
    }
  }

  private emit({ tb, insns, unitState }: NewBlock, name: string): EmittedBlock {
    const { inspect, checked } = this.options, { mode } = insns[0], block = lowerBlock(insns, name, unitState);
    if (inspect) tb.ir = printBlock(block);
    optimize(block, checked ? { check: verify } : undefined);
    if (inspect) tb.optimizedIr = printBlock(block);
    const emitted = emitBlock(block, this.targetFor(mode, insns), insns.length);
    bindHelpers(this.environment, emitted.helpers, this.cpu);
    return emitted;
  }

  /** Gives blocks their functions of a unit; where that could not be linked, JavaScript after all. */
  private link(blocks: readonly EmittedText[], unit: LinkedUnit | null): void {
    blocks.forEach((block, i) => {
      const { tb } = block;
      if (unit === null) {
        if (tb.text === "") this.compileText(block);
        return;
      }
      tb.code = unit.functions[i];
      tb.run = this.runCode;
      tb.wasmBytes = Math.round(unit.bytes / blocks.length);
    });
  }

  private compileText({ tb, emitted, name }: EmittedText): void {
    const { checked } = this.options;
    const compiled = compile(emitted, this.environment, {
      name, params: emitted.params, sourceUrl: `${this.urlPrefix}/${name}.${tb.serial}`, bound: { tb }, checked,
    });
    tb.text = compiled.text;
    tb.run = compiled.fn as TbFunction;
  }

  /** Counts runs, where somebody wants to know. */
  private watch(tb: TranslationBlock): void {
    const { inspect, observer } = this.options, { run } = tb;
    if (observer?.watchesBlocks === true) tb.run = function watched(left) { this.executions++; observer.blockEntered(this); return run.call(this, left); };
    else if (inspect) tb.run = function counted(left) { this.executions++; return run.call(this, left); };
  }

  /**
   * Makes the function of a region; it gets its entries, text and, if inspected, its IR.
   * @param insns  of each member, as far as it goes
   */
  compileRegion(region: Region, members: readonly Member[], insns: readonly (readonly Insn[])[]): void {
    const { checked, inspect } = this.options, { mode } = region.space;
    const name = `region_${((region.space.csBase + members[0].tb.eip) >>> 0).toString(16)}`;
    const blocks = insns.map((list) => lowerRegionBlock(list, `tb_${(list[0].lin >>> 0).toString(16)}`));
    for (const block of blocks) optimize(block, checked ? { check: verify } : undefined);
    if (inspect) region.optimizedIr = blocks.map((b) => printBlock(b)).join("\n");
    const emitted = emitRegion({ blocks: blocks.map((block, i) => describe(block, members[i], members)) }, this.targetFor(mode, insns.flat()));
    bindHelpers(this.environment, emitted.helpers, this.cpu);
    this.makeFunction(region, emitted, name);
    region.entries = emitted.entries.map(({ block, reach }, entry) => {
      const { tb } = members[block];
      tb.region = region;
      tb.entry = entry;
      tb.reach = reach - tb.size;
      return tb;
    });
  }

  /** In WebAssembly where that can be, and wanted; then the text is only for people. */
  private makeFunction(region: Region, emitted: EmittedRegion, name: string): void {
    const { environment, wasmMemory, options: { checked } } = this, { state } = this.flatTarget;
    const request = { name, params: REGION_PARAMS, sourceUrl: `${this.urlPrefix}/${name}.r${region.serial}`, checked };
    const wasm = wasmMemory === null ? null : compileRegionToWasm(emitted, state, name, environment, wasmMemory);
    if (wasm === null || this.isTextWanted) {
      const compiled = compile(regionFunction(emitted), environment, { ...request, bound: { tbs: region } });
      region.text = compiled.text;
      region.run = compiled.fn as TbFunction;
    }
    if (wasm === null) return;
    region.wasmBytes = wasm.bytes;
    region.run = compile(regionEntrance(emitted, state.way, state.wayPc), environment, { ...request, sourceUrl: `${request.sourceUrl}.entrance`, bound: { tbs: region, code: wasm.code } }).fn as TbFunction;
  }
}

/** Runs a block that is WebAssembly. */
function codeRunner(R: Int32Array, { jump, anewBlock, side }: Callbacks): TbFunction {
  return function code(left) {
    const way = this.code(left);
    if (way === TO_NEXT) return this.next;
    if (way === TO_TAKEN) return this.taken;
    if (way === TO_JUMP) return jump(R[WAY_PC]);
    return way === TO_ANEW ? anewBlock : side(this, way - TO_SIDE);
  };
}

/** A member as the emitter sees it: which of its ways lead to other members. */
function describe(block: Block, { tb, size, follower, ways }: Member, members: readonly Member[]): RegionBlock {
  const whole = { block, insnCount: size, heat: ways };
  if (follower >= 0) return { ...whole, next: follower, taken: -1, indirect: [] };
  const exit = block.ops[block.ops.length - 1], isEither = exit.def === OPS.goto_tb_if, mayGoOn = isEither || exit.def === OPS.exit_tb_if;
  const at = (stub: TranslationBlock | null): number => members.findIndex((m) => m.tb.eip === stub?.eip);
  const next = mayGoOn || (exit.def === OPS.goto_tb && exit.imm === 0) ? at(tb.nextStub) : -1;
  const taken = isEither || (exit.def === OPS.goto_tb && exit.imm === 1) ? at(tb.takenStub) : -1;
  const likeliest = [...ways].sort(([, a], [, b]) => b - a).map(([to]) => ({ pc: members[to].tb.eip, to }));
  return { ...whole, next, taken, indirect: exit.def === OPS.lookup_and_goto_ptr ? likeliest : [] };
}
