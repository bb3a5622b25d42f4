/**
 * The guests under both engines: speed of the interpreter, of translation cold and warm. The interpreter runs the short images,
 * since it is as fast at the end as at the start; translated code the long ones.
 */
import { geometricMean, spread } from "../src/cli/bench/statistics.ts";
import type { GuestGroup } from "./guests.ts";
import { GUEST_GROUPS, inGroup } from "./guests.ts";
import type { Pass } from "./passes.ts";
import { timePasses } from "./passes.ts";
import type { Section } from "./section.ts";
import { ratioText, secondsText, TablePrinter } from "./table-printer.ts";

const COLUMNS = [
  ["guest", 14], ["insns", 13], ["interp MIPS", 11], ["cold s", 7], ["MIPS", 5], ["warm s", 7], ["MIPS", 5], ["ratio", 7], ["spread", 7],
] as const;

interface Row {
  readonly guest: string;
  readonly group: GuestGroup;
  /** Of the long image. */
  readonly insns: number;
  /** The short image, interpreted. */
  readonly interp: Pass;
  /** The long one, translated: the first pass and the second. */
  readonly cold: Pass;
  readonly warm: Pass;
  /** Speed of the warm pass over that of interp. */
  readonly ratio: number;
}

export const computeSection: Section = {
  title: "All guests, interpreted and translated",
  async run({ guests, runs, maxInsns, out }) {
    const table = new TablePrinter(COLUMNS, out), rows: Row[] = [];
    for (const guest of guests) {
      const [interp] = await timePasses(guest, [{ engine: "interp", paging: false }], { runs, maxInsns, isWarmWanted: false });
      const [{ insns, cold, warm }] = await timePasses(guest.long ?? guest, [{ engine: "jit", paging: false }], { runs, maxInsns, isWarmWanted: true });
      const row = { guest: guest.name, group: guest.group, insns, interp: interp.cold, cold, warm, ratio: warm.mips / interp.cold.mips };
      rows.push(row);
      table.row([
        row.guest, insns.toLocaleString("en-US"), row.interp.mips.toFixed(0), ...[cold, warm].flatMap(({ seconds, mips }) => [secondsText(seconds), mips.toFixed(0)]),
        ratioText(row.ratio), `${(spread(warm.samples) * 100).toFixed(0)} %`,
      ]);
    }
    const geometricMeans = Object.fromEntries(GUEST_GROUPS.map((group) => [group, meansOf(inGroup(rows, group))]));
    out("\ngeometric means\n");
    for (const [group, m] of Object.entries(geometricMeans)) {
      if (m !== null) table.row([group, "", m.interpMips.toFixed(0), "", m.coldMips.toFixed(0), "", m.warmMips.toFixed(0), ratioText(m.ratio)]);
    }
    const { integer, "sse-scalar": scalar } = geometricMeans;
    return {
      figures: { guests: rows, geometricMeans },
      claims: [
        ...(integer === null ? [] : [
          { text: "the interpreter's speed, integer guests", bound: "at least", limit: 120, measured: integer.interpMips, unit: "MIPS" } as const,
          { text: "warm translated code against the interpreter, integer guests", bound: "at least", limit: 8, measured: integer.ratio, unit: "times" } as const,
        ]),
        ...(scalar === null ? [] : [
          { text: "the same, SSE scalar guests", bound: "at least", limit: 15, measured: scalar.ratio, unit: "times" } as const,
        ]),
      ],
    };
  },
};

/** Geometric means over a group; null if none of it was measured. */
function meansOf(rows: readonly Row[]): { interpMips: number; coldMips: number; warmMips: number; ratio: number } | null {
  if (rows.length === 0) return null;
  const mean = (of: (row: Row) => number): number => geometricMean(rows.map(of));
  return { interpMips: mean((r) => r.interp.mips), coldMips: mean((r) => r.cold.mips), warmMips: mean((r) => r.warm.mips), ratio: mean((r) => r.ratio) };
}
