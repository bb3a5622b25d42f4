// The BIOS of guests/bios, by what it answers to guests/boot-sector. bios.slow.ts compares it with SeaBIOS.

import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { BootSectorRun } from "../../support/boot-sector.ts";
import { bootSectorExpected, OWN_BIOS, runBootSector } from "../../support/boot-sector.ts";

const ROWS = 25, COLUMNS = 80;

describe("the BIOS", function () {
  this.timeout(120_000);
  const bios = readFileSync(OWN_BIOS);
  let jit: BootSectorRun;

  before(async () => { jit = await runBootSector(bios); });

  it("answers a program from a disk", () => {
    expect(jit.text).to.equal(bootSectorExpected());
    expect(jit.outcome).to.deep.equal({ kind: "debug-exit", status: 1 });
  });

  it("shows on the screen what the program reads from there", () => {
    const rows = jit.text.trimEnd().split("\n").slice(-ROWS).map((row) => row.slice(0, COLUMNS));
    expect(jit.screen).to.deep.equal(rows);
    expect(rows.join("\n")).to.include("done");
  });

  it("does the same at the same insns when it is interpreted", async () => {
    const interp = await runBootSector(bios, { vm: { engine: "interp" } });
    expect(interp.states).to.deep.equal(jit.states);
    expect(interp.text).to.equal(jit.text);
  });
});
