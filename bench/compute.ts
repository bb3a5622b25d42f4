/** The compute guests under both engines: speed of the interpreter, of translation cold and warm. */
import { geometricMean, spread } from "../src/cli/statistics.ts";
import { guestsOfKind } from "./guests.ts";
import type { Pass } from "./passes.ts";
import { timePasses } from "./passes.ts";
import type { Section } from "./section.ts";
import { ratioText, secondsText, TablePrinter } from "./table-printer.ts";

const COLUMNS = [
  ["guest", 14], ["insns", 11], ["interp s", 8], ["MIPS", 5], ["cold s", 7], ["MIPS", 5], ["warm s", 7], ["MIPS", 5], ["ratio", 7], ["spread", 7],
] as const;

interface Row {
  readonly guest: string;
  readonly insns: number;
  /** Interpreted; its second pass, which differs little. */
  readonly interp: Pass;
  /** Translated, the first pass and the second. */
  readonly cold: Pass;
  readonly warm: Pass;
  /** Speed of the warm pass over that of interp. */
  readonly ratio: number;
}

export const computeSection: Section = {
  title: "Compute guests, interpreted and translated",
  async run({ guests, runs, maxInsns, out }) {
    const table = new TablePrinter(COLUMNS, out), rows: Row[] = [];
    for (const guest of guestsOfKind(guests, "compute")) {
      const [interp, jit] = await timePasses(guest, [{ engine: "interp", paging: false }, { engine: "jit", paging: false }], { runs, maxInsns });
      const { insns, cold, warm } = jit, row = { guest: guest.name, insns, interp: interp.warm, cold, warm, ratio: interp.warm.seconds / warm.seconds };
      rows.push(row);
      table.row([
        row.guest, insns.toLocaleString("en-US"), ...[row.interp, cold, warm].flatMap(({ seconds, mips }) => [secondsText(seconds), mips.toFixed(0)]),
        ratioText(row.ratio), `${(spread(warm.samples) * 100).toFixed(0)} %`,
      ]);
    }
    const mean = (of: (row: Row) => number): number => geometricMean(rows.map(of));
    const interpMips = mean((r) => r.interp.mips), coldMips = mean((r) => r.cold.mips), warmMips = mean((r) => r.warm.mips), ratio = mean((r) => r.ratio);
    table.row(["geometric mean", "", "", interpMips.toFixed(0), "", coldMips.toFixed(0), "", warmMips.toFixed(0), ratioText(ratio)]);
    return {
      figures: { guests: rows, geometricMeans: { interpMips, coldMips, warmMips, ratio } },
      claims: [
        { text: "the interpreter's speed", bound: "at least", limit: 120, measured: interpMips, unit: "MIPS" },
        { text: "warm translated code against the interpreter", bound: "at least", limit: 3.5, measured: ratio, unit: "times" },
      ],
    };
  },
};
