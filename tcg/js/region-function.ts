/**
 * The function of a region in JavaScript, and the one that enters a region compiled otherwise.
 */
import type { Expression, Statement, VariableDeclarator } from "estree";
import { call, giveBack, id, int, item, when } from "./estree.ts";
import type { EmittedFunction } from "./emitter.ts";
import type { EmittedRegion } from "./region-emitter.ts";
import { WAY_ASIDE } from "./region-emitter.ts";
import { instantiate, template } from "./templates.ts";

const make = (source: string, ...operands: Expression[]): Expression => instantiate(template(source).expression, operands);

/** What both are called with. */
export const REGION_PARAMS = ["left"] as const;

const mine = (name: string): Expression => ({ type: "MemberExpression", object: { type: "ThisExpression" }, property: id(name), computed: false, optional: false });
const declare = (name: string, init: Expression): VariableDeclarator => ({ type: "VariableDeclarator", id: id(name), init });
const instead = (name: string): Statement => giveBack(call(id(name), [{ type: "ThisExpression" }, id("left")]));

/** Where the region is not entered. */
function refusals(guards: readonly Expression[]): Statement[] {
  return [when(make("left < $0", mine("reach")), instead("short")), ...guards.map((test) => when(test, instead("plain")))];
}

/** All of it, as JavaScript. */
export function regionFunction({ guards, guardNames, variables, body, writeBack, names, helpers }: EmittedRegion): EmittedFunction {
  const declarations = [
    declare("at", mine("entry")), declare("n", make("left + $0 | 0", mine("size"))), declare("used", int(0)), declare("pc", int(0)), declare("way", int(WAY_ASIDE)),
    ...variables.map(({ name, init }) => declare(name, init)),
  ];
  return {
    body: [...refusals(guards), { type: "VariableDeclaration", kind: "let", declarations }, body, ...writeBack, giveBack(make("leave(tbs, way, pc, (n - used | 0) - left | 0)"))],
    names: new Set([...names, ...guardNames, "short", "leave", "tbs", ...(guards.length > 0 ? ["plain"] : [])]), localNames: [...names], helpers,
  };
}

/** Calls `code(entry, n, left)`, which gives what is left of n and leaves way and pc in these slots of the state file. */
export function regionEntrance({ guards, guardNames }: EmittedRegion, way: number, pc: number): EmittedFunction {
  const rest: Statement = { type: "VariableDeclaration", kind: "const", declarations: [declare("rest", make("code($0, left + $1 | 0, left)", mine("entry"), mine("size")))] };
  return {
    body: [...refusals(guards), rest, giveBack(make("leave(tbs, $0, $1, rest - left | 0)", item("R", int(way)), item("R", int(pc))))],
    names: new Set(["short", "leave", "tbs", "code", "R", "F32", "F64", ...guardNames, ...(guards.length > 0 ? ["plain"] : [])]), helpers: new Set(),
  };
}
