/** A unit of compilation: functions of one module, instantiated together. */
import type { Helper } from "../ir/types.ts";
import type { Environment } from "../js/compile.ts";
import type { WasmMemory, WasmTable } from "../support/webassembly.ts";
import { webAssembly } from "../support/webassembly.ts";
import type { Names } from "./function-compiler.ts";
import { FunctionCompiler } from "./function-compiler.ts";
import { Unsupported } from "./kinds.ts";
import type { CompiledBody, ModuleFunction } from "./module.ts";
import { encodeModule } from "./module.ts";
import type { ArrayPlace } from "./operations.ts";

/** What is compiled: its text names only helpers, run-time functions, and arrays of the environment. */
export interface UnitFunction {
  readonly name: string;
  readonly helpers: ReadonlySet<Helper>;
  readonly floats?: Names["floats"];
  readonly giveBack?: Names["giveBack"];
  readonly field?: Names["field"];
}

/** A function of words that gives a word. */
export type WordFunction = (...args: number[]) => number;

/** The functions, in the order they were added, and the size of their module. */
export interface LinkedUnit {
  readonly functions: readonly WordFunction[];
  readonly bytes: number;
}

export class Unit {
  private readonly environment: Environment;
  private readonly memory: WasmMemory;
  private readonly parameters: readonly string[];
  private readonly table: WasmTable | null;
  private readonly imports: Helper[] = [];
  private readonly functions: ModuleFunction[] = [];

  /**
   * @param parameters  of each function
   * @param table       of functions that these jump to
   */
  constructor(environment: Environment, memory: WasmMemory, parameters: readonly string[], table: WasmTable | null = null) {
    this.environment = environment;
    this.memory = memory;
    this.parameters = parameters;
    this.table = table;
  }

  /**
   * Adds a function, which `write` compiles; false where there is no WebAssembly for it: what it names does not lie in the
   * memory, or it is written in a way that the compiler does not know.
   */
  add({ name, helpers, floats, giveBack, field }: UnitFunction, write: (compiler: FunctionCompiler) => void): boolean {
    const { environment, memory: { buffer } } = this;
    const compiler = new FunctionCompiler({
      array: (array) => placeOf(environment[array], buffer), helpers: new Map([...helpers].map((helper) => [helper.name, helper])),
      ...(floats === undefined ? {} : { floats }), ...(giveBack === undefined ? {} : { giveBack }), ...(field === undefined ? {} : { field }),
    }, this.parameters, this.imports);
    let body: CompiledBody;
    try {
      write(compiler);
      body = compiler.finish();
    } catch (e) {
      if (e instanceof Unsupported) return false;
      throw e;
    }
    this.functions.push({ name, ...body });
    return true;
  }

  /** Compiles and links all of them; null if there are none, or the host has no room for their code. */
  link(): LinkedUnit | null {
    const { functions, imports, environment, table } = this;
    if (webAssembly === undefined || functions.length === 0) return null;
    const bytes = encodeModule(functions, this.parameters.length, imports, table !== null);
    const h = Object.fromEntries(imports.map((helper, i) => [String(i), environment[helper.name]]));
    try {
      const { exports } = new webAssembly.Instance(new webAssembly.Module(bytes), { m: { m: this.memory, t: table }, h });
      return { functions: functions.map((_, i) => exports[String(i)] as WordFunction), bytes: bytes.length };
    } catch (e) {
      if (e instanceof RangeError) return null;
      throw e;
    }
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
