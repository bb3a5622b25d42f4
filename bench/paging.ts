/** What paging costs warm translated code: the guests with every page mapped to itself, and without. */
import { geometricMean } from "../src/cli/bench/statistics.ts";
import type { GuestGroup } from "./guests.ts";
import { inGroup } from "./guests.ts";
import { timePasses } from "./passes.ts";
import type { Section } from "./section.ts";
import { ratioText, secondsText, TablePrinter } from "./table-printer.ts";

interface Row {
  readonly guest: string;
  readonly group: GuestGroup;
  readonly flatSeconds: number;
  readonly pagedSeconds: number;
  /** Time with paging over time without. */
  readonly ratio: number;
}

export const pagingSection: Section = {
  title: "32-bit guests with paging off and on, translated and warm",
  async run({ guests, runs, maxInsns, out }) {
    const table = new TablePrinter([["guest", 14], ["off s", 8], ["on s", 8], ["on / off", 8]], out), rows: Row[] = [];
    for (const guest of guests.filter((g) => g.bits === 32 && !g.hasPaging)) {
      const settings = [{ engine: "jit", paging: false }, { engine: "jit", paging: true }] as const;
      const [flat, paged] = await timePasses(guest.long ?? guest, settings, { runs, maxInsns, isWarmWanted: true });
      const flatSeconds = flat.warm.seconds, pagedSeconds = paged.warm.seconds;
      const row = { guest: guest.name, group: guest.group, flatSeconds, pagedSeconds, ratio: pagedSeconds / flatSeconds };
      rows.push(row);
      table.row([row.guest, secondsText(row.flatSeconds), secondsText(row.pagedSeconds), ratioText(row.ratio)]);
    }
    const integer = inGroup(rows, "integer"), ratio = geometricMean((integer.length > 0 ? integer : rows).map((r) => r.ratio));
    table.row([integer.length > 0 ? "integer, mean" : "mean", "", "", ratioText(ratio)]);
    return {
      figures: { guests: rows, geometricMean: ratio },
      claims: integer.length === 0 ? [] : [{ text: "the time paging costs integer guests", bound: "at most", limit: 10, measured: (ratio - 1) * 100, unit: "%" }],
    };
  },
};
