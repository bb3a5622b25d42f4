/** Colours for terminals, by what a piece of text is. Without colour every function gives back its argument. */

export interface Palette {
  readonly heading: (text: string) => string;
  readonly address: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly guest: (text: string) => string;
  readonly ir: (text: string) => string;
  readonly javascript: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

const ESC = "\u001b";
const paint = (code: string) => (text: string): string => `${ESC}[${code}m${text}${ESC}[0m`;
const plain = (text: string): string => text;

const COLOURED: Palette = {
  heading: paint("1"), address: paint("33"), faint: paint("2"), guest: paint("36"), ir: paint("32"), javascript: paint("35"),
  good: paint("32"), bad: paint("31"),
};
const PLAIN: Palette = {
  heading: plain, address: plain, faint: plain, guest: plain, ir: plain, javascript: plain, good: plain, bad: plain,
};

export function palette(isColoured: boolean): Palette {
  return isColoured ? COLOURED : PLAIN;
}
