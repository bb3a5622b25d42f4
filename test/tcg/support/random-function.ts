// Random functions in the JavaScript that emitters write (tcg/js), as trees of typed pieces of text, and their shrinking.

import type { Random } from "./random.ts";

/** What a piece is; a `wide` is a sum of integers that does not wrap around, an `index` within what it is for, a `statement` leaves nothing. */
export type PieceKind = "i32" | "u32" | "wide" | "f32" | "f64" | "bool" | "index" | "statement";

export interface Piece {
  readonly kind: PieceKind;
  readonly parts: readonly (string | Piece)[];
}

/** Items of each array: `A` words, `B` bytes, `H` halves, `X` doubles, `Y` singles; outputs `O` words, `D` doubles, `S` singles. Bytes behind `dv`. */
export const ITEMS = 16, VIEW_BYTES = 256;

const WORDS = ["0", "1", "2", "3", "5", "31", "32", "127", "128", "255", "256", "65535", "65536", "2147483647", "(-1)", "(-2)", "(-64)", "(-65)", "(-128)", "(-2147483648)"];
const UNSIGNED_WORDS = ["4294967295", "2147483648", "3000000000"];
const DOUBLES = ["0.5", "1.5", "(-0.1)", "4294967296", "(-4294967297)", "6755399441055744", "1e300", "1e-310", "3.25e18", "(-2147483649)", "9007199254740991"];
/** What pieces are shrunk to. */
const SIMPLEST: Readonly<Record<PieceKind, readonly string[]>> = {
  i32: ["0", "1", "A[0]"], u32: ["(A[0] >>> 0)"], wide: ["(A[0] + 1)"], f32: ["Y[0]"], f64: ["X[0]", "0.5"], bool: ["(A[0] === 1)"], index: ["0"], statement: [""],
};

const COMPARISONS = ["<", ">", "<=", ">=", "===", "!=="] as const, NUMBERS = ["i32", "u32", "wide", "f32", "f32", "f64", "f64"] as const;
const DEEPEST = 5, MAX_LOOPS = 3;

/** Text in which `$0`, `$1` … are pieces. */
function make(kind: PieceKind, source: string, ...pieces: readonly Piece[]): Piece {
  return { kind, parts: source.split(/(\$\d)/).map((s) => (s.startsWith("$") ? pieces[Number(s.slice(1))] : s)) };
}

export function textOf({ parts }: Piece): string {
  return parts.map((p) => (typeof p === "string" ? p : textOf(p))).join("");
}

interface Variable {
  readonly name: string;
  readonly kind: PieceKind;
  readonly isConst: boolean;
}

/** A function body over arrays and functions of the test's; it may use up `n`, in loops. */
export function randomBody(random: Random): Piece {
  return new BodyGenerator(random).body();
}

class BodyGenerator {
  private readonly random: Random;
  private variables: Variable[] = [];
  private readonly labels: { readonly name: string; readonly isLoop: boolean }[] = [];
  private names = 0;
  private loops = 0;
  private outputs = 0;

  constructor(random: Random) {
    this.random = random;
  }

  body(): Piece {
    const lets = (["i32", "i32", "f32", "f64"] as const).map((kind) => this.declaration(kind, "let"));
    const rest = Array.from({ length: 2 + this.random.below(6) }, () => this.statement(2));
    const last = this.variables.filter((v) => !v.isConst).map(({ kind, name }) => this.output(make(kind, name)));
    return { kind: "statement", parts: [...lets, ...rest, ...last] };
  }

  // ---- statements

  private statement(depth: number): Piece {
    const kind = this.random.below(depth > 0 ? 15 : 10);
    if (kind < 3) return this.declaration(this.random.pick(["i32", "u32", "wide", "f32", "f64", "bool"]), "const");
    if (kind < 6) return this.output(this.expression(this.random.pick(["i32", "u32", "wide", "bool", "f32", "f64"])));
    if (kind < 8) return this.assignment();
    if (kind < 9) return make("statement", "note($0);\n", this.expression("i32"));
    if (kind < 10) return this.jump();
    if (kind < 12) return this.choice(depth);
    if (kind < 13 || this.loops === MAX_LOOPS) return this.labelled(depth);
    return this.loop(depth);
  }

  private declaration(kind: PieceKind, how: "let" | "const"): Piece {
    const value = this.expression(kind), name = `v${++this.names}`;
    this.variables.push({ name, kind, isConst: how === "const" });
    return make("statement", `${how} ${name} = $0;\n`, value);
  }

  private assignment(): Piece {
    const { name, kind } = this.random.pick(this.variables.filter((v) => !v.isConst));
    return make("statement", `${name} = $0;\n`, this.expression(kind));
  }

  private output(value: Piece): Piece {
    const { random } = this, at = this.outputs++ % ITEMS, { kind } = value, toView = random.chance(30);
    if (toView && (kind === "f32" || kind === "f64")) {
      // What a NaN carries is nobody's business.
      const name = `v${++this.names}`, [method, bytes] = kind === "f32" ? ["setFloat32", 4] as const : ["setFloat64", 8] as const;
      return make("statement", `const ${name} = $0;\nif (${name} === ${name}) dv.${method}($1, ${name}, true);\n`, value, this.place(bytes));
    }
    if (kind === "f32") return make("statement", `S[${at}] = $0;\n`, value);
    if (kind === "f64" || random.chance(30)) return make("statement", `D[${at}] = $0;\n`, value);
    const word = kind === "i32" ? value : make("i32", "($0 | 0)", value);
    if (toView) return make("statement", `dv.setInt${random.pick([16, 32])}($0, $1, true);\n`, this.place(4), word);
    return random.chance(30) ? make("statement", `${random.pick(["B", "H"])}[$0] = $1;\n`, this.index(), word) : make("statement", `O[${at}] = $0;\n`, word);
  }

  /** Statements in a scope of their own. */
  private scope(depth: number): Piece {
    const around = [...this.variables], inner = Array.from({ length: 1 + this.random.below(3) }, () => this.statement(depth - 1));
    this.variables = around;
    return { kind: "statement", parts: ["{\n", ...inner, "}\n"] };
  }

  private choice(depth: number): Piece {
    const test = this.expression("bool"), then = this.scope(depth);
    return this.random.chance(50) ? make("statement", "if ($0) $1", test, then) : make("statement", "if ($0) $1 else $2", test, then, this.scope(depth));
  }

  private labelled(depth: number): Piece {
    const name = `B${++this.names}`;
    this.labels.push({ name, isLoop: false });
    const body = this.scope(depth);
    this.labels.pop();
    return make("statement", `${name}: $0`, body);
  }

  private loop(depth: number): Piece {
    const name = `L${++this.names}`;
    this.loops++;
    this.labels.push({ name, isLoop: true });
    const body = this.scope(depth), last = this.random.chance(50) ? "break" : "continue";
    this.labels.pop();
    return make("statement", `${name}: for (;;) {\nif ((n = n - 1 | 0) < 0) break ${name};\n$0${last} ${name};\n}\n`, body);
  }

  /** A way out of something that is around, if a condition holds. */
  private jump(): Piece {
    if (this.labels.length === 0) return this.assignment();
    const { name, isLoop } = this.random.pick(this.labels), how = isLoop && this.random.chance(50) ? "continue" : "break";
    return make("statement", `if ($0) ${how} ${name};\n`, this.expression("bool"));
  }

  // ---- expressions

  private expression(kind: PieceKind, depth = DEEPEST): Piece {
    if (depth <= 0 || this.random.chance(12)) return make(kind, this.leaf(kind));
    switch (kind) {
      case "i32": return this.word(depth - 1);
      case "u32": return this.unsigned(depth - 1);
      case "wide": return this.make(kind, `($0 ${this.random.pick(["+", "-"])} $1)`, depth - 1, this.integer(), this.integer());
      case "f32": return this.single(depth - 1);
      case "f64": return this.double(depth - 1);
      case "bool": return this.condition(depth - 1);
      case "index": return this.index();
      case "statement": return make(kind, "");
    }
  }

  /** An expression with operands of these kinds. */
  private make(kind: PieceKind, source: string, depth: number, ...operands: readonly PieceKind[]): Piece {
    return make(kind, source, ...operands.map((k) => this.expression(k, depth)));
  }

  private leaf(kind: PieceKind): string {
    const { random } = this, known = this.variables.filter((v) => v.kind === kind), at = random.below(ITEMS);
    if (known.length > 0 && random.chance(60)) return random.pick(known).name;
    switch (kind) {
      case "i32": return random.chance(40) ? random.pick(WORDS) : `${random.pick(["A", "B", "H"])}[${at}]`;
      case "u32": return random.chance(20) ? random.pick(UNSIGNED_WORDS) : `(A[${at}] >>> 0)`;
      case "wide": return `(A[${at}] ${random.pick(["+", "-"])} ${random.pick(WORDS)})`;
      case "f32": return `Y[${at}]`;
      case "f64": return random.chance(40) ? random.pick(DOUBLES) : `X[${at}]`;
      case "bool": return `(A[${at}] ${random.pick(COMPARISONS)} ${random.pick(WORDS)})`;
      case "index": return String(at);
      case "statement": return "";
    }
  }

  private readonly integer = (): PieceKind => this.random.pick(["i32", "i32", "u32", "wide"]);
  private readonly number = (): PieceKind => this.random.pick(NUMBERS);

  private word(depth: number): Piece {
    const { random, integer } = this, of = (source: string, ...operands: readonly PieceKind[]): Piece => this.make("i32", source, depth, ...operands);
    switch (random.below(22)) {
      case 0: case 1: return of(`($0 ${random.pick(["+", "-"])} $1 | 0)`, integer(), integer());
      case 2: case 3: return of(`($0 ${random.pick(["|", "&", "^", "<<", ">>"])} $1)`, integer(), integer());
      case 4: return of(`($0 >>> ${1 + random.below(31)})`, integer());
      case 5: return of("(~$0)", integer());
      case 6: return of(random.pick(["($0 << $1 | $0 >>> -$1)", "($0 >>> $1 | $0 << -$1)"]).replaceAll("$0", this.leaf("i32")).replaceAll("$1", this.leaf("i32")));
      case 7: return of("($0 & -$1)", "i32", "bool");
      case 8: return of("(+$0)", "bool");
      case 9: case 10: return of("($0 | 0)", random.pick(["f64", "f64", "f32", "wide", "u32"]));
      case 11: return of(`($0 ${random.pick(["/", "%"])} $1 | 0)`, "i32", "i32");
      case 12: return of(`(($0 >>> 0) ${random.pick(["/", "%"])} ($1 >>> 0) | 0)`, "i32", "i32");
      case 13: return of(`($0 ${random.pick(["/ 7", "/ -1", "% 10", "% -3", "/ 65536"])} | 0)`, "i32");
      case 14: return of(`${random.pick(["imul", "muluh", "mulsh", "mix"])}($0, $1)`, "i32", "i32");
      case 15: return of(`${random.pick(["clz32", "ctz32", "ctpop", "bswap32", "twice"])}($0)`, "i32");
      case 16: return of("($0 ? $1 : $2)", "bool", "i32", "i32");
      case 17: return make("i32", `dv.get${random.pick(["Int16", "Uint16", "Int32"])}($0, true)`, this.place(4));
      case 18: return make("i32", `${random.pick(["A", "B", "H"])}[$0]`, this.index());
      case 19: return of(`pack(${random.pick(["0", "8", "-8", "16", "-16", "32", "-32"])}, $0, $1, $2, $3)`, "i32", "i32", "i32", "i32");
      case 20: return of("compare($0, $1)", "f64", "f32");
      default: return make("i32", "(B[$0] << 24 >> 24)", this.index());
    }
  }

  private unsigned(depth: number): Piece {
    return this.random.chance(50) ? this.make("u32", "($0 >>> 0)", depth, this.integer()) : this.make("u32", "($0 >>> $1)", depth, this.integer(), "i32");
  }

  private double(depth: number): Piece {
    const { random, number } = this, of = (source: string, ...operands: readonly PieceKind[]): Piece => this.make("f64", source, depth, ...operands);
    switch (random.below(9)) {
      case 0: case 1: return of(`($0 ${random.pick(["+", "-"])} $1)`, random.pick(["f32", "f64"]), number());
      case 2: case 3: return of(`($0 ${random.pick(["*", "/"])} $1)`, number(), number());
      case 4: return of(`${random.pick(["abs", "sqrt", "floor", "ceil", "trunc"])}($0)`, number());
      case 5: return of("(-$0)", number());
      case 6: return of("($0 ? $1 : $2)", "bool", "f64", number());
      case 7: return make("f64", "dv.getFloat64($0, true)", this.place(8));
      default: return of("scale($0, $1)", number(), "i32");
    }
  }

  private single(depth: number): Piece {
    const { random, number } = this, operator = random.pick(["+", "-", "*", "/"]), of = (source: string, ...operands: readonly PieceKind[]): Piece => this.make("f32", source, depth, ...operands);
    switch (random.below(7)) {
      case 0: return of("fround($0)", number());
      case 1: case 2: return of(`fround($0 ${operator} $1)`, "f32", "f32");
      case 3: return of(`fround($0 ${operator} $1)`, "f32", number());
      case 4: return of("fround(sqrt($0))", "f32");
      case 5: return of("($0 ? $1 : $2)", "bool", "f32", "f32");
      default: return make("f32", "dv.getFloat32($0, true)", this.place(4));
    }
  }

  private condition(depth: number): Piece {
    const { random, integer, number } = this, comparison = random.pick(COMPARISONS), of = (source: string, ...operands: readonly PieceKind[]): Piece => this.make("bool", source, depth, ...operands);
    switch (random.below(9)) {
      case 0: case 1: case 2: return of(`($0 ${comparison} $1)`, integer(), integer());
      case 3: case 4: return of(`($0 ${comparison} $1)`, number(), number());
      case 5: return of("(!$0)", "bool");
      case 6: return of(`($0 ${random.pick(["&&", "||"])} $1)`, "bool", "bool");
      case 7: return of(`($0 ${random.pick(["===", "!=="])} 0)`, integer());
      default: return of("mulso($0, $1)", "i32", "i32");
    }
  }

  private index(): Piece {
    return this.random.chance(40) ? make("index", String(this.random.below(ITEMS))) : this.make("index", `($0 & ${ITEMS - 1})`, 2, "i32");
  }

  /** Where so many bytes lie in what is behind `dv`. */
  private place(bytes: number): Piece {
    return this.random.chance(40) ? make("index", String(this.random.below(VIEW_BYTES - bytes))) : this.make("index", `($0 & ${VIEW_BYTES / 2 - 1})`, 2, "i32");
  }
}

/** A smaller piece that fails, or the same. */
export function shrinkPiece(whole: Piece, fails: (p: Piece) => boolean): Piece {
  let best = whole;
  for (;;) {
    const smaller = firstOf(smallerThan(best), fails);
    if (smaller === null) return best;
    best = smaller;
  }
}

function firstOf(pieces: Iterable<Piece>, fails: (p: Piece) => boolean): Piece | null {
  for (const p of pieces) if (fails(p)) return p;
  return null;
}

/** The piece simplified in one place, outer places first. */
function* smallerThan(p: Piece): Generator<Piece, void, void> {
  const { kind, parts } = p, { length } = textOf(p);
  for (const text of SIMPLEST[kind]) if (text.length < length) yield make(kind, text);
  for (const inner of parts) if (typeof inner !== "string") yield* ofKind(inner, kind);
  for (const [i, inner] of parts.entries()) {
    if (typeof inner === "string") continue;
    for (const smaller of smallerThan(inner)) yield { kind, parts: parts.with(i, smaller) };
  }
}

/** The outermost pieces of this kind. */
function* ofKind(p: Piece, kind: PieceKind): Generator<Piece, void, void> {
  if (p.kind === kind) yield p;
  else for (const inner of p.parts) if (typeof inner !== "string") yield* ofKind(inner, kind);
}
