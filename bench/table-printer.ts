/** Prints a table row by row, as the measurements come in. */
import type { Cell } from "../src/cli/table.ts";
import { tableText } from "../src/cli/table.ts";

export class TablePrinter {
  private readonly widths: readonly number[];
  private readonly out: (text: string) => void;

  /**
   * Prints the head of the table.
   * @param columns  title and least width of each; the first goes to the left
   */
  constructor(columns: readonly (readonly [title: string, width: number])[], out: (text: string) => void) {
    this.widths = columns.map(([title, width]) => Math.max(title.length, width));
    this.out = out;
    this.row(columns.map(([title]) => title));
  }

  row(cells: readonly Cell[]): void {
    this.out(tableText([cells], this.widths));
  }
}

/** `1.234`; `-` for what was not measured. */
export function secondsText(seconds: number | null): string {
  return seconds === null ? "-" : seconds.toFixed(3);
}

/** `3.51x`; `-` for what was not measured. */
export function ratioText(ratio: number | null): string {
  return ratio === null ? "-" : `${ratio.toFixed(2)}x`;
}
