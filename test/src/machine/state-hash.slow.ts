// The deterministic boot of Debian's kernel: the same state after every million insns under both engines, and from a saved machine.

import { createHash } from "node:crypto";
import { expect } from "chai";
import type { PcOptions } from "../../../src/machine/pc.ts";
import { Pc } from "../../../src/machine/pc.ts";
import { restorePc, savePc, stateHash } from "../../../src/machine/snapshot/pc-snapshot.ts";
import { SnapshotFile } from "../../../src/machine/snapshot/snapshot-file.ts";
import { debianFiles } from "../../support/debian.ts";
import { slowCount } from "../../support/slow.ts";
import { ZLIB } from "../../support/zlib-codec.ts";

const MIB = 2 ** 20, STEP = 1_000_000;
/** The kernel has come up by then, and waits for a root file system that is not there. */
const MILLIONS = 600;

describe("The boot of Debian's kernel", function () {
  const files = debianFiles();
  if ("missing" in files) {
    it.skip(`is the same each time (${files.missing})`);
    return;
  }
  const { kernel } = files, millions = slowCount(MILLIONS);

  interface Booting {
    readonly pc: Pc;
    text: string;
  }

  function booting(options: Partial<PcOptions> = {}): Booting {
    const made: Booting = { pc: new Pc({ boot: { kernel, cmdline: "console=ttyS0 nokaslr cryptomgr.notests panic=-1" }, memoryBytes: 64 * MIB, noReboot: true, ...options }), text: "" };
    made.pc.chips.uarts[0].connect({ transmit: (byte) => { made.text += String.fromCharCode(byte); }, roomAgain: () => undefined });
    return made;
  }

  function hashOf({ pc }: Booting): string {
    const sha = createHash("sha256");
    return stateHash(pc, { update: (bytes) => { sha.update(bytes); }, hex: () => sha.digest("hex") });
  }

  /** Goes on by a million insns; false at the end. */
  const step = ({ pc }: Booting): boolean => pc.run({ maxInsns: STEP }).kind === "budget";

  it("has the same output and state after every million insns, interpreted and translated", () => {
    const interpreted = booting({ vm: { engine: "interp" } }), translated = booting({ vm: { engine: "jit", threshold: 200 } });
    for (let i = 1; i <= millions; i++) {
      const goesOn = step(interpreted);
      expect(step(translated)).to.equal(goesOn);
      expect(translated.text, `output after ${i} million insns`).to.equal(interpreted.text);
      expect(hashOf(translated), `state after ${i} million insns`).to.equal(hashOf(interpreted));
      if (!goesOn) break;
    }
    expect(translated.pc.insns).to.be.at.least(STEP);
  });

  it("goes on from wherever it was saved to the same state", async () => {
    const whole = booting(), stops = [0.1, 0.5, 0.9].map((share) => Math.ceil(share * millions)), saved: { readonly file: Uint8Array; readonly insns: number }[] = [];
    for (let i = 1; i <= millions; i++) {
      step(whole);
      if (!stops.includes(i)) continue;
      expect(await whole.pc.settle()).to.equal(true);
      saved.push({ file: await savePc(whole.pc, new Map(), ZLIB), insns: whole.pc.insns });
    }
    expect(saved.length).to.be.above(0);
    for (const { file, insns } of saved) {
      const other = booting({ awaitsState: true });
      await restorePc(other.pc, new SnapshotFile(file, ZLIB), []);
      other.pc.run({ maxInsns: whole.pc.insns - insns });
      expect(hashOf(other), `saved after ${insns} insns`).to.equal(hashOf(whole));
    }
  });
});
