// Makes the BIOS's fonts of font.txt: glyphs of five by nine pixels become 8x16 and 8x8 with strokes of two pixels; 8x14 is 8x16 without the
// first and the last line. Lines and blocks (code page 437, b0 to df) are drawn here, so that they join.
//
//   node make-font.mjs FOLDER    writes font-8x16.bin, font-8x14.bin, font-8x8.bin there
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROWS = 9, CELLS = 256;
/** Where each row of a glyph goes among 16 lines: capital letters get ten, what hangs below three. */
const TALL = [[2], [3, 4], [5], [6, 7], [8], [9, 10], [11], [12, 13], [14]];
/** Marks on small letters take the place of rows 0 and 1, on capital letters the lines above. */
const MARKS = {
  acute: [0x02, 0x04], grave: [0x08, 0x04], roof: [0x04, 0x0a], two: [0x0a, 0x00], ring: [0x04, 0x04], tilde: [0x05, 0x0a], cedilla: [],
};
const CEDILLA = [0x04, 0x0c];

/** Skeletons by code: nine rows of five bits; and which have a mark above a capital letter. */
function readGlyphs(text) {
  const rows = new Map(), above = new Map();
  for (const line of text.split("\n")) {
    const [name, ...parts] = line.split(" ");
    const code = name.length === 1 ? name.charCodeAt(0) : parseInt(name, 16);
    if (parts[0] === "+") {
      const [, letter, mark] = parts, base = [...rows.get(letter.charCodeAt(0))], isCapital = letter < "a";
      if (mark === "cedilla") base.splice(7, 2, ...CEDILLA);
      else if (isCapital) above.set(code, MARKS[mark]);
      else base.splice(0, 2, ...MARKS[mark]);
      rows.set(code, base);
      continue;
    }
    if (parts.length > ROWS || !parts.every((row) => row === "-" || /^[.#]{5}$/.test(row))) continue;
    const bits = parts.map((row) => (row === "-" ? 0 : parseInt(row.replaceAll(".", "0").replaceAll("#", "1"), 2)));
    rows.set(code, [...bits, ...new Array(ROWS - bits.length).fill(0)]);
  }
  return { rows, above };
}

/** Five pixels as seven: those at the edges two wide, others too where there is room beside them. */
function widen(bits) {
  const [first, second, third, fourth, fifth] = [16, 8, 4, 2, 1].map((bit) => (bits & bit) !== 0);
  const isAlone = third && !first && !second && !fourth && !fifth;
  return (first ? 0xc0 : 0) | (second ? (first ? 0x20 : 0x60) : 0) | (third ? 0x10 : 0) | (isAlone ? 0x08 : 0) | (fourth ? (fifth ? 0x08 : 0x0c) : 0) | (fifth ? 0x06 : 0);
}

function tall(rows, above) {
  const lines = new Array(16).fill(0);
  rows.forEach((bits, i) => { for (const y of TALL[i]) lines[y] = widen(bits); });
  above?.forEach((bits, i) => { lines[i] = widen(bits); });
  return lines;
}

/** What hangs two rows below the line moves up by one. */
function short(rows) {
  return rows.slice(rows[8] === 0 ? 0 : 1).concat(0).slice(0, 8).map(widen);
}

/** Arms of the line characters b3 to da: up, right, down, left; 1 single, 2 double. */
const ARMS = [
  "1010", "1011", "1012", "2021", "0021", "0012", "2022", "2020", "0022", "2002", "2001", "1002", "0011", "1100", "1101", "0111", "1110", "0101", "1111", "1210",
  "2120", "2200", "0220", "2202", "0222", "2220", "0202", "2222", "1202", "2101", "0212", "0121", "2100", "1200", "0210", "0120", "2121", "1212", "1001", "0110",
];
const FIRST_LINE = 0xb3;

function lineGlyph(arms, height) {
  const lines = new Array(height).fill(0), [up, right, down, left] = [...arms].map(Number), middle = height >> 1;
  const put = (x, y) => { if (x >= 0 && x < 8 && y >= 0 && y < height) lines[y] |= 0x80 >> x; };
  const vertical = up === 2 || down === 2, horizontal = left === 2 || right === 2;
  // Positions of strokes: single in the middle, double around it.
  const xs = (n) => (n === 2 ? [2, 5] : [3, 4]), ys = (n) => (n === 2 ? [middle - 2, middle + 1] : [middle - 1]);
  const yTop = horizontal ? middle - 2 : middle - 1, yBottom = horizontal ? middle + 1 : middle - 1;
  const xLeft = vertical ? 2 : 3, xRight = vertical ? 5 : 4;
  for (const x of up > 0 ? xs(up) : []) {
    // A double stroke ends where the nearer arm begins.
    const stop = up === 2 && ((x === 2 && left > 0) || (x === 5 && right > 0)) ? yTop : yBottom;
    for (let y = 0; y <= stop; y++) put(x, y);
  }
  for (const x of down > 0 ? xs(down) : []) {
    const start = down === 2 && ((x === 2 && left > 0) || (x === 5 && right > 0)) ? yBottom : yTop;
    for (let y = start; y < height; y++) put(x, y);
  }
  for (const y of left > 0 ? ys(left) : []) {
    const stop = left === 2 && ((y < middle - 1 && up > 0) || (y > middle - 1 && down > 0)) ? xLeft : xRight;
    for (let x = 0; x <= stop; x++) put(x, y);
  }
  for (const y of right > 0 ? ys(right) : []) {
    const start = right === 2 && ((y < middle - 1 && up > 0) || (y > middle - 1 && down > 0)) ? xRight : xLeft;
    for (let x = start; x < 8; x++) put(x, y);
  }
  return lines;
}

/** Shades and blocks. */
function blockGlyph(code, height) {
  const fill = (f) => Array.from({ length: height }, (_, y) => f(y));
  switch (code) {
    case 0xb0: return fill((y) => (y % 2 === 0 ? 0x22 : 0x88));
    case 0xb1: return fill((y) => (y % 2 === 0 ? 0x55 : 0xaa));
    case 0xb2: return fill((y) => (y % 2 === 0 ? 0xdd : 0x77));
    case 0xdb: return fill(() => 0xff);
    case 0xdc: return fill((y) => (y < height / 2 ? 0 : 0xff));
    case 0xdd: return fill(() => 0xf0);
    case 0xde: return fill(() => 0x0f);
    case 0xdf: return fill((y) => (y < height / 2 ? 0xff : 0));
    default: return null;
  }
}

function font(height, { rows, above }) {
  const bytes = new Uint8Array(CELLS * height);
  for (let code = 0; code < CELLS; code++) {
    const skeleton = rows.get(code), arms = code >= FIRST_LINE ? ARMS[code - FIRST_LINE] : undefined;
    const lines = arms !== undefined ? lineGlyph(arms, height) : blockGlyph(code, height)
      ?? (skeleton === undefined ? [] : height === 16 ? tall(skeleton, above.get(code)) : short(skeleton));
    bytes.set(lines, code * height);
  }
  return bytes;
}

const [folder] = process.argv.slice(2);
const glyphs = readGlyphs(readFileSync(new URL("font.txt", import.meta.url), "utf8"));
const tallFont = font(16, glyphs);
const middleFont = new Uint8Array(CELLS * 14);
for (let code = 0; code < CELLS; code++) middleFont.set(tallFont.subarray(code * 16 + 1, code * 16 + 15), code * 14);
writeFileSync(join(folder, "font-8x16.bin"), tallFont);
writeFileSync(join(folder, "font-8x14.bin"), middleFont);
writeFileSync(join(folder, "font-8x8.bin"), font(8, glyphs));
