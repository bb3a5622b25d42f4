/**
 * A font of code page 437 for a PC that starts without firmware, which would have brought one: 256 characters of 8 by 16 points. Letters are
 * drawn on a grid of 5 by 9; lines and blocks are computed.
 */
import { CODE_PAGE_437 } from "../../devices/vga/code-page-437.ts";

export const FONT_LINES = 16, FONT_CHARACTERS = 256;
const GRID_ROWS = 9, LEFT = 2;

/** Grids by character: nine rows from the top, the last two below the baseline; a row is a digit of base 32, its leftmost point worth 16. */
const GRIDS = parse(`
  ! 444440400 " aa0000000 # aavavaa00 $ 4fke5u400 % op248j300 & cik8lid00 ' 440000000 ( 248884200 ) 842224800 * 04lel4000 + 044v44000 , 00000c480
  - 000v00000 . 00000cc00 / 01248g000 0 ehjlphe00 1 4c4444e00 2 eh1248v00 3 v2421he00 4 26aiv2200 5 vgu11he00 6 68guhhe00 7 v12488800 8 ehhehhe00
  9 ehhf12c00 : 0cc0cc000 ; 0cc0c4800 < 248g84200 = 00v0v0000 > 842124800 ? eh1240400 @ ehnlnge00 A ehhvhhh00 B uhhuhhu00 C ehggghe00 D sihhhis00
  E vgguggv00 F vgguggg00 G ehgnhhf00 H hhhvhhh00 I e44444e00 J 72222ic00 K hikokih00 L ggggggv00 M hrllhhh00 N hhpljhh00 O ehhhhhe00 P uhhuggg00
  Q ehhhlid00 R uhhukih00 S fgge11u00 T v44444400 U hhhhhhe00 V hhhhha400 W hhhllla00 X hha4ahh00 Y hhha44400 Z v1248gv00 [ e88888e00 \\ 0g8421000
  ] e22222e00 ^ 4ah000000 _ 00000000v \` 842000000 a 00e1fhf00 b ggmphhu00 c 00egghe00 d 11djhhf00 e 00ehvge00 f 698s88800 g 00fhhhf1e h ggmphhh00
  i 40c444e00 j 2062222ic k ggikoki00 l c44444e00 m 00qllhh00 n 00mphhh00 o 00ehhhe00 p 00uhhhugg q 00fhhhf11 r 00mpggg00 s 00fge1u00 t 88s889600
  u 00hhhjd00 v 00hhha400 w 00hhlla00 x 00ha4ah00 y 00hhhhf1e z 00v248v00 { 244844200 | 444444444 } 844244800 ~ 008l20000 ⌂ 004ahhv00 • 00ee00000
  ↑ 4el444400 ↓ 4444le400 → 042v24000 ← 048v84000 ↔ 00arvra00 ↕ 4e404e400 ▲ 004eev000 ▼ 00vee4000 ► 08ceec800 ◄ 026ee6200 ▬ 00000vv00 ∟ 00ggggv00
  ♥ 0avvve400 ♦ 04evve400 ♣ 0e4vl4e00 ♠ 4evvv4e00 ☺ vhrhvhrv0 ☻ vvlvvhrv0 § 6894i9600 ¶ fttd55500 ‼ aaaaa0a00 ¢ 4ekkke400 £ 698s89v00 ¥ hav4v4400
  ƒ 2544444k8 ª e1fhf0v00 º ehhhe0v00 ¿ 40488he00 ⌐ 000vg0000 ¬ 000v10000 ¡ 404444400 « 005aka500 » 00ka5ak00 æ 00q5vkf00 Æ fkkvkkn00 α 00dijid00
  ß cikhhmg00 Γ vhggggg00 π 00vaaaa00 Σ vg848gv00 σ 00fiiic00 µ 00hhhhugg τ 00f444200 Φ 4ellle400 Θ ehhvhhe00 Ω ehhhaar00 δ 6842ehe00 ∞ 00alla000
  φ 004elle44 ε 007gsg700 ∩ ehhhhhh00 ≡ 0v0v0v000 ± 44v44v000 ≥ 84248v000 ≤ 24842v000 ⌠ 254444444 ⌡ 44444444k ÷ 040v04000 ≈ 8l208l200 ° cccccc000
  ∙ 000cc0000 · 000400000 √ 7444ks400 ⁿ uhhh00000 ² c248e0000 ■ 0eeeee000 ½ gi4m92700 ¼ gi4a72700
`);
/** Accents: the two rows above a small letter; a cedilla goes below. */
const ACCENTS: Readonly<Record<string, string>> = { "\u0301": "24", "\u0300": "84", "\u0302": "4a", "\u0308": "a0", "\u0303": "da", "\u030a": "ea" };
const CEDILLA = "\u0327", CEDILLA_ROWS = "4c";
/** Where there is no drawing. */
const UNKNOWN = "vhhhhhv00";
/** Which grid row each line of a character shows, from the top; -1 for none. */
const LINE_ROWS = [-1, -1, 0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, -1] as const;

function parse(text: string): ReadonlyMap<string, string> {
  const words = text.trim().split(/\s+/);
  return new Map(words.flatMap((word, i): [string, string][] => (i % 2 === 0 ? [[word, words[i + 1]]] : [])));
}

/** The font: character after character, a byte a line, its highest bit on the left. */
export function textFont(): Uint8Array {
  const font = new Uint8Array(FONT_CHARACTERS * FONT_LINES);
  for (let code = 0; code < FONT_CHARACTERS; code++) font.set(shadeOf(code) ?? frameOf(code) ?? letterOf(CODE_PAGE_437[code]), code * FONT_LINES);
  return font;
}

// ---- letters

function letterOf(character: string): Uint8Array {
  const grid = gridOf(character);
  return Uint8Array.from(LINE_ROWS, (row) => (row < 0 ? 0 : parseInt(grid[row], GRID_BASE) << LEFT));
}

const GRID_BASE = 32;

function gridOf(character: string): string {
  if (character === " ") return "0".repeat(GRID_ROWS);
  const drawn = GRIDS.get(character);
  if (drawn !== undefined) return drawn;
  const [letter, mark = ""] = character.normalize("NFD"), base = GRIDS.get(letter), accent = ACCENTS[mark] as string | undefined;
  if (base === undefined || mark === "") return UNKNOWN;
  if (mark === CEDILLA) return base.slice(0, GRID_ROWS - CEDILLA_ROWS.length) + CEDILLA_ROWS;
  if (accent === undefined) return UNKNOWN;
  // A capital gives up its second row to make room.
  return letter === letter.toLowerCase() ? accent + base.slice(2) : accent[accent[1] === "0" ? 0 : 1] + base[0] + base.slice(2);
}

// ---- lines and blocks

/** Shades and blocks by code: the pattern of even and odd lines, or halves. */
function shadeOf(code: number): Uint8Array | null {
  const lines = (byte: (line: number) => number): Uint8Array => Uint8Array.from({ length: FONT_LINES }, (_, line) => byte(line));
  switch (code) {
    case 0xb0: return lines((line) => (line % 2 === 0 ? 0x11 : 0x44));
    case 0xb1: return lines((line) => (line % 2 === 0 ? 0x55 : 0xaa));
    case 0xb2: return lines((line) => (line % 2 === 0 ? 0xdd : 0x77));
    case 0xdb: return lines(() => 0xff);
    case 0xdc: return lines((line) => (line < FONT_LINES / 2 ? 0 : 0xff));
    case 0xdd: return lines(() => 0xf0);
    case 0xde: return lines(() => 0x0f);
    case 0xdf: return lines((line) => (line < FONT_LINES / 2 ? 0xff : 0));
    default: return null;
  }
}

const FIRST_FRAME = 0xb3;
/** Frame characters from 0xb3 on: how many lines go from the middle up, down, left and right. */
const FRAMES = `
  1100 1110 1120 2210 0210 0120 2220 2200 0220 2020 2010 1020 0110 1001 1011 0111 1101 0011 1111 1102
  2201 2002 0202 2022 0222 2202 0022 2222 1022 2011 0122 0211 2001 1002 0102 0201 2211 1122 1010 0101
`.trim().split(/\s+/);
/** The middle: columns and lines of one line and of two. */
const COLUMNS = ["", "00011000", "00100100"].map((bits) => parseInt(bits || "0", 2)), LINES: readonly (readonly number[])[] = [[], [7], [6, 9]];
const LEFT_HALF = 0xf8, RIGHT_HALF = 0x1f;

function frameOf(code: number): Uint8Array | null {
  const arms = FRAMES.at(code - FIRST_FRAME);
  if (code < FIRST_FRAME || arms === undefined) return null;
  const [up, down, left, right] = [...arms].map(Number), bytes = new Uint8Array(FONT_LINES);
  const across = LINES[Math.max(left, right)], first = across.at(0) ?? LINES[1][0], last = across.at(-1) ?? LINES[1][0];
  for (let line = 0; line < FONT_LINES; line++) {
    if (up > 0 && line <= last) bytes[line] |= COLUMNS[up];
    if (down > 0 && line >= first) bytes[line] |= COLUMNS[down];
    if (LINES[left].includes(line)) bytes[line] |= LEFT_HALF;
    if (LINES[right].includes(line)) bytes[line] |= RIGHT_HALF;
  }
  return bytes;
}
