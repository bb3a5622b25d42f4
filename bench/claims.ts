/** What the project has promised about its speed, and whether a run keeps it. */

export interface Claim {
  readonly text: string;
  readonly bound: "at least" | "at most";
  readonly limit: number;
  readonly measured: number;
  /** Follows the numbers: `MIPS`, `ms`. */
  readonly unit: string;
}

/** NaN keeps no promise. */
export function isKept({ bound, limit, measured }: Claim): boolean {
  return bound === "at least" ? measured >= limit : measured <= limit;
}

/** One line. */
export function claimText(claim: Claim): string {
  const { text, bound, limit, measured, unit } = claim;
  const behind = unit === "" ? "" : ` ${unit}`, digits = Math.abs(measured) < 10 ? 2 : Math.abs(measured) < 100 ? 1 : 0;
  return `${isKept(claim) ? "kept  " : "BROKEN"}  ${text}: ${bound} ${limit}${behind}, measured ${measured.toFixed(digits)}${behind}\n`;
}
