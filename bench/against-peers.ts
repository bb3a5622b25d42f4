/** Guests under jit and in other emulators, with the ratios of the times; for the parts that compare. */
import { geometricMean } from "../src/cli/statistics.ts";
import type { BenchGuest } from "./guests.ts";
import { timePasses } from "./passes.ts";
import type { Peer } from "./peer.ts";
import { timePeer } from "./peer.ts";
import { ratioText, secondsText, TablePrinter } from "./table-printer.ts";

/** One guest's times; those of the peers by name. */
export interface PeerRow {
  readonly guest: string;
  readonly seconds: number;
  readonly peerSeconds: Readonly<Record<string, number>>;
  /** Time of the peer over ours. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** First passes on fresh machines, translation included: the others cannot do otherwise. */
export async function compareWithPeers(guests: readonly BenchGuest[], peers: readonly Peer[], runs: number, out: (text: string) => void): Promise<PeerRow[]> {
  const columns = peers.flatMap(({ name }) => [[`${name} s`, 8], ["ratio", 7]] as const);
  const table = new TablePrinter([["guest", 14], ["tcgjs s", 8], ...columns], out), rows: PeerRow[] = [];
  for (const guest of guests) {
    const row = await compare(guest, peers, runs);
    rows.push(row);
    table.row([row.guest, secondsText(row.seconds), ...peers.flatMap(({ name }) => [secondsText(row.peerSeconds[name]), ratioText(row.ratios[name])])]);
  }
  if (rows.length > 1) table.row(["geometric mean", "", ...peers.flatMap(({ name }) => ["", ratioText(meanRatio(rows, name))])]);
  return rows;
}

/** Geometric mean of a peer's times over ours. */
export function meanRatio(rows: readonly PeerRow[], peer: string): number {
  return geometricMean(rows.map((row) => row.ratios[peer]));
}

async function compare(guest: BenchGuest, peers: readonly Peer[], runs: number): Promise<PeerRow> {
  const [{ cold: { seconds } }] = await timePasses(guest, [{ engine: "jit", paging: false }], { runs, maxInsns: Infinity });
  const peerSeconds: Record<string, number> = {}, ratios: Record<string, number> = {};
  for (const peer of peers) {
    peerSeconds[peer.name] = await timePeer(peer, guest, runs);
    ratios[peer.name] = peerSeconds[peer.name] / seconds;
  }
  return { guest: guest.name, seconds, peerSeconds, ratios };
}
