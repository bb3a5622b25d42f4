/** The floating-point guests against QEMU. */
import { VmError } from "../tcg/support/errors.ts";
import { compareWithPeers } from "./against-peers.ts";
import { guestsOfKind } from "./guests.ts";
import { findQemu } from "./qemu.ts";
import type { Section } from "./section.ts";

/** How many times QEMU's speed is claimed, by guest. */
const CLAIMED: Readonly<Record<string, number>> = { "nbody-sse2": 3, "nbody-x87": 1.5 };

export const floatSection: Section = {
  title: "Floating point: seconds, and QEMU's over ours",
  async run({ root, guests, runs, out }) {
    const qemu = await findQemu(root);
    if (qemu === null) throw new VmError("ENOENT", "qemu-system-i386 is not installed");
    const rows = await compareWithPeers(guestsOfKind(guests, "float"), [qemu], runs, out);
    return {
      figures: { qemu: qemu.version, guests: rows },
      claims: rows.filter(({ guest }) => guest in CLAIMED).map(({ guest, ratios }) => ({
        text: `${guest} against QEMU`, bound: "at least", limit: CLAIMED[guest], measured: ratios[qemu.name], unit: "times",
      })),
    };
  },
};
