/**
 * Compiles the statements of an emitted function to the body of a WebAssembly function that does the same. Emitted text has
 * few forms (tcg/js): variables of one kind each, labelled blocks and endless loops, items of typed arrays, calls of
 * run-time functions and helpers. What is none of these is not compiled at all, and runs as JavaScript.
 *
 * Every array that is named must lie in the one memory. Indices are within their arrays: emitted text has checked them.
 */
import type { AssignmentExpression, BinaryExpression, CallExpression, ConditionalExpression, Expression, ForStatement, Identifier, IfStatement, LabeledStatement, LogicalExpression, MemberExpression, ReturnStatement, Statement, UnaryExpression, VariableDeclaration } from "estree";
import type { Helper, Inline } from "../ir/types.ts";
import { id } from "../js/estree.ts";
import { instantiate, template } from "../js/templates.ts";
import type { ValueType } from "./code-writer.ts";
import { CodeWriter, I32, NOTHING, OP } from "./code-writer.ts";
import { divide, INTRINSICS, OF_SINGLES, toWord } from "./intrinsics.ts";
import type { Kind } from "./kinds.ts";
import { isComparison, isFloat, kindOfType, Kinds, literalOf, unsupported, VALUE_TYPES } from "./kinds.ts";
import type { ArrayPlace } from "./operations.ts";
import { COMPARE, F32_OPS, F64_OPS, LOADS, VIEW_LOADS, VIEW_STORES, WORD_OPS } from "./operations.ts";
import type { BranchHint, CompiledBody } from "./module.ts";

/** What the function's free names are. */
export interface Names {
  /** The array of this name; undefined if it is none, or does not lie in the memory. */
  array(name: string): ArrayPlace | undefined;
  readonly helpers: ReadonlyMap<string, Helper>;
  /** Variables whose kind does not show where they are declared. */
  readonly floats?: ReadonlyMap<string, "f32" | "f64">;
  /** What a `return` is. */
  readonly giveBack?: (compiler: FunctionCompiler, value: Expression) => void;
  /** Where a field of what the first parameter points to lies, in bytes from there: a word. Undefined if it has none such. */
  readonly field?: (name: string) => number | undefined;
}

interface Local {
  readonly index: number;
  readonly kind: Kind;
}

/** What hosts take of a function (JavaScript Interface 2.0, "Implementation-defined Limits"), less a little for its declarations. */
const MAX_LOCALS = 50_000, MAX_CODE_BYTES = 7_000_000;

export class FunctionCompiler {
  readonly code = new CodeWriter();
  private readonly names: Names;
  private readonly kinds: Kinds;
  private readonly locals = new Map<string, Local>();
  private readonly localTypes: ValueType[] = [];
  /** Constants of the text that are numbers known now: doubles. */
  private readonly constants = new Map<string, number>();
  private readonly parameterCount: number;
  private readonly imports: Helper[];
  private readonly hints: BranchHint[] = [];
  /** Labels around the current place, outermost first: what a `br` counts from the end. */
  private readonly labels: string[] = [];
  private readonly newIndex = (kind: Kind): number => this.newLocal(kind).index;

  /**
   * @param parameters  names of the parameters, all of them words
   * @param imports     what the functions of the module call; is added to
   */
  constructor(names: Names, parameters: readonly string[], imports: Helper[] = []) {
    this.names = names;
    this.imports = imports;
    this.kinds = new Kinds((e) => this.kindOfResult(e));
    this.parameterCount = parameters.length;
    parameters.forEach((name, index) => this.locals.set(name, { index, kind: "i32" }));
    for (const name of parameters) this.kinds.declare(name, "i32");
  }

  /** @throws Unsupported */
  statements(list: readonly Statement[]): void {
    for (const s of list) this.statement(s);
  }

  /** Leaves a word on the stack: the function's result. */
  result(e: Expression): void {
    this.word(e);
  }

  /**
   * Its declarations of locals and instructions, and what is known of branches among them.
   * @throws Unsupported for more than a host takes
   */
  finish(): CompiledBody {
    if (this.parameterCount + this.localTypes.length > MAX_LOCALS || this.code.length > MAX_CODE_BYTES) return unsupported("so long a function");
    const code = new CodeWriter().unsigned(this.localTypes.length);
    for (const type of this.localTypes) code.byte(1, type);
    const hints = this.hints.map(({ offset, isLikely }) => ({ offset: code.length + offset, isLikely }));
    return { code: code.append(this.code).byte(OP.end), hints };
  }

  // ---- statements

  private statement(s: Statement): void {
    switch (s.type) {
      case "VariableDeclaration": return this.declaration(s);
      case "ExpressionStatement": return this.effect(s.expression);
      case "BlockStatement": return this.statements(s.body);
      case "LabeledStatement": return this.labelled(s);
      case "IfStatement": return this.either(s);
      case "ReturnStatement": return this.returned(s);
      case "BreakStatement": return this.branch(s.label?.name ?? "");
      case "ContinueStatement": return this.branch(`${s.label?.name ?? ""}:`);
      default: return unsupported(`a ${s.type}`);
    }
  }

  private either({ test, consequent, alternate }: IfStatement): void {
    const { code } = this, hasAlternate = alternate !== null && alternate !== undefined, isHinted = isWayOut(consequent);
    if (hasAlternate || !isLogical(test)) {
      this.condition(test);
      if (isHinted) this.hint(false);
      code.byte(OP.if, NOTHING);
      this.labels.push("");
    } else {
      code.byte(OP.block, NOTHING);
      this.branchIf(test, false, this.labels.push("") - 1, isHinted);
    }
    this.statement(consequent);
    if (hasAlternate) {
      code.byte(OP.else);
      this.statement(alternate);
    }
    this.end();
  }

  /** Says whether the branch that is written next is likely to be taken. */
  private hint(isLikely: boolean): void {
    this.hints.push({ offset: this.code.length, isLikely });
  }

  /**
   * Branches to the label of this number if the condition is what is said; with a hint that all of a statement's condition is likely not to hold. Each part of it branches by itself: V8 would
   * make 0 or 1 of a condition first that comes from several places.
   */
  private branchIf(e: Expression, is: boolean, label: number, isHinted: boolean): void {
    const { code } = this;
    if (e.type === "UnaryExpression" && e.operator === "!") return this.branchIf(e.argument, !is, label, isHinted);
    if (!isLogical(e)) {
      this.condition(e);
      if (!is) code.byte(OP.i32_eqz);
      if (isHinted) this.hint(!is);
      code.byte(OP.br_if).unsigned(this.labels.length - 1 - label);
      return;
    }
    const { operator, left, right } = e, isEnough = (operator === "||") === is;
    if (!isEnough) code.byte(OP.block, NOTHING);
    const over = isEnough ? label : this.labels.push("") - 1;
    this.branchIf(left, isEnough ? is : !is, over, isHinted);
    this.branchIf(right, is, label, isHinted);
    if (!isEnough) this.end();
  }

  private returned({ argument }: ReturnStatement): void {
    const { giveBack } = this.names;
    if (giveBack === undefined || argument === null || argument === undefined) return unsupported("a return");
    giveBack(this, argument);
  }

  /** Returns a word from anywhere. */
  giveBack(value: Expression): void {
    this.word(value);
    this.code.byte(OP.return);
  }

  private end(): void {
    this.code.byte(OP.end);
    this.labels.pop();
  }

  private branch(label: string): void {
    const at = this.labels.lastIndexOf(label);
    if (at < 0 || label === "") return unsupported(`a way to ${label}`);
    this.code.byte(OP.br).unsigned(this.labels.length - 1 - at);
  }

  private labelled({ label, body }: LabeledStatement): void {
    this.code.byte(OP.block, NOTHING);
    this.labels.push(label.name);
    if (body.type === "ForStatement") this.loop(label.name, body);
    else this.statement(body);
    this.end();
  }

  private loop(label: string, s: ForStatement): void {
    if (s.init !== null || s.test !== null || s.update !== null) return unsupported("a loop that ends by itself");
    this.code.byte(OP.loop, NOTHING);
    this.labels.push(`${label}:`);
    this.statement(s.body);
    this.code.byte(OP.br, 0);
    this.end();
  }

  private declaration({ declarations, kind }: VariableDeclaration): void {
    for (const { id, init } of declarations) {
      if (id.type !== "Identifier" || init === null || init === undefined) return unsupported("such a declaration");
      const found = this.names.floats?.get(id.name) ?? this.kinds.of(init), known = found === "wide" ? "f64" : found;
      const value = kind === "const" && known === "f64" ? this.folded(init) : null;
      if (value === null) {
        this.variable(id.name, known, init);
      } else {
        this.constants.set(id.name, value);
        this.kinds.declare(id.name, "f64");
      }
    }
  }

  /** Declares a variable with what it starts as. */
  variable(name: string, kind: Kind, init: Expression): void {
    const local = this.newLocal(kind);
    this.locals.set(name, local);
    this.kinds.declare(name, kind);
    this.value(init, kind);
    this.code.byte(OP.local_set).unsigned(local.index);
  }

  /** A new variable of no name. @returns its number */
  newWord(): number {
    return this.newIndex("i32");
  }

  private newLocal(kind: Kind): Local {
    this.localTypes.push(VALUE_TYPES[kind]);
    return { index: this.parameterCount + this.localTypes.length - 1, kind };
  }

  private effect(e: Expression): void {
    if (e.type === "AssignmentExpression") return this.assignment(e, false);
    if (e.type === "CallExpression" && this.viewStore(e)) return;
    if (e.type !== "CallExpression") return unsupported(`a ${e.type} for its effect`);
    if (this.call(e) !== null) this.code.byte(OP.drop);
  }

  private assignment({ operator, left, right }: AssignmentExpression, isValueWanted: boolean): void {
    if (operator !== "=") return unsupported(`the operator ${operator}`);
    if (left.type === "Identifier") {
      const local = this.local(left.name);
      this.value(right, local.kind);
      this.code.byte(isValueWanted ? OP.local_tee : OP.local_set).unsigned(local.index);
      return;
    }
    if (left.type !== "MemberExpression" || isValueWanted) return unsupported("such an assignment");
    const { offset, store, kind } = this.item(left);
    this.value(right, kind);
    this.memory(store, offset);
  }

  private local(name: string): Local {
    return this.locals.get(name) ?? unsupported(`the name ${name}`);
  }

  // ---- memory

  /** Leaves the address of an array's item on the stack, or of a field. */
  private item({ object, property, computed }: MemberExpression): { readonly offset: number; readonly load: number; readonly store: number; readonly kind: Kind } {
    const field = this.fieldOf({ object, property, computed });
    if (field !== undefined) {
      this.code.byte(OP.local_get, 0);
      return { ...LOADS.i32, offset: field };
    }
    const { offset, items } = this.arrayOf(object as Expression), place = computed && items !== "view" ? LOADS[items] : unsupported("a member");
    const index = literalOf(property as Expression);
    if (index !== null) {
      this.code.i32Const(0);
      return { ...place, offset: offset + (index << place.shift) };
    }
    this.word(property as Expression);
    if (place.shift > 0) this.code.i32Const(place.shift).byte(OP.i32_shl);
    return { ...place, offset };
  }

  private fieldOf({ object, property, computed }: Pick<MemberExpression, "object" | "property" | "computed">): number | undefined {
    const isField = !computed && object.type === "Identifier" && property.type === "Identifier" && this.locals.get(object.name)?.index === 0;
    return isField ? this.names.field?.(property.name) : undefined;
  }

  private arrayOf(object: Expression): ArrayPlace {
    const place = object.type === "Identifier" ? this.names.array(object.name) : undefined;
    return place ?? unsupported(`the array ${object.type === "Identifier" ? object.name : object.type}`);
  }

  /** A view whose bytes are taken as little endian. */
  private viewOf(object: Expression, isLittleEndian: CallExpression["arguments"][number] | undefined): ArrayPlace {
    const place = this.arrayOf(object);
    return place.items === "view" && isLittleEndian?.type === "Literal" && isLittleEndian.value === true ? place : unsupported("such a view");
  }

  /** The immediate of an access: guest addresses need not be aligned. */
  private memory(op: number, offset: number): void {
    this.code.byte(op, 0).unsigned(offset);
  }

  /** `dv.setInt32(index, value, true)`, if it is that. */
  private viewStore({ callee, arguments: args }: CallExpression): boolean {
    if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return false;
    const how = VIEW_STORES[callee.property.name];
    if (how === undefined) return false;
    const { offset } = this.viewOf(callee.object as Expression, args[2]);
    this.word(args[0] as Expression);
    this.value(args[1] as Expression, how.kind);
    this.memory(how.op, offset);
    return true;
  }

  // ---- values

  /** Leaves the value on the stack, as one of this kind. */
  private value(e: Expression, kind: Kind): void {
    switch (kind) {
      case "i32": case "u32": case "bool": return this.word(e);
      case "wide": return this.wide(e);
      case "f32": return this.single(e);
      case "f64": return this.double(e);
    }
  }

  /** Leaves the value modulo 2^32, as `| 0` gives it. */
  private word(e: Expression): void {
    const literal = literalOf(e), { code } = this;
    if (literal !== null) {
      code.i32Const(literal | 0);
      return;
    }
    const kind = this.kinds.of(e);
    if (e.type === "BinaryExpression" && this.wordOperation(e)) return;
    if (e.type === "UnaryExpression" && !(isFloat(kind) && isFloat(this.kinds.of(e.argument)))) return this.wordUnary(e);
    if (isFloat(kind)) {
      this.double(e);
      return toWord(code, this.newIndex);
    }
    const given = this.plain(e);
    if (given === "wide") code.byte(OP.i32_wrap_i64);
  }

  private wordOperation({ operator, left, right }: BinaryExpression): boolean {
    const l = left as Expression;
    if (operator === "|" && literalOf(right) === 0) {
      this.word(l);
      return true;
    }
    const op = WORD_OPS[operator], isArithmetic = operator === "+" || operator === "-";
    if (op !== undefined && !(isArithmetic && (isFloat(this.kinds.of(l)) || isFloat(this.kinds.of(right))))) {
      this.word(l);
      this.word(right);
      this.code.byte(op);
      return true;
    }
    return (operator === "/" || operator === "%") && this.division(operator, l, right);
  }

  /** Quotients and remainders of integers. */
  private division(operator: "/" | "%", left: Expression, right: Expression): boolean {
    const kinds = [this.kinds.of(left), this.kinds.of(right)], isUnsigned = kinds.every((k) => k === "u32");
    if (!isUnsigned && !kinds.every((k) => k === "i32")) return false;
    this.word(left);
    this.word(right);
    divide(this.code, !isUnsigned, operator === "%", this.newIndex);
    return true;
  }

  private wordUnary({ operator, argument }: UnaryExpression): void {
    const { code } = this;
    switch (operator) {
      case "~":
        this.word(argument);
        code.i32Const(-1).byte(OP.i32_xor);
        return;
      case "-":
        code.i32Const(0);
        this.word(argument);
        code.byte(OP.i32_sub);
        return;
      case "!":
        this.condition(argument);
        code.byte(OP.i32_eqz);
        return;
      default: return this.word(argument);
    }
  }

  private wide(e: Expression): void {
    const literal = literalOf(e), { code } = this;
    if (literal !== null) {
      code.i64Const(literal);
      return;
    }
    if (e.type === "BinaryExpression" && this.kinds.of(e) === "wide") {
      this.wide(e.left as Expression);
      this.wide(e.right);
      code.byte(e.operator === "+" ? OP.i64_add : OP.i64_sub);
      return;
    }
    const kind = this.kinds.of(e);
    if (e.type === "UnaryExpression" && kind === "wide") return this.wide(e.argument);
    if (kind === "wide") {
      this.plain(e);
      return;
    }
    if (isFloat(kind)) return unsupported("a float as an integer");
    this.word(e);
    code.byte(kind === "u32" ? OP.i64_extend_i32_u : OP.i64_extend_i32_s);
  }

  /** The value of an expression of constants, or null. Neither of V8's compilers of WebAssembly works these out. */
  private folded(e: Expression): number | null {
    if (e.type === "Identifier") return this.constants.get(e.name) ?? null;
    if (e.type !== "BinaryExpression" || F64_OPS[e.operator] === undefined) return literalOf(e);
    const x = this.folded(e.left as Expression), y = x === null ? null : this.folded(e.right);
    if (x === null || y === null) return null;
    return e.operator === "+" ? x + y : e.operator === "-" ? x - y : e.operator === "*" ? x * y : x / y;
  }

  private double(e: Expression): void {
    const value = this.folded(e), kind = this.kinds.of(e), { code } = this;
    if (value !== null) {
      code.f64Const(value);
      return;
    }
    switch (kind) {
      case "i32": case "bool":
        this.word(e);
        code.byte(OP.f64_convert_i32_s);
        return;
      case "u32":
        this.word(e);
        code.byte(OP.f64_convert_i32_u);
        return;
      case "wide":
        this.wide(e);
        code.byte(OP.f64_convert_i64_s);
        return;
      case "f32":
        this.plain(e);
        code.byte(OP.f64_promote_f32);
        return;
      case "f64":
        if (e.type === "BinaryExpression") {
          const op = F64_OPS[e.operator] ?? unsupported(`${e.operator} of floats`);
          this.double(e.left as Expression);
          this.double(e.right);
          code.byte(op);
        } else if (e.type === "UnaryExpression") {
          this.double(e.argument);
          if (e.operator === "-") code.byte(OP.f64_neg);
        } else {
          this.plain(e);
        }
    }
  }

  /** A single; of a double, rounded. */
  private single(e: Expression): void {
    const literal = literalOf(e);
    if (literal !== null) {
      this.code.f32Const(literal);
      return;
    }
    if (this.kinds.of(e) === "f32") {
      this.plain(e);
      return;
    }
    this.double(e);
    this.code.byte(OP.f32_demote_f64);
  }

  /**
   * `fround(x)`. Of a sum, difference, product, quotient or root of singles it is that in singles: a double has more than
   * twice the digits and two, so that rounding twice is as good as once.
   */
  private round(e: Expression): void {
    const isSingle = (x: Expression): boolean => this.kinds.of(x) === "f32";
    if (e.type === "BinaryExpression" && isSingle(e.left as Expression) && isSingle(e.right)) {
      const op = F32_OPS[e.operator];
      if (op !== undefined) {
        this.single(e.left as Expression);
        this.single(e.right);
        this.code.byte(op);
        return;
      }
    }
    if (e.type === "CallExpression" && e.callee.type === "Identifier" && e.callee.name === "sqrt" && isSingle(e.arguments[0] as Expression)) {
      this.single(e.arguments[0] as Expression);
      this.code.byte(OP.f32_sqrt);
      return;
    }
    this.single(e);
  }

  /** A value of the kind it is by itself; gives the kind. */
  private plain(e: Expression): Kind {
    const { code } = this;
    switch (e.type) {
      case "Identifier": {
        const local = this.local(e.name);
        code.byte(OP.local_get).unsigned(local.index);
        return local.kind;
      }
      case "MemberExpression": {
        const { offset, load, kind } = this.item(e);
        this.memory(load, offset);
        return kind;
      }
      case "BinaryExpression":
        if (isComparison(e.operator)) {
          this.comparison(e);
          return "bool";
        }
        if (this.kinds.of(e) !== "wide") return unsupported(`the operator ${e.operator}`);
        this.wide(e);
        return "wide";
      case "LogicalExpression":
        this.logical(e);
        return "bool";
      case "ConditionalExpression": return this.choice(e);
      case "AssignmentExpression":
        this.assignment(e, true);
        return this.kinds.of(e);
      case "SequenceExpression": {
        const last = e.expressions.length - 1, kind = this.kinds.of(e);
        for (const one of e.expressions.slice(0, last)) this.effect(one);
        this.value(e.expressions[last], kind);
        return kind;
      }
      case "CallExpression": return this.call(e) ?? unsupported("a call for a result it has not");
      default: return unsupported(`a ${e.type}`);
    }
  }

  /** One of two that are at hand; or whatever has to be computed, and then only that. */
  private choice(e: ConditionalExpression): Kind {
    const kind = this.kinds.of(e), { code } = this;
    if (!isAtHand(e.consequent) || !isAtHand(e.alternate)) {
      this.condition(e.test);
      code.byte(OP.if, VALUE_TYPES[kind]);
      this.value(e.consequent, kind);
      code.byte(OP.else);
      this.value(e.alternate, kind);
      code.byte(OP.end);
      return kind;
    }
    this.value(e.consequent, kind);
    this.value(e.alternate, kind);
    this.condition(e.test);
    code.byte(OP.select);
    return kind;
  }

  // ---- conditions

  /** Leaves a word that is not 0 where the condition holds. */
  private condition(e: Expression): void {
    const kind = this.kinds.of(e);
    if (isFloat(kind) || kind === "wide") return unsupported("such a condition");
    this.word(e);
  }

  private logical({ operator, left, right }: LogicalExpression): void {
    const { code } = this;
    if (![left, right].every((e) => this.kinds.of(e) === "bool") || operator === "??") return unsupported("such a condition");
    this.condition(left);
    code.byte(OP.if, I32);
    this.labels.push("");
    if (operator === "&&") {
      this.condition(right);
      code.byte(OP.else).i32Const(0);
    } else {
      code.i32Const(1).byte(OP.else);
      this.condition(right);
    }
    this.end();
  }

  private comparison({ operator, left, right }: BinaryExpression): void {
    const l = left as Expression, ops = COMPARE[operator] ?? unsupported(`the operator ${operator}`), how = this.comparisonOf(l, right);
    if (literalOf(right) === 0 && operator === "===" && (how === "signed" || how === "unsigned")) {
      this.word(l);
      this.code.byte(OP.i32_eqz);
      return;
    }
    const kind = how === "signed" || how === "unsigned" ? "i32" : how;
    this.value(l, kind);
    this.value(right, kind);
    this.code.byte(ops[how]);
  }

  private comparisonOf(left: Expression, right: Expression): "signed" | "unsigned" | "wide" | "f32" | "f64" {
    const kinds = [left, right].map((e) => {
      const literal = literalOf(e), kind = this.kinds.of(e);
      return literal !== null && kind === "i32" && literal >= 0 ? null : kind;
    });
    if (kinds.some((k) => k !== null && isFloat(k))) return kinds.every((k) => k === "f32") ? "f32" : "f64";
    if (kinds.every((k) => k === null || k === "i32" || k === "bool")) return "signed";
    return kinds.every((k) => k === null || k === "u32") ? "unsigned" : "wide";
  }

  // ---- calls

  private kindOfResult(e: Expression): Kind {
    if (e.type === "MemberExpression") {
      if (this.fieldOf(e) !== undefined) return "i32";
      const { items } = this.arrayOf(e.object as Expression);
      return items === "view" ? unsupported("a member") : LOADS[items].kind;
    }
    if (e.type !== "CallExpression") return unsupported(`a ${e.type}`);
    if (e.callee.type === "MemberExpression") return this.viewLoad(e).kind;
    const name = nameOf(e), intrinsic = this.intrinsicOf(name, e);
    if (name === "fround") return "f32";
    if (intrinsic !== undefined) return intrinsic.result;
    const helper = this.names.helpers.get(name) ?? unsupported(`the function ${name}`);
    return helper.result === "void" ? unsupported("a call for a result it has not") : kindOfType(helper.result);
  }

  private intrinsicOf(name: string, { arguments: [first] }: CallExpression): (typeof INTRINSICS)[string] {
    const ofSingles = OF_SINGLES[name];
    return ofSingles !== undefined && this.kinds.of(first as Expression) === "f32" ? ofSingles : INTRINSICS[name];
  }

  private viewLoad({ callee }: CallExpression): { readonly op: number; readonly kind: Kind } {
    const method = callee.type === "MemberExpression" && callee.property.type === "Identifier" ? callee.property.name : "";
    return VIEW_LOADS[method] ?? unsupported(`the method ${method}`);
  }

  /** Gives the kind of the result, null for none. */
  private call(e: CallExpression): Kind | null {
    const { code } = this, args = e.arguments as Expression[];
    if (e.callee.type === "MemberExpression") {
      const { op, kind } = this.viewLoad(e), { offset } = this.viewOf(e.callee.object as Expression, args[1]);
      this.word(args[0]);
      this.memory(op, offset);
      return kind;
    }
    const name = nameOf(e), intrinsic = this.intrinsicOf(name, e);
    if (name === "fround") {
      this.round(args[0]);
      return "f32";
    }
    if (intrinsic !== undefined) {
      intrinsic.params.forEach((kind, i) => this.value(args[i], kind));
      intrinsic.write(code, this.newIndex);
      return intrinsic.result;
    }
    const helper = this.names.helpers.get(name) ?? unsupported(`the function ${name}`);
    if (helper.inline !== undefined) return this.inline(helper.inline, args);
    helper.params.forEach((type, i) => this.value(args[i], kindOfType(type)));
    code.byte(OP.call).unsigned(this.importOf(helper));
    return helper.result === "void" ? null : kindOfType(helper.result);
  }

  /** The number of a function that the module imports. */
  importOf(helper: Helper): number {
    const number = this.imports.indexOf(helper);
    return number < 0 ? this.imports.push(helper) - 1 : number;
  }

  /** Writes a function in place: parameters and steps are variables. */
  private inline({ params, steps }: Inline, args: readonly Expression[]): Kind {
    const operands: Identifier[] = [];
    const step = (e: Expression): void => {
      const name = `$${this.localTypes.length}`;
      this.variable(name, "i32", e);
      operands.push(id(name));
    };
    for (const arg of args.slice(0, params)) step(arg);
    const last = steps.length - 1;
    for (const source of steps.slice(0, last)) step(instantiate(template(source).expression, operands));
    this.word(instantiate(template(steps[last]).expression, operands));
    return "i32";
  }
}

const isLogical = (e: Expression): e is LogicalExpression => e.type === "LogicalExpression" && e.operator !== "??";
/** What leaves the function, by the label that emitters have for that: the usual case goes on. */
function isWayOut(s: Statement): boolean {
  const last = s.type === "BlockStatement" ? s.body.at(-1) : s;
  return last?.type === "BreakStatement" && last.label?.name === "leave";
}

const isAtHand = (e: Expression): boolean => e.type === "Identifier" || literalOf(e) !== null;

function nameOf({ callee }: CallExpression): string {
  return callee.type === "Identifier" ? callee.name : unsupported("such a call");
}
