/** Reads one line of textual IR piece by piece, and says where something is wrong. Used by `parse.ts` only. */

/** A mistake in textual IR; `line` and `column` count from 1. */
export class ParseError extends Error {
  override readonly name = "ParseError";
  readonly line: number;
  readonly column: number;

  constructor(line: number, column: number, what: string) {
    super(`${line}:${column}: ${what}`);
    this.line = line;
    this.column = column;
  }
}

const WORD = /[A-Za-z_][\w.[\]]*/y;
const NUMBER = /-?(?:0x[0-9a-fA-F]+|\d+)(?!\w)/y;
const NAME = /[^\s({;]+/y;
const SPACE = /[ \t\r]*/y;

export class LineScanner {
  readonly #text: string;
  readonly #line: number;
  #pos = 0;

  /**
   * @param text  one line; a comment from `;` on is ignored
   * @param line  its number, from 1
   */
  constructor(text: string, line: number) {
    const comment = text.indexOf(";");
    this.#text = comment < 0 ? text : text.slice(0, comment);
    this.#line = line;
  }

  /** True if nothing but space is left. */
  get atEnd(): boolean {
    this.#take(SPACE);
    return this.#pos === this.#text.length;
  }

  /** Where the next piece begins, from 1. */
  get column(): number {
    this.#take(SPACE);
    return this.#pos + 1;
  }

  fail(what: string, column = this.column): never {
    throw new ParseError(this.#line, column, what);
  }

  /** A word of letters, digits, `_`, `.`, `[`, `]`; `what` describes it in the error message. */
  word(what: string): string {
    return this.tryWord() ?? this.fail(`expected ${what}`);
  }

  tryWord(): string | null {
    this.#take(SPACE);
    return this.#take(WORD);
  }

  /** A name of anything but space, `(`, `{` and `;`. */
  name(what: string): string {
    this.#take(SPACE);
    return this.#take(NAME) ?? this.fail(`expected ${what}`);
  }

  /** An int32; may be written as unsigned. */
  number(what: string): number {
    return this.tryNumber() ?? this.fail(`expected ${what}`);
  }

  tryNumber(): number | null {
    const { column } = this;
    const text = this.#take(NUMBER);
    if (text === null) return null;
    const isNegative = text.startsWith("-");
    const magnitude = Number(isNegative ? text.slice(1) : text);
    if (magnitude > (isNegative ? 0x80000000 : 0xffffffff)) this.fail(`${text} does not fit in 32 bits`, column);
    return (isNegative ? -magnitude : magnitude) | 0;
  }

  /** True if the punctuation was there; it is then behind us. */
  accept(mark: string): boolean {
    this.#take(SPACE);
    if (!this.#text.startsWith(mark, this.#pos)) return false;
    this.#pos += mark.length;
    return true;
  }

  expect(mark: string): void {
    if (!this.accept(mark)) this.fail(`expected ${mark}`);
  }

  expectEnd(): void {
    if (!this.atEnd) this.fail("expected the end of the line");
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#pos;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#pos = pattern.lastIndex;
    return found[0];
  }
}
