// Debian's iPXE from its CD image, by our BIOS, in the host's time: its interrupts of the clock chip, and its driver for virtio, which polls.

import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { NodeSockets } from "../../../src/host/sockets.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { OWN_BIOS } from "../../support/boot-sector.ts";
import { MemoryImage } from "../../support/memory-image.ts";

const ISO = "/usr/lib/ipxe/ipxe.iso";
/** A run that takes longer hangs. */
const MAX_MS = 300_000, SLICE = 1e6;

describe("iPXE", () => {
  if (!existsSync(ISO)) {
    it.skip(`gets an address (there is no ${ISO}; Debian's ipxe has it)`);
    return;
  }

  it("gets an address by DHCP, and finds that there is nothing to boot", async () => {
    const hostNs = (): number => performance.now() * 1e6, sockets = new NodeSockets(), endMs = performance.now() + MAX_MS;
    const pc = new Pc({
      boot: { bios: readFileSync(OWN_BIOS), order: "d" }, cdrom: new MemoryImage(readFileSync(ISO), true), clock: { kind: "real", hostNs }, network: { sockets, hostNs },
    });
    const shows = (text: string): boolean => pc.screenText()?.some((line) => line.includes(text)) === true;
    while (!shows("Nothing to boot from") && performance.now() < endMs) {
      const outcome = pc.run({ maxInsns: SLICE, maxSteps: 5000 });
      if (outcome.kind === "blocked") await outcome.until;
      await new Promise(setImmediate);
    }
    sockets.close();
    expect(shows("net0: 10.0.2.15/255.255.255.0 gw 10.0.2.2"), pc.screenText()?.join("\n")).to.equal(true);
    expect(shows("Nothing to boot: No such file or directory")).to.equal(true);
  });
});
