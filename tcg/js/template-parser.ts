/**
 * Parses the JavaScript of templates: an expression of names, numbers, operators and calls, to the ESTree that acorn makes of it, but for
 * positions. There are a hundred small ones in a short run, and acorn takes longer to get going than they take here.
 */
import type { BinaryExpression, BinaryOperator, Expression, LogicalOperator, UnaryOperator } from "estree";
import { InternalError } from "../support/errors.ts";

/** How strongly binary operators bind (ECMA-262 §13.6 to §13.13); all are left-associative. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "===": 6, "!==": 6, "<": 7, ">": 7, "<=": 7, ">=": 7, "<<": 8, ">>": 8, ">>>": 8,
  "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
};
const UNARY = new Set(["-", "+", "~", "!"]);
const TOKEN = /\s*(0x[\da-f]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?|[\w$]+|>>>|<<|>>|[<>]=?|[!=]==|&&|\|\||[-+*/%&|^~!?:(),])/iy;

/** Parses quoted JavaScript. @throws InternalError for what no template has */
export function parseTemplate(source: string): Expression {
  return new TemplateParser(source).parse();
}

class TemplateParser {
  private readonly source: string;
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(source: string) {
    this.source = source;
    for (let from = 0; from < source.trimEnd().length; from = TOKEN.lastIndex) {
      TOKEN.lastIndex = from;
      const match = TOKEN.exec(source);
      if (match === null) throw this.error();
      this.tokens.push(match[1]);
    }
  }

  parse(): Expression {
    const expression = this.conditional();
    if (this.at !== this.tokens.length) throw this.error();
    return expression;
  }

  private conditional(): Expression {
    const test = this.binary(0);
    if (!this.accept("?")) return test;
    const consequent = this.conditional();
    this.expect(":");
    return { type: "ConditionalExpression", test, consequent, alternate: this.conditional() };
  }

  /** As far as operators bind more strongly than `outer`. */
  private binary(outer: number): Expression {
    let left = this.unary();
    for (;;) {
      const operator = this.tokens[this.at] ?? "", precedence = PRECEDENCE[operator] ?? 0;
      if (precedence <= outer) return left;
      this.at++;
      const right = this.binary(precedence);
      left = operator === "&&" || operator === "||"
        ? { type: "LogicalExpression", left, operator: operator satisfies LogicalOperator, right }
        : { type: "BinaryExpression", left, operator: operator as BinaryOperator, right } satisfies BinaryExpression;
    }
  }

  private unary(): Expression {
    const token = this.tokens[this.at++];
    if (token === undefined) throw this.error();
    if (UNARY.has(token)) return { type: "UnaryExpression", operator: token as UnaryOperator, prefix: true, argument: this.unary() };
    if (token === "(") {
      const inner = this.conditional();
      this.expect(")");
      return inner;
    }
    if (/^\d/.test(token)) return { type: "Literal", value: Number(token), raw: token };
    if (!/^[\w$]/.test(token)) throw this.error();
    const callee: Expression = { type: "Identifier", name: token };
    return this.accept("(") ? { type: "CallExpression", callee, arguments: this.list(), optional: false } : callee;
  }

  /** The arguments of a call, behind its parenthesis. */
  private list(): Expression[] {
    const list: Expression[] = [];
    if (this.accept(")")) return list;
    do list.push(this.conditional()); while (this.accept(","));
    this.expect(")");
    return list;
  }

  private accept(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private expect(token: string): void {
    if (!this.accept(token)) throw this.error();
  }

  private error(): InternalError {
    return new InternalError(`no template: "${this.source}"`);
  }
}
