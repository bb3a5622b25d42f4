/**
 * Prints IR the way `-d op` does; `parse.ts` reads it back. Called by dumps, the verifier, reports and tests.
 *
 *     block tb_7c00 {
 *       insn_start 0x7c00, 2
 *       v1 = get eax
 *       v2 = add v1, 0x10
 *       set eax, v2
 *       goto_tb next
 *     }
 *
 * A block with parameters prints as a test function, `func f(x: i32) -> i32 { … }`. What an op looks like follows from
 * its row in the op table, by attribute kind. Printing changes nothing, not even numbers, so that it can be called in
 * the middle of a pass; it copes with broken blocks, since the verifier prints those.
 */
import type { Block, Op } from "../ir/block.ts";
import { faultOf, isConst, memOpOf } from "../ir/block.ts";
import type { AttrKind } from "../ir/ops.ts";
import { CONDS, memOpName } from "../ir/types.ts";
import { constantText, hex, paramName, TARGETS } from "./names.ts";

/** Where an attribute is printed: behind the op's name, before the operands or after them. */
interface AttrText {
  readonly suffix?: (op: Op) => string;
  readonly before?: (op: Op) => string;
  readonly after?: (op: Op) => string;
}

const ATTR_TEXT: { readonly [K in AttrKind]: AttrText } = {
  none: {},
  const: { before: (op) => constantText(op.imm) },
  param: { before: (op) => paramName(op.imm) },
  cond: { suffix: (op) => CONDS[op.imm] ?? `cond${op.imm}` },
  mem: { suffix: (op) => memOpName(memOpOf(op)) },
  global: { before: refName },
  field: { before: refName },
  helper: { before: refName },
  insn: { before: (op) => `${hex(op.imm)}, ${op.imm2}` },
  target: { before: (op) => TARGETS[op.imm] ?? `target${op.imm}` },
  bits: { after: (op) => `${op.imm}, ${op.imm2}` },
  fault: { after: (op) => {
    const { vector, error } = faultOf(op);
    return error === undefined ? `${vector}` : `${vector}, ${hex(error)}`;
  } },
};

/** The name of the global, field or helper that an op names; `?` in a broken block. */
function refName({ ref }: Op): string {
  return ref !== null && "name" in ref ? ref.name : "?";
}

/** Gives a value its printed name. */
type Namer = (value: Op) => string;

/** The name by the number that `renumber` gave; constants and parameters are printed as themselves. */
function nameById(value: Op): string {
  if (isConst(value)) return constantText(value.imm);
  if (value.name === "param") return paramName(value.imm);
  return value.id < 0 ? "v?" : `v${value.id}`;
}

/** One op as a line without indentation, its values named by their numbers: `v2 = add v1, 0x10`. */
export function printOp(op: Op): string {
  return opText(op, nameById);
}

/** A whole block or test function, with a line feed at the end. Values are numbered from 1 in order. */
export function printBlock(block: Block): string {
  const names = new Map<Op, string>();
  for (const op of block.ops) {
    if (op.type !== "void" && !isConst(op) && op.name !== "param") names.set(op, `v${names.size + 1}`);
  }
  const nameOf: Namer = (value) =>
    names.get(value) ?? (isConst(value) || value.name === "param" ? nameById(value) : "v?");
  const lines = [headerText(block)];
  for (const op of block.ops) {
    if (op.name !== "param") lines.push(`  ${opText(op, nameOf)}`);
  }
  lines.push("}");
  return `${lines.join("\n")}\n`;
}

function headerText(block: Block): string {
  const isFunction = block.params > 0 || block.ops.at(-1)?.name === "ret";
  if (!isFunction) return `block ${block.name} {`;
  const params = Array.from({ length: block.params }, (_, i) => `${paramName(i)}: i32`);
  return `func ${block.name}(${params.join(", ")}) -> i32 {`;
}

function opText(op: Op, nameOf: Namer): string {
  const { suffix, before, after } = ATTR_TEXT[op.def.attr];
  const args = op.args.map(nameOf);
  const name = suffix === undefined ? op.name : `${op.name}.${suffix(op)}`;
  const result = op.type === "void" ? "" : `${nameOf(op)} = `;
  if (op.def.variadic) return `${result}${name} ${before?.(op) ?? ""}(${args.join(", ")})`;
  const parts = [...(before === undefined ? [] : [before(op)]), ...args, ...(after === undefined ? [] : [after(op)])];
  return `${result}${name}${parts.length === 0 ? "" : " "}${parts.join(", ")}`;
}
