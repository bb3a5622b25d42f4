/** What `tcgjs bench --details` prints below a guest's row. */
import type { BenchRow } from "./bench.ts";
import { EXIT_CAUSES } from "./side-exits.ts";
import { TIERS } from "./tier-time.ts";
import type { CurvePoint } from "./warm-up.ts";

/** Points of the curve in a line. */
const POINTS_PER_LINE = 6;

export function detailsText({ jit }: Pick<BenchRow, "jit">): string {
  const { warmUpCurve, breakEvenInsns, tiers, sideExits } = jit, exits = EXIT_CAUSES.reduce((sum, cause) => sum + sideExits[cause], 0);
  return lines([
    ["MIPS until", curveLines(warmUpCurve)],
    ["break-even", [breakEvenInsns === null ? "not reached" : breakEvenInsns === 0 ? "never behind" : `after ${million(breakEvenInsns)} insns`]],
    ["time", tiers === null ? [] : [TIERS.filter((tier) => tiers[tier] > 0).map((tier) => `${tier} ${(tiers[tier] * 100).toFixed(1)} %`).join(", ")]],
    ["side exits", [exits === 0 ? "none" : EXIT_CAUSES.filter((cause) => sideExits[cause] > 0).map((cause) => `${cause} ${sideExits[cause].toLocaleString("en-US")}`).join(", ")]],
  ]);
}

/** `0.25 M: 31`: the speed until so many insns had retired. */
function curveLines(curve: readonly CurvePoint[]): string[] {
  const cells = curve.map(({ insns, mips }) => `${million(insns)}: ${mips.toFixed(0)}`), found: string[] = [];
  for (let i = 0; i < cells.length; i += POINTS_PER_LINE) found.push(cells.slice(i, i + POINTS_PER_LINE).map((c) => c.padEnd(16)).join("").trimEnd());
  return found;
}

function million(insns: number): string {
  const n = insns / 1e6;
  return `${n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)} M`;
}

function lines(items: readonly (readonly [label: string, lines: readonly string[]])[]): string {
  return items.flatMap(([label, texts]) => texts.map((text, i) => `    ${(i === 0 ? label : "").padEnd(12)}${text}\n`)).join("");
}
