/** The compute guests in QEMU and v86, where those are installed. */
import { compareWithPeers, meanRatio } from "./against-peers.ts";
import { guestsOfKind } from "./guests.ts";
import type { Peer } from "./peer.ts";
import { findQemu } from "./qemu.ts";
import type { Section } from "./section.ts";
import { findV86 } from "./v86.ts";

export const peersSection: Section = {
  title: "Compute guests in other emulators: seconds, and the others' over ours",
  async run({ root, guests, runs, v86, out }) {
    const found = { "qemu-system-i386": await findQemu(root), v86: findV86(root, v86) }, peers: Peer[] = [];
    for (const [name, peer] of Object.entries(found)) {
      if (peer !== null) peers.push(peer);
      out(`${name}: ${peer === null ? "not installed" : peer.version}\n`);
    }
    const rows = await compareWithPeers(guestsOfKind(guests, "compute"), peers, runs, out);
    const versions = Object.fromEntries(peers.map((p) => [p.name, p.version]));
    return { figures: { versions, guests: rows, geometricMeans: Object.fromEntries(peers.map(({ name }) => [name, meanRatio(rows, name)])) }, claims: [] };
  },
};
