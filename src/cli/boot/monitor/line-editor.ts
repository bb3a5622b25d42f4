/** A line that a person types at a raw terminal, which still makes a new line of a line feed: echo, Backspace, Ctrl-U, and the lines before by the arrow keys. */

const PROMPT = "(tcgjs) ";
const BACKSPACE = "\x7f", CTRL_H = "\b", CTRL_C = "\x03", CTRL_U = "\x15", ENTER = "\r", LINE_FEED = "\n";
const UP = "\x1b[A", DOWN = "\x1b[B";
const ERASE_LINE = "\r\x1b[K";
const MAX_LINE = 1000, MAX_HISTORY = 100;

export class LineEditor {
  private readonly write: (text: string) => void;
  private readonly onLine: (line: string) => void;
  private line = "";
  private readonly history: string[] = [];
  /** Place in the history that is shown; its length for the line that is new. */
  private place = 0;

  /** @param onLine  is given each line; the next prompt waits for `prompt` */
  constructor(write: (text: string) => void, onLine: (line: string) => void) {
    this.write = write;
    this.onLine = onLine;
  }

  /** Shows the prompt, and what has been typed behind it. */
  prompt(): void {
    this.write(ERASE_LINE + PROMPT + this.line);
  }

  /** Takes what was typed. */
  type(text: string): void {
    if (text === UP || text === DOWN) return this.recall(text === UP ? -1 : 1);
    for (const character of text.replace(/\x1b(\[[0-9;]*)?[A-Za-z~]?/g, "")) this.take(character);
  }

  private take(character: string): void {
    if (character === ENTER || character === LINE_FEED) return this.end();
    if (character === BACKSPACE || character === CTRL_H) this.replace(this.line.slice(0, -1));
    else if (character === CTRL_U || character === CTRL_C) this.replace("");
    else if (character >= " " && this.line.length < MAX_LINE) {
      this.line += character;
      this.write(character);
    }
  }

  private end(): void {
    const { line, history } = this;
    this.write("\n");
    this.line = "";
    if (line.trim() !== "" && history.at(-1) !== line) history.push(line);
    if (history.length > MAX_HISTORY) history.shift();
    this.place = history.length;
    this.onLine(line);
  }

  private recall(step: number): void {
    this.place = Math.max(0, Math.min(this.history.length, this.place + step));
    this.replace(this.history[this.place] ?? "");
  }

  private replace(line: string): void {
    this.line = line;
    this.prompt();
  }
}
