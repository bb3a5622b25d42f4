/** A WebAssembly module of one function over one memory of somebody else's (Core Specification 2.0, §5.5), and its instance. */
import type { Helper } from "../ir/types.ts";
import type { ValueType } from "./code-writer.ts";
import { CodeWriter, F64, I32 } from "./code-writer.ts";
import type { CompiledBody } from "./function-compiler.ts";
import { kindOfType } from "./function-compiler.ts";
import { VALUE_TYPES } from "./kinds.ts";

/** `\0asm`, version 1 */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const CUSTOM = 0, TYPES = 1, IMPORTS = 2, FUNCTIONS = 3, EXPORTS = 7, CODE = 10;
const FUNCTION_TYPE = 0x60, KIND_FUNCTION = 0, KIND_MEMORY = 2;

/** A function of so many words that gives a word, as a module that imports the memory as `m.m` and helpers as `h.0`, `h.1`, … */
export function encodeModule(name: string, parameters: number, { code, imports }: CompiledBody): Uint8Array<ArrayBuffer> {
  const module = new CodeWriter().byte(...HEADER);
  const section = (id: number, content: CodeWriter): void => {
    module.byte(id).unsigned(content.length).append(content);
  };
  const types = new CodeWriter().unsigned(imports.length + 1);
  for (const helper of imports) functionType(types, helper.params.map(typeOf), helper.result === "void" ? [] : [typeOf(helper.result)]);
  functionType(types, Array.from({ length: parameters }, () => I32), [I32]);
  section(TYPES, types);

  const imported = new CodeWriter().unsigned(imports.length + 1).text("m").text("m").byte(KIND_MEMORY, 0, 0);
  imports.forEach((_, i) => imported.text("h").text(String(i)).byte(KIND_FUNCTION).unsigned(i));
  section(IMPORTS, imported);
  section(FUNCTIONS, new CodeWriter().unsigned(1).unsigned(imports.length));
  section(EXPORTS, new CodeWriter().unsigned(1).text("f").byte(KIND_FUNCTION).unsigned(imports.length));
  section(CODE, new CodeWriter().unsigned(1).unsigned(code.length).append(code));

  const functionNames = new CodeWriter().unsigned(1).unsigned(imports.length).text(name);
  section(CUSTOM, new CodeWriter().text("name").byte(1).unsigned(functionNames.length).append(functionNames));
  return module.take();
}

const typeOf = (type: Helper["params"][number]): ValueType => (kindOfType(type) === "f64" ? F64 : VALUE_TYPES[kindOfType(type)]);

function functionType(types: CodeWriter, params: readonly ValueType[], results: readonly ValueType[]): void {
  types.byte(FUNCTION_TYPE).unsigned(params.length).byte(...params).unsigned(results.length).byte(...results);
}
