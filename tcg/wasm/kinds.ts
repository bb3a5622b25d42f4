/**
 * What an expression of emitted JavaScript is, told without running it: emitted text keeps to int32 numbers, doubles and
 * conditions, and says by `| 0` where it wraps around.
 */
import type { BinaryExpression, Expression, Literal, UnaryExpression } from "estree";
import type { Type } from "../ir/types.ts";
import type { ValueType } from "./code-writer.ts";
import { F32, F64, I32, I64 } from "./code-writer.ts";

/**
 * - `i32` an int32 number, `u32` one from 0 to 2^32 - 1, `bool` a condition: each a word;
 * - `wide` an exact sum or difference of such, of at most 53 bits: within an expression only, since sums of sums may need more;
 * - `f32` a single, `f64` a double.
 */
export type Kind = "i32" | "u32" | "bool" | "wide" | "f32" | "f64";

export const VALUE_TYPES: Readonly<Record<Kind, ValueType>> = { i32: I32, u32: I32, bool: I32, wide: I64, f32: F32, f64: F64 };

/** What a helper's values are on our side. */
export const kindOfType = (type: Type): Kind => (type === "i32" ? "i32" : "f64");

export const isFloat = (kind: Kind): boolean => kind === "f32" || kind === "f64";

/** A number that stands there, or null. */
export function literalOf(e: Expression): number | null {
  if (e.type === "Literal") return typeof e.value === "number" ? e.value : e.value === true ? 1 : null;
  if (e.type === "UnaryExpression" && e.operator === "-") {
    const value = literalOf(e.argument);
    return value === null ? null : -value;
  }
  return null;
}

export function kindOfNumber(value: number): Kind {
  if (Object.is(value, -0)) return "f64";
  if ((value | 0) === value) return "i32";
  return value >>> 0 === value ? "u32" : "f64";
}

const COMPARISONS: ReadonlySet<string> = new Set(["<", ">", "<=", ">=", "===", "!=="]);
export const isComparison = (operator: string): boolean => COMPARISONS.has(operator);

/** The kinds of a function's expressions, by what its variables and the functions it calls are. */
export class Kinds {
  private readonly variables = new Map<string, Kind>();
  private readonly known = new Map<Expression, Kind>();
  private readonly resultOf: (e: Expression) => Kind;

  /** @param resultOf  the kind of a call, or of an item of an array */
  constructor(resultOf: (e: Expression) => Kind) {
    this.resultOf = resultOf;
  }

  declare(name: string, kind: Kind): void {
    this.variables.set(name, kind);
  }

  /** @throws Unsupported for what emitted text does not have */
  of(e: Expression): Kind {
    let kind = this.known.get(e);
    if (kind === undefined) {
      kind = this.find(e);
      this.known.set(e, kind);
    }
    return kind;
  }

  private find(e: Expression): Kind {
    switch (e.type) {
      case "Literal": return ofLiteral(e);
      case "Identifier": return this.variables.get(e.name) ?? unsupported(`the name ${e.name}`);
      case "UnaryExpression": return this.ofUnary(e);
      case "BinaryExpression": return this.ofBinary(e);
      case "LogicalExpression": return "bool";
      case "ConditionalExpression": return unite(this.of(e.consequent), this.of(e.alternate));
      case "SequenceExpression": return this.of(e.expressions[e.expressions.length - 1]);
      case "AssignmentExpression": return this.of(e.left as Expression);
      default: return this.resultOf(e);
    }
  }

  private ofUnary(e: UnaryExpression): Kind {
    const value = literalOf(e);
    if (value !== null) return kindOfNumber(value);
    if (e.operator === "!") return "bool";
    if (e.operator === "~") return "i32";
    // Of 0 it is -0.
    if (e.operator === "-") return "f64";
    const kind = this.of(e.argument);
    if (e.operator !== "+") return unsupported(`the operator ${e.operator}`);
    return kind === "bool" ? "i32" : kind;
  }

  private ofBinary({ operator, left, right }: BinaryExpression): Kind {
    if (isComparison(operator)) return "bool";
    switch (operator) {
      case "|": case "&": case "^": case "<<": case ">>": return "i32";
      case ">>>": {
        const by = literalOf(right);
        return by !== null && (by & 31) !== 0 ? "i32" : "u32";
      }
      case "+": case "-": return isFloat(this.of(left as Expression)) || isFloat(this.of(right)) ? "f64" : "wide";
      case "*": case "/": case "%": return "f64";
      default: return unsupported(`the operator ${operator}`);
    }
  }
}

function ofLiteral({ value }: Literal): Kind {
  if (typeof value === "boolean") return "bool";
  return typeof value === "number" ? kindOfNumber(value) : unsupported(`the literal ${String(value)}`);
}

function unite(a: Kind, b: Kind): Kind {
  if (a === b) return a;
  if (isFloat(a) || isFloat(b)) return "f64";
  return a !== "u32" && b !== "u32" && a !== "wide" && b !== "wide" ? "i32" : "wide";
}

/** Emitted text that there is no WebAssembly for. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}

export function unsupported(what: string): never {
  throw new Unsupported(`no WebAssembly for ${what}`);
}
