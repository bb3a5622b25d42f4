/**
 * Op -> JavaScript, as quoted expressions. `$0`, `$1` … are the operands; every result is an int32 number, or a double
 * where the op says so.
 * A template is parsed the first time it is needed; an operand that occurs twice is given a name first.
 */
import type { Expression, Node } from "estree";
import type { OpName } from "../ir/ops.ts";
import { OPS } from "../ir/ops.ts";
import { CONDS } from "../ir/types.ts";
import { InternalError } from "../support/errors.ts";
import { parseTemplate } from "./template-parser.ts";

/** Pure ops without attribute. Names that are not operands are functions of `runtime.ts` or of `Math`. */
const PLAIN: Partial<Record<OpName, string>> = {
  add: "$0 + $1 | 0",
  sub: "$0 - $1 | 0",
  mul: "imul($0, $1)",
  muluh: "muluh($0, $1)",
  mulsh: "mulsh($0, $1)",
  neg: "0 - $0 | 0",
  not: "~$0",
  and: "$0 & $1",
  or: "$0 | $1",
  xor: "$0 ^ $1",
  shl: "$0 << $1",
  shr: "$0 >>> $1 | 0",
  sar: "$0 >> $1",
  rotl: "$0 << $1 | $0 >>> -$1",
  rotr: "$0 >>> $1 | $0 << -$1",
  clz: "clz32($0)",
  ctz: "ctz32($0)",
  ctpop: "ctpop($0)",
  bswap: "bswap32($0)",
  divu: "($0 >>> 0) / ($1 >>> 0) | 0",
  remu: "($0 >>> 0) % ($1 >>> 0) | 0",
  divs: "$0 / $1 | 0",
  rems: "$0 % $1 | 0",
  divu2: "divu2($0, $1, $2)",
  remu2: "remu2($0, $1, $2)",
  divs2: "divs2($0, $1, $2)",
  rems2: "rems2($0, $1, $2)",
  f64_from_i32: "$0",
  f64_to_i32: "$0 | 0",
  add_f64: "$0 + $1",
  sub_f64: "$0 - $1",
  mul_f64: "$0 * $1",
  div_f64: "$0 / $1",
  sqrt_f64: "sqrt($0)",
  round_f32: "fround($0)",
  floor_f64: "floor($0)",
  ceil_f64: "ceil($0)",
  trunc_f64: "trunc($0)",
  nearest_f64: "$0 + 6755399441055744 - 6755399441055744",
};

/** Comparisons, by index into CONDS; as conditions, not as numbers. */
const COMPARE: Readonly<Record<(typeof CONDS)[number], string>> = {
  eq: "$0 === $1",
  ne: "$0 !== $1",
  lt: "$0 < $1",
  ge: "$0 >= $1",
  le: "$0 <= $1",
  gt: "$0 > $1",
  ltu: "$0 >>> 0 < $1 >>> 0",
  geu: "$0 >>> 0 >= $1 >>> 0",
  leu: "$0 >>> 0 <= $1 >>> 0",
  gtu: "$0 >>> 0 > $1 >>> 0",
  tsteq: "($0 & $1) === 0",
  tstne: "($0 & $1) !== 0",
};

/** True where these ops are 1. */
export const PREDICATES = {
  mulso: "mulso($0, $1)",
  abnormal_f64: "isAbnormal64($0)",
  abnormal_f32: "isAbnormal32($0)",
  tiny_f64: "isTiny64($0)",
  tiny_f32: "isTiny32($0)",
} as const;

const hex = (n: number): string => (n < 10 ? String(n) : `0x${(n >>> 0).toString(16)}`);

/** Bit-field ops, by position and length. */
function bitField(name: OpName, pos: number, len: number): string {
  const mask = len === 32 ? 0xffffffff : (2 ** len - 1);
  if (name === "extract") {
    if (pos + len === 32) return `$0 >>> ${pos}`;
    return pos === 0 ? `$0 & ${hex(mask)}` : `$0 >>> ${pos} & ${hex(mask)}`;
  }
  if (name === "sextract") return pos + len === 32 ? `$0 >> ${pos}` : `$0 << ${32 - pos - len} >> ${32 - len}`;
  const hole = ~(mask << pos);
  const inner = pos + len === 32 ? `$1 << ${pos}` : pos === 0 ? `$1 & ${hex(mask)}` : `($1 & ${hex(mask)}) << ${pos}`;
  return `$0 & ${hole} | ${inner}`;
}

/** A parsed template: an expression with `$n` identifiers, and which operands occur more than once. */
export interface Template {
  readonly expression: Expression;
  /** Bit n: operand n occurs more than once. */
  readonly repeated: number;
  /** Free names other than operands. */
  readonly names: readonly string[];
}

const parsed = new Map<string, Template>();

/** Parses quoted JavaScript, once per text. */
export function template(source: string): Template {
  let found = parsed.get(source);
  if (found === undefined) {
    const expression = parseTemplate(source);
    const counts = new Map<string, number>();
    walkIdentifiers(expression, (name) => counts.set(name, (counts.get(name) ?? 0) + 1));
    let repeated = 0;
    const names: string[] = [];
    for (const [name, count] of counts) {
      if (name === "Infinity") continue;
      if (!name.startsWith("$")) names.push(name);
      else if (count > 1) repeated |= 1 << Number(name.slice(1));
    }
    found = { expression, repeated, names };
    parsed.set(source, found);
  }
  return found;
}

const byOp = new Map<number, Template>();
const OP_NUMBERS = new Map<string, number>(Object.keys(OPS).map((name, i) => [name, i]));

/** The template of a pure op with its attribute. */
export function templateOf(name: OpName, imm: number, imm2: number): Template {
  const key = ((OP_NUMBERS.get(name) ?? 0) * 64 + imm) * 64 + imm2;
  let found = byOp.get(key);
  if (found === undefined) {
    const { attr } = OPS[name];
    const source = attr === "bits" ? bitField(name, imm, imm2) : PLAIN[name];
    if (source === undefined) throw new InternalError(`op ${name} has no template`);
    found = template(source);
    byOp.set(key, found);
  }
  return found;
}

/** The comparison with this index into CONDS. */
export function comparison(cond: number): Template {
  return template(COMPARE[CONDS[cond] ?? "eq"]);
}

/** Copies an expression, putting operands in the place of `$n`. */
export function instantiate(node: Expression, operands: readonly Expression[]): Expression {
  switch (node.type) {
    case "Identifier": return node.name.startsWith("$") ? operands[Number(node.name.slice(1))] ?? node : node;
    case "Literal": return node;
    case "UnaryExpression": return { ...node, argument: instantiate(node.argument, operands) };
    case "ConditionalExpression":
      return { ...node, test: instantiate(node.test, operands), consequent: instantiate(node.consequent, operands), alternate: instantiate(node.alternate, operands) };
    case "LogicalExpression":
      return { ...node, left: instantiate(node.left, operands), right: instantiate(node.right, operands) };
    case "BinaryExpression":
      return { ...node, left: instantiate(node.left as Expression, operands), right: instantiate(node.right, operands) };
    case "CallExpression":
      return { ...node, arguments: node.arguments.map((a) => instantiate(a as Expression, operands)) };
    default: throw new InternalError(`a template may not contain ${node.type}`);
  }
}

function walkIdentifiers(node: Node, visit: (name: string) => void): void {
  if (node.type === "Identifier") visit(node.name);
  for (const value of Object.values(node) as unknown[]) {
    if (Array.isArray(value)) for (const v of value as unknown[]) { if (isNode(v)) walkIdentifiers(v, visit); }
    else if (isNode(value)) walkIdentifiers(value, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}
