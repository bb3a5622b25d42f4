/**
 * Draws the comparison with others: reads what `npm run bench -- --peers --json` wrote, writes an SVG file.
 *
 *     node dist/bench/chart.js RESULTS.json CHART.svg
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { ChartGroup } from "./chart-svg.ts";
import { chartSvg } from "./chart-svg.ts";
import type { Clock } from "./contender.ts";
import type { GuestGroup } from "./guests.ts";
import { GUEST_GROUPS, inGroup } from "./guests.ts";
import type { HostDescription } from "./host.ts";
import type { PeerRow } from "./peers.ts";

/** As far as it is used here. */
interface Results {
  readonly host: HostDescription;
  readonly peers: { readonly clock: Clock; readonly versions: Readonly<Record<string, string>>; readonly guests: readonly PeerRow[] };
}

const TITLES: Readonly<Record<GuestGroup, string>> = {
  "integer": "Integer", "sse-scalar": "SSE, scalar", "sse-packed": "SSE, packed", "x87": "x87", "changing": "Cold and changing code", "system": "Privilege changes, page faults",
};
/** Everybody's speed is given over that of QEMU's TCG. */
const BASE = "qemu", SERIES = ["tcgjs", "v86"];

function chartOf({ host, peers: { clock, versions, guests } }: Results): string {
  const speeds = (row: PeerRow): (number | null)[] => {
    const base = row.times[BASE]?.seconds;
    return SERIES.map((name) => {
      const seconds = row.times[name]?.seconds;
      return base === undefined || seconds === undefined ? null : base / seconds;
    });
  };
  const groups = GUEST_GROUPS.map((group): ChartGroup => ({ title: TITLES[group], rows: inGroup(guests, group).map((row) => ({ label: row.guest, speeds: speeds(row) })) }));
  return chartSvg({
    title: `Speed over that of qemu-system-i386 ${versions[BASE]} (TCG)`,
    note: `Whole runs, translation included${clock === "cpu" ? ", processor's time" : ""}; ${host.cpu}, Node ${host.node}, commit ${host.commit ?? "unknown"}, ${host.date.slice(0, 10)}`,
    series: SERIES.map((name) => `${name} ${versions[name] ?? ""}`.replace(/\+.*/, "")), groups: groups.filter(({ rows }) => rows.length > 0),
  });
}

const [resultsFile, chartFile] = process.argv.slice(2);
if (chartFile === undefined) {
  process.stderr.write("usage: node dist/bench/chart.js RESULTS.json CHART.svg\n");
  process.exitCode = 2;
} else {
  writeFileSync(chartFile, chartOf(JSON.parse(readFileSync(resultsFile, "utf8")) as Results));
}
