/**
 * How a helper is written: its declaration for the IR (name, types, effects) and its implementation, side by side.
 * A helper runs with the guest state committed as far as it declares to read it.
 */
import { InternalError } from "../../../tcg/support/errors.ts";
import type { Global, GlobalSet, Helper, Inline, Type } from "../../../tcg/ir/types.ts";
import type { Cpu } from "../cpu.ts";

/** What a helper does when called; bound to one CPU. */
export type HelperFn = (...args: number[]) => number | void;

export interface HelperDef extends Helper {
  /** Makes the function emitted code calls, for one CPU. */
  readonly bind: (cpu: Cpu) => HelperFn;
}

interface HelperSpec {
  /** Number of int32 parameters, or the types of all. */
  readonly params: number | readonly Type[];
  readonly result?: Type;
  /** Defaults: nothing for pure helpers, everything for the others. */
  readonly reads?: readonly Global[] | GlobalSet;
  readonly writes?: readonly Global[] | GlobalSet;
  readonly pure?: boolean;
  /** May throw a guest fault or leave; default: true unless pure. */
  readonly mayFault?: boolean;
  /** Needs to know how many insns have retired; must be one that may fault. */
  readonly counts?: boolean;
  /** Writes state only in another form that means the same. */
  readonly restates?: boolean;
  readonly inline?: Inline;
  readonly doc: string;
  readonly bind: (cpu: Cpu) => HelperFn;
}

/** Declares a helper. */
export function defHelper(name: string, spec: HelperSpec): HelperDef {
  const pure = spec.pure === true;
  return {
    name,
    params: typeof spec.params === "number" ? Array.from({ length: spec.params }, () => "i32" as const) : spec.params,
    result: spec.result ?? "void",
    pure,
    reads: spec.reads ?? (pure ? [] : "all"),
    writes: spec.writes ?? (pure ? [] : "all"),
    mayFault: spec.mayFault ?? !pure,
    counts: spec.counts === true,
    restates: spec.restates === true,
    ...(spec.inline === undefined ? {} : { inline: spec.inline }),
    doc: spec.doc,
    bind: spec.bind,
  };
}

/** Puts the helpers that a function calls into the environment of emitted code, unless they are there. */
export function bindHelpers(environment: Record<string, unknown>, helpers: ReadonlySet<Helper>, cpu: Cpu): void {
  for (const helper of helpers) {
    if (helper.name in environment) continue;
    if (!isHelperDef(helper)) throw new InternalError(`helper ${helper.name} has no implementation`);
    environment[helper.name] = helper.bind(cpu);
  }
}

function isHelperDef(helper: Helper): helper is HelperDef {
  return "bind" in helper;
}
