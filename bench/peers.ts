/**
 * The guests with us and with others, where those are installed: the whole run of the long images from start to end, all
 * translating and warming up included, each run in a fresh process.
 */
import { geometricMean } from "../src/cli/bench/statistics.ts";
import type { Claim } from "./claims.ts";
import type { Contender, Timing } from "./contender.ts";
import { timeContenders } from "./contender.ts";
import type { GuestGroup } from "./guests.ts";
import { GUEST_GROUPS, inGroup } from "./guests.ts";
import { findNative, findQemuUser } from "./linux.ts";
import { findQemu } from "./qemu.ts";
import type { Section, SectionContext, SectionResult } from "./section.ts";
import { ratioText, secondsText, TablePrinter } from "./table-printer.ts";
import { ourselves } from "./tcgjs.ts";
import { findV86 } from "./v86.ts";

/** One guest's times, by contender; null for one that cannot run it. */
export interface PeerRow {
  readonly guest: string;
  readonly group: GuestGroup;
  readonly times: Readonly<Record<string, Timing | null>>;
}

export const peersSection: Section = {
  title: "With others: seconds, and theirs over ours",
  run: (context) => compare(context, false),
};

export const pagedPeersSection: Section = {
  title: "With others, every page mapped to itself: seconds, and theirs over ours",
  run: (context) => compare(context, true),
};

async function compare({ root, guests, runs, v86, clock, out }: SectionContext, paging: boolean): Promise<SectionResult> {
  const found: Readonly<Record<string, Contender | null>> = {
    "qemu-system-i386": await findQemu(root), "qemu-i386": findQemuUser(root), v86: await findV86(root, v86), native: findNative(root),
  };
  for (const [name, other] of Object.entries(found)) out(`${name}: ${other === null ? "not installed" : other.version}\n`);
  out("\n");
  const us = ourselves(root), isWanted = (c: Contender | null): c is Contender => c !== null && guests.some((g) => c.canRun(g, paging));
  const others = Object.values(found).filter(isWanted), able = guests.filter((g) => us.canRun(g, paging));
  const table = new TablePrinter([["guest", 14], ["tcgjs s", 8], ...others.flatMap(({ name }) => [[`${name} s`, 8], ["ratio", 7]] as const), ["spread", 7]], out);
  const rows: PeerRow[] = [];
  for (const guest of able) {
    const row: PeerRow = { guest: guest.name, group: guest.group, times: await timeContenders(guest.long ?? guest, paging, [us, ...others], runs, clock) };
    rows.push(row);
    table.row([row.guest, secondsText(secondsOf(row, us.name)), ...others.flatMap(({ name }) => [secondsText(secondsOf(row, name)), ratioText(ratioTo(row, name))]), spreadText(row)]);
  }
  const geometricMeans = Object.fromEntries(GUEST_GROUPS.map((group) => [group, Object.fromEntries(others.map(({ name }) => [name, meanRatio(inGroup(rows, group), name)]))]));
  out("\ngeometric means\n");
  for (const group of GUEST_GROUPS) {
    if (inGroup(rows, group).length > 0) table.row([group, "", ...others.flatMap(({ name }) => ["", ratioText(geometricMeans[group][name])])]);
  }
  const versions = Object.fromEntries([us, ...others].map((c) => [c.name, c.version]));
  return { figures: { clock, versions, guests: rows, geometricMeans }, claims: claimsOf(rows) };
}

function secondsOf(row: PeerRow, name: string): number | null {
  return row.times[name]?.seconds ?? null;
}

/** Time of another over ours: above 1 we are faster. Null if one of the two was not measured. */
export function ratioTo(row: PeerRow, name: string): number | null {
  const ours = secondsOf(row, "tcgjs"), theirs = secondsOf(row, name);
  return ours === null || theirs === null ? null : theirs / ours;
}

/** The widest of all that ran the guest. */
function spreadText({ times }: PeerRow): string {
  return `${(Math.max(...Object.values(times).map((t) => t?.spread ?? 0)) * 100).toFixed(0)} %`;
}

/** Geometric mean of the ratios there are; null if there are none. */
export function meanRatio(rows: readonly PeerRow[], name: string): number | null {
  const ratios = ratiosTo(rows, name);
  return ratios.length === 0 ? null : geometricMean(ratios);
}

function ratiosTo(rows: readonly PeerRow[], name: string): number[] {
  return rows.map((row) => ratioTo(row, name)).filter((ratio) => ratio !== null);
}

/** What is claimed against others, as far as they and the guests were measured. @param rows  any guests */
export function claimsOf(rows: readonly PeerRow[]): Claim[] {
  const group = (name: GuestGroup): PeerRow[] => inGroup(rows, name), integer = group("integer");
  const hot = rows.filter((row) => row.group !== "changing" && row.group !== "system");
  const claims: (Claim | null)[] = [
    meanClaim("integer guests against QEMU", integer, "qemu", 1.5), leastClaim("the slowest hot guest against QEMU", hot, "qemu", 0.8),
    meanClaim("SSE scalar guests against QEMU", group("sse-scalar"), "qemu", 5), meanClaim("x87 guests against QEMU", group("x87"), "qemu", 2),
    leastClaim("cold and changing code against QEMU", group("changing"), "qemu", 1),
    meanClaim("all guests against v86", rows, "v86", 2.5), leastClaim("the slowest guest against v86", rows, "v86", 1),
    meanClaim("integer guests against the processor", integer, "native", 0.25),
  ];
  return claims.filter((claim) => claim !== null);
}

function meanClaim(text: string, rows: readonly PeerRow[], name: string, limit: number): Claim | null {
  const measured = meanRatio(rows, name);
  return measured === null ? null : { text, bound: "at least", limit, measured, unit: "times" };
}

function leastClaim(text: string, rows: readonly PeerRow[], name: string, limit: number): Claim | null {
  const ratios = ratiosTo(rows, name);
  return ratios.length === 0 ? null : { text, bound: "at least", limit, measured: Math.min(...ratios), unit: "times" };
}
