/** What a VGA shows, as points: in text modes with the guest's font, in every graphics mode, and in those of the Bochs extension. */
import type { Palette } from "./colours.ts";
import { attributePalette, dacPalette } from "./colours.ts";
import type { TextScreen } from "./text-screen.ts";
import { isPictureOn, textScreenOf } from "./text-screen.ts";
import type { VbeLayout } from "./vbe.ts";
import type { Vga } from "./vga.ts";
import {
  ATTR_MODE, ATTR_MODE_LINE_GRAPHICS, ATTR_MODE_PAN_TOP, ATTR_PAN, CLOCKING_8_DOTS, CRTC_BYTE_PAN, CRTC_MAX_SCAN, CRTC_MODE, CRTC_MODE_SCAN_13, CRTC_MODE_SCAN_14, CRTC_START, CRTC_UNDERLINE,
  fetchAddress, GFX_MODE, lineCompare, linePitch, MAX_SCAN_DOUBLE, MAX_SCAN_LINE, MODE_256_COLOURS, MODE_INTERLEAVED, pair, SEQ_CLOCKING, SEQ_FONT, shownCharacters, shownLines,
} from "./vga-registers.ts";

/** Points row by row from the top left, three bytes each: red, green, blue. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Shown while there is nothing else. */
const BLANK = { width: 640, height: 400 };

/** The picture on the screen now. Blinking characters and the cursor are in it. */
export function pictureOf(vga: Vga): Picture {
  const { layout } = vga.vbe;
  if (layout !== null) return vbePicture(vga, layout);
  const screen = textScreenOf(vga);
  if (screen !== null) return textPicture(vga, screen);
  return isPictureOn(vga) ? graphicsPicture(vga) : { ...BLANK, rgb: new Uint8Array(3 * BLANK.width * BLANK.height) };
}

// ---- text

const FONT_CHARACTER_BYTES = 32, FONT_PLANE_SHIFT = 16;
/** Characters whose last column goes on into the ninth: the lines and blocks of code page 437. */
const FIRST_LINE_GRAPHICS = 0xc0, LAST_LINE_GRAPHICS = 0xdf;
const UNDERLINE_LINE = 31, UNDERLINED_BITS = 7, UNDERLINED = 1;

/** Where in plane 2 the fonts A and B begin (sequencer, "Character Map Select"): a number of three bits for each, its highest apart. */
function fontPlaces({ registers: { sequencer } }: Vga): readonly [a: number, b: number] {
  const select = sequencer[SEQ_FONT], place = (number: number): number => ((number & 3) << 14) | ((number & 4) << 11);
  return [place(((select >>> 2) & 3) | ((select >>> 3) & 4)), place((select & 3) | ((select >>> 2) & 4))];
}

function textPicture(vga: Vga, { columns, rows, characterLines, cells, cursor, blinks }: TextScreen): Picture {
  const { registers: r, memory } = vga, colours = attributePalette(vga), [fontA, fontB] = fontPlaces(vga);
  const dots = (r.sequencer[SEQ_CLOCKING] & CLOCKING_8_DOTS) !== 0 ? 8 : 9, underline = r.crtc[CRTC_UNDERLINE] & UNDERLINE_LINE;
  const extends9th = (r.attribute[ATTR_MODE] & ATTR_MODE_LINE_GRAPHICS) !== 0, canvas = new Canvas(columns * dots, rows * characterLines);
  cells.forEach((cell, i) => {
    const character = cell & 0xff, attribute = cell >>> 8, column = i % columns, row = (i - column) / columns;
    // Attribute bit 3 chooses the font where there are two, and makes the character bright as well.
    const font = (attribute & 8) !== 0 ? fontA : fontB, ink = colours[attribute & 15], paper = colours[(attribute >>> 4) & (blinks ? 7 : 15)];
    const isLine = extends9th && character >= FIRST_LINE_GRAPHICS && character <= LAST_LINE_GRAPHICS;
    for (let line = 0; line < characterLines; line++) {
      const isCursor = cursor !== null && cursor.column === column && cursor.row === row && line >= cursor.firstLine && line <= cursor.lastLine;
      const isUnderlined = line === underline && (attribute & UNDERLINED_BITS) === UNDERLINED;
      const bits = isCursor || isUnderlined ? 0xff : (memory.planesAt(font + FONT_CHARACTER_BYTES * character + line) >>> FONT_PLANE_SHIFT) & 0xff;
      const y = row * characterLines + line;
      for (let x = 0; x < 8; x++) canvas.set(column * dots + x, y, (bits >>> (7 - x)) & 1 ? ink : paper);
      if (dots === 9) canvas.set(column * dots + 8, y, isCursor || isUnderlined || (isLine && (bits & 1) !== 0) ? ink : paper);
    }
  });
  return canvas;
}

// ---- graphics

/** Points that four fetched bytes are, and how they follow from those. */
interface PointFormat {
  readonly points: number;
  readonly palette: Palette;
  /** The value of point n of them. */
  readonly value: (planes: number, n: number) => number;
}

function formatOf(vga: Vga): PointFormat {
  const mode = vga.registers.graphics[GFX_MODE];
  if ((mode & MODE_256_COLOURS) !== 0) return { points: 4, palette: dacPalette(vga), value: (planes, n) => (planes >>> (8 * n)) & 0xff };
  const palette = attributePalette(vga);
  if ((mode & MODE_INTERLEAVED) !== 0) return { points: 8, palette, value: interleaved };
  return { points: 8, palette, value: planar };
}

/** A bit of each plane. */
function planar(planes: number, n: number): number {
  const bits = planes >>> (7 - n);
  return (bits & 1) | ((bits >>> 7) & 2) | ((bits >>> 14) & 4) | ((bits >>> 21) & 8);
}

/** Two bits of an even and two of an odd plane, as a CGA has them: first those of planes 0 and 2, then of 1 and 3. */
function interleaved(planes: number, n: number): number {
  const shift = 6 - 2 * (n & 3), low = n < 4 ? planes : planes >>> 8;
  return ((low >>> shift) & 3) | (((low >>> (16 + shift)) & 3) << 2);
}

function graphicsPicture(vga: Vga): Picture {
  const { registers: r, memory } = vga, { crtc } = r, { points, palette, value } = formatOf(vga), mode = crtc[CRTC_MODE];
  const scans = (crtc[CRTC_MAX_SCAN] & MAX_SCAN_LINE) + 1, doubled = (crtc[CRTC_MAX_SCAN] & MAX_SCAN_DOUBLE) !== 0 ? 2 : 1;
  // Where scan lines of a row lie in banks of their own they differ; else a row is one line of points, shown several times.
  const banked = (mode & CRTC_MODE_SCAN_13) === 0 || (mode & CRTC_MODE_SCAN_14) === 0, repeat = banked ? doubled : scans * doubled;
  const width = shownCharacters(r) * points, height = Math.max(1, Math.floor(shownLines(r) / repeat)), canvas = new Canvas(width, height);
  const pitch = linePitch(r), start = pair(crtc, CRTC_START) + ((crtc[CRTC_BYTE_PAN] >>> 5) & 3), split = lineCompare(r);
  const pansBelow = (r.attribute[ATTR_MODE] & ATTR_MODE_PAN_TOP) === 0, pan = points === 4 ? (r.attribute[ATTR_PAN] & 7) >>> 1 : r.attribute[ATTR_PAN] & 7;
  for (let y = 0; y < height; y++) {
    const isBelow = y * repeat > split, line = isBelow ? y - Math.floor(split / repeat) - 1 : y, row = banked ? Math.floor(line / scans) : line, scan = banked ? line % scans : 0;
    const first = (isBelow ? 0 : start) + row * pitch, shift = isBelow && !pansBelow ? 0 : pan;
    for (let x = 0; x < width; x++) {
      const point = x + shift, n = point % points;
      const place = bankOf(mode, scan, fetchAddress(r, first + (point - n) / points));
      canvas.set(x, y, palette[value(memory.planesAt(place), n)]);
    }
  }
  return canvas;
}

/** Address bits 13 and 14 may be bits of the scan line within the row: CGA, Hercules. */
function bankOf(mode: number, scan: number, place: number): number {
  let at = place;
  if ((mode & CRTC_MODE_SCAN_13) === 0) at = (at & ~0x2000) | ((scan & 1) << 13);
  if ((mode & CRTC_MODE_SCAN_14) === 0) at = (at & ~0x4000) | ((scan & 2) << 13);
  return at;
}

// ---- the extension

function vbePicture(vga: Vga, { width, height, depth, first, pitch }: VbeLayout): Picture {
  const { memory } = vga, { bytes } = memory, canvas = new Canvas(width, height), mask = bytes.length - 1;
  const byte = (at: number): number => bytes[at & mask], word = (at: number): number => byte(at) | (byte(at + 1) << 8);
  const colour = ((): ((x: number, line: number) => number) => {
    switch (depth) {
      case 4: {
        const palette = attributePalette(vga);
        return (x, line) => palette[planar(memory.planesAt(line + (x >>> 3)), x & 7)];
      }
      case 15: return (x, line) => from555(word(line + 2 * x));
      case 16: return (x, line) => from565(word(line + 2 * x));
      case 24: return (x, line) => word(line + 3 * x) | (byte(line + 3 * x + 2) << 16);
      case 32: return (x, line) => word(line + 4 * x) | (byte(line + 4 * x + 2) << 16);
      default: {
        const palette = dacPalette(vga);
        return (x, line) => palette[byte(line + x)];
      }
    }
  })();
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) canvas.set(x, y, colour(x, first + y * pitch));
  return canvas;
}

/** Five bits as eight. */
const widen5 = (bits: number): number => (bits << 3) | (bits >>> 2);

function from555(value: number): number {
  return (widen5((value >>> 10) & 31) << 16) | (widen5((value >>> 5) & 31) << 8) | widen5(value & 31);
}

function from565(value: number): number {
  const green = (value >>> 5) & 63;
  return (widen5((value >>> 11) & 31) << 16) | (((green << 2) | (green >>> 4)) << 8) | widen5(value & 31);
}

// ---- points

class Canvas implements Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.rgb = new Uint8Array(3 * width * height);
  }

  /** @param colour  0xrrggbb */
  set(x: number, y: number, colour: number): void {
    const at = 3 * (y * this.width + x);
    this.rgb[at] = colour >>> 16;
    this.rgb[at + 1] = colour >>> 8;
    this.rgb[at + 2] = colour;
  }
}
