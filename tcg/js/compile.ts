/**
 * From statements to a function of the host: ESTree, printed by astring, compiled by `new Function`.
 * The objects that the text names are constants of an enclosing function, so that V8 folds their bases; the text of every
 * function is unique (its sourceURL), or V8 would share type feedback between functions and lose that.
 */
import { parse } from "acorn";
import { generate } from "astring";
import type { FunctionDeclaration, Node, Program, VariableDeclarator } from "estree";
import { InternalError } from "../support/errors.ts";
import type { EmittedFunction } from "./emitter.ts";
import { block, id } from "./estree.ts";

/**
 * The objects behind the names of emitted text. Besides helpers and `RUNTIME` these are
 * - `R R8 R16 F32 F64` the state file and its views; `u8 dv` guest memory; `pf` page flags;
 * - `tlbReadUser tlbWriteUser tlbReadKernel tlbWriteKernel tlbReadKernelAc tlbWriteKernelAc` the soft TLB;
 * - `load8 … store32 loadForWrite8 … probeStore(address, bytes)` the slow paths of interpreter handlers;
 * - `fault(vector, error)` raises a guest fault; `again(i)` counts an execution that did not finish the insn, returns it;
 * - `side(tb, n)` leaves a block in front of its n-th insn; `leave(tbs, way, pc, n)` a region, giving n insns back to the
 *   budget; `short(tb, left)` does what is to be done if less is left than it needs, `plain(tb, left)` runs a TB's own block;
 * - `jump(pc)`, `find(pc)` look up what runs next: a TB, an insn;
 * - `ANEW_TB` what a block returns where pc and mode say what is next; `EXIT_INSN` what a handler returns to leave for the engine.
 */
export type Environment = Record<string, unknown>;

/** How a function is named, what it may name, and whether that is checked. */
export interface CompileRequest {
  /** Name of the function; a JavaScript identifier. */
  readonly name: string;
  /** Names of its parameters. */
  readonly params: readonly string[];
  /** Unique in the process. */
  readonly sourceUrl: string;
  /** Names bound for this function alone (a block's own TB), and their values. */
  readonly bound?: Environment;
  /** Parse the text with acorn and check its free names. */
  readonly checked: boolean;
}

/** A function, and its text without what `compile` puts around it. */
export interface Compiled {
  readonly text: string;
  readonly fn: (...args: never[]) => unknown;
}

/** The JavaScript of an emitted function. */
function printFunction(emitted: EmittedFunction, name: string, params: readonly string[]): string {
  const { body, localNames = [] } = emitted;
  const locals = localNames.map((n): VariableDeclarator => ({ type: "VariableDeclarator", id: id(n), init: id(outerName(n)) }));
  const declaration: FunctionDeclaration = {
    type: "FunctionDeclaration", id: id(name), params: params.map(id),
    body: block(locals.length === 0 ? body : [{ type: "VariableDeclaration", kind: "const", declarations: locals }, ...body]),
    generator: false, async: false,
  };
  return generate(declaration);
}

/** What the enclosing function calls an object that the function has a variable for. */
const outerName = (name: string): string => `$${name}`;

/** Prints and compiles a function over `environment`. */
export function compile(emitted: EmittedFunction, environment: Environment, request: CompileRequest): Compiled {
  const text = printFunction(emitted, request.name, request.params), { bound = {} } = request;
  const locals = new Set(emitted.localNames), outside = (n: string): string => (locals.has(n) ? outerName(n) : n);
  if (request.checked) checkText(text, new Set([...[...emitted.names].map(outside), ...Object.keys(bound)]));
  const names = [...emitted.names].filter((n) => !(n in bound));
  const missing = names.find((n) => !(n in environment));
  if (missing !== undefined) throw new InternalError(`emitted code names ${missing}, which the environment lacks`, { text });
  // In parentheses: V8 then compiles the inner function with the outer one, instead of parsing it twice.
  const outer = `"use strict"; const { ${names.map((n) => (locals.has(n) ? `${n}: ${outerName(n)}` : n)).join(", ")} } = env; const { ${Object.keys(bound).join(", ")} } = bound;\nreturn (${text})\n//# sourceURL=${request.sourceUrl}`;
  const make = new Function("env", "bound", outer) as (env: Environment, bound: Environment) => Compiled["fn"];
  return { text, fn: make(environment, bound) };
}

/**
 * Parses emitted text and checks that it names nothing but its own variables and `allowed`.
 * @throws InternalError with the text if it does not.
 */
function checkText(text: string, allowed: ReadonlySet<string>): void {
  let program: Program;
  try {
    program = parse(text, { ecmaVersion: 2022, sourceType: "script" }) as Program;
  } catch (error) {
    throw new InternalError(`emitted text does not parse: ${String(error)}`, { text });
  }
  const declared = new Set<string>(), used = new Set<string>();
  collect(program, declared, used);
  for (const name of used) {
    if (!declared.has(name) && !allowed.has(name)) throw new InternalError(`emitted text uses the free name ${name}`, { text });
  }
}

function collect(node: Node, declared: Set<string>, used: Set<string>): void {
  switch (node.type) {
    case "FunctionDeclaration":
      declared.add(node.id.name);
      for (const p of node.params) if (p.type === "Identifier") declared.add(p.name);
      return collect(node.body, declared, used);
    case "VariableDeclarator":
      if (node.id.type === "Identifier") declared.add(node.id.name);
      if (node.init) collect(node.init, declared, used);
      return;
    case "MemberExpression":
      collect(node.object, declared, used);
      if (node.computed) collect(node.property, declared, used);
      return;
    case "LabeledStatement": return collect(node.body, declared, used);
    case "BreakStatement":
    case "ContinueStatement": return;
    case "Identifier":
      if (node.name !== "true" && node.name !== "Infinity") used.add(node.name);
      return;
    default:
      for (const value of Object.values(node) as unknown[]) {
        if (Array.isArray(value)) for (const v of value as unknown[]) { if (isNode(v)) collect(v, declared, used); }
        else if (isNode(value)) collect(value, declared, used);
      }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
