/**
 * How emitted code of one VM is made: the environment its names are looked up in, the target by mode, the interpreter's
 * handlers, the unique names of texts. Made anew when the layout of memory changes, since code captures it.
 */
import { emitBlock } from "../../tcg/js/block-emitter.ts";
import type { Environment } from "../../tcg/js/compile.ts";
import { compile } from "../../tcg/js/compile.ts";
import type { EmitTarget } from "../../tcg/js/target.ts";
import { optimize } from "../../tcg/opt/pipeline.ts";
import { printBlock } from "../../tcg/text/print.ts";
import { verify } from "../../tcg/verify/verify.ts";
import type { Cpu } from "../x86/cpu.ts";
import { bindHelpers } from "../x86/helpers/define.ts";
import { HandlerFactory } from "../x86/interpret.ts";
import type { Handler, Insn } from "../x86/isa/insn.ts";
import type { Mode } from "../x86/isa/mode.ts";
import { lowerBlock } from "../x86/translate.ts";
import type { Callbacks } from "./environment.ts";
import { environmentOf, targetOf } from "./environment.ts";
import type { EngineOptions } from "./options.ts";
import type { TranslationBlock } from "./translation-block.ts";

/** Numbers the makers of texts, because every emitted text must be unique in the process (see tcg/js/compile.ts). */
const numbers = { next: 1 };

export class Emission {
  private readonly cpu: Cpu;
  private readonly options: EngineOptions;
  private readonly urlPrefix = `tcgjs/vm${numbers.next++}`;
  private readonly environment: Environment;
  private readonly flatTarget: EmitTarget;
  private readonly handlers: HandlerFactory;

  constructor(cpu: Cpu, options: EngineOptions, callbacks: Callbacks) {
    this.cpu = cpu;
    this.options = options;
    this.environment = environmentOf(cpu, callbacks);
    this.flatTarget = targetOf(cpu);
    this.handlers = new HandlerFactory(cpu, (mode) => this.targetOf(mode), this.environment, this.urlPrefix, options.checked);
  }

  /** How many handlers have been generated. */
  get handlerCount(): number {
    return this.handlers.count;
  }

  handlerOf(insn: Insn): Handler {
    return this.handlers.handlerOf(insn);
  }

  /** How code of a mode reaches memory. */
  private targetOf(mode: Mode): EmitTarget {
    if (mode.watching) return { ...this.flatTarget, memory: { kind: "none" } };
    if (!mode.paging) return this.flatTarget;
    const { environment } = this, { softTlb } = this.cpu.mmu;
    if (!("tlbReadUser" in environment)) {
      environment.tlbReadUser = softTlb.table(false, false);
      environment.tlbWriteUser = softTlb.table(true, false);
      environment.tlbReadKernel = softTlb.table(false, true);
      environment.tlbWriteKernel = softTlb.table(true, true);
    }
    const who = mode.cpl === 3 ? "User" : "Kernel";
    return { ...this.flatTarget, memory: { kind: "tlb", read: `tlbRead${who}`, write: `tlbWrite${who}` } };
  }

  /** Lowers, optimises, emits and compiles a block's insns; `tb` gets its function, text and, if inspected, its IR. */
  compileBlock(tb: TranslationBlock, insns: readonly Insn[]): void {
    const { inspect, checked, observer } = this.options, { mode } = insns[0];
    const name = `tb_${(insns[0].lin >>> 0).toString(16)}`;
    const block = lowerBlock(insns, name);
    if (inspect) tb.ir = printBlock(block);
    optimize(block, checked ? { check: verify } : undefined);
    if (inspect) tb.optimizedIr = printBlock(block);
    const emitted = emitBlock(block, this.targetOf(mode), insns.length);
    bindHelpers(this.environment, emitted.helpers, this.cpu);
    const compiled = compile(emitted, this.environment, {
      name, params: [], sourceUrl: `${this.urlPrefix}/${name}.${tb.serial}`, self: { name: "tb", value: tb }, checked,
    });
    tb.text = compiled.text;
    const run = compiled.fn as () => TranslationBlock;
    tb.run = run;
    if (observer?.watchesBlocks === true) tb.run = function watched() { this.executions++; observer.blockEntered(this); return run(); };
    else if (inspect) tb.run = function counted() { this.executions++; return run(); };
  }
}
