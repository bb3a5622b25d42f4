/** Short constructors for the ESTree nodes the emitters build. */
import type { BlockStatement, CallExpression, Expression, ExpressionStatement, Identifier, IfStatement, Literal, MemberExpression, ReturnStatement, Statement, UnaryExpression, VariableDeclaration } from "estree";

/** `true` */
export const yes: Literal = { type: "Literal", value: true, raw: "true" };

export const id = (name: string): Identifier => ({ type: "Identifier", name });

/** An integer literal; negative numbers are a unary minus, as the grammar has it. */
export function int(value: number): Literal | UnaryExpression {
  const literal: Literal = { type: "Literal", value: Math.abs(value), raw: String(Math.abs(value)) };
  return value < 0 ? { type: "UnaryExpression", operator: "-", prefix: true, argument: literal } : literal;
}

/** `object[index]` */
export const item = (object: string, index: Expression): MemberExpression => ({
  type: "MemberExpression", object: id(object), property: index, computed: true, optional: false,
});

/** `object.name` */
export const member = (object: string, name: string): MemberExpression => ({
  type: "MemberExpression", object: id(object), property: id(name), computed: false, optional: false,
});

export const call = (callee: Expression, args: Expression[]): CallExpression => ({
  type: "CallExpression", callee, arguments: args, optional: false,
});

export const statement = (expression: Expression): ExpressionStatement => ({ type: "ExpressionStatement", expression });

export const assign = (left: Identifier | MemberExpression, right: Expression): ExpressionStatement =>
  statement({ type: "AssignmentExpression", operator: "=", left, right });

export const declare = (kind: "let" | "const", name: string, init: Expression): VariableDeclaration => ({
  type: "VariableDeclaration", kind, declarations: [{ type: "VariableDeclarator", id: id(name), init }],
});

export const block = (body: Statement[]): BlockStatement => ({ type: "BlockStatement", body });

export const when = (test: Expression, then: Statement, otherwise: Statement | null = null): IfStatement => ({
  type: "IfStatement", test, consequent: then, alternate: otherwise,
});

export const giveBack = (argument: Expression): ReturnStatement => ({ type: "ReturnStatement", argument });
