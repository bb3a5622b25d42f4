// A VGA's screen in a terminal: what a terminal shows of what is written to it, and how little that is.

import { expect } from "chai";
import { TerminalDisplay } from "../../../src/cli/boot/terminal/terminal-display.ts";
import type { TextScreen } from "../../../src/devices/vga/text-screen.ts";

/** As much of a terminal as the display uses. */
class Terminal {
  readonly lines: string[][];
  readonly styles: string[][];
  written = "";
  cursor: string | null = null;
  private row = 0;
  private column = 0;
  private style = "0";

  constructor(columns: number, rows: number) {
    this.lines = Array.from({ length: rows }, () => new Array<string>(columns).fill("?"));
    this.styles = Array.from({ length: rows }, () => new Array<string>(columns).fill("?"));
  }

  readonly write = (text: string): void => {
    this.written += text;
    for (const [, sequence, end, character] of text.matchAll(/\x1b\[([?0-9;]*)([A-Za-z])|([^\x1b])/gu)) {
      if (character !== undefined) {
        this.lines[this.row][this.column] = character;
        this.styles[this.row][this.column++] = this.style;
      } else if (end === "H") [this.row, this.column] = sequence.split(";").map((n) => Number(n) - 1);
      else if (end === "m") this.style = sequence;
      else if (end === "J") for (const line of this.lines) line.fill(" ");
      else if (sequence === "?25") this.cursor = end === "h" ? `${this.row},${this.column}` : null;
    }
  };

  get text(): string[] {
    return this.lines.map((line) => line.join("").trimEnd());
  }

  take(): string {
    const { written } = this;
    this.written = "";
    return written;
  }
}

const screenOf = (lines: readonly string[], columns: number, more: Partial<TextScreen> = {}): TextScreen => ({
  columns, rows: lines.length, characterLines: 16, blinks: true, cursor: null,
  cells: Uint16Array.from(lines.flatMap((line) => [...line.padEnd(columns)].map((c) => c.charCodeAt(0) | 0x0700))), ...more,
});

describe("TerminalDisplay", () => {
  it("shows characters of code page 437 as Unicode, their colours, and the cursor", () => {
    const terminal = new Terminal(10, 3), display = new TerminalDisplay(terminal.write, true), screen = screenOf(["ab", "", ""], 4, { cursor: { column: 2, row: 1, firstLine: 13, lastLine: 14 } });
    screen.cells[2] = 0x1ec9;
    screen.cells[3] = 0x8c41;
    display.showText(screen, 10, 3);
    expect(terminal.text).to.deep.equal(["ab╔A", "", ""]);
    expect(terminal.styles[0].slice(0, 4)).to.deep.equal(["0;37;40", "0;37;40", "0;93;44", "0;91;40;5"]);
    expect(terminal.cursor).to.equal("1,2");
  });

  it("writes only what has changed, and nothing if nothing has", () => {
    const terminal = new Terminal(80, 25), display = new TerminalDisplay(terminal.write, true), lines = ["first line", "second line", "third"];
    display.showText(screenOf(lines, 80), 80, 25);
    terminal.take();
    display.showText(screenOf(lines, 80), 80, 25);
    expect(terminal.take()).to.equal("");
    display.showText(screenOf(["first line", "second LINE", "third"], 80), 80, 25);
    expect(terminal.take()).to.equal("\x1b[2;8H\x1b[0;37;40mLINE\x1b[0m\x1b[?25l");
    expect(terminal.text.slice(0, 3)).to.deep.equal(["first line", "second LINE", "third"]);
  });

  it("draws all of it after the terminal's size has changed", () => {
    const terminal = new Terminal(80, 25), display = new TerminalDisplay(terminal.write, true), screen = screenOf(["abc"], 80);
    display.showText(screen, 80, 25);
    terminal.take();
    display.invalidate();
    display.showText(screen, 80, 25);
    expect(terminal.take()).to.match(/abc/);
  });

  it("shows the part with the cursor where the terminal is smaller", () => {
    const terminal = new Terminal(4, 2), display = new TerminalDisplay(terminal.write, true), lines = ["abcdef", "ghijkl", "mnopqr"];
    display.showText(screenOf(lines, 6), 4, 2);
    expect(terminal.text).to.deep.equal(["abcd", "ghij"]);
    display.showText(screenOf(lines, 6, { cursor: { column: 5, row: 2, firstLine: 0, lastLine: 1 } }), 4, 2);
    expect([terminal.text, terminal.cursor]).to.deep.equal([["ijkl", "opqr"], "1,3"]);
  });

  it("does without colours if they are not wanted: bold, inverse", () => {
    const terminal = new Terminal(4, 1), display = new TerminalDisplay(terminal.write, false), screen = screenOf(["abcd"], 4);
    screen.cells[1] = 0x0f62;
    screen.cells[2] = 0x7063;
    screen.cells[3] = 0x1f64;
    display.showText(screen, 4, 1);
    expect(terminal.styles[0]).to.deep.equal(["0", "0;1", "0;7", "0;1"]);
    display.showPicture({ width: 640, height: 480, rgb: new Uint8Array(640 * 480 * 3) }, 4, 1);
    expect(terminal.text).to.deep.equal(["grap"]);
  });

  it("shows pictures by half blocks, as large as fits", () => {
    const terminal = new Terminal(4, 2), display = new TerminalDisplay(terminal.write, true), rgb = new Uint8Array(8 * 8 * 3).fill(255, 0, 8 * 4 * 3);
    display.showPicture({ width: 8, height: 8, rgb }, 4, 2);
    expect(terminal.text).to.deep.equal(["▀▀▀▀", "▀▀▀▀"]);
    expect([terminal.styles[0][0], terminal.styles[1][3]]).to.deep.equal(["38;2;255;255;255;48;2;255;255;255", "38;2;0;0;0;48;2;0;0;0"]);
  });
});
