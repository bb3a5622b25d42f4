/**
 * A VGA's screen drawn in a terminal: characters with their colours and the cursor; pictures by half blocks. Only what has changed is
 * written.
 */
import { CODE_PAGE_437 } from "../../../devices/vga/code-page-437.ts";
import type { Picture } from "../../../devices/vga/picture.ts";
import type { TextScreen } from "../../../devices/vga/text-screen.ts";

/** Colours of a VGA in the order of a terminal's: red and blue have changed places. */
const TERMINAL_COLOURS = [0, 4, 2, 6, 1, 5, 3, 7] as const;
const RESET = "\x1b[0m", HIDE_CURSOR = "\x1b[?25l", SHOW_CURSOR = "\x1b[?25h", CLEAR = "\x1b[0m\x1b[2J";
const UPPER_HALF = "▀";

/** What is to be seen: a character and how it is drawn, for each place of the terminal. */
interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly glyphs: readonly string[];
  /** Parameters of SGR (ECMA-48 §8.3.117), separated by semicolons. */
  readonly styles: readonly string[];
  readonly cursor: { readonly column: number; readonly row: number } | null;
}

export class TerminalDisplay {
  private readonly write: (text: string) => void;
  private readonly styles: readonly string[];
  private readonly blinkingStyles: readonly string[];
  private readonly hasColours: boolean;
  private shown: Frame | null = null;

  /** @param hasColours  false: attributes make text bold, underlined and inverse only */
  constructor(write: (text: string) => void, hasColours: boolean) {
    this.write = write;
    this.hasColours = hasColours;
    const styleOf = hasColours ? colouredStyle : plainStyle;
    this.styles = Array.from({ length: 256 }, (_, attribute) => styleOf(attribute, false));
    this.blinkingStyles = Array.from({ length: 256 }, (_, attribute) => styleOf(attribute, true));
  }

  /** What the terminal shows is not known any more: the next frame is drawn whole. */
  invalidate(): void {
    this.shown = null;
  }

  /** Draws characters, on a terminal of so many columns and rows. Of a larger screen the part with the cursor is shown. */
  showText(screen: TextScreen, columns: number, rows: number): void {
    const width = Math.min(columns, screen.columns), height = Math.min(rows, screen.rows), { cursor } = screen;
    const top = firstShown(cursor?.row ?? 0, height, screen.rows), left = firstShown(cursor?.column ?? 0, width, screen.columns);
    const glyphs: string[] = [], styles: string[] = [], byAttribute = screen.blinks ? this.blinkingStyles : this.styles;
    for (let row = top; row < top + height; row++) {
      for (let column = left; column < left + width; column++) {
        const cell = screen.cells[row * screen.columns + column];
        glyphs.push(CODE_PAGE_437[cell & 0xff]);
        styles.push(byAttribute[cell >>> 8]);
      }
    }
    this.show({ columns: width, rows: height, glyphs, styles, cursor: cursor === null ? null : { column: cursor.column - left, row: cursor.row - top } });
  }

  /** Draws a picture as large as fits, two points to a place; without colours a line says what it is. */
  showPicture(picture: Picture, columns: number, rows: number): void {
    if (!this.hasColours) return this.showMessage(`graphics, ${picture.width} x ${picture.height}`, columns, rows);
    const scale = Math.max(picture.width / columns, picture.height / (2 * rows));
    const width = Math.max(1, Math.floor(picture.width / scale)), height = Math.max(1, Math.floor(picture.height / scale / 2));
    const colour = (x: number, y: number): string => {
      const at = 3 * (Math.min(picture.height - 1, Math.floor(y * scale)) * picture.width + Math.min(picture.width - 1, Math.floor(x * scale)));
      return `${picture.rgb[at]};${picture.rgb[at + 1]};${picture.rgb[at + 2]}`;
    };
    const styles = Array.from({ length: width * height }, (_, i) => {
      const x = i % width, y = 2 * Math.floor(i / width);
      return `38;2;${colour(x, y)};48;2;${colour(x, y + 1)}`;
    });
    this.show({ columns: width, rows: height, glyphs: styles.map(() => UPPER_HALF), styles, cursor: null });
  }

  private showMessage(text: string, columns: number, rows: number): void {
    const glyphs = Array.from({ length: columns * rows }, (_, i) => text[i - Math.floor(rows / 2) * columns] ?? " ");
    this.show({ columns, rows, glyphs, styles: glyphs.map(() => "0"), cursor: null });
  }

  private show(frame: Frame): void {
    const before = this.shown, isOther = before === null || before.columns !== frame.columns || before.rows !== frame.rows;
    let text = isOther ? CLEAR : "", style = "", next = -1;
    for (let at = 0; at < frame.glyphs.length; at++) {
      if (!isOther && before.glyphs[at] === frame.glyphs[at] && before.styles[at] === frame.styles[at]) continue;
      const column = at % frame.columns;
      if (at !== next || column === 0) text += `\x1b[${(at - column) / frame.columns + 1};${column + 1}H`;
      if (frame.styles[at] !== style) text += `\x1b[${frame.styles[at]}m`;
      style = frame.styles[at];
      text += frame.glyphs[at];
      next = at + 1;
    }
    if (style !== "") text += RESET;
    if (text !== "" || !isSamePlace(before?.cursor ?? null, frame.cursor)) {
      text += frame.cursor === null ? HIDE_CURSOR : `\x1b[${frame.cursor.row + 1};${frame.cursor.column + 1}H${SHOW_CURSOR}`;
    }
    this.shown = frame;
    if (text !== "") this.write(text);
  }
}

/** Where a window of `size` begins so that it has a place in it and lies within `all`. */
function firstShown(place: number, size: number, all: number): number {
  return Math.max(0, Math.min(all - size, place - size + 1));
}

function isSamePlace(a: Frame["cursor"], b: Frame["cursor"]): boolean {
  return a === null || b === null ? a === b : a.column === b.column && a.row === b.row;
}

/** An attribute's colours: bits 0 to 3 of the character, 4 to 7 of its background, or bit 7 for blinking. */
function colouredStyle(attribute: number, blinks: boolean): string {
  const ink = attribute & 15, paper = (attribute >>> 4) & (blinks ? 7 : 15), isBlinking = blinks && (attribute & 0x80) !== 0;
  const bright = (colour: number, normal: number, high: number): number => (colour >= 8 ? high : normal) + TERMINAL_COLOURS[colour & 7];
  return `0;${bright(ink, 30, 90)};${bright(paper, 40, 100)}${isBlinking ? ";5" : ""}`;
}

/** The same without colours: bright is bold, a light background behind dark characters is inverse. */
function plainStyle(attribute: number, blinks: boolean): string {
  const ink = attribute & 15, paper = (attribute >>> 4) & 7, isInverse = paper !== 0 && (ink & 7) < paper;
  return ["0", ink >= 8 ? "1" : "", isInverse ? "7" : "", blinks && (attribute & 0x80) !== 0 ? "5" : ""].filter((part) => part !== "").join(";");
}
