/**
 * Makes interpreter handlers: one generated function per instruction form and set of facts, from the same lowering the
 * translator uses, with the decoded insn's fields left open. Made the first time a form is met.
 */
import type { Block } from "../../tcg/ir/block.ts";
import type { EmittedFunction } from "../../tcg/js/emitter.ts";
import type { Environment } from "../../tcg/js/compile.ts";
import { compile } from "../../tcg/js/compile.ts";
import { emitHandler } from "../../tcg/js/handler-emitter.ts";
import type { EmitTarget } from "../../tcg/js/target.ts";
import { optimize } from "../../tcg/opt/pipeline.ts";
import { verify } from "../../tcg/verify/verify.ts";
import { InternalError } from "../../tcg/support/errors.ts";
import type { Cpu } from "./cpu.ts";
import { bindHelpers } from "./helpers/define.ts";
import type { Handler, Insn } from "./isa/insn.ts";
import { handlerKey } from "./isa/insn.ts";
import type { Mode } from "./isa/mode.ts";
import { Lowering } from "./lowering.ts";
import { operandsOf } from "./operands.ts";

/** The IR of one insn with unbound fields. */
export function lowerUnbound(insn: Insn, name: string): Block {
  const b = new Lowering(name, false);
  lowerInsn(b, insn);
  if (!b.ended) b.endDirect(0);
  return b.ir.block;
}

/** Lowers one insn into `b`. */
export function lowerInsn(b: Lowering, insn: Insn): void {
  if (insn.form === null) throw new InternalError("lowering of an insn that is not decoded");
  b.begin(insn);
  insn.form.def.lower(b, operandsOf(b, insn), insn);
}

/** What a handler was made of, for a back end that makes something else of it. */
export interface HandlerSource {
  readonly emitted: EmittedFunction;
  readonly name: string;
  /** What follows its insns starts a block. */
  readonly endsBlock: boolean;
}

/** The handlers of one VM. */
export class HandlerFactory {
  private readonly handlers = new Map<number, Handler>();
  private readonly sources = new Map<Handler, HandlerSource>();
  private readonly cpu: Cpu;
  private readonly targetOf: (mode: Mode) => EmitTarget;
  private readonly environment: Environment;
  private readonly urlPrefix: string;
  private readonly checked: boolean;

  /** `urlPrefix` makes the source texts of this VM unique in the process. */
  constructor(cpu: Cpu, targetOf: (mode: Mode) => EmitTarget, environment: Environment, urlPrefix: string, checked: boolean) {
    this.cpu = cpu;
    this.targetOf = targetOf;
    this.environment = environment;
    this.urlPrefix = urlPrefix;
    this.checked = checked;
  }

  /** How many handlers have been generated. */
  get count(): number {
    return this.handlers.size;
  }

  /** The handler for a decoded insn. */
  handlerOf(insn: Insn): Handler {
    const key = handlerKey(insn);
    let handler = this.handlers.get(key);
    if (handler === undefined) {
      handler = this.make(insn, key);
      this.handlers.set(key, handler);
    }
    return handler;
  }

  /** Undefined for what is no handler of one's own. */
  sourceOf(handler: Handler): HandlerSource | undefined {
    return this.sources.get(handler);
  }

  private make(insn: Insn, key: number): Handler {
    const name = `h_${(insn.form?.def.name ?? "").replaceAll(/\W/g, "_")}`;
    const block = lowerUnbound(insn, name);
    optimize(block, this.checked ? { check: verify } : undefined);
    const emitted = emitHandler(block, this.targetOf(insn.mode));
    bindHelpers(this.environment, emitted.helpers, this.cpu);
    const compiled = compile(emitted, this.environment, {
      name, params: ["i"], sourceUrl: `${this.urlPrefix}/${name}.${key.toString(16)}`, checked: this.checked,
    });
    const handler = compiled.fn as Handler;
    this.sources.set(handler, { emitted, name, endsBlock: insn.ends });
    return handler;
  }
}
