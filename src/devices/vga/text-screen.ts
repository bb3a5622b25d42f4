/** What a VGA in a text mode shows, as characters and attributes. */
import { CODE_PAGE_437 } from "./code-page-437.ts";
import type { Vga } from "./vga.ts";
import {
  ATTR_MODE, ATTR_MODE_BLINK, ATTR_PICTURE_ON, CLOCKING_SCREEN_OFF, CRTC_CURSOR, CRTC_CURSOR_END, CRTC_CURSOR_START, CRTC_MAX_SCAN, CRTC_START, CURSOR_LINE, CURSOR_OFF, fetchAddress, isTextMode,
  lineCompare, linePitch, MAX_SCAN_DOUBLE, MAX_SCAN_LINE, pair, SEQ_CLOCKING, shownCharacters, shownLines,
} from "./vga-registers.ts";

export interface TextCursor {
  readonly column: number;
  readonly row: number;
  /** Scan lines of the character that it covers, both included. */
  readonly firstLine: number;
  readonly lastLine: number;
}

export interface TextScreen {
  readonly columns: number;
  readonly rows: number;
  /** Scan lines of a character. */
  readonly characterLines: number;
  /** Row by row: a character in bits 0 to 7, its attribute in bits 8 to 15. */
  readonly cells: Uint16Array;
  /** Null if there is none, or it is outside. */
  readonly cursor: TextCursor | null;
  /** Bit 7 of an attribute means blinking, not a bright background. */
  readonly blinks: boolean;
}

/** Sizes beyond these are no text mode but registers in between two. */
const MAX_COLUMNS = 256, MAX_ROWS = 256, MIN_CHARACTER_LINES = 2;

/** True if the picture is let through to the screen. */
export function isPictureOn({ registers: { attributeIndex, sequencer } }: Vga): boolean {
  return (attributeIndex & ATTR_PICTURE_ON) !== 0 && (sequencer[SEQ_CLOCKING] & CLOCKING_SCREEN_OFF) === 0;
}

/** The characters on the screen; null in a graphics mode, and while nothing is shown. */
export function textScreenOf(vga: Vga): TextScreen | null {
  const { registers: r, memory } = vga;
  if (vga.vbe.isEnabled || !isTextMode(r) || !isPictureOn(vga)) return null;
  const characterLines = (r.crtc[CRTC_MAX_SCAN] & MAX_SCAN_LINE) + 1, doubled = (r.crtc[CRTC_MAX_SCAN] & MAX_SCAN_DOUBLE) !== 0 ? 2 : 1;
  const columns = shownCharacters(r), rows = Math.floor(shownLines(r) / (characterLines * doubled));
  if (columns > MAX_COLUMNS || rows < 1 || rows > MAX_ROWS || characterLines < MIN_CHARACTER_LINES) return null;
  const cells = new Uint16Array(columns * rows), start = pair(r.crtc, CRTC_START), pitch = linePitch(r);
  const split = Math.ceil((lineCompare(r) + 1) / (characterLines * doubled));
  for (let row = 0; row < rows; row++) {
    const first = row < split ? start + row * pitch : (row - split) * pitch;
    for (let column = 0; column < columns; column++) cells[row * columns + column] = memory.planesAt(fetchAddress(r, first + column)) & 0xffff;
  }
  return { columns, rows, characterLines, cells, cursor: cursorOf(vga, start, pitch, columns, rows), blinks: (r.attribute[ATTR_MODE] & ATTR_MODE_BLINK) !== 0 };
}

/** The same as lines of Unicode, without spaces at their ends. */
export function linesOf({ columns, rows, cells }: TextScreen): string[] {
  return Array.from({ length: rows }, (_, row) => Array.from(cells.subarray(row * columns, (row + 1) * columns), (cell) => CODE_PAGE_437[cell & 0xff]).join("").trimEnd());
}

function cursorOf({ registers: { crtc } }: Vga, start: number, pitch: number, columns: number, rows: number): TextCursor | null {
  const firstLine = crtc[CRTC_CURSOR_START] & CURSOR_LINE, lastLine = crtc[CRTC_CURSOR_END] & CURSOR_LINE;
  if ((crtc[CRTC_CURSOR_START] & CURSOR_OFF) !== 0 || firstLine > lastLine || pitch === 0) return null;
  const at = (pair(crtc, CRTC_CURSOR) - start) & 0xffff, row = Math.floor(at / pitch), column = at % pitch;
  return row < rows && column < columns ? { column, row, firstLine, lastLine } : null;
}
