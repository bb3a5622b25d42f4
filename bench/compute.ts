/** The compute guests under both engines: speed of the interpreter, of translation cold and warm. */
import { geometricMean, spread } from "../src/cli/statistics.ts";
import { guestsOfKind } from "./guests.ts";
import type { Halves } from "./halves.ts";
import { timeHalves } from "./halves.ts";
import type { Section } from "./section.ts";
import { ratioText, secondsText, TablePrinter } from "./table-printer.ts";

const COLUMNS = [
  ["guest", 14], ["insns", 12], ["interp s", 9], ["MIPS", 6], ["jit s", 8], ["cold MIPS", 9], ["warm MIPS", 9], ["ratio", 8], ["spread", 7],
] as const;

interface Row {
  readonly guest: string;
  readonly interp: Halves;
  readonly jit: Halves;
  /** Warm speed of jit over that of interp. */
  readonly ratio: number;
}

export const computeSection: Section = {
  title: "Compute guests, interpreted and translated",
  async run({ guests, runs, maxInsns, out }) {
    const table = new TablePrinter(COLUMNS, out), rows: Row[] = [];
    for (const guest of guestsOfKind(guests, "compute")) {
      const [interp, jit] = await timeHalves(guest, [{ engine: "interp", paging: false }, { engine: "jit", paging: false }], { runs, maxInsns });
      const row = { guest: guest.name, interp, jit, ratio: jit.warmMips / interp.warmMips };
      rows.push(row);
      table.row([
        row.guest, interp.insns.toLocaleString("en-US"), secondsText(interp.seconds), interp.warmMips.toFixed(0), secondsText(jit.seconds),
        jit.mips.toFixed(0), jit.warmMips.toFixed(0), ratioText(row.ratio), `${(spread(jit.samples) * 100).toFixed(0)} %`,
      ]);
    }
    const mean = (of: (row: Row) => number): number => geometricMean(rows.map(of));
    const interpMips = mean((r) => r.interp.warmMips), coldMips = mean((r) => r.jit.mips), warmMips = mean((r) => r.jit.warmMips), ratio = mean((r) => r.ratio);
    table.row(["geometric mean", "", "", interpMips.toFixed(0), "", coldMips.toFixed(0), warmMips.toFixed(0), ratioText(ratio)]);
    return {
      figures: { guests: rows, geometricMeans: { interpMips, coldMips, warmMips, ratio } },
      claims: [
        { text: "the interpreter's speed", bound: "at least", limit: 120, measured: interpMips, unit: "MIPS" },
        { text: "warm translated code against the interpreter", bound: "at least", limit: 3.5, measured: ratio, unit: "times" },
      ],
    };
  },
};
