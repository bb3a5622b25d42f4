/** A WebAssembly module of functions over one memory of somebody else's (Core Specification 2.0, §5.5). */
import type { Helper } from "../ir/types.ts";
import type { ValueType } from "./code-writer.ts";
import { CodeWriter, F64, I32 } from "./code-writer.ts";
import { kindOfType, VALUE_TYPES } from "./kinds.ts";

/** `\0asm`, version 1 */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const CUSTOM = 0, TYPES = 1, IMPORTS = 2, FUNCTIONS = 3, EXPORTS = 7, CODE = 10;
const FUNCTION_TYPE = 0x60, KIND_FUNCTION = 0, KIND_TABLE = 1, KIND_MEMORY = 2;
const FUNCTION_REFERENCE = 0x70;

/** Numbers of types: of the module's own functions, and of functions of one word, which give one. */
export const TYPE_OF_FUNCTIONS = 0, TYPE_OF_BLOCKS = 1;

/** A conditional branch, by the offset of its instruction in the function's body. */
export interface BranchHint {
  readonly offset: number;
  readonly isLikely: boolean;
}

export interface CompiledBody {
  readonly code: CodeWriter;
  /** In the order of their offsets. */
  readonly hints: readonly BranchHint[];
}

/** A function of the module: all of them take and give words. */
export interface ModuleFunction extends CompiledBody {
  readonly name: string;
}

/**
 * Functions of so many words that give a word, exported by number, as a module that imports the memory as `m.m`, helpers as
 * `h.0`, `h.1`, …, and if it has one, a table of such functions as `m.t`. Their type is number `TYPE_OF_FUNCTIONS`.
 */
export function encodeModule(functions: readonly ModuleFunction[], parameters: number, imports: readonly Helper[], hasTable: boolean): Uint8Array<ArrayBuffer> {
  const module = new CodeWriter().byte(...HEADER), first = imports.length, count = functions.length;
  const section = (id: number, content: CodeWriter): void => {
    module.byte(id).unsigned(content.length).append(content);
  };
  const types = new CodeWriter().unsigned(first + 2);
  functionType(types, Array.from({ length: parameters }, () => I32), [I32]);
  functionType(types, [I32], [I32]);
  for (const helper of imports) functionType(types, helper.params.map(typeOf), helper.result === "void" ? [] : [typeOf(helper.result)]);
  section(TYPES, types);

  const imported = new CodeWriter().unsigned(first + (hasTable ? 2 : 1)).text("m").text("m").byte(KIND_MEMORY, 0, 0);
  if (hasTable) imported.text("m").text("t").byte(KIND_TABLE, FUNCTION_REFERENCE, 0, 0);
  imports.forEach((_, i) => imported.text("h").text(String(i)).byte(KIND_FUNCTION).unsigned(i + 2));
  section(IMPORTS, imported);
  const own = new CodeWriter().unsigned(count), exported = new CodeWriter().unsigned(count), code = new CodeWriter().unsigned(count), names = new CodeWriter().unsigned(count);
  functions.forEach((f, i) => {
    own.unsigned(TYPE_OF_FUNCTIONS);
    exported.text(String(i)).byte(KIND_FUNCTION).unsigned(first + i);
    code.unsigned(f.code.length).append(f.code);
    names.unsigned(first + i).text(f.name);
  });
  section(FUNCTIONS, own);
  section(EXPORTS, exported);
  section(CUSTOM, branchHints(functions, first));
  section(CODE, code);
  section(CUSTOM, new CodeWriter().text("name").byte(1).unsigned(names.length).append(names));
  return module.take();
}

/** Which branches are likely to be taken (Branch Hinting proposal, `metadata.code.branch_hint`), for hosts that look at it. */
function branchHints(functions: readonly ModuleFunction[], first: number): CodeWriter {
  const hinted = functions.flatMap(({ hints }, i) => (hints.length === 0 ? [] : [{ number: first + i, hints }]));
  const section = new CodeWriter().text("metadata.code.branch_hint").unsigned(hinted.length);
  for (const { number, hints } of hinted) {
    section.unsigned(number).unsigned(hints.length);
    for (const { offset, isLikely } of hints) section.unsigned(offset).unsigned(1).byte(isLikely ? 1 : 0);
  }
  return section;
}

const typeOf = (type: Helper["params"][number]): ValueType => (kindOfType(type) === "f64" ? F64 : VALUE_TYPES[kindOfType(type)]);

function functionType(types: CodeWriter, params: readonly ValueType[], results: readonly ValueType[]): void {
  types.byte(FUNCTION_TYPE).unsigned(params.length).byte(...params).unsigned(results.length).byte(...results);
}
