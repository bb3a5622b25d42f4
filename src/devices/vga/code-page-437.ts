/** The characters of a PC's fonts (code page 437), as Unicode: for terminals and for making fonts. */

const BELOW_SPACE = "\0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
const ABOVE_TILDE = "⌂ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\xa0";
const ASCII = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).join("");

/** By code, 0..255. Codes 0 and 255 look like a space. */
export const CODE_PAGE_437: readonly string[] = [...BELOW_SPACE + ASCII + ABOVE_TILDE].map((c) => (c === "\0" || c === "\xa0" ? " " : c));
