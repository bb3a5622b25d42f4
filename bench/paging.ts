/** What paging costs warm translated code: the compute guests with every page mapped to itself, and without. */
import { geometricMean } from "../src/cli/statistics.ts";
import { guestsOfKind } from "./guests.ts";
import { timePasses } from "./passes.ts";
import type { Section } from "./section.ts";
import { ratioText, secondsText, TablePrinter } from "./table-printer.ts";

interface Row {
  readonly guest: string;
  readonly flatSeconds: number;
  readonly pagedSeconds: number;
  /** Time with paging over time without. */
  readonly ratio: number;
}

export const pagingSection: Section = {
  title: "32-bit compute guests with paging off and on, translated",
  async run({ guests, runs, maxInsns, out }) {
    const table = new TablePrinter([["guest", 14], ["off s", 8], ["on s", 8], ["on / off", 8]], out), rows: Row[] = [];
    for (const guest of guestsOfKind(guests, "compute").filter((g) => g.bits === 32)) {
      const [flat, paged] = await timePasses(guest, [{ engine: "jit", paging: false }, { engine: "jit", paging: true }], { runs, maxInsns });
      const flatSeconds = flat.warm.seconds, pagedSeconds = paged.warm.seconds, row = { guest: guest.name, flatSeconds, pagedSeconds, ratio: pagedSeconds / flatSeconds };
      rows.push(row);
      table.row([row.guest, secondsText(row.flatSeconds), secondsText(row.pagedSeconds), ratioText(row.ratio)]);
    }
    const ratio = geometricMean(rows.map((r) => r.ratio));
    table.row(["geometric mean", "", "", ratioText(ratio)]);
    return {
      figures: { guests: rows, geometricMean: ratio },
      claims: [{ text: "the time paging costs", bound: "at most", limit: 10, measured: (ratio - 1) * 100, unit: "%" }],
    };
  },
};
