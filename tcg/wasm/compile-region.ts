/** A region as a function of WebAssembly, from the statements that its JavaScript would be made of. */
import type { Environment } from "../js/compile.ts";
import { assign, id, int, item } from "../js/estree.ts";
import type { EmittedRegion } from "../js/region-emitter.ts";
import { WAY_ASIDE } from "../js/region-emitter.ts";
import type { StateTarget } from "../js/target.ts";
import { instantiate, template } from "../js/templates.ts";
import type { WasmMemory } from "../support/webassembly.ts";
import { Unit } from "./unit.ts";

/** Runs a region from an entry on with n insns of budget; gives what is left of n, and in the state file way and pc. */
export type RegionCode = (entry: number, n: number, left: number) => number;

export interface CompiledRegion {
  readonly code: RegionCode;
  /** Size of the module. */
  readonly bytes: number;
}

/** Null where there is no WebAssembly for it (`Unit.add`). */
export function compileRegion(region: EmittedRegion, state: StateTarget, name: string, environment: Environment, memory: WasmMemory): CompiledRegion | null {
  const unit = new Unit(environment, memory, ["at", "n", "left"]);
  const isDone = unit.add({ name, helpers: region.helpers }, (compiler) => {
    compiler.variable("used", "i32", int(0));
    compiler.variable("pc", "i32", int(0));
    compiler.variable("way", "i32", int(WAY_ASIDE));
    for (const { name: variable, type, init } of region.variables) compiler.variable(variable, type, init);
    compiler.statements([region.body, ...region.writeBack, assign(item("R", int(state.way)), id("way")), assign(item("R", int(state.wayPc)), id("pc"))]);
    compiler.result(instantiate(template("n - used | 0").expression, []));
  });
  const linked = isDone ? unit.link() : null;
  return linked === null ? null : { code: linked.functions[0], bytes: linked.bytes };
}
