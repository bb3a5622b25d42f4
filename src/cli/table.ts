/** Aligned tables: the first column to the left, the others to the right. */

export type Cell = string | number;

/** Rows as lines. @param widths  least widths of the columns; wider cells push the rest of their row */
export function tableText(rows: readonly (readonly Cell[])[], widths: readonly number[]): string {
  return rows.map((row) => `${row.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0))).join("  ").trimEnd()}\n`).join("");
}
