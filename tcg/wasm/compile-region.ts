/** A region as a function of WebAssembly, from the statements that its JavaScript would be made of. */
import type { EmittedRegion } from "../js/region-emitter.ts";
import { WAY_ASIDE } from "../js/region-emitter.ts";
import type { Environment } from "../js/compile.ts";
import type { StateTarget } from "../js/target.ts";
import { assign, id, int, item } from "../js/estree.ts";
import { instantiate, template } from "../js/templates.ts";
import type { WasmMemory } from "../support/webassembly.ts";
import { webAssembly } from "../support/webassembly.ts";
import type { ArrayPlace } from "./function-compiler.ts";
import { FunctionCompiler } from "./function-compiler.ts";
import { Unsupported } from "./kinds.ts";
import { encodeModule } from "./module.ts";

/** Runs a region from an entry on with n insns of budget; gives what is left of n, and in the state file way and pc. */
export type RegionCode = (entry: number, n: number, left: number) => number;

export interface CompiledRegion {
  readonly code: RegionCode;
  /** Size of the module. */
  readonly bytes: number;
}

const PARAMETERS = ["at", "n", "left"] as const;

/** Null where there is no WebAssembly for it: what it names does not lie in `memory`, or it is written in a way the compiler does not know. */
export function compileRegion(region: EmittedRegion, state: StateTarget, name: string, environment: Environment, memory: WasmMemory): CompiledRegion | null {
  if (webAssembly === undefined) return null;
  try {
    const compiler = new FunctionCompiler({
      array: (array) => placeOf(environment[array], memory.buffer),
      helpers: new Map([...region.helpers].map((helper) => [helper.name, helper])),
    }, PARAMETERS);
    compiler.variable("used", "i32", int(0));
    compiler.variable("pc", "i32", int(0));
    compiler.variable("way", "i32", int(WAY_ASIDE));
    for (const { name: variable, type, init } of region.variables) compiler.variable(variable, type, init);
    compiler.statements([region.body, ...region.writeBack, assign(item("R", int(state.way)), id("way")), assign(item("R", int(state.wayPc)), id("pc"))]);
    compiler.result(instantiate(template("n - used | 0").expression, []));
    const body = compiler.finish(), bytes = encodeModule(name, PARAMETERS.length, body);
    const h = Object.fromEntries(body.imports.map((helper, i) => [String(i), environment[helper.name]]));
    const { exports } = new webAssembly.Instance(new webAssembly.Module(bytes), { m: { m: memory }, h });
    return { code: exports.f as RegionCode, bytes: bytes.length };
  } catch (e) {
    if (e instanceof Unsupported) return null;
    throw e;
  }
}

/** Where an object of the environment lies in a memory; undefined where it does not, or is none of the arrays that are compiled. */
function placeOf(object: unknown, buffer: ArrayBuffer): ArrayPlace | undefined {
  if (!ArrayBuffer.isView(object) || object.buffer !== buffer) return undefined;
  const offset = object.byteOffset;
  if (object instanceof Int32Array) return { offset, items: "i32" };
  if (object instanceof Uint8Array) return { offset, items: "u8" };
  if (object instanceof Uint16Array) return { offset, items: "u16" };
  if (object instanceof Float32Array) return { offset, items: "f32" };
  if (object instanceof Float64Array) return { offset, items: "f64" };
  return object instanceof DataView ? { offset, items: "view" } : undefined;
}
